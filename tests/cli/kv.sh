#!/bin/bash
# SPDX-License-Identifier: ISC
# Key-value stores: of their own format, and in a FAT volume.
. "$(dirname "$0")/lib.sh"

source_make() { # FOLDER
    mkdir -p "$1/sub/deep" "$1/empty"
    printf 'h\303\251llo\n' >"$1/a.txt"
    printf '\377\0"\\\n' >"$1/raw"
    head -c 3000000 /dev/urandom >"$1/sub/big.bin"
    : >"$1/sub/deep/nothing"
    find "$1" -exec touch -d '2021-03-04 05:06:08Z' {} +
}
source_make src

digest() { # PLACE
    "$cairn" kv stat --digest "$1" | sed -n 's/^  digest *//p'
}

looking() { # STORE
    local store=$1
    run kv set "$store:/config/name" Cairn && expect 0
    run kv get "$store:/config/name" && same "$last" "$out" Cairn
    run kv get --offset=2 --bytes=2 "$store:/config/name" && same "$last" "$out" ir
    run kv set --file=src/sub/big.bin "$store:/big" && expect 0
    run kv get "$store:/big" && try "$store: a large value is exact" cmp .out src/sub/big.bin
    run kv set --offset=1 "$store:/config/name" AI && run kv get "$store:/config/name"
    same 'set --offset leaves the rest' "$out" CAIrn
    run kv set --time=2021-03-04T05:06:08Z "$store:/z" 26 && run kv ls -l "$store"
    same 'ls sorts by raw bytes' "$(sed 's/.* //' .out | tr '\n' ' ')" 'big config z '
    expect 0 '^ +2  2021-03-04 05:06:08  z$'
    run kv ls --json "$store:/config" && expect 0 '"name": "name", "type": "value", "size": 5'
    run kv ls "$store:/z" && expect 0 '^z$'
    LC_ALL=C run kv tree "$store" && expect 0 '^\|   `-- name  \(5 B\)$'
    expect 0 '^1 dictionary, 3 values, 2\.9 MiB$'
    run kv stat "$store" && expect 0 'key-value store'
    run kv stat --json "$store:/big" && expect 0 '"size": 3000000'
    run kv get "$store:/config" && refuses 4 'directory'
    run kv get "$store:/none" && refuses 4 'none.*Not found'
    run kv get "$store:/a//b" && refuses 2 'segment 2 of the key is empty'
    run kv set "$store:/x" && refuses 2 'a value is needed'
}

changing() { # STORE
    local store=$1
    run kv mv "$store:/z" "$store:/config" && run kv get "$store:/config/z" && expect 0 '^26$'
    run kv mv "$store:/config" "$store:/old/config" && expect 0
    run kv mv "$store:/old" "$store:/old/config" && refuses 2 'beneath itself'
    run kv mv -n "$store:/old/config/z" "$store:/big" && refuses 4 'big|exists'
    run kv set "$store:/old" 1 && refuses 4 'dictionary'
    run kv set --replace "$store:/old/config" 1 && run kv get "$store:/old/config" && expect 0 '^1$'
    run kv rm "$store:/old" && refuses 4 'dictionary.*-r removes'
    run kv rm -r "$store:/old" && expect 0
    run kv rm "$store:/old" && refuses 4 'Not found'
    run kv rm -f "$store:/old" "$store:/big/none" && expect 0
    run kv rm -r "$store:/" && refuses 4 'the root stays'
}

copying() { # STORE
    local store=$1
    run kv load src "$store:/top" && expect 0 '4 values, 3 dictionaries, 2\.9 MiB'
    run kv dump "$store:/top" "$1.out" && expect 0
    try "$store: folder to folder" diff -r src "$1.out"
    same "$store: with its times" "$(stat -c %Y "$1.out/sub/deep" "$1.out/a.txt" | uniq)" 1614834368
    run kv dump "$store:/top" "$1.tar" && expect 0
    same 'tar has it all' "$(tar tf "$1.tar" | tr '\n' ' ')" \
        'a.txt empty/ raw sub/ sub/big.bin sub/deep/ sub/deep/nothing '
    run kv dump "$store:/top" "$1.jsonl" && expect 0
    try 'lines are JSON' python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$1.jsonl"
    same 'lines hold any bytes' "$(python3 -c '
import base64, json, sys
print([base64.b64decode(e["value_base64"]) for e in map(json.loads, open(sys.argv[1])) if e["key"] == "raw"])
' "$1.jsonl")" "[b'\\xff\\x00\"\\\\\\n']"
    run kv load -q "$1.tar" "$store:/tar" && run kv load -q - "$store:/lines" --lines <"$1.jsonl"
    expect 0
    same "$store: from tar" "$(digest "$store:/tar")" "$(digest "$store:/top")"
    same "$store: from lines" "$(digest "$store:/lines")" "$(digest "$store:/top")"
    run kv dump "$store:/top/a.txt" one && try 'one value is a file' cmp one/a.txt src/a.txt
    rm -rf one "$1".{out,tar,jsonl}
}

refusing() { # STORE
    local store=$1
    mkdir -p bad && ln -sf nowhere bad/link
    run kv load bad "$store:/bad"
    same 'load reports links' "$status" 4
    grep -q 'link: a symbolic link, which a store does not have' .err || fail "$last" "$err"
    run kv load --on-symlink=skip -q bad "$store:/bad" && expect 0
    printf '{"key": "a//b", "value": ""}\n' >lines
    run kv load --lines - "$store" <lines && refuses 2 'line 1.*empty part'
    printf '\n{"key": "a", "value": "x' >lines
    run kv load --lines - "$store" <lines && refuses 2 'line 2'
    printf '{"key": "a", "valu": "x"}' >lines
    run kv load --lines - "$store" <lines && refuses 2 'a member that is none'
    run kv dump --format=folder "$store" - && refuses 2 'standard output'
    run kv dump "$store:/none" nowhere && refuses 4 'Not found'
    run kv snapshot take "$store" x && refuses 2 'none of make, rm and ls'
}

