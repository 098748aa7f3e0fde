#!/bin/bash
# SPDX-License-Identifier: ISC
# combo_peers.sh COMBO_TOOL [COUNT] - volumes with one to three faults, repaired: fsck.fat -n has no
# complaint about any.
set -u
export tool=$1
command -v fsck.fat >/dev/null || exit 77
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export dir

# Complaints are any words beyond the greeting and the count of files.
judge() { # SEED
    local volume=$dir/$1.img
    "$tool" "$1" "$volume" >"$volume.told"
    case $? in 0) ;; 3) rm -f "$volume"* && return ;; *) return 1 ;; esac
    timeout 20 fsck.fat -n "$volume" >"$volume.out" 2>&1
    local code=$?
    rm -f "$volume"
    echo >>"$dir/judged"
    if [ $code -ne 0 ] || grep -qv -e '^fsck.fat ' -e 'files, .*clusters$' "$volume.out"; then
        echo "seed $1: $(cat "$volume.told" "$volume.out")" | tee -a "$dir/failed"
    fi
    rm -f "$volume".*
}
export -f judge

seq "${2:-250}" | xargs -P 2 -I {} bash -c 'judge {}'
echo "$(wc -l <"$dir/judged") volumes repaired, fsck.fat -n is content with all but" \
    "$(cat "$dir/failed" 2>/dev/null | grep -c '^seed')"
[ -s "$dir/judged" ] && [ ! -e "$dir/failed" ]
