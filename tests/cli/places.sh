#!/bin/bash
# SPDX-License-Identifier: ISC
# Every verb at every way to name a partition: by number, label=, uuid=, type=, on GPT and on MBR.
. "$(dirname "$0")/lib.sh"
guid=22222222-3333-4444-5555-666666666666
tree_make src

# Two partitions, so that a name is needed; the second is the one that is meant.
make() { # SCHEME
    rm -f disk.img
    "$cairn" part create --scheme="$1" --size=64M disk.img
    "$cairn" part add --quiet --type=linux --size=16M disk.img
    if [ "$1" = gpt ]; then
        "$cairn" part add --quiet --type=esp --name=BOOT --id=$guid disk.img
    else
        "$cairn" part add --quiet --type=esp disk.img
    fi
    "$cairn" format --quiet --force --label=OTHER --id=AAAA-0001 disk.img:1
    "$cairn" format --quiet --force --label=BOOT --id=AAAA-0002 disk.img:2
    "$cairn" cp -r src disk.img:2/dir
}

# Each verb, as it is used on this place; all leave it as usable as it was.
verbs=(
    'ls @/dir' 'tree @' 'find @' 'info @' 'check @' 'cat @/dir/a.txt'
    'cp src/a.txt @/new.txt' 'cp @/new.txt -' 'cp @/new.txt @/newer.txt' 'mv @/newer.txt @/moved.txt'
    'rm @/moved.txt' 'mkdir @/made' 'touch @/made/t' 'attr +r @/made/t' 'label @' 'label @ BOOT'
    'extract @/dir out' 'defrag @' 'trim @' 'resize @ 40M' 'resize --plan @ max' 'resize @ max'
    'part resize @ rest' 'format --force --label=BOOT --id=AAAA-0002 @'
    'build --label=BOOT --id=AAAA-0002 src @'
)

each() { # SCHEME PLACE
    local verb
    make "$1"
    for verb in "${verbs[@]}"; do
        rm -rf out
        # shellcheck disable=SC2086 # words are meant
        run ${verb//@/$2}
        expect 0
    done
    run cat "$2/a.txt" && expect 0 '^hello$'
    run check --quiet disk.img:1 && expect 0
}

each gpt disk.img:2
each gpt disk.img:label=BOOT
each gpt disk.img:uuid=$guid
each gpt disk.img:uuid=AAAA-0002
each gpt disk.img:type=esp
each gpt disk.img:type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
each mbr disk.img:2
each mbr disk.img:label=BOOT
each mbr disk.img:uuid=AAAA-0002
each mbr disk.img:type=ef
each mbr disk.img:type=0xEF

# a volume that was built into a partition knows where it lies, and fills it
make gpt
run build --json src disk.img:2 && expect 0
run info --json disk.img:2 && expect 0 '"bytes": 48234496'
same 'hidden sectors' "$(dd if=disk.img bs=1 skip=$((17 * 1048576 + 28)) count=4 2>/dev/null | od -An -tu4 | tr -d ' ')" 34816
run build src disk.img:3 && refuses 4 'no partition 3'
run build src disk.img:2/x && refuses 2 'inside a volume'
head -c 50M /dev/urandom >src/large
run build src disk.img:2 && refuses 4 'space|room|large'
run part delete disk.img:label=BOOT && expect 0
finish