all() { # STORE
    looking "$1"
    changing "$1"
    copying "$1"
    refusing "$1"
}

run format --quiet --size=64M fat.img && expect 0
all fat.img
run kv set fat.img:/name 1 && run kv set fat.img:/NAME 2
refuses 4 "NAME: FAT takes the name for that of 'name'.*differs in more than case"
run kv set 'fat.img:/a?b' 1 && refuses 2 "cannot hold '\?'"
run kv set 'fat.img:/kv-temp.$$$' 1 && refuses 2 'reserved'
run kv snapshot make fat.img x && refuses 4 'Not supported'
run kv set --short-names=lower fat.img:/b 1 && refuses 2 'only mixed and winnt'
run kv set --time=1970-01-01 fat.img:/t 1 && refuses 4 'FAT records times from 1980 to 2107'
sound fat.img

run kv ls none.img && refuses 4 'none\.img'
head -c 1M /dev/zero >zeros.img
run kv ls zeros.img && refuses 3 'neither a store nor a FAT'

run kv create none.img && refuses 2 'is not there; --size'
run kv create --size=32M s.img && expect 0 '^s\.img: key-value store, 32 MiB, pages of 4 KiB'
all s.img
run kv create s.img && refuses 2 'exists; --force'
printf '{"key": "x/./../\\u0001", "value": "1"}\n' >lines
run kv load -q --lines - s.img <lines && expect 0
run kv ls s.img:/x/./.. && same 'control characters are escaped' "$out" '\x01'
run kv dump s.img:/x esc && refuses 2 'no file can be called by.*lines has a form'
run kv set s.img:/a 1 && run kv set s.img:/A 2 && run kv get s.img:/a && same 'case counts' "$out" 1

run kv snapshot make s.img before && run kv set s.img:/a changed && expect 0
run kv get --snapshot=before s.img:/a && same 'a snapshot stays' "$out" 1
run kv snapshot ls s.img && expect 0 '  before$'
run kv snapshot ls --json s.img && expect 0 '"name": "before"'
run kv snapshot make s.img before && refuses 4 'snapshot of this name'
run kv snapshot rm s.img before && run kv get --snapshot=before s.img:/a && refuses 4 'before'

export SOURCE_DATE_EPOCH=1700000000
for i in 1 2; do
    cp -r src "again$i" && find "again$i" -exec touch -d '2021-03-04 05:06:08Z' {} +
    run kv create -q --size=32M "made$i.img" && run kv load -q "again$i" "made$i.img" && expect 0
done
try 'the same folder makes the same image' cmp made1.img made2.img
unset SOURCE_DATE_EPOCH

run part create --scheme=gpt --size=80M disk.img
run part add --type=linux --size=32M disk.img && expect 0
run kv create -q --force --label=state disk.img:1 && run kv set disk.img:1/a 1 && expect 0
run kv get disk.img:1/a && same 'a store in a partition' "$out" 1
run info disk.img && expect 0 'key-value store.*state'
run info disk.img:1 && expect 0 'key-value store'
run info --json s.img && expect 0 '"type": "key-value store"'

# The same contents in a new store, in order.
run kv create -q --size=8M c.img && run kv load -q src c.img:/ && run kv set c.img:/zz/big "$(head -c 30000 /dev/zero | tr '\0' x)"
run kv stat --digest c.img:/ && before=$(grep -o 'digest .*' <<<"$out")
run kv stat c.img:/zz/big && time=$(grep modified <<<"$out")
run kv snapshot make c.img before && run kv compact c.img && refuses 2 'has snapshots'
run kv compact --drop-snapshots --size=1M c.img tiny.img && refuses 4 'tiny.img: .*--size makes the new store larger'
run kv compact --drop-snapshots --size=7M c.img small.img && expect 0 'small.img: .* digest .* as before'
run kv check small.img && expect 0 'sound'
run kv stat --digest small.img:/ && same 'the digest' "$(grep -o 'digest .*' <<<"$out")" "$before"
run kv stat small.img:/zz/big && same 'the time' "$(grep modified <<<"$out")" "$time"
run kv compact c.img small.img --drop-snapshots && refuses 4 'small.img: .*xists'
run kv compact --drop-snapshots -q c.img && expect 0 && run kv check c.img && expect 0 '0 snapshots'
run kv stat --digest c.img:/ && same 'in its own place' "$(grep -o 'digest .*' <<<"$out")" "$before"
run kv compact --size=1M small.img:/zz && refuses 2 'is inside a store'

# A store grows with its image or its partition.
run kv create -q --size=1M g.img && head -c 500000 /dev/urandom >large
run kv set --file=large g.img:/a && run kv set --file=large g.img:/b && refuses 4 'the store is full'
run kv grow g.img && expect 0 'has all of its 1 MiB already'
run kv grow --size=8M g.img && expect 0 ': 8 MiB, was 1 MiB'
run kv set --file=large g.img:/b && expect 0
run kv check g.img && expect 0 'sound'
run kv grow --size=4M g.img && refuses 2 'does not become smaller'
run kv grow g.img:/a && refuses 2 'is inside a store'
run part resize disk.img:1 64M && run kv grow disk.img:1 && expect 0 ': 64 MiB, was 32 MiB'
run kv get disk.img:1/a && same 'what it had' "$out" 1
finish
