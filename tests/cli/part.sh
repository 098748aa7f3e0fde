#!/bin/bash
# SPDX-License-Identifier: ISC
# Partition tables: made, changed, damaged and mended; what would be lost is refused.
. "$(dirname "$0")/lib.sh"
have part sgdisk sfdisk blkid || finish
guid=11111111-2222-3333-4444-555555555555

listed() { # IMAGE PATTERN...: is each in the list, and is the table sound?
    local image=$1 pattern
    shift
    run part list "$image"
    for pattern in "$@"; do expect 0 "$pattern"; done
}

# the group and its help
run part && refuses 2 'which of its verbs'
run part --help && expect 0 '^  repair '
run part add --help && expect 0 '^usage: cairn part add '
run help part add && expect 0 '^usage: cairn part add '
run part lst && refuses 2 "did you mean 'list'"
run part list && refuses 2 'IMAGE'
run part list none.img && refuses 4 'part create'

# making
run part create d.img && refuses 2 '--size=64M'
run part create --size=20K d.img && refuses 4 'too small'
run part create --size=64M --id=nonsense d.img && refuses 2 'no GUID'
run part create --size=64M --scheme=apm d.img && refuses 2 'gpt\|mbr'
run part create --size=64M --id=$guid d.img && expect 0
run part create --size=64M --id=$guid e.img && expect 0
try 'the same id makes the same bytes' cmp d.img e.img
run part create --size=64M d.img && refuses 2 'exists'
run part create d.img && refuses 2 'partition table; --force'
run part create d.img:1 && refuses 2 'name the image'
listed d.img "^d.img: GPT disk, 64 MiB, id $guid"
run format --quiet --size=8M fat.img
run part create fat.img && refuses 2 'FAT volume'
run part list fat.img && refuses 3 'no partition table'
run part create --force --scheme=mbr --id=1234-ABCD fat.img && expect 0
listed fat.img 'MBR disk, 8 MiB, id 1234ABCD'
head -c 4M /dev/urandom >noise.img
run part create noise.img && refuses 2 'first or last MiB'

# adding
run part add --type=esp --size=10M --name=ESP d.img && expect 0 'partition 1: 10 MiB at 1 MiB, EFI System'
run part add --type=swap --size=1M --at=20M --number=7 d.img && expect 0 'partition 7: 1 MiB at 20 MiB'
run part add --type=linux --id=$guid --name='two words' --hybrid=83 d.img && expect 0 'partition 2: 42 MiB at 21 MiB'
for verb in list add repair; do
    run part $verb d.img:1 && refuses 2 'd.img:1. is inside a disk; name the image'
done
run part add --size=1M --at=1M d.img && refuses 4 'taken'
run part add --size=1M --at=1 d.img && refuses 2 'whole number of blocks'
run part add --size=90M d.img && refuses 4 'room for 9437184 bytes'
run part add --size=1M --number=7 d.img && refuses 4 'there is a partition 7'
run part add --size=1M --number=200 d.img && refuses 2 '1 to 128'
run part add --size=1M --id=$guid d.img && refuses 4 'has that GUID'
run part add --type=ext5 d.img && refuses 2 'esp, bios'
run part add --size=lots d.img && refuses 2 'no size'
run part add --logical d.img && refuses 2 'no logical'
run part add --name=1234567890123456789012345678901234567 --size=1M d.img && refuses 2 '36'
listed d.img '^    1 +1 MiB +10 MiB  EFI System  "ESP"$' 'in the MBR as 83'
run part list --free d.img && expect 0 '^    - +11 MiB +9 MiB  free$'
run part list --json d.img && expect 0
same 'list --json' "$(python3 -c 'import json; d = json.load(open(".out")); print(d["partitions"][2]["number"], d["free"][1]["bytes"], d["findings"])')" '7 9437184 []'
try 'sgdisk -v' bash -c 'sgdisk -v d.img | grep "No problems found"'

# by name, by number, and both ways to say it
run part delete d.img label=nobody && refuses 4 'no partition label=nobody'
run part delete d.img && refuses 2 'which partition'
run part delete d.img 7 && expect 0
run part delete d.img:uuid=$guid && expect 0
run part delete d.img 1 2 && refuses 2 'one too many'
run part delete d.img 9 && refuses 4 'no partition 9'

# an end moves; a volume is not cut
run format --quiet --force d.img:1 && expect 0
run part resize d.img 1 5M && refuses 4 '`cairn resize` makes'
run resize --quiet d.img:1 9M && expect 0
run part resize d.img 1 9M && expect 0 "9 MiB at 1 MiB"
run part resize d.img:1 rest && expect 0 '62 MiB at 1 MiB'
run part resize d.img 1 70M && refuses 4 'can have 512 to'
run resize --quiet d.img:1 max && expect 0
run check --quiet d.img:1 && expect 0
run part resize d.img 1 && refuses 2 'SIZE'
run part resize d.img && refuses 2 'it needs more'
run part add --at=63M --size=512K --align=512 d.img && expect 0
echo something | dd of=d.img bs=1M seek=63 conv=notrunc 2>/dev/null
run part resize d.img 2 4K && refuses 4 'not known'
run part resize --force d.img 2 4K && expect 0

