#!/bin/bash
# SPDX-License-Identifier: ISC
# mv, rm, mkdir, touch.
. "$(dirname "$0")/lib.sh"
tree_make src
run build --quiet --free=1M src d.img && expect 0

run mkdir d.img:/new && expect 0
run mkdir d.img:/new && refuses 4 'exists'
run mkdir d.img:/x/y && refuses 4 'Not found'
run mkdir -p d.img:/x/y/z d.img:/x/y && expect 0
run mkdir -p d.img:/a.txt/q && refuses 4 'a\.txt'
run mkdir 'd.img:/what?' && refuses 2 "what"

run mv d.img:/a.txt d.img:/b.txt && expect 0
run mv d.img:/b.txt d.img:/new && expect 0
run mv d.img:/new/b.txt d.img:/new/B.TXT && expect 0
run ls d.img:/new && same 'a change of case is a change' "$out" B.TXT
run mv d.img:/x d.img:/x/y && refuses 2 ''
run mv d.img:/none d.img:/q && refuses 4 'none'
run mv d.img:/new/B.TXT 'd.img:/Long file name.text' d.img:/sub && expect 0
run mv d.img:/x d.img:/new d.img:/nowhere && refuses 4 'not a directory'
run mv -n d.img:/sub/B.TXT d.img:/sub/big.bin && refuses 4 'exists'
run format --quiet --size=1M e.img && run mv d.img:/sub/B.TXT e.img:/ && refuses 4 'cairn cp'
run mv d.img:/sub/B.TXT here && refuses 2 "'here' is no place"
run mv d.img:/ d.img:/x && refuses 4 'root'

run touch d.img:/t && expect 0
run touch --time=2001-02-03T04:05:06Z d.img:/t && run ls -l d.img:/t && expect 0 '2001-02-03 04:05:06'
run touch --time=@1000000000 d.img:/t && run ls -l d.img:/t && expect 0 '2001-09-09 01:46:40'
run touch --time=yesterday d.img:/t && refuses 2 'is no time'

run rm d.img:/sub && refuses 4 '-r removes'
run rm d.img:/none && refuses 4 'none.*Not found'
run rm -f d.img:/none && expect 0
run attr +r d.img:/sub/big.bin && run rm -r d.img:/sub && refuses 4 'big\.bin: it is read-only.*-f'
run rm -rf d.img:/sub && expect 0
run rm -r d.img:/ && refuses 4 'the root stays'
run rm d.img:/t && run ls d.img && same 'what is left' "$(echo $out)" 'new x'
sound d.img
finish
