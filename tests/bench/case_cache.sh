#!/bin/bash
# SPDX-License-Identifier: ISC
# What a cache costs and gains. Links the libraries of the release build.
. "$(dirname "$0")/lib.sh"

root=$(dirname "$0")/../..
lib=$(dirname "$cairn")/../lib
uring=
! pkg-config --exists liburing || uring=-luring

title 'A cache of 8 MiB beside no layer: hits, and once through 64 MiB'
gcc -O2 -I"$root/base/include" -I"$root/block/include" -o "$work/cache" "$root/tests/bench/cache.c" \
    "$lib/libcairn-block-host.a" "$lib/libcairn-block.a" "$lib/libcairn-base.a" \
    "$lib/libcairn-base-host.a" $uring -lpthread -ldl
"$work/cache" "$work/cache.img" | sed 's/^/  /'
rm "$work/cache.img"
