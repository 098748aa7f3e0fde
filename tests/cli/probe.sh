#!/bin/bash
# SPDX-License-Identifier: ISC
# What is no FAT: named as blkid names it, on a disk, in a partition, and over NBD.
. "$(dirname "$0")/lib.sh"
have probe blkid sfdisk python3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkswap mkfs.ntfs mkfs.exfat genisoimage cryptsetup || finish
"$cairn" --version | grep -q 'libblkid.*not in this build' && { echo 'this build has no libblkid' && exit 77; }
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT

new() { # MEBIBYTES
    rm -f fs.img && truncate -s "$1M" fs.img
}
made() { # KIND: into fs.img
    case $1 in
    ext4) new 16 && mkfs.ext4 -q -L 'a label' fs.img ;;
    ext4-4k) new 16 && mkfs.ext4 -q -b 4096 fs.img ;;
    xfs) new 320 && mkfs.xfs -q -L xlabel fs.img ;;
    btrfs) new 128 && mkfs.btrfs -q -L 'b tree' fs.img ;;
    swap) new 4 && mkswap -q -L swaps fs.img ;;
    ntfs) new 16 && mkfs.ntfs -q -F -L NT fs.img ;;
    exfat) new 16 && mkfs.exfat -L ex fs.img ;;
    iso9660) mkdir -p tree && rm -f fs.img && genisoimage -quiet -V DISC -o fs.img tree && truncate -s 1M fs.img ;;
    luks) new 32 && echo secret | cryptsetup -q luksFormat --type luks2 --pbkdf-force-iterations 4 --pbkdf-memory 32 --label lux fs.img - ;;
    fat) new 16 && mkfs.fat -n DOS fs.img ;;
    esac >/dev/null 2>&1
}

by_blkid() { # BLKID-ARGUMENT...: type, label, UUID
    blkid -p -o export "$@" | python3 -c '
import sys, re
got = dict(line.rstrip("\n").split("=", 1) for line in sys.stdin)
plain = lambda name: re.sub(r"\\(.)", r"\1", got[name]) if name in got else None
kind = got.get("TYPE") if got.get("TYPE") != "vfat" else got["VERSION"]
print(kind, plain("LABEL"), got.get("UUID"))'
}
by_cairn() { # EXPRESSION: of what .out holds
    python3 -c "
import json
d = json.load(open('.out'))
d = $1
print(d['type'], d['label'], d.get('uuid', d.get('id')))"
}

for kind in ext4 ext4-4k xfs btrfs swap ntfs exfat iso9660 luks fat; do
    made "$kind" || { fail "$kind" 'it could not be made' && continue; }
    theirs=$(by_blkid fs.img)
    run info --json fs.img && expect 0
    same "$kind, a disk" "$(by_cairn d)" "$theirs"
    rm -f disk.img && truncate -s $(($(stat -c %s fs.img) + (3 << 20))) disk.img
    printf 'label: gpt\nstart=4096, size=%s\n' $(($(stat -c %s fs.img) / 512)) | sfdisk -q disk.img
    dd if=fs.img of=disk.img bs=1M seek=2 conv=notrunc,sparse status=none
    run info --json disk.img:1 && expect 0
    same "$kind, a partition" "$(by_cairn d)" "$theirs"
    run info --json disk.img && expect 0
    same "$kind, of a disk" "$(by_cairn 'd["partitions"][0]["filesystem"]')" "$theirs"
    run part list --json disk.img && expect 0
    same "$kind, in the list" "$(by_cairn 'd["partitions"][0]["contents"]')" "$theirs"
    command -v nbdkit >/dev/null && ! "$cairn" --version | grep -q 'libnbd.*not in this build' || continue
    nbdkit -f -r -U sock file disk.img &
    server=$!
    for _ in $(seq 200); do [ -S sock ] && break || sleep 0.02; done
    run part list --json 'nbd+unix:///?socket=sock' && expect 0
    same "$kind, over NBD" "$(by_cairn 'd["partitions"][0]["contents"]')" "$theirs"
    kill "$server" && wait "$server"
    server= && rm -f sock
done

# as text
made ext4
run info fs.img && expect 0 '^fs.img: ext4, 16 MiB$' && expect 0 '^  label       a label$'
made btrfs && btrfs filesystem label fs.img 'ä€' && run info fs.img && expect 0 '^  label       ä€$'
made ext4 && run info fs.img && expect 0 "^  UUID        $(blkid -p -s UUID -o value fs.img)$"
run ls fs.img && refuses 3 'no FAT filesystem.*cairn info'
rm -f disk.img && truncate -s 20M disk.img && sfdisk -q disk.img <<<$'label: dos\nstart=4096, type=83\n'
dd if=fs.img of=disk.img bs=1M seek=2 conv=notrunc status=none
run info disk.img && expect 0 'Linux  *ext4 a label$'
run part list disk.img && expect 0 "Linux  ext4 'a label'$"

# nothing is known; several things at once; a damaged FAT stays one
head -c 1M /dev/zero >none.img
run info none.img && refuses 3 'no FAT'
made swap && printf %s '-rom1fs-' | dd of=fs.img conv=notrunc status=none
run info fs.img && expect 0 '^fs.img: signatures of several kinds, 4 MiB$'
made fat && printf '\xff\xff' | dd of=fs.img bs=1 seek=22 conv=notrunc status=none
run info fs.img && refuses 3 'fs.img'
finish
