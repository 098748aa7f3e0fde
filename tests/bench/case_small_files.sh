#!/bin/bash
# SPDX-License-Identifier: ISC
# A folder of 10,000 small files in 200 folders, 63 MB, to an image.
. "$(dirname "$0")/lib.sh"
tree "$work/in" 10000 200 63000000 'file-%d.dat'
title "10,000 files in 200 folders, 63 MB, to an image"
row 'cairn build' "rm -f $work/a.img" "$cairn" build "$work/in" "$work/a.img"
row 'mkfs.fat and mcopy -s' true bash -c "mtools_build $work/in $work/b.img 130000"
row 'tar cf' "rm -f $work/c" tar cf "$work/c" -C "$work/in" .
row 'cp -r' "rm -rf $work/d" cp -r "$work/in" "$work/d"
row 'limit: read each, write one file' "rm -f $work/e" "$bare" pack "$work/in" "$work/e"
title "and out of it again"
row 'cairn extract' "rm -rf $work/f" "$cairn" extract "$work/a.img" "$work/f"
row 'mcopy -s' "rm -rf $work/g && mkdir $work/g" mcopy -s -n -i "$work/a.img" "::*" "$work/g"
row 'cp -r' "rm -rf $work/d" cp -r "$work/in" "$work/d"
row 'limit: write each from one buffer' "rm -rf $work/h" "$bare" unpack "$work/in" "$work/h"

tree "$work/alike" 10000 200 63000000 'file number %d.txt'
title "the same, called 'file number N.txt'"
row 'cairn build' "rm -f $work/a.img" "$cairn" build "$work/alike" "$work/a.img"
row 'mkfs.fat and mcopy -s' true bash -c "mtools_build $work/alike $work/b.img 130000"
row 'tar cf' "rm -f $work/c" tar cf "$work/c" -C "$work/alike" .
