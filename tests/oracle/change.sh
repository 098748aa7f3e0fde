#!/bin/busybox sh
# SPDX-License-Identifier: ISC
# Work for a FAT driver in the root of a mounted volume: create, append, cut, rename, replace, delete.
mkdir -p 'by linux/nested folder/日本'
echo short >'by linux/SHORT.TXT'
echo lower >'by linux/lower.txt'
echo smile >'by linux/😀.txt'
n=0
while [ $n -lt 120 ]; do
    echo "number $n" >"by linux/file number $n.txt"
    n=$((n + 1))
done
n=0
while [ $n -lt 120 ]; do
    rm "by linux/file number $n.txt"
    n=$((n + 3))
done
dd if=/dev/zero bs=1000 count=300 2>/dev/null | tr '\0' Q >'by linux/nested folder/big'
echo appended >>'by linux/nested folder/big'
cp 'by linux/nested folder/big' 'by linux/日本語.bin'
truncate -s 12345 'by linux/日本語.bin'
dd if=/dev/zero of='by linux/gap' bs=1 seek=70000 count=1 2>/dev/null
mv 'by linux/lower.txt' 'by linux/nested folder/日本/Renamed to a longer name.txt'
mv 'by linux/SHORT.TXT' 'by linux/file number 1.txt'
mv 'by linux/nested folder' moved
chmod 444 'by linux/file number 2.txt'
mkdir gone && rmdir gone
sync
