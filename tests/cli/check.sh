#!/bin/bash
# SPDX-License-Identifier: ISC
# check: looking, planning, repairing, and taking a repair back to the byte.
. "$(dirname "$0")/lib.sh"
damage=$(readlink -f "$2") # fat-damage-tool

plant() { "$damage" "$1" "${3:-16}" "$2"; } # FAULT IMAGE [TYPE]
unchanged() { cmp -s "$1" "$2" && pass "$3" || fail "$3" "$1 differs from $2"; } # FILE OTHER NAME
json() { python3 -c "import json; d = json.load(open('.out')); print($1)"; }

# ---- a sound volume

plant healthy sound.img
cp sound.img before
run check sound.img && expect 0 '^sound\.img: sound; '
run check --plan sound.img && expect 0 '^sound\.img: sound; '
run check --repair --undo u sound.img && expect 0 'nothing to undo'
unchanged sound.img before 'a sound volume is not written to'
[ -e u ] && fail 'no undo file without faults' u || pass 'no undo file without faults'

# ---- one fault, from the plan to the byte

plant chain-short d.img
cp d.img before
run check d.img && expect 1 '^`cairn check --plan d\.img` shows'
run check --plan d.img && expect 1 '^    repair  '
same 'a plan has a line of what is lost, or says nothing is' \
    "$(grep -cE '^    lost    |; nothing is lost$' .out)" "$(grep -c '^    repair  ' .out)"
grep -q '`cairn check --repair --undo FILE d.img` repairs it' .out && pass 'how to go on' || fail 'how to go on' "$out"
run check -n --json d.img && expect 1
same 'a plan in JSON' "$(json 'd["findings"][0]["fault"], d["findings"][0]["action"] is not None,
    d["repair"]["written"], d["repair"]["mended"], d["repair"]["undo"]')" \
    'chain-short True False 1 None'
unchanged d.img before 'a plan writes nothing'

run check --repair --undo u d.img && expect 0 'takes it back'
sound d.img
cp d.img repaired
run check --repair d.img && expect 0 'sound'
unchanged d.img repaired 'a second repair changes nothing'
run check --undo u d.img && expect 0 'as it was before the repair; '
unchanged d.img before 'undo is exact'
run check --undo u d.img && expect 0 'nothing to do'
run check --repair --json --undo u2 d.img && expect 0
same 'a repair in JSON' "$(json 'd["major"], d["repair"]["written"], d["repair"]["after"]["major"],
    d["repair"]["undo"]')" '1 True 0 u2'
unchanged d.img repaired 'the same repair again'
run check --undo u2 --json d.img && expect 0 '"finished": true'
same 'undo in JSON' "$(json 'd["restored"] > 0, d["undo"]')" 'True u2'
unchanged d.img before 'undo with JSON'

# ---- what --undo refuses

run check --repair --undo u d.img && refuses 4 'u: .*exists'
unchanged d.img before 'nothing is repaired without its undo file'
run check --repair --undo none/u d.img && [ "$status" -eq 4 ] && pass 'an undo file that cannot be made'
unchanged d.img before 'nothing is repaired when the undo file cannot be made'
run check --undo none d.img && refuses 4 'none: .*Not found'
run check --undo before d.img && refuses 3 'it is no undo file'
run check --undo /dev/zero d.img && refuses 4 'no regular file'
head -c 700 u >short && run check --undo short repaired && refuses 3 'ends early'
: >empty && run check --undo empty repaired && refuses 3 'nothing to take back'
{ cat repaired && head -c 512 /dev/zero; } >longer
run check --undo u longer && refuses 2 'the undo file is of a volume of'
records=$(od -An -tu8 -j24 -N8 u)
byte=$(($(od -An -tu8 -j$((512 + (records - 1) * 1040)) -N8 u) * 512)) # of the last block that was saved
for at in $byte $((byte + 511)); do
    cp repaired d.img && printf '\245' | dd of=d.img bs=1 seek="$at" conv=notrunc status=none
    cp d.img changed
    run check --undo u d.img && refuses 4 "changed since the repair: byte $at of the volume is a5"
    unchanged d.img changed 'an undo that is refused writes nothing'
