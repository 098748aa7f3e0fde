#!/bin/bash
# SPDX-License-Identifier: ISC
# 20,000 names that differ in a number only: in one folder, and over 200. The cost must not depend on
# the size of a directory.
. "$(dirname "$0")/lib.sh"
tree "$work/one" 20000 1 2000000 'file number %d.txt'
tree "$work/many" 20000 200 2000000 'file number %d.txt'
fresh="rm -f $work/x.img && $cairn format --size 256M $work/x.img >/dev/null"
title "20,000 files called 'file number N.txt', built into an image"
row 'in 200 folders' "rm -f $work/a.img" "$cairn" build "$work/many" "$work/a.img"
row 'in one folder' "rm -f $work/a.img" "$cairn" build "$work/one" "$work/a.img"
title "the same, copied into an image that exists (cairn cp -r)"
row 'in 200 folders' "$fresh" "$cairn" cp -r "$work/many" "$work/x.img:/"
row 'in one folder' "$fresh" "$cairn" cp -r "$work/one" "$work/x.img:/"
row 'mcopy -s, in 200 folders' "$fresh" mcopy -s -i "$work/x.img" "$work/many" ::
tree "$work/some" 1000 1 100000 'file number %d.txt'
title "1,000 of them in one folder (mcopy is quadratic: 20,000 take it over 600 s)"
row 'cairn cp -r' "$fresh" "$cairn" cp -r "$work/some" "$work/x.img:/"
runs=1 row 'mcopy -s, one run' "$fresh" mcopy -s -i "$work/x.img" "$work/some" ::
