#!/bin/bash
# SPDX-License-Identifier: ISC
# Checking a volume with one large directory, a large empty one, and one of a million files.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree "$work/in" 20000 1 2000000 'file number %d.txt'
"$cairn" build "$work/in" "$work/a.img" >/dev/null
truncate -s 1T "$work/b.img"
mkfs.fat -F 32 -s 128 "$work/b.img" >/dev/null
for image in a.img b.img; do
    [ $image = a.img ] && title "check a directory of 20,000 files" || title "check an empty 1 TiB volume"
    row 'cairn check' true "$cairn" check "$work/$image"
    row 'fsck.fat -n' true fsck.fat -n "$work/$image"
done

# Clusters of 4 KiB, so that the files take 4 GB. The limit reads as many bytes as both FATs and the
# directories have.
title "check a sparse volume of 64 GiB with a million files"
perl "$here/million_tar.pl" 1000000 1000 100 | "$cairn" build -q --size 64G --cluster 4K - "$work/c.img"
head -c $((2 * 130817 * 512 + 1000 * 1000 * 100)) "$work/c.img" >"$work/metadata"
row 'limit: cat of the metadata' true cat "$work/metadata"
row 'cairn check' true "$cairn" check "$work/c.img"
