# SPDX-License-Identifier: ISC
# What a layer of BLOCK costs. Links the libraries of the release build.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
lib=$(dirname "$cairn")/../lib

title 'A checked 512-byte read in memory, through slices'
gcc -O2 -I"$root/base/include" -I"$root/block/include" -o "$work/layers" "$here/layers.c" \
    "$lib/libcairn-block.a" "$lib/libcairn-base-host.a" "$lib/libcairn-base.a" -lpthread
"$work/layers" | sed 's/^/  /'
