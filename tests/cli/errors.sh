#!/bin/bash
# SPDX-License-Identifier: ISC
# Wrong input of every kind: one line that names the thing, the right exit code, nothing broken.
. "$(dirname "$0")/lib.sh"
tree_make src
run build --quiet src d.img

run && refuses 2 'no verb'
run lss d.img && refuses 2 "no verb 'lss'; did you mean 'ls'"
run frobnicate && refuses 2 "no verb 'frobnicate' "
run ls && refuses 2 'ls: it needs more: PLACE\.\.\. '
run ls --lnog d.img && refuses 2 "no option '--lnog'; did you mean '--long'"
run ls -z d.img && refuses 2 "no option '-z'"
run ls --long=yes d.img && refuses 2 'takes no value'
run find d.img --name && refuses 2 '--name needs a value: GLOB'
run info d.img e.img && refuses 2 "'e\.img' is one too many"
run --version && expect 0 '^cairn [0-9]'
run --version && expect 0 '^liburing  *([0-9]|not in this build)'
run help ls && expect 0 '^usage: cairn ls'
for verb in $("$cairn" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    run "$verb" --help && expect 0 '^example:'
done
run ls -- d.img && expect 0 a.txt

run ls missing.img && refuses 4 'missing\.img: .*Not found.*`cairn build`'
run ls src && refuses 4 'src: .*[Dd]irectory'
echo text >text && run ls text && refuses 3 'text: no image: .*sector'
head -c 5000 /dev/zero >zeros && run ls zeros && refuses 3 "zeros: .*no FAT filesystem"
: >empty && run ls empty && refuses 3 'empty: '
head -c 100000 d.img >short.img && run cat short.img:/sub/big.bin >/dev/null
same 'a truncated image is told' "$([ "$status" -ge 3 ] && echo yes)" yes
run check short.img && [ "$status" -ne 0 ] && pass 'check of a truncated image'
run check text && same 'check of no volume' "$status $(grep -c Corrupt .err)" '3 1'
run ls nbd://localhost:1/x && refuses 4 'nbd'
run ls https://localhost/x && refuses 4 "'https://' is none of the schemes"
run ls '' && refuses 2 'no image is named'
run ls :/x && refuses 2 'no image is named'
run ls mem:1M && refuses 3 'mem:1M'
run ls d.img:/nowhere/x && refuses 4 'd\.img:/nowhere'
run ls d.img:/a.txt/x && refuses 4 'a\.txt'
cp d.img 'odd:1' && run ls ./odd:1 && expect 0 a.txt
run ls odd:1:/ && expect 0 a.txt
run ls odd:1 && refuses 4 'odd'
run ls ./d.img:/ && refuses 4 'starts with \./'

# a directory that contains itself: the walk ends
run format --quiet --size=1M bad.img && run mkdir -p bad.img:/one/two && expect 0
run check bad.img && expect 0 '^bad\.img: sound; 0 files and 2 directories'
run check --json bad.img && expect 0 '"major": 0'
python3 - <<'END'
image = bytearray(open('bad.img', 'rb').read())
one, two = image.find(b'ONE        '), image.find(b'TWO        ')
image[two + 26:two + 28] = image[one + 26:one + 28]
open('bad.img', 'wb').write(image)
END
run find bad.img
same 'find in a loop' "$status $(grep -c 'reached twice' .err)" '3 1'
run extract bad.img loop && refuses 3 'reached twice.*cairn check'
run check bad.img && expect 1 '[0-9] faults?; '

# rights; root may do anything, so try as nobody
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 . && chmod 444 d.img && chmod -R go+rX .
    install -m 755 "$cairn" ./cairn
    setpriv --reuid=65534 --regid=65534 --clear-groups ./cairn touch d.img:/x >.out 2>.err
    same 'a read-only image is told' "$? $(grep -c 'd.img.*[Pp]ermission denied' .err)" '4 1'
    chmod 644 d.img
fi

# standard output that cannot take it
"$cairn" ls d.img >/dev/full 2>.err
same 'a full standard output' "$? $(cat .err)" '4 cairn: standard output: No space left on device'
"$cairn" cat d.img:/a.txt >&- 2>.err
same 'a closed standard output' "$?" 4
"$cairn" ls d.img >&- 2>.err
same 'and ls to it' "$?" 4
"$cairn" touch d.img:/t >&- 2>.err
same 'which does not matter to who prints nothing' "$?" 0
"$cairn" cat d.img:/sub/big.bin 2>.err | head -c 10 >/dev/null
same 'a reader that goes away is no message' "$(cat .err)" ''
sound d.img

# two writers: the second is refused, and a build does not take the image away
mkfifo slow && (exec 5<>slow && echo slow >&5 && sleep 2) &
sleep 0.3 && "$cairn" cp - d.img:/slow <slow 2>.err2 &
sleep 0.6
run touch d.img:/x && refuses 4 'd\.img: lock for writing'
run build src d.img && refuses 4 'd\.img: lock for reading.*wait for it'
wait

# interrupted: the volume stays whole
run format --quiet --size=600M big.img
truncate -s 500M zeros
timeout -s INT 0.3 "$cairn" cp zeros big.img:/ 2>.err
sound big.img
finish
