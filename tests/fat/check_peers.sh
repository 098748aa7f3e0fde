#!/bin/bash
# SPDX-License-Identifier: ISC
# check_peers.sh DAMAGE_TOOL - the table of damages tells the truth about fsck.fat: it is content with
# the healthy volumes, and complains of those faults that the table says it finds, no others. That
# check finds them all is test-fat-check's to say; so what fsck.fat finds, check finds.
set -u
tool=$1
command -v fsck.fat >/dev/null || exit 77
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

# Complaints are any words beyond the greeting and the count of files.
complains() { # FILE
    timeout 20 fsck.fat -n "$1" >"$dir/out" 2>&1
    local code=$?
    grep -v -e '^fsck.fat ' -e 'files, .*clusters$' "$dir/out" >"$dir/words"
    [ $code -ne 0 ] || [ -s "$dir/words" ]
}

verify() { # NAME TYPE EXPECTED
    "$tool" "$1" "$2" "$dir/v.img"
    case $? in 0) ;; 3) return ;; *) failed=1 && return ;; esac
    complains "$dir/v.img" && found=1 || found=0
    [ $found = "$3" ] && return
    echo "$1 on FAT$2: expected $3, fsck.fat says:" && cat "$dir/out"
    failed=1
}

for type in 12 16 32; do
    verify healthy $type 0
    while read -r name _ found; do
        verify "$name" $type "$found"
    done < <("$tool")
done
exit $failed
