#!/bin/bash
# SPDX-License-Identifier: ISC
# A key-value store before `kv check`: sound, damaged, none at all.
. "$(dirname "$0")/lib.sh"

flip() { # FILE BYTE
    printf '\377\377\377\377' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

run kv create --size=8M s.img && expect 0
head -c 300000 /dev/urandom >value
run kv set --file=value s.img:/d/large && expect 0
run kv set s.img:/d/small 26 && expect 0
run kv snapshot make s.img before && expect 0
run kv check s.img && expect 0 '^s.img: sound; .* 1 snapshots'
run kv check -q s.img && expect 0 && same 'quiet' "$out" ''
run kv check --json s.img && expect 0 '"map_checked": true'
try 'the JSON is some' python3 -m json.tool .out

find_value() { # where the first page of it lies
    python3 -c "print(open('s.img', 'rb').read().find(open('value', 'rb').read(4096)))"
}
at=$(find_value)
cp s.img bad.img
flip bad.img $((at + 100))
run kv check bad.img && expect 1 '^major: value-hash .*page [0-9]+, of a value: '
run kv check --json bad.img && expect 1 '"fault": "value-hash", "severity": "major", "page": '

cp s.img bad.img
node=$(grep -obUa CKVT s.img | tail -1 | cut -d: -f1)
flip bad.img $((node + 200))
run kv check bad.img && expect 1 '(node-hash|root|open)'

cp s.img bad.img
flip bad.img 4196 # a superblock of the first ring
run kv check bad.img && expect 0 'note: super|sound'

head -c 1000000 /dev/zero >none.img
run kv check none.img && refuses 3 'no key-value store'
run kv check s.img:/d && refuses 2 'inside a store'
run check s.img && refuses 3 'kv check'
finish
