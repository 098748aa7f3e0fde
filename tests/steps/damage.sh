#!/bin/bash
# SPDX-License-Identifier: ISC
# damage.sh [OPERATIONS] - the long proofs about damage, of the release build: random operations with
# power cuts and repair (2,000,000), every three faults together repaired, thousands of repaired
# volumes before fsck.fat.
. "$(dirname "$0")/../lib.sh"
operations=${1:-2000000}
bin=$cairn_root/build/release/bin
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

stress() { # SEED
    "$bin/test-fat-stress" $((operations / 2)) "$1"
}

try "build release" build release
stress 11 >"$logs/11" 2>&1 &
if stress 12 >"$logs/12" 2>&1; then pass "stress, $(cat "$logs/12")"; else fail "stress 12" "$(tail -n 12 "$logs/12")"; fi
if wait $!; then pass "stress, $(cat "$logs/11")"; else fail "stress 11" "$(tail -n 12 "$logs/11")"; fi
try "every three faults are mended" env CAIRN_THREES=1 "$bin/test-fat-damage"
if have "repaired volumes before fsck.fat" fsck.fat; then
    try "repaired volumes before fsck.fat" "$cairn_root/tests/fat/combo_peers.sh" "$bin/fat-combo-tool" 5000
fi
finish
