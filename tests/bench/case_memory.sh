#!/bin/bash
# SPDX-License-Identifier: ISC
# Peak memory of a build: what a file costs, and that data cost nothing.
. "$(dirname "$0")/lib.sh"
runs=1
title "cairn build: peak memory by number of files (100 bytes each)"
for files in 1000 10000 100000; do
    tree "$work/in$files" $files $((files / 50)) $((files * 100)) 'file number %d.txt'
    row "$files files" "rm -f $work/a.img" "$cairn" build "$work/in$files" "$work/a.img"
    [ $files = 1000 ] && first_kib=$peak_kib
    last_kib=$peak_kib
    rm -rf "$work/in$files"
done
echo "  a file costs $(((last_kib - first_kib) * 1024 / 99000)) bytes"
title "cairn build: peak memory by bytes"
for megabytes in 10 1000; do
    tree "$work/data" 10 1 $((megabytes * 1000000)) 'file-%d.dat'
    row "$megabytes MB in 10 files" "rm -f $work/a.img" "$cairn" build "$work/data" "$work/a.img"
    rm -rf "$work/data"
done
