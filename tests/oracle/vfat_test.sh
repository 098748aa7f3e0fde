#!/bin/bash
# SPDX-License-Identifier: ISC
# Cairn against the Linux kernel's vfat: images of one are read by the other, after either changed
# them, and both must see the same names, kinds, sizes, times, write permission and bytes.
. "$(dirname "$0")/../lib.sh"

here=$cairn_root/tests/oracle
cairn=$cairn_root/build/release/bin/cairn
work=$(mktemp -d)
trap '"$here/vfat" stop; chmod -R u+w "$work"; rm -rf "$work"' EXIT

# What the host's file system says of a tree, and what Linux's vfat says of an image.
host_view() { (cd "$1" && busybox sh "$here/snapshot.sh"); } # FOLDER
linux_view() { "$here/vfat" run "$1" "$here/snapshot.sh" -o ro,utf8,tz=UTC; }
cairn_view() { # IMAGE: of what Cairn extracts
    local out=$work/out
    chmod -R u+w "$out" 2>/dev/null || true
    rm -rf "$out"
    "$cairn" extract "$1" "$out" >"$work/extract.log" && host_view "$out"
}

same() { # TEST WANTED GOT
    if cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1" "$(diff "$2" "$3" | head -n 20)"
    fi
}

healthy() { # TEST IMAGE
    try "$1: cairn check" "$cairn" check "$2"
    try "$1: fsck.fat" fsck.fat -n "$2"
}

# An image that Cairn built: Linux and Cairn read back the tree it was made of.
built() { # TEST IMAGE
    host_view "$work/tree" >"$work/wanted"
    linux_view "$2" >"$work/linux" || true
    same "$1: Linux reads what Cairn built" "$work/wanted" "$work/linux"
    cairn_view "$2" >"$work/cairn" || true
    same "$1: Cairn extracts what Cairn built" "$work/wanted" "$work/cairn"
    healthy "$1, built" "$2"
}

# Linux changes the image; Cairn reads it as Linux does.
changed_by_linux() { # TEST IMAGE
    try "$1: Linux writes" "$here/vfat" run "$2" "$here/change.sh" -o rw,utf8,tz=UTC
    linux_view "$2" >"$work/linux" || true
    cairn_view "$2" >"$work/cairn" || true
    same "$1: Cairn reads what Linux wrote" "$work/linux" "$work/cairn"
    healthy "$1, written by Linux" "$2"
}

cairn_changes() { # IMAGE
    local image=$1
    "$cairn" mkdir "$image:/by cairn" &&
        "$cairn" cp -r "$work/tree/letters" "$work/tree/alike" "$image:/by cairn" &&
        "$cairn" cp "$work/tree/sizes/300000.bin" "$image:/by cairn/a longer name, replaced.bin" &&
        "$cairn" cp "$work/tree/sizes/4097.bin" "$image:/by cairn/a longer name, replaced.bin" &&
        "$cairn" mv "$image:/by cairn/letters" "$image:/moved letters" &&
        "$cairn" rm "$image:/by cairn/alike/file number 7.txt" &&
        "$cairn" rm -r "$image:/by linux"
}

# Cairn changes it further; Linux reads it as Cairn does.
changed_by_cairn() { # TEST IMAGE
    try "$1: Cairn writes" cairn_changes "$2"
    linux_view "$2" >"$work/linux" || true
    cairn_view "$2" >"$work/cairn" || true
    same "$1: Linux reads what Cairn wrote" "$work/cairn" "$work/linux"
    healthy "$1, written by Cairn" "$2"
}

volume() { # TYPE SECTOR_BYTES
    local name="FAT$1, sectors of $2" image=$work/disk.img
    rm -f "$image"
    if ! log=$("$cairn" build --type "$1" --sector "$2" --free 4M "$work/tree" "$image" 2>&1); then
        fail "$name: cairn build" "$log"
        return
    fi
    built "$name" "$image"
    changed_by_linux "$name" "$image"
    changed_by_cairn "$name" "$image"
}

# A volume that neither Cairn nor Linux formatted.
foreign() { # NAME MKFS_OPTION...
    local name=$1 image=$work/foreign.img
    shift
    rm -f "$image"
    mkfs.fat "$@" -C "$image" 70000 >/dev/null
    changed_by_linux "$name" "$image"
    changed_by_cairn "$name" "$image"
}

if have "Linux vfat" qemu-system-x86_64 busybox cpio fsck.fat mkfs.fat &&
    { [ -x "$cairn" ] || { fail "Linux vfat" "$cairn is not built: ./test release" && false; }; }; then
    "$cairn_root/tests/hard_tree.sh" "$work/tree"
    for type in 12 16 32; do
        for sector in 512 4096; do volume $type $sector; done
    done
    foreign "mkfs.fat, FAT16, 8 KiB clusters" -F 16 -s 16
    foreign "mkfs.fat, FAT32, one FAT" -F 32 -s 1 -f 1
fi
finish
