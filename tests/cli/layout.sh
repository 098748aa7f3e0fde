#!/bin/bash
# SPDX-License-Identifier: ISC
# resize, defrag, trim.
. "$(dirname "$0")/lib.sh"

# Files in pieces: the volume is filled, every other small file goes, large ones come into the gaps;
# then the filling goes.
fragments() { # IMAGE
    local free i
    rm -rf small && mkdir small
    for ((i = 0; i < 120; i++)); do head -c $((i * 40 + 500)) /dev/urandom >"small/a long name, number $i"; done
    "$cairn" cp -r small "$1:/"
    free=$("$cairn" info --json "$1" | sed -n 's/.*"free_bytes": \([0-9]*\).*/\1/p')
    head -c $((free - 30000)) /dev/zero >filling
    "$cairn" cp filling "$1:/"
    for ((i = 0; i < 120; i += 2)); do "$cairn" rm "$1:/small/a long name, number $i"; done
    head -c 90000 /dev/urandom >a.bin
    "$cairn" cp a.bin "$1:/"
    "$cairn" rm "$1:/filling"
    "$cairn" mkdir "$1:/small/dir"
    "$cairn" cp a.bin "$1:/small/dir"
}
sums() { # IMAGE
    rm -rf out
    "$cairn" extract "$1:/" out && (cd out && find . -type f -print0 | sort -z | xargs -0 sha256sum)
}
size_of() { stat -c %s "$1"; }

for type in 12 16 32; do
    case $type in
        12) small=1M large=3M shape=() ;;
        16) small=20M large=90M shape=(--cluster=2K) ;;
        32) small=40M large=300M shape=(--cluster=512) ;;
    esac
    img=f$type.img
    run format --quiet --type=$type "${shape[@]}" --size=$small $img && expect 0
    fragments $img
    before=$(sums $img)

    run defrag --json $img && expect 0
    read -r chains pieces after < <(sed -n 's/.*"\(chains\|pieces\|pieces_before\)": \([0-9]*\).*/\2/p' .out | tr '\n' ' ')
    [ "$pieces" -gt "$chains" ] && pass 'in pieces' || fail 'in pieces' "$pieces of $chains"
    same "FAT$type: one piece each" "$after" "$chains"
    same "FAT$type: files after defrag" "$(sums $img)" "$before"
    sound $img
    run defrag $img && expect 0 'in [0-9]+ pieces.* 0 clusters moved'
    run defrag --pack $img && expect 0
    sound $img

    run resize --plan $img $large && expect 0 'clusters to move'
    same "FAT$type: a plan writes nothing" "$(size_of $img)" "$(numfmt --from=iec $small)"
    run resize $img $large && expect 0
    same "FAT$type: files after growing" "$(sums $img)" "$before"
    sound $img
    run resize --json $img $small && expect 0 '"moved_clusters": [0-9]'
    same "FAT$type: the file follows" "$(size_of $img)" "$(numfmt --from=iec $small)"
    same "FAT$type: files after shrinking" "$(sums $img)" "$before"
    sound $img
    run resize $img min && expect 0
    same "FAT$type: files at the least" "$(sums $img)" "$before"
    sound $img
    if command -v mdir >/dev/null; then
        try "FAT$type: mtools reads it" mcopy -n -i $img ::a.bin read.bin
        try "FAT$type: and the same bytes" cmp read.bin out/a.bin
        rm -f read.bin
    fi
done

run resize f16.img 100 && refuses 2 'FAT16, which has 4085 to 65524'
run resize f16.img 10G && refuses 4 'FAT16, which has 4085 to 65524'
run resize f16.img large && refuses 2 "'large' is no size"
run resize f16.img:/a.bin 1M && refuses 2 'inside a volume'
run resize none.img 1M && refuses 4 'none\.img'

truncate -s 1M none.img
run resize none.img 2M && refuses 3 'boot sector'
same 'what is no volume does not grow' "$(size_of none.img)" 1048576
run resize f16.img 100T && refuses 4 'over 2\^32 sectors'

# A partition has the room it has, and a plan says so, too.
truncate -s 64M disk.img
printf '\0\0\0\0\x0e\0\0\0\0\x08\0\0\0\xa0\0\0' | dd of=disk.img bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of=disk.img bs=1 seek=510 conv=notrunc status=none
run format --force --quiet disk.img:1 && expect 0
run resize disk.img:1 10M && expect 0
run resize --plan disk.img:1 30M && refuses 4 'room for 20971520 bytes only'
run resize disk.img:1 30M && refuses 4 'room for 20971520 bytes only'
run resize disk.img:1 max && expect 0 'to 20 MiB'
sound disk.img:1

# What lies behind a volume in its file is neither cut off nor written over, unless it is zeros.
run format --quiet --size=4M tail.img && expect 0
echo someone >>tail.img && truncate -s 6M tail.img
before=$(tail -c 2097152 tail.img | sha256sum)
run resize tail.img 5M && refuses 4 'behind the volume is not zero.*truncate -s 4194304'
run resize --plan tail.img 5M && refuses 4 'behind the volume is not zero'
run resize --quiet tail.img 3M && expect 0
same 'that the file is not cut is said' "$err" \
    'cairn: tail.img: stays as long as it is: what lies behind the volume is not zero'
same 'the file is not cut' "$(size_of tail.img)" 6291456
same 'what lies behind is there' "$(tail -c 2097152 tail.img | sha256sum)" "$before"
truncate -s 3M tail.img && truncate -s 9M tail.img
run resize tail.img 2M && expect 0
same 'zeros are cut off' "$(size_of tail.img)" 2097152
truncate -s 4M tail.img
run resize tail.img max && expect 0 'to 4 MiB'
sound tail.img

# More is on it than fits.
run format --quiet --type=16 --cluster=512 --size=8M full.img && expect 0
head -c 5000000 /dev/zero >zeros && run cp zeros full.img:/ && expect 0
run resize full.img 3M && refuses 4 'the files need [0-9]+ bytes'
sound full.img

# A volume that was not unmounted is worked on, and stays marked.
cp f32.img dirty.img
printf '\x01' | dd of=dirty.img bs=1 seek=65 conv=notrunc status=none
run resize dirty.img 50M && expect 0
run check dirty.img && expect 1 'not unmounted'

# Lost clusters of a cut that was no resize's or defrag's: the last one of all is.
field() { "$cairn" info --json dirty.img | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"; }
printf '\xff\xff\xff\x0f' | dd of=dirty.img bs=1 conv=notrunc status=none \
    seek=$(($(field reserved_sectors) * 512 + 4 * ($(field clusters) + 1)))
run defrag dirty.img && refuses 3 'clusters belong to no file.*check --repair.*--dirty'
run resize dirty.img 60M && refuses 3 'clusters belong to no file.*check --repair.*--dirty'
run defrag --dirty dirty.img && expect 0
run check dirty.img && expect 1 'not unmounted'

# trim: what is free takes no room.
run format --quiet --size=32M t.img && expect 0
head -c 20000000 /dev/urandom >noise && run cp noise t.img:/ && run rm t.img:/noise && expect 0
used=$(stat -c %b t.img)
run trim t.img && expect 0 'given back'
[ "$(stat -c %b t.img)" -lt $((used / 4)) ] && pass 'sparse' || fail 'sparse' "$(stat -c %b t.img) blocks, before $used"
run trim --json t.img && expect 0 '"bytes": 0'
sound t.img
finish
