#!/bin/bash
# SPDX-License-Identifier: ISC
# host_disks.sh TEST_BLOCK_ENGINE CAIRN: host block devices that we make (loop devices): the engines on
# a file system whose disk has blocks of 4096 bytes, one that is full, a disk that fails, one that is
# mounted.
set -euo pipefail
engine=$1 cairn=$2

skip() {
    echo "skipped: $1" && exit 77
}
fail() {
    echo "$1" && exit 1
}

[ "$(id -u)" -eq 0 ] || skip 'loop devices need root'
command -v mkfs.ext4 >/dev/null || skip 'there is no mkfs.ext4 here'
work=$(mktemp -d)
disks=()
finish() {
    for mounted in "$work"/*.mnt; do
        ! mountpoint -q "$mounted" || umount "$mounted"
    done
    for disk in "${disks[@]}"; do losetup -d "$disk"; done
    rm -rf "$work"
}
trap finish EXIT

disk() { # NAME SIZE OPTION... - a loop device, into $disk
    truncate -s "$2" "$work/$1"
    disk=$(losetup --show -f "${@:3}" "$work/$1" 2>/dev/null) || skip 'there are no loop devices here'
    disks+=("$disk")
}

says() { # TEXT COMMAND... - it fails and says so
    local said
    ! said=$("${@:2}" 2>&1) || fail "this should have failed: ${*:2}"
    [[ $said == *"$1"* ]] || fail "$(printf 'not said: %s\nbut: %s' "$1" "$said")"
}

echo 'O_DIRECT on blocks of 4096 bytes'
disk large 64M --sector-size 4096
mkfs.ext4 -q -b 4096 "$disk"
mkdir "$work/large.mnt"
mount "$disk" "$work/large.mnt"
TMPDIR=$work/large.mnt "$engine"
"$cairn" format --quiet --size=8M "direct:$work/large.mnt/a.img"
echo text | "$cairn" cp - "direct:$work/large.mnt/a.img:/text"
[ "$("$cairn" cat "direct:$work/large.mnt/a.img:/text")" = text ] || fail 'text was lost'

echo 'a mounted disk is refused, by each engine'
for scheme in '' direct: uring:; do
    says 'mounted' "$cairn" format --force "$scheme$disk"
done

echo 'a full file system: the image stays sound'
head -c 100M /dev/zero | tr '\0' x >"$work/big"
for scheme in '' direct: uring:; do
    image=$scheme$work/large.mnt/b.img
    head -c 4M /dev/zero >"$work/large.mnt/room"
    "$cairn" format --quiet --size=1G "$image"
    says 'No space left' "$cairn" cp "$work/big" "$image:/big"
    rm "$work/large.mnt/room"
    "$cairn" check --repair "$image" >"$work/said" || fail "$(cat "$work/said")"
    "$cairn" check "$image" >"$work/said" || fail "$(cat "$work/said")"
    rm "$work/large.mnt/b.img"
done

echo 'a disk that fails behind its first MiB'
disk broken 64M
for scheme in '' direct: uring:; do
    truncate -s 64M "$work/broken"
    "$cairn" format --quiet --force "$scheme$disk"
    head -c 8M /dev/urandom | "$cairn" cp - "$scheme$disk:/file"
    truncate -s 1M "$work/broken"
    blockdev --flushbufs "$disk"
    says 'Input/output error' "$cairn" cat "$scheme$disk:/file"
done
