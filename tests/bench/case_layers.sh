#!/bin/bash
# SPDX-License-Identifier: ISC
# What a layer of BLOCK costs. Links the libraries of the release build.
. "$(dirname "$0")/lib.sh"

root=$(dirname "$0")/../..
lib=$(dirname "$cairn")/../lib

title 'A checked 512-byte read in memory, through layers'
gcc -O2 -I"$root/base/include" -I"$root/block/include" -o "$work/layers" "$root/tests/bench/layers.c" \
    "$lib/libcairn-block.a" "$lib/libcairn-base.a" "$lib/libcairn-base-host.a" -lpthread
"$work/layers" | sed 's/^/  /'
