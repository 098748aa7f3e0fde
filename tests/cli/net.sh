#!/bin/bash
# SPDX-License-Identifier: ISC
# Every verb on an image that an NBD server has: what is built there is what a file would be, the
# old content of the disk does not show through, and what fails says so.
. "$(dirname "$0")/lib.sh"

command -v nbdkit >/dev/null || { echo 'nbdkit is not installed' && exit 77; }
"$cairn" --version | grep -q 'libnbd.*not in this build' && { echo 'this build has no libnbd' && exit 77; }
pids=()
stop() {
    for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
    rm -rf "$folder"
}
trap stop EXIT

serve() { # NAME ARGUMENT...
    local name=$1
    shift
    nbdkit -f --log=null -U "$folder/$name" "$@" &
    pids+=($!)
    disown
    for _ in $(seq 200); do [ -S "$folder/$name" ] && break || sleep 0.02; done
    uri="nbd+unix:///?socket=$folder/$name"
}

tree_make src
truncate -s 3M src/hole && printf end >>src/hole && head -c 70000 /dev/urandom >>src/hole
truncate -s 16M src/all-hole
run build --quiet --size=64M src file.img && expect 0

head -c 64M /dev/zero >zeros.raw
serve zeros file zeros.raw
run build --size=64M src "$uri" && expect 0 'FAT16, 64 MiB, 6 files'
try 'on a disk of zeros it is the same bytes' cmp file.img zeros.raw

head -c 64M /dev/urandom >junk.raw
serve junk --filter=blocksize-policy file junk.raw blocksize-minimum=4096 blocksize-error-policy=error
run build --quiet --size=64M src "$uri" && expect 0
sound "$uri"
run extract "$uri" out && expect 0
try 'of an old disk nothing shows through' diff -r src out
run ls "$uri:/sub" && expect 0 'big\.bin'
run cp src/a.txt "$uri:/new" && expect 0
run cat "$uri:/new" && expect 0 '^hello$'
run mv "$uri:/new" "$uri:/sub/new" && expect 0
run rm "$uri:/sub/big.bin" && expect 0
run info "$uri" && expect 0 'FAT16'
run find "$uri" && expect 0 'sub/new'
sound "$uri"
run format "$uri" && refuses 2 '--force'
run format --force --cluster=4K "$uri" && expect 0 'FAT'
run build --quiet --size=65M src "$uri" && refuses 4 'has 68157440 bytes, it has 67108864'

dd if=/dev/urandom of=parts.raw bs=1M count=80 status=none
printf 'label: gpt\nstart=2048, size=131072\n' | sfdisk --quiet parts.raw
serve parts file parts.raw
run format --force "$uri:1" && expect 0
run cp -r src/sub "$uri:1/" && expect 0
run ls "$uri:1/sub" && expect 0 'big\.bin'
sound "$uri:1"

serve readonly -r memory 64M
run build --quiet src "$uri" && refuses 4 'reading only'
run ls "nbd+unix:///elsewhere?socket=$folder/none" && refuses 4 'Not found.*server'

if "$cairn" --version | grep 'librbd' | grep -qv 'not in this build'; then
    run ls rbd:pool && refuses 2 'no image is named.*rbd:pool/image'
    run ls 'rbd:pool/image?size=1' && refuses 2 'an option that is not known'
    run ls rbd:pool/image@ && refuses 2 'snapshot is empty'
    run ls 'rbd:pool/image?conf=/none' && refuses 4 'configuration /none: Not found'
fi

# The server dies while the image is written: what is there is no volume.
head -c 64M /dev/urandom >slow.raw
serve slow --filter=delay file slow.raw wdelay=30ms
timeout 20 "$cairn" build --quiet --type=32 --size=64M src "$uri" 2>.err &
building=$!
sleep 0.3
kill -9 "${pids[-1]}"
wait "$building"
same 'the server dies while it builds' "$? $(grep -c 'closed the connection' .err)" '4 1'
same 'and leaves no boot sector' "$(head -c 512 slow.raw | tr -d '\0' | wc -c)" 0
same 'nor a backup of one' "$(head -c 3584 slow.raw | tail -c 512 | tr -d '\0' | wc -c)" 0
finish
