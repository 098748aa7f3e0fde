#!/bin/bash
# SPDX-License-Identifier: ISC
# build and format from the command line; what they lay down is tested in tests/image and tests/fat.
. "$(dirname "$0")/lib.sh"
tree_make src
run build src a.img && expect 0 '^a\.img: FAT(12|16|32), .*4 files and 2 directories'
run build --quiet src b.img && expect 0
try 'twice the same' cmp a.img b.img
run build src - && same 'a pipe gets the same' "$(cmp .out a.img && echo same)" same
tar c -C src . | "$cairn" build --quiet - c.img
same 'an archive gives the same files' "$("$cairn" find c.img | sort)" "$("$cairn" find a.img | sed s/a.img/c.img/ | sort)"
run build --plan src none.img && expect 0 'big\.bin'
try '--plan makes nothing' test ! -e none.img
run build --plan --json src && expect 0 '"path": "sub/big.bin"'
try 'JSON' python3 -c 'import json; json.load(open(".out"))'
run build --label=hello --id=DEAD-BEEF --type=16 --cluster=2K --size=20M src d.img && expect 0 'FAT16, 20 MiB.*DEAD-BEEF'
run label d.img && expect 0 '^HELLO$'
sound d.img
SOURCE_DATE_EPOCH=1000000000 run build --quiet src e.img && run ls -l e.img && expect 0 '2001-09-09 01:46:40  a.txt'
SOURCE_DATE_EPOCH=soon run build src e.img && refuses 2 'SOURCE_DATE_EPOCH'
run build --size=64K src f.img && refuses 2 'bytes too many.*leave the size out'
run build --size=1K src f.img && refuses 2 'leave the size out'
run build --size=0 src f.img && refuses 2 'holds nothing'
run build --size=100T src f.img && refuses 2 'Too large'
run build --plan --size=1K src && refuses 2 ': src: format'
try 'and no file' test ! -e f.img
run build --size=5Q src f.img && refuses 2 'is not a size'
run build --size=1M --free=1M src f.img && refuses 2 'exclude'
run build --type=33 src f.img && refuses 2 'auto\|12\|16\|32'
run build src && refuses 2 'no image'
run build none f.img && refuses 4 'none: open: Not found'
run build '' f.img && refuses 4 'Not found'
echo './a.txt contents=/etc/passwd' >text
run build text f.img && refuses 3 'text: .*a source is a folder, or an archive'
run build - f.img </dev/null && refuses 3 'archive'
tar c -C src -f c.tar . && TMPDIR=$PWD/none run build c.tar f.img && refuses 4 'TMPDIR'
mkfifo fifo && timeout -s INT 0.5 "$cairn" build fifo f.img
same 'waiting for a source can be interrupted' "$?" 124
try 'and no file of all these' test ! -e f.img
ln -s a.txt src/link && run build src f.img
same 'a misfit stops it' "$status $(grep -c 'src/link' .err)" '4 1'
run build --on-symlink=follow src f.img && expect 0
run build --on-symlink=skip --quiet src f.img && expect 0

run format --size=64M g.img && expect 0 '^g\.img: FAT16, 64 MiB'
run format --size=64M g.img && refuses 2 'exists'
run format g.img && refuses 2 '--force'
run format --force --type=32 --cluster=512 g.img && expect 0 'FAT32'
sound g.img
run format --size=20M --type=32 --cluster=4K h.img && refuses 2 ''
try 'nothing is left of what failed' test ! -e h.img
run format none.img && refuses 2 '--size'
run format --size=100T h.img && refuses 2 'Too large'
run format --size=100 h.img && refuses 2 'larger'
try 'and no file' test ! -e h.img
SOURCE_DATE_EPOCH=1 run format --quiet --label=X --size=4M i.img && SOURCE_DATE_EPOCH=1 run format --quiet --label=X --size=4M j.img
try 'format is reproducible too' cmp i.img j.img
run info i.img && expect 0 '^  label       X$'
finish
