#!/bin/bash
# SPDX-License-Identifier: ISC
# cp in all directions.
. "$(dirname "$0")/lib.sh"
tree_make src
run format --quiet --size=32M a.img && expect 0
run format --quiet --size=32M b.img && expect 0

# host to image
run cp src/a.txt a.img:/ && expect 0
run cp src/a.txt a.img:/b.txt && expect 0
run cp src/a.txt 'src/Long file name.text' a.img:/ && expect 0
run cp src/a.txt src/a.txt a.img:/none && refuses 4 'a\.img:/none: not a directory'
run cp src/a.txt a.img:/none/ && refuses 4 'none'
run cp src a.img:/ && refuses 4 'src: .*-r copies'
run cp -r src a.img:/ && expect 0
run cp -r src a.img:/copy && expect 0
run cp -r src/. a.img:/copy && expect 0
run ls a.img && expect 0
same 'cp -r into a directory, and to a new name' "$(echo $out)" 'Long file name.text a.txt b.txt copy src'
run ls a.img:/copy && same 'folder/. is its contents' "$(echo $out)" 'Long file name.text a.txt sub'
echo piped | "$cairn" cp - a.img:/piped.txt
run cat a.img:/piped.txt && expect 0 '^piped$'
echo x | "$cairn" cp - a.img:/ 2>.err
same 'standard input needs a name' "$(cat .err)" "cairn: a.img:/: -: store standard input: Is a directory (name the file it becomes)"

# replacing
echo new >src/a.txt
run cp -n src/a.txt a.img:/a.txt && refuses 4 'a\.txt.*exists'
run cp src/a.txt a.img:/A.TXT && expect 0
run cat a.img:/a.txt && expect 0 '^new$'
run cp src/a.txt a.img:/copy/sub && expect 0
run cp -p src/a.txt a.img:/kept.txt && expect 0
touch -d '2021-03-04 05:06:08Z' src/a.txt && chmod 444 src/a.txt
run cp --preserve src/a.txt a.img:/kept.txt && run ls -l a.img:/kept.txt
expect 0 '^R---A +4  2021-03-04 05:06:08  kept\.txt$'
sound a.img

# image to host
mkdir out
run cp a.img:/a.txt out && expect 0
run cp a.img:/a.txt out/other.txt && expect 0
same 'cp to a folder and to a name' "$(cat out/a.txt out/other.txt)" $'new\nnew'
run cp a.img:/src out && refuses 4 '-r copies'
run cp -r src a.img:/ && expect 0
run cp -r a.img:/src out && expect 0
try 'cp -r out again' diff -r out/src src
run cp -r a.img:/copy/sub out/renamed && expect 0
try 'cp -r to a new name' test -f out/renamed/big.bin
run cp a.img:/a.txt - && expect 0 '^new$'
run cp -n a.img:/a.txt out && refuses 4 'a\.txt.*exists'
run cp a.img:/a.txt a.img:/b.txt out && expect 0

mkdir up && run cp -r a.img:/src/.. up && expect 0
try 'DIRECTORY/.. is its contents' test -f up/a.txt

# image to image
run cp a.img:/a.txt b.img:/ && expect 0
run cp -r a.img:/src b.img:/ && expect 0
run cp -r a.img:/src a.img:/twice && expect 0
run cp -r a.img:/src a.img:/src/sub && refuses 2 'into itself'
run cp a.img:/a.txt a.img:/A.txt && refuses 2 'onto itself'
run extract --quiet b.img two && expect 0
try 'image to image' diff -r two/src src
sound a.img
sound b.img

# neither
run cp src/a.txt a.img && refuses 2 "neither 'src/a\.txt' nor 'a\.img' is a place"
run cp src/a.txt ./a.img:/ && refuses 2 "neither"
run cp missing a.img:/ && refuses 4 'missing: open: Not found'
run cp a.img:/missing out && refuses 4 'a\.img:/missing: .*Not found'
run cp src/a.txt none.img:/ && refuses 4 'none\.img.*`cairn build`'

# what is no file, and what changes meanwhile
mkfifo fifo && run cp fifo a.img:/ && refuses 4 'fifo: .*only files and directories'
truncate -s 4G huge && run cp huge a.img:/ && refuses 4 'huge: .*4 GiB - 1' && rm huge
head -c 20000000 /dev/urandom >moving
(while [ ! -e still ]; do echo x >>moving; done) &
run cp moving a.img:/ && refuses 4 'moving: it changed while it was read'
touch still && wait
run ls a.img:/moving && refuses 4 'Not found'

# policies: all are told, nothing is written
mkdir odd && ln -s a odd/link && mkfifo odd/pipe && echo 1 >odd/case && echo 2 >odd/CASE && echo 3 >'odd/a:b'
run cp -r odd b.img:/
same 'one line for each misfit' "$status $(grep -c odd/ .err)" '4 4'
run ls b.img && same 'and nothing written' "$(echo $out)" 'a.txt src'
run cp -r --on-symlink=skip --on-special=skip --on-name=map odd b.img:/ && expect 0
run find b.img:/odd && same 'mapped' "$(echo $out)" 'b.img:/odd/CASE b.img:/odd/a_b b.img:/odd/case~2'
sound b.img

# a full disk keeps what was there
run format --quiet --size=1M full.img && run cp src/a.txt full.img:/a.txt
head -c 2000000 /dev/urandom >large
run cp large full.img:/a.txt && refuses 4 'No space'
run cat full.img:/a.txt && expect 0 '^new$'
sum=$(md5sum <full.img)
run cp large full.img:/ && refuses 4 'bytes are missing.*remove something'
run cp -r many.d full.img:/none && refuses 4 'many\.d: open: Not found'
same 'too little room leaves every byte' "$(md5sum <full.img)" "$sum"
run ls full.img && same 'and nothing beside it' "$out" a.txt
run cp -r src full.img:/ && refuses 4 'bytes are missing'
sound full.img

# many names that are nearly one
mkdir many && (cd many && seq -f 'file number %g.txt' 20000 | xargs -d '\n' touch)
start=$SECONDS
run format --quiet --size=64M many.img && run cp -r many many.img:/ && expect 0
[ $((SECONDS - start)) -le 60 ] || fail 'cp -r of 20,000 names' "took $((SECONDS - start)) s"
run find many.img --name='*number 19999.txt' && expect 0 'file number 19999\.txt$'
finish
