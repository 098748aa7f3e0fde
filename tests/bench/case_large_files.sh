#!/bin/bash
# SPDX-License-Identifier: ISC
# Four files of 128 MB to an image and back.
. "$(dirname "$0")/lib.sh"
tree "$work/in" 4 1 536870912 'file-%d.dat'
title "4 files, 512 MB, to an image"
row 'cairn build' "rm -f $work/a.img" "$cairn" build "$work/in" "$work/a.img"
row 'mkfs.fat and mcopy -s' true bash -c "mtools_build $work/in $work/b.img 700000"
row 'cp -r' "rm -rf $work/d" cp -r "$work/in" "$work/d"
row 'limit: read each, write one file' "rm -f $work/e" "$bare" pack "$work/in" "$work/e"
rm -f "$work"/b.img "$work/e"
title "and out of it again"
row 'cairn extract' "rm -rf $work/f" "$cairn" extract "$work/a.img" "$work/f"
row 'mcopy -s' "rm -rf $work/g && mkdir $work/g" mcopy -s -n -i "$work/a.img" "::*" "$work/g"
row 'cp -r' "rm -rf $work/d" cp -r "$work/in" "$work/d"
row 'limit: write each from one buffer' "rm -rf $work/h" "$bare" unpack "$work/in" "$work/h"
