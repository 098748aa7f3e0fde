#!/bin/bash
# SPDX-License-Identifier: ISC
# What a cache costs and gains. Links the libraries of the release build.
. "$(dirname "$0")/lib.sh"

title 'A cache of 8 MiB beside no layer: hits, and once through 64 MiB'
program cache
"$work/cache" "$work/cache.img" | sed 's/^/  /'
rm "$work/cache.img"
