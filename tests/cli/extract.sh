#!/bin/bash
# SPDX-License-Identifier: ISC
# Extraction: exact, and never outside its folder.
. "$(dirname "$0")/lib.sh"
tree_make src
chmod 444 src/a.txt
touch -d '2020-01-02 03:04:06Z' src/sub/deep src/sub
run build --quiet src d.img && expect 0

run extract d.img out && expect 0 '^out: 4 files, 2 directories'
try 'the same contents' diff -r src out
same 'times, of folders too' "$(stat -c '%Y' out/a.txt out/sub out/sub/deep | tr '\n' ' ')" \
    '1614834368 1577934246 1577934246 '
same 'the read-only attribute' "$(stat -c %A out/a.txt)" -r--r--r--
run extract d.img out && expect 0
run extract -n d.img out && refuses 4 'out: .*: .*exists'
run extract d.img:/sub only && expect 0
try 'a directory of it' diff -r src/sub only
run extract d.img src/a.txt && refuses 4 'a\.txt'
run extract d.img none/out && refuses 4 'none/out'
run extract d.img:/none out2 && refuses 4 'none'

# links planted in the folder are not followed
mkdir trap outside && ln -s ../outside trap/sub
run extract d.img trap && refuses 4 'sub'
same 'nothing came through the folder link' "$(ls outside)" ''
rm -rf trap && mkdir trap && echo keep >outside/target && ln -s ../outside/target trap/a.txt
run extract --quiet d.img trap && expect 0
same 'a file link is replaced, not written through' "$(cat outside/target) $(stat -c %F trap/a.txt)" 'keep regular file'

# two entries of one name: neither is taken for the other
run format --quiet --size=1M dup.img && run cp src/a.txt 'src/Long file name.text' dup.img:/
echo same1 >AAA && echo same2 >BBB && run cp AAA BBB dup.img:/ && expect 0
perl -pi -e 's/BBB        /AAA        /' dup.img
run extract dup.img twins && refuses 3 'AAA: two entries have this name.*cairn check'

# names that try to get out, written into the image by hand
run format --quiet --size=1M evil.img && printf x >x && run cp x evil.img:/AABBCCDD.EEE && expect 0
perl -pi -e 's/AABBCCDDEEE/..\/ESC  X  /' evil.img
run extract evil.img out3
same 'a name with a slash is refused' "$status $(ls -A out3 2>/dev/null)" '3 '
try 'and nothing got out' test ! -e ESC.X
perl -pi -e 's/..\/ESC  X  /A\x1bBBCCDDEEE/' evil.img
run ls evil.img && expect 0 '\\x1[Bb]'
finish
