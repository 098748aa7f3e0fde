#!/bin/bash
# SPDX-License-Identifier: ISC
# Volumes that were not unmounted; and what changing one costs.
. "$(dirname "$0")/lib.sh"
mkdir src && echo hello >src/a.txt
run build --quiet --type=16 --size=8M src d.img && expect 0
run info d.img && expect 0 'state *clean'
run cp -v src/a.txt d.img:/b.txt && expect 0
same '-v tells the flushes' "$(grep -cE '[0-9]+ syncs, [0-9]+ flushes' .err)" 1

printf '\001' | dd of=d.img bs=1 seek=37 conv=notrunc status=none
run info d.img && expect 0 'state *dirty'
run cat d.img:/a.txt && expect 0 hello
run cp d.img:/a.txt out && expect 0
run label d.img && expect 0
for verb in 'rm d.img:/a.txt' 'mkdir d.img:/x' 'touch d.img:/a.txt' 'attr +r d.img:/a.txt' \
    'mv d.img:/a.txt d.img:/c' 'label d.img X' 'cp out d.img:/c'; do
    run $verb && refuses 3 'not unmounted.*check --repair.*--dirty'
done
run mkdir --dirty d.img:/x && expect 0
run cp --dirty -v out d.img:/x/c && expect 0
same '-v tells that it was dirty' "$(grep -c 'not unmounted last time' .err)" 1
run mv --dirty d.img:/a.txt d.img:/c && expect 0
run info d.img && expect 0 'state *dirty'
run ls --dirty d.img && refuses 2 'no option'

# FAT[1] says it, as Windows does, and the boot sector does not.
printf '\000' | dd of=d.img bs=1 seek=37 conv=notrunc status=none
start=$(od -An -tu2 -j14 -N2 d.img)
printf '\177' | dd of=d.img bs=1 seek=$((start * 512 + 3)) conv=notrunc status=none
run info d.img && expect 0 'state *dirty'
run rm d.img:/c && refuses 3 'not unmounted'
finish
