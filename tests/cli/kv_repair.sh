#!/bin/bash
# SPDX-License-Identifier: ISC
# A key-value store before `kv repair`: sound, damaged where that can be mended, and where not.
. "$(dirname "$0")/lib.sh"

flip() { # FILE BYTE
    printf '\377\377\377\377' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

run kv create --size=8M s.img && expect 0
head -c 300000 /dev/urandom >value
run kv set --file=value s.img:/d/large && expect 0
run kv set s.img:/d/small 26 && expect 0
cp s.img early.img
run kv snapshot make s.img before && expect 0
run kv repair s.img && expect 0 '^s.img: sound; nothing to do'

map_pages() { grep -obUa CKVB s.img | cut -d: -f1; }
cp s.img bad.img
for at in $(map_pages); do flip bad.img $((at + 100)); done
cp bad.img planned.img
run kv repair --plan planned.img && expect 1 '^major: map: .*'
run kv repair --plan planned.img && expect 1 'built anew from what is in use' && expect 1 'nothing was written'
try 'a plan writes nothing' cmp bad.img planned.img
run kv repair --json --plan planned.img && expect 1 '"action": "built anew'
try 'the JSON is some' python3 -m json.tool .out
run kv check bad.img && expect 1 'major: map'
run kv repair bad.img && expect 0 'pages written: 1 of the map, 2 superblocks'
run kv check bad.img && expect 0 'sound'
cp bad.img again.img
run kv repair again.img && expect 0 'nothing to do'
try 'a second repair writes nothing' cmp bad.img again.img
run kv get bad.img:/d/small && expect 0 && same 'the value' "$out" 26
run kv get bad.img:/d/large && expect 0
try 'the large value' cmp value .out

cp s.img bad.img
flip bad.img $((4096 + 100)) # superblocks of the first ring
flip bad.img $((2 * 4096 + 100))
run kv repair bad.img && expect 0 'superblocks'
run kv check bad.img && expect 0 'sound'

flip_nodes() { # FILE
    local at
    for at in $(grep -obUa CKVT "$1" | cut -d: -f1); do flip "$1" $((at + 200)); done
}

cp early.img bad.img # the whole tree is lost, and the log has all of it once more
flip_nodes bad.img
run kv repair bad.img && expect 0 'root: [0-9]+ newer states'
run kv check bad.img && expect 0 'sound'
run kv get bad.img:/d/small && expect 0 && same 'the value from the log' "$out" 26

run kv compact --drop-snapshots s.img compact.img && expect 0 # nothing is in its log
cp compact.img bad.img
flip_nodes bad.img
for at in $(grep -obUa CKVB bad.img | cut -d: -f1); do flip bad.img $((at + 100)); done
cp bad.img kept.img
run kv repair bad.img && expect 1 'nothing can be done'
try 'nothing is written' cmp bad.img kept.img
run kv ls bad.img && refuses 3 'the root of generation'

run kv repair --older bad.img && expect 0 ' 0 left'
run kv check bad.img && expect 0 sound # empty, as it was before the sorted batch
run kv ls bad.img && expect 0 && same 'the state before' "$out" ''

# Salvage: the root is lost, all superblocks are, a page of a value is.
cp compact.img bad.img
run kv salvage bad.img none/saved.img && refuses 4 'none/saved.img'
run kv salvage bad.img saved.img && expect 0 'saved.img: [0-9]+ entries'
run kv salvage bad.img saved.img && refuses 4 'saved.img: '
run kv get saved.img:/d/small && expect 0 && same 'the value' "$out" 26
rm saved.img
dd if=/dev/zero of=bad.img bs=4096 count=8 conv=notrunc status=none
dd if=/dev/zero of=bad.img bs=4096 seek=2040 count=8 conv=notrunc status=none
run kv salvage bad.img saved.img && expect 0 'no tree led to them.*without what only the log'
run kv check saved.img && expect 0 sound
run kv get saved.img:/d/large && expect 0
try 'the large value' cmp value .out
at=$(python3 -c "print(open('bad.img', 'rb').read().find(open('value', 'rb').read(4096)))")
flip bad.img $((at + 100))
rm saved.img
run kv salvage bad.img saved.img && expect 1 'lost, and read as zeros'
run kv salvage -q bad.img quiet.img && expect 1 && same 'quiet' "$out" ''
cmp value <("$cairn" kv get saved.img:/d/large) >/dev/null && fail 'the page is lost'

head -c 1000000 /dev/zero >none.img
run kv salvage none.img of-none.img && refuses 3 'nothing of a key-value store'
try 'and no new image' test ! -e of-none.img
run kv repair none.img && refuses 3 'no key-value store'
run kv repair s.img:/d && refuses 2 'inside a store'
run kv repair missing.img && refuses 4 'missing.img'
finish
