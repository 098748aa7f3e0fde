#!/bin/bash
# SPDX-License-Identifier: ISC
# fuzz.sh [SECONDS] - run each libFuzzer target for so long (5), from its fixtures onward.
. "$(dirname "$0")/../lib.sh"
seconds=${1:-5}

fuzz() { # TARGET
    local name=${1##*/fuzz-} work=$cairn_root/build/fuzz/corpus fixtures=$cairn_root/fixtures/fuzz
    mkdir -p "$work/$name" "$work/crashes" "$fixtures/$name"
    "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/crashes/$name-" "$work/$name" "$fixtures/$name"
}

try "build fuzz" build fuzz
if [ "$results_failed" -eq 0 ]; then
    for target in "$cairn_root"/build/fuzz/bin/fuzz-*; do
        [ -x "$target" ] && try "${target##*/}, $seconds s" fuzz "$target"
    done
fi
finish
