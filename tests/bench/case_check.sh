#!/bin/bash
# SPDX-License-Identifier: ISC
# Checking a volume with one large directory, and a large empty volume.
. "$(dirname "$0")/lib.sh"
tree "$work/in" 20000 1 2000000 'file number %d.txt'
"$cairn" build "$work/in" "$work/a.img" >/dev/null
truncate -s 1T "$work/b.img"
mkfs.fat -F 32 -s 128 "$work/b.img" >/dev/null
for image in a.img b.img; do
    [ $image = a.img ] && title "check a directory of 20,000 files" || title "check an empty 1 TiB volume"
    row 'cairn check' true "$cairn" check "$work/$image"
    row 'fsck.fat -n' true fsck.fat -n "$work/$image"
done
