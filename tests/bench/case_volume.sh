# SPDX-License-Identifier: ISC
# The FAT library itself, on memory. Links the libraries of the release build.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
lib=$(dirname "$cairn")/../lib

title 'The FAT library on memory: names in one directory, 2 GiB streams, random 512-byte reads'
gcc -O2 -I"$root/base/include" -I"$root/block/include" -I"$root/fat/include" -o "$work/volume" \
    "$here/volume.c" "$lib/libcairn-fat.a" "$lib/libcairn-block.a" "$lib/libcairn-base.a" \
    "$lib/libcairn-base-host.a" "$lib/libcairn-base.a" -lpthread
"$work/volume"
