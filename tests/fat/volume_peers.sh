#!/bin/bash
# SPDX-License-Identifier: ISC
# volume_peers.sh VOLUME_TOOL - volumes that were written to, before fsck.fat and mtools: nothing to
# complain of, and the same files as in a folder that was written to alike. Exit 77: a tool is missing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
tool=$1
for program in fsck.fat mcopy mdir; do
    command -v "$program" >/dev/null || { echo "SKIP: there is no $program here" && exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export MTOOLS_SKIP_CHECK=1 LC_ALL=C.UTF-8
failures=0

complain() { # WHAT TOLD
    echo "FAILED $1: $2"
    failures=$((failures + 1))
}

names_of() { # FOLDER: paths with a slash behind directories, as mdir -b tells them
    (cd "$1" && find . -mindepth 1 \( -type d -printf '::/%P/\n' -o -printf '::/%P\n' \) | sort)
}

try() { # TYPE BYTES
    local image=$scratch/image folder=$scratch/folder out=$scratch/out told
    rm -rf "$image" "$folder" "$out"
    mkdir "$folder" "$out"
    told=$("$tool" "$image" "$2" "$1" "$folder" 2>&1) || { complain "FAT$1" "$told" && return; }
    told=$(fsck.fat -n "$image" 2>&1) || complain "FAT$1, fsck.fat" "$told"
    # It warns with status 0, too; two lines are its version and its count.
    [ "$(wc -l <<<"$told")" -eq 2 ] || complain "FAT$1, fsck.fat" "$told"
    mcopy -s -n -i "$image" '::*' "$out" 2>"$scratch/told" || complain "FAT$1, mcopy" "$(cat "$scratch/told")"
    told=$(diff -r "$folder" "$out") || complain "FAT$1, contents" "$told"
    told=$(diff <(names_of "$folder") <(mdir -/ -b -i "$image" :: | sort)) || complain "FAT$1, mdir" "$told"
}

try 12 4000000
try 16 20000000
try 32 70000000
[ "$failures" -eq 0 ] && echo "three volumes, read alike by fsck.fat and mtools"