done

# ---- command lines

cp before d.img
run check --plan --repair d.img && refuses 2 'leave one out'
run check --plan --undo v d.img && refuses 2 'writes nothing'
run check --orphans=free d.img && refuses 2 '--plan and --repair'
run check --repair --orphans=eat d.img && refuses 2 'keep.free'
run check --repair --undo= d.img && refuses 2 'name of a file'
run check --repair d.img:/A.TXT && refuses 2 'inside a volume'
run check --repair none.img && refuses 4 'Not found'
run check --repair --quiet d.img && expect 0 && same 'quiet' "$out$err" ''
head -c 65536 /dev/zero >zeros && run check --repair zeros && [ "$status" -eq 3 ] && pass 'no volume'

plant orphan 'an image' && run check --repair --undo 'an undo' 'an image'
grep -qF "\`cairn check --undo 'an undo' 'an image'\` takes" .out && pass 'a command to copy' || fail 'a command to copy' "$out"

# ---- orphans

for what in keep free; do
    plant orphan d.img && run check --repair --orphans=$what d.img && expect 0
    sound d.img
    run ls d.img && same "orphans: $what" "$(grep -ci '^found' .out)" "$([ $what = keep ] && echo 1 || echo 0)"
done

# ---- a name with control characters

plant name-control d.img && run check --plan d.img
grep -q $'[\x01-\x09\x0b-\x1f]' .out && fail 'names are escaped' "$out" || pass 'names are escaped'

# ---- on a terminal

if command -v script >/dev/null; then
    plant chain-shared d.img
    on_terminal() { TERM=xterm script -qec "stty cols 60; $1" /dev/null </dev/null | tr -d '\r'; }
    plan=$(on_terminal "'$cairn' check --plan d.img")
    same 'major faults are red' "$(grep -c $'^\033\\[1;31mMajor' <<<"$plan")" 1
    same 'a plan fits the terminal' "$(sed $'s/\033\\[[0-9;]*m//g; /^`/d; /^d.img/d' <<<"$plan" | grep -c '.\{61\}')" 0
    same 'NO_COLOR' "$(NO_COLOR=1 on_terminal "'$cairn' check --plan d.img" | grep -c $'\033')" 0
fi

# ---- a repair that is killed

tree_make src
for i in $(seq 400); do mkdir "src/a folder with a long name $i" && echo "$i" >"src/a folder with a long name $i/file"; done
run build --quiet --type=32 --cluster=512 src many.img && expect 0
# Every `..` is wrong, and the second FAT is empty.
perl -e 'open F, "+<", $ARGV[0] or die; binmode F; local $/; $_ = <F>;
    s/(\.\.         .{9}).{2}(.{4}).{2}/$1\0\0$2\x07\0/gs;
    my ($reserved, $fat) = (unpack("v", substr $_, 14, 2), unpack("V", substr $_, 36, 4));
    substr($_, ($reserved + $fat) * 512, $fat * 512) = "\0" x ($fat * 512);
    seek F, 0, 0; print F $_' many.img
cp many.img before
run check --repair d2.img --undo v && [ "$status" -eq 4 ] && pass 'no such image'
run check many.img && expect 1
for try in 1 2 3 4 5 6; do
    rm -f u && cp before d.img
    "$cairn" check --quiet --repair --undo u d.img &
    # From here on it may write.
    until IFS= read -r -N 4 magic 2>/dev/null <u && [ "$magic" = CAIR ]; do kill -0 $! 2>/dev/null || break; done
    sleep "0.00$((try - 1))"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    cp d.img killed
    run check --undo u d.img && expect 0
    unchanged d.img before "undo of a repair that was killed, $try"
    run check --quiet --repair killed && expect 0
    run check --quiet killed && expect 0
done
finish
