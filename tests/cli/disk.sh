#!/bin/bash
# SPDX-License-Identifier: ISC
# Disks with partitions: which one is meant; info, check and format on them.
. "$(dirname "$0")/lib.sh"
command -v sgdisk sfdisk >/dev/null || { skip disk 'there is no sgdisk and sfdisk' && finish; }
truncate -s 64M gpt.img
sgdisk -n 1:2048:+20M -t 1:EF00 -c 1:BOOT -n 2:0:+20M -c 2:DATA -t 2:0700 -n 3:0:+1M -c 3:RAW gpt.img >.log 2>&1

run ls gpt.img && refuses 3 'no partition of the disk is FAT'
run format --quiet gpt.img:1 && refuses 2 '--force'
run format --quiet --force --label=ESP --id=1234-abcd gpt.img:1 && expect 0
run ls gpt.img && expect 0
run mkdir gpt.img:/EFI && expect 0
run format --quiet --force --label=STUFF gpt.img:2 && expect 0
run ls gpt.img && refuses 2 'IMAGE:NUMBER/PATH; there are 1 \(BOOT, FAT\), 2 \(DATA, FAT\), 3 \(RAW\)'
run ls gpt.img:1 && expect 0 '^EFI$'
run ls gpt.img:label=BOOT/ && expect 0 '^EFI$'
run ls gpt.img:label=esp/ && expect 0 '^EFI$'
run ls gpt.img:uuid=1234-ABCD && expect 0 '^EFI$'
run ls gpt.img:type=esp && expect 0 '^EFI$'
run ls "gpt.img:uuid=$(sgdisk -i 1 gpt.img | sed -n 's/.*unique GUID: //p')" && expect 0 '^EFI$'
run ls gpt.img:label=NONE/ && refuses 4 'no partition has label=NONE'
run ls gpt.img:9 && refuses 4 'no partition 9: Not found'
run ls gpt.img:3 && refuses 3 'no FAT filesystem'
run ls gpt.img:label= && refuses 2 "nothing behind 'label='"
echo hello >a.txt
run cp a.txt gpt.img:1/EFI/ && expect 0
run cp -r gpt.img:1/EFI gpt.img:label=STUFF/ && expect 0
run cat gpt.img:2/EFI/a.txt && expect 0 '^hello$'
run info gpt.img && expect 0 '^ +1 +1 MiB +20 MiB +EFI System +FAT16 ESP "BOOT"$'
run info --json gpt.img && expect 0 '"label": "STUFF"'
same 'info --json is JSON' "$(python3 -c 'import json; print(len(json.load(open(".out"))["partitions"]))')" 3
run info gpt.img:1 && expect 0 '^  id          1234-ABCD$'
run check gpt.img:1 && expect 0 'sound'
run check gpt.img:2 && expect 0 'sound'
try 'the table is untouched' sgdisk -v gpt.img

# the backup table serves when the first is gone
cp gpt.img hurt.img && dd if=/dev/zero of=hurt.img bs=512 seek=1 count=1 conv=notrunc 2>/dev/null
run ls hurt.img:1 && expect 0 '^EFI$'

# MBR
truncate -s 32M mbr.img
printf '2048,20480,c\n,,83\n' | sfdisk -q mbr.img
run format --quiet --force mbr.img:1 && expect 0
run mkdir mbr.img:/ok && expect 0
run ls mbr.img:type=0c && expect 0 '^ok$'
run info mbr.img && expect 0 'MBR disk'

# a bare volume has none
run format --quiet --size=4M bare.img
run ls bare.img:1 && refuses 4 'no partitions'
finish
