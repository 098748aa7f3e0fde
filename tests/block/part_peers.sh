#!/bin/bash
# SPDX-License-Identifier: ISC
# part_peers.sh PART_PRINT: tables that sfdisk, fdisk and sgdisk wrote, read by Cairn and by fdisk.
set -euo pipefail
export LC_ALL=C.UTF-8
print=$1

for tool in sfdisk fdisk sgdisk blkid mkfs.fat; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool here" && exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

# What fdisk reads, in the form of part_print.
by_fdisk() { # BLOCK_BYTES COLUMNS
    fdisk -b "$1" -l -o "device,start,sectors,$2" img 2>/dev/null |
        sed -n 's/^img\([0-9]\)/\1/p' | tr -s ' ' | sed 's/ *$//'
}

same() { # NAME BLOCK_BYTES COLUMNS SCHEME
    local theirs ours
    theirs=$(echo "$4" && by_fdisk "$2" "$3")
    ours=$("$print" img "$2") || ours="exit $?"
    if [ "$ours" = "$theirs" ] && [ "$(wc -l <<<"$ours")" -gt 1 ]; then
        echo "ok      $1: $(($(wc -l <<<"$ours") - 1)) partitions"
    else
        printf 'FAILED  %s\n--- fdisk\n%s\n--- cairn\n%s\n' "$1" "$theirs" "$ours"
        failed=1
    fi
}

kind() { # NAME EXPECTED
    local ours
    ours=$("$print" img 512 | head -n 1)
    [ "$ours" = "$2" ] && echo "ok      $1: $2" && return
    echo "FAILED  $1: $ours instead of $2"
    failed=1
}

new() { # SIZE
    rm -f img && truncate -s "$1" img
}

new 64M
sfdisk -q img <<<'label: dos
,8M,c,*
,8M,83
,32M,5
,4M,6
,4M,83
,4M,83
,,82
' && same 'sfdisk, primary and logical' 512 id dos

# Deleting a logical partition in the middle renumbers; one made anew comes last in the chain.
sfdisk -q --delete img 6 && same 'sfdisk, a gap in the chain' 512 id dos
echo ',2M,e' | sfdisk -q --append img && same 'sfdisk, a chain out of order' 512 id dos

new 64M
sfdisk -q img <<<'label: gpt
size=8M, type=U, name="EFI system ä€"
size=8M, type=L
start=65536, type=L, attrs="LegacyBIOSBootable"
' && same 'sfdisk, gpt' 512 type-uuid,uuid,name gpt

new 64M
sgdisk img -a 1 -n 128:40:100 -t 128:ef02 -c 128:last -n 5:2048:0 -c '5:with many blanks' >/dev/null &&
    same 'sgdisk, gpt with numbers out of order' 512 type-uuid,uuid,name gpt

sgdisk img --hybrid 5 >/dev/null && kind 'sgdisk, hybrid' gpt

dd if=/dev/zero of=img bs=512 seek=1 count=1 conv=notrunc status=none
same 'the backup, after the first header is gone' 512 type-uuid,uuid,name gpt

new 64M
printf 'g\nn\n1\n\n+8M\nn\n2\n\n\nw\n' | fdisk -b 4096 img >/dev/null 2>&1 &&
    same 'fdisk, gpt with blocks of 4096' 4096 type-uuid,uuid,name gpt

new 64M && mkfs.fat img >/dev/null && kind 'mkfs.fat' none
new 64M && mkfs.fat --mbr=y img >/dev/null && kind 'mkfs.fat with a table that is none' none
new 64M && kind 'zeros' none

exit $failed
