#!/bin/bash
# SPDX-License-Identifier: ISC
# format_peers.sh FORMAT_TOOL - volumes of many kinds before fsck.fat, blkid and mtools; AUTO's type
# and cluster size beside mkfs.fat's. Files are sparse. Exit 77: a tool is missing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
tool=$1
for program in fsck.fat mkfs.fat blkid minfo; do
    command -v "$program" >/dev/null || { echo "SKIP: there is no $program here" && exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
image=$scratch/image
failures=0

complain() { # WHAT TOLD
    echo "FAILED $1: $2"
    failures=$((failures + 1))
}

# Say what a tool found wrong, and nothing when it found nothing.
fsck_finds() {
    local told
    told=$(fsck.fat -n "$image" 2>&1) || { echo "$told" && return; }
    # It warns with status 0, too; two lines are its version and its count.
    [ "$(wc -l <<<"$told")" -eq 2 ] || echo "$told"
}

blkid_differs() { # FAT_TYPE LABEL
    local told
    told=$(blkid -p -o export "$image") || { echo "blkid knows nothing" && return; }
    for line in "VERSION=$1" TYPE=vfat "LABEL=$2" UUID=CA11-21FA; do
        grep -qx "$line" <<<"$told" || echo "blkid does not say $line"
    done
}

mtools_differs() { # CLUSTER_BYTES SECTOR_BYTES
    local told
    told=$(minfo -i "$image" :: 2>&1) || { echo "$told" && return; }
    grep -q "cluster size: $(($1 / $2)) sectors" <<<"$told" || echo "minfo: another cluster size"
    mdir -i "$image" :: >/dev/null 2>&1 || echo "mdir fails"
}

judge() { # BYTES TYPE SECTOR_BYTES CLUSTER_BYTES HIDDEN_SECTORS
    local made found type cluster_bytes
    rm -f "$image"
    made=$("$tool" "$image" "$@" PEERS 2>&1) || { complain "format $*" "$made" && return; }
    read -r type cluster_bytes _ <<<"$made"
    found=$(fsck_finds && blkid_differs "$type" PEERS && mtools_differs "$cluster_bytes" "$3")
    [ -z "$found" ] || complain "format $1 $2 $3 $4 $5 ($made)" "$found"
}

# As mkfs.fat names it; it rounds sizes down to whole tracks, which moves no choice here.
compare() { # KIB
    local ours theirs
    rm -f "$image"
    ours=$("$tool" "$image" $(($1 * 1024)) 0 0 0 0 | cut -d' ' -f1,2)
    rm -f "$image"
    theirs=$(mkfs.fat -C -v "$image" "$1" | perl -ne \
        'print "FAT$1 ", $2 * 512 if /(\d+)-bit FATs and (\d+) sectors? per cluster/')
    [ "$ours" = "$theirs" ] || complain "AUTO of $1 KiB" "$ours, but mkfs.fat has $theirs"
}

K=1024 M=$((1024 * 1024)) G=$((1024 * 1024 * 1024))
for sector in 512 1024 2048 4096; do
    scale=$((sector / 512))
    for bytes in $((64 * K)) $((1440 * K)) $((3 * M + sector)) $((8 * M)); do
        judge $((bytes * scale)) 12 "$sector" 0 0
    done
    for bytes in $((9 * M)) $((33 * M + 3 * sector)) $((500 * M)); do
        judge $((bytes * scale)) 16 "$sector" 0 63
    done
    for bytes in $((34 * M)) $((260 * M)) $((1 * G + 5 * sector)); do
        judge $((bytes * scale)) 32 "$sector" 0 2048
    done
done
judge $((100 * M)) 12 512 65536 0
judge $((2000 * M)) 16 512 32768 0
judge $((2 * G)) 32 512 512 0
judge $((40 * G)) 32 512 65536 2048
for kib in 64 128 1000 1024 2048 4096 8000 8192 8400 10240 16384 20000 32768 65536 131072 200000 \
    262144 300000 400000 524287 524288 700000 1048576 4194304 8388608 8400000 16777216 16778216 \
    33554432 40000000; do
    compare "$kib"
done

[ "$failures" -eq 0 ] && echo "all agree"
