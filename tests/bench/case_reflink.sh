#!/bin/bash
# SPDX-License-Identifier: ISC
# Four files of 128 MB where the file system shares blocks (XFS in a file, mounted by root).
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" -ne 0 ]; then
    echo "reflink: skipped, mounting an XFS needs root"
    exit
fi
truncate -s 4G "$work/xfs"
mkfs.xfs -q -m reflink=1 "$work/xfs"
mkdir "$work/mnt"
mount -o loop "$work/xfs" "$work/mnt"
trap 'umount "$work/mnt"' EXIT
tree "$work/mnt/in" 4 1 536870912 'file-%d.dat'
sync -f "$work/mnt"
title "4 files, 512 MB, to an image on XFS with reflinks"
row 'cairn build' "rm -f $work/mnt/a.img" "$cairn" build "$work/mnt/in" "$work/mnt/a.img"
row 'cairn build --no-sync' "rm -f $work/mnt/a.img" \
    "$cairn" build --no-sync "$work/mnt/in" "$work/mnt/a.img"
row 'cp -r --reflink=never' "rm -rf $work/mnt/d" cp -r --reflink=never "$work/mnt/in" "$work/mnt/d"
row 'limit: cp -r --reflink=always' "rm -rf $work/mnt/d" \
    cp -r --reflink=always "$work/mnt/in" "$work/mnt/d"
