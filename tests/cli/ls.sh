#!/bin/bash
# SPDX-License-Identifier: ISC
# Looking: ls, tree, find, cat, attr, label.
. "$(dirname "$0")/lib.sh"
tree_make src
run build --quiet src d.img && expect 0

run ls d.img && expect 0
same 'ls sorts by raw bytes' "$out" $'Long file name.text\na.txt\nsub'
run ls -l d.img:/a.txt && expect 0 '^----A +6  2021-03-04 05:06:08  a\.txt$'
run ls -lh d.img:/sub && expect 0 '2\.9 MiB .*big\.bin'
run ls --alias d.img && expect 0 '^LONGFI~1\.TEX +Long file name\.text$'
run ls d.img:/sub d.img:/ && expect 0 '^d\.img:/sub:$'
run ls --json d.img && expect 0 '"name": "a.txt", "alias": "A.TXT", "type": "file", "size": 6'
same 'ls --json is JSON' "$(python3 -c 'import json; print(len(json.load(open(".out"))[0]["entries"]))')" 3
run ls d.img:/A.TXT && expect 0 '^a\.txt$'

LC_ALL=C.UTF-8 run tree d.img && expect 0 '└── deep'
expect 0 '^2 directories, 4 files, 2\.9 MiB$'
run tree --ascii d.img && expect 0 '^    `-- deep$'
LC_ALL=C run tree d.img && expect 0 '^    `-- deep$'
run tree --depth=1 d.img && expect 0 '^1 directory, 2 files'
run tree --json d.img && expect 0 '"name": "big.bin", "type": "file", "size": 3000000'
same 'tree --json is JSON' "$(python3 -c 'import json; print(json.load(open(".out"))[0]["entries"][2]["name"])')" sub

run find d.img --name='*.TXT' && expect 0
same 'find gives places, without regard to case' "$out" d.img:/a.txt
run find d.img:/sub --type=d && expect 0
same 'find --type=d' "$out" d.img:/sub/deep
run find d.img: --size=+1M
refuses 4 'd\.img:: .*Not found'
run find d.img:/ --size=+1M -0 && expect 0
same 'find --null ends with NUL' "$out" d.img:/sub/big.bin@
run find d.img --name=nothing && expect 0
same 'find may find nothing' "$out" ''
run find --json d.img --type=f && expect 0 '"place": "d.img:/sub/deep/empty", "type": "file", "size": 0'

run cat d.img:/a.txt d.img:/a.txt && expect 0
same 'cat joins' "$out" $'hello\nhello'
run cat d.img:/sub/big.bin && same 'cat is exact' "$(cmp .out src/sub/big.bin && echo same)" same
run cat d.img:/sub && refuses 4 'directory'

run attr d.img:/a.txt && expect 0 '^----A  d\.img:/a\.txt$'
run attr +rh -a d.img:/a.txt && expect 0
run attr d.img:/a.txt && expect 0 '^RH---  '
run attr =s d.img:/a.txt && run attr --json d.img:/a.txt && expect 0 '"attributes": "--S--"'
run attr +x d.img:/a.txt && refuses 4 '\+x'

run label d.img && expect 0 '^$'
run label d.img 'My Disk' && expect 0
run label d.img && expect 0 '^MY DISK$'
run label --json d.img && expect 0 '"label": "MY DISK"'
run label d.img 'much too long a label' && refuses 2 'label'
run label --clear d.img && run label d.img && expect 0 '^$'
sound d.img
finish