# MBR, with logical partitions
run part create --size=64M --scheme=mbr mbr.img && expect 0
run part add --logical mbr.img && refuses 2 'no extended'
run part add --type=0c --size=8M --active mbr.img && expect 0 'partition 1: 8 MiB at 1 MiB, FAT32 LBA'
run part add --type=extended --size=32M mbr.img && expect 0
run part add --logical --size=4M mbr.img && expect 0 'partition 5'
run part add --number=6 --type=fat16 --size=4M mbr.img && expect 0 'partition 6'
run part add --logical --size=4M mbr.img && expect 0 'partition 7'
run part add --name=x --size=1M mbr.img && refuses 2 'no --name'
run part add --type=lvm --size=1M --active mbr.img && expect 0
run part delete mbr.img 2 && refuses 4 'logical'
run part delete mbr.img 5 && expect 0
listed mbr.img '^    5 .*FAT16 LBA$' '^    3 .*active$' 'FAT32 LBA$'
try 'sfdisk --verify' bash -c 'sfdisk --verify mbr.img | grep "No errors detected"'
run format --quiet --force mbr.img:6 && expect 0
run mkdir mbr.img:6/ok && expect 0

# damage and repair
run part list d.img && expect 0
cp d.img hurt.img
dd if=/dev/zero of=hurt.img bs=512 seek=1 count=1 conv=notrunc 2>/dev/null
run part list hurt.img && expect 1 'EFI System'
same 'a finding is told' "$(cat .err)" 'cairn: hurt.img: the first copy of the GPT is bad: it has no signature'
cp hurt.img plan.img
run part repair --plan hurt.img && expect 1 'would be mended'
try 'a plan writes nothing' cmp hurt.img plan.img
run part repair --json hurt.img && expect 0 '"kind": "primary"'
try 'as before the damage' cmp hurt.img d.img
run part repair hurt.img && expect 0 'nothing is wrong'
truncate -s 80M hurt.img
run part list hurt.img && expect 1
run part repair --quiet hurt.img && expect 0
run part list --free hurt.img && expect 0 '^    - .* free$'
try 'a grown disk, sgdisk -v' bash -c 'sgdisk -v hurt.img | grep "No problems found"'
dd if=/dev/zero of=hurt.img bs=512 count=1 conv=notrunc 2>/dev/null
run part repair hurt.img && expect 0 'no protective MBR.*: mended'
printf 'label: dos\n2048,4096,83\n' | sfdisk -q --force lap.img 2>/dev/null || truncate -s 8M lap.img
printf 'label: dos\n2048,4096,83\n6144,4096,83\n' | sfdisk -q lap.img
printf '\x00\x10' | dd of=lap.img bs=1 seek=470 conv=notrunc 2>/dev/null # the second begins at 4096
run part list lap.img && expect 1
same 'overlap is told' "$(cat .err)" 'cairn: lap.img: partitions 1 and 2 overlap'
run part repair lap.img && expect 1 'needs a decision'
run part add --size=1M lap.img && refuses 3 'overlap'
run part delete lap.img 2 && expect 0
run part list lap.img && expect 0
cp d.img lost.img
dd if=/dev/zero of=lost.img bs=512 seek=1 count=1 conv=notrunc 2>/dev/null
truncate -s 32M lost.img
run part list lost.img && refuses 3 'the backup'
run part create lost.img && refuses 2 'a damaged one'

# a disk that shrank: mended while all partitions fit, and named when not
run part create --size=32M s.img && run part add --size=4M s.img && run part add --size=8M s.img && expect 0
truncate -s 20M s.img
run info s.img && refuses 3 'outside the device'
run part list s.img && expect 1 '^    2 +5 MiB +8 MiB'
same 'it is told' "$(head -n 1 .err)" 'cairn: s.img: the disk is smaller than the GPT says, and has no backup'
run part repair s.img && expect 0 'smaller.*: mended'
try 'a disk that shrank, sgdisk -v' bash -c 'sgdisk -v s.img | grep "No problems found"'
truncate -s 13M s.img
run part list s.img && expect 1
same 'and that it cuts something off' "$(grep -c 'cuts partitions off\|partition 2: it lies outside' .err)" 2
run part repair --plan s.img && expect 1 'partitions off: is left'
run part repair s.img && refuses 4 'partition 2 does not fit.*delete'
run part delete s.img 2 && expect 0
run part list s.img && expect 0
try 'after what was cut off is deleted, sgdisk -v' bash -c 'sgdisk -v s.img | grep "No problems found"'

# blocks of 4096; memory
run part create --block=4K --size=64M b.img && expect 0
run part add --block=4K --size=10M b.img && expect 0 '10 MiB at 1 MiB'
run part list b.img && refuses 3 'blocks of 4096'
run part list --block=4K b.img && expect 0 '10 MiB'
run part list --block=3 b.img && refuses 2 'block'
run part create mem:16M && expect 0

# two partitions that share blocks: what is in them is read, neither is written to
truncate -s 64M o.img
printf 'label: dos\n1: start=2048, size=40000, type=c\n2: start=60000, size=40000, type=c\n' | sfdisk -q o.img
printf '\x20\x4e\x00\x00' | dd of=o.img bs=1 seek=470 conv=notrunc status=none
mkdir folder && echo text >folder/file
cp o.img o.before
run build folder o.img:1 && refuses 3 'partition 1 shares blocks with partition 2.*part delete'
run format --force o.img:2 && refuses 3 'partition 2 shares blocks with partition 1'
try 'nothing was written' cmp o.img o.before

# a block device of the host
truncate -s 16M loop.img
if disk=$(losetup --show -f -P loop.img 2>/dev/null); then
    run part create "$disk" && expect 0
    run part add --size=4M "$disk" && expect 0 '4 MiB at 1 MiB'
    same 'nothing is said of the system' "$(cat .err)" ''
    run part list "$disk" && expect 0 '^    1 '
    run part add --size=4M loop.img && expect 0
    losetup -d "$disk"
fi
finish
