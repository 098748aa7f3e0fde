# SPDX-License-Identifier: ISC
# What the crash order costs, in memory and on the disk of the temporary folder.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
lib=$(dirname "$cairn")/../lib

title '10,000 files copied into an image of as many, a sync at the end: in crash order, and without'
gcc -O2 -I"$root/base/include" -I"$root/block/include" -I"$root/fat/include" -o "$work/order" \
    "$here/order.c" "$lib/libcairn-fat.a" "$lib/libcairn-block-host.a" "$lib/libcairn-block.a" \
    "$lib/libcairn-base.a" "$lib/libcairn-base-host.a" "$lib/libcairn-base.a" -lpthread
disk=$(mktemp -d "${TMPDIR:-/var/tmp}/cairn-bench-XXXXXX")
trap 'rm -rf "$disk"' EXIT
"$work/order" "$work" 'in memory'
"$work/order" "$disk" 'on disk'
