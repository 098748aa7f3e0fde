#!/bin/bash
# SPDX-License-Identifier: ISC
# serve: clients of all kinds get the image's bytes and may do what the device can; a plan makes it
# fail for them; what cannot be served is refused before anything listens.
. "$(dirname "$0")/lib.sh"

have serve nbdkit nbdinfo nbdcopy qemu-io python3 || exit 77
plugin=$(dirname "$cairn")/nbdkit-cairn-plugin.so
[ -e "$plugin" ] || { echo 'skipped: this build has no plugin for nbdkit' && exit 77; }
client=$cairn_root/tests/cli/nbd_client.py
server=

stop() {
    [ -z "$server" ] || kill -9 "$server"
    rm -rf "$folder"
}
trap stop EXIT

# A plugin with AddressSanitizer comes into an nbdkit without. Preloading the sanitizer would have it
# watch the heap, too, but libc's lock of locales then is broken once nbdkit has started (an unlock too
# many), and the end of libp11-kit waits for it for ever, when an error was printed meanwhile. A heap that
# is not watched has no leaks to look for, and looking, at the end of a process with threads, has hung.
if nm -D "$plugin" | grep __asan_init >/dev/null; then
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:detect_leaks=0
fi
export TMPDIR=$folder

up() { # ARGUMENT...: serves on ./sock; $uri, $server
    : >.uri
    "$cairn" serve --socket sock "$@" >.uri 2>.log &
    server=$!
    for _ in $(seq 400); do [ -s .uri ] || ! kill -0 "$server" 2>/dev/null && break || sleep 0.02; done
    uri=$(cat .uri)
}

down() { # its exit code in $status, what it said in .log
    kill -TERM "$server"
    wait "$server"
    status=$?
    server=
}

asks() { # OP... : what a plain client gets, without the size; $answer
    answer=$(python3 "$client" sock "${export_name:-}" "$@" | tail -n +2 | paste -sd'|')
    answer=${answer// |/|} answer=${answer% }
}

# ---- bytes -------------------------------------------------------------------------------------

tree_make src
run build --quiet --size=32M src d.img && expect 0
cp d.img before
run serve d.img -- nbdcopy '$uri' out.img && expect 0
try 'nbdcopy gets the bytes of the image' cmp out.img d.img
run serve d.img -- sh -c 'nbdcopy --connections=4 --requests=32 "$uri" out4.img' && expect 0
try 'and so do four connections' cmp out4.img d.img
run serve d.img -- sh -c 'exit 7' && expect 7
run serve d.img -- nbdinfo --size '$uri' && expect 0 '^33554432$'
run serve d.img -- nbdinfo '$uri' && expect 0 'can_multi_conn: true'
expect 0 'block_size_minimum: 512'
expect 0 'is_read_only: true'
run serve --write d.img -- nbdinfo '$uri' && expect 0 'can_fua: true'
for can in can_flush can_trim can_zero can_fast_zero; do expect 0 "$can: true"; done
same 'reading changes nothing' "$(cmp d.img before && echo same)" same
same 'its own sockets are gone' "$(ls -d cairn-serve-?????? 2>/dev/null)" ''

truncate -s 8M holes.img
for at in 0 16 40; do head -c 64K /dev/urandom | dd of=holes.img bs=64K seek=$at conv=notrunc status=none; done
run serve holes.img -- nbdinfo --map '$uri'
same 'the map has the holes' "$(awk '{ print $1, $2, $4 }' .out | paste -sd'|')" \
    '0 65536 data|65536 983040 hole,zero|1048576 65536 data|1114112 1507328 hole,zero|2621440 65536 data|2686976 5701632 hole,zero'

# ---- changes -----------------------------------------------------------------------------------

truncate -s 1M z.img
up --write z.img
asks write:100:700:a read:98:4 read:798:4 write:8192:4096:b,fua flush read:8190:4
same 'bytes at any place' "$answer" 'write OK|read OK 0*2 a*2|read OK a*2 0*2|write OK|flush OK|read OK 0*2 b*2'
asks zero:8192:2048 zero:10240:512,fast zero:10752:512,no_hole zero:8192:512,fast,no_hole read:8192:4096 trim:1:1000
same 'zeros and trims' "$answer" 'zero OK|zero OK|zero OK|zero ENOTSUP|read OK 0*3072 b*1024|trim OK'
asks read:1048570:16 write:1048570:16:x
same 'beyond the end' "$answer" 'read EINVAL|write ENOSPC'
python3 "$client" sock '' vanish >/dev/null
asks read:100:1
same 'a client that went in mid-request hurts nobody' "$answer" 'read OK a*1'
down
up --write --stats holes.img
asks trim:1048577:65000
try 'qemu writes, trims and reads' qemu-io -f raw "$uri" -c 'write -P 65 4M 64k' -c 'discard 2621440 64k' \
    -c 'write -z -u 5M 1M' -c 'flush' -c 'read -P 65 4M 64k' -c 'read -P 0 5M 1M'
down
same 'ended by a signal, after all is done' "$status" 0
same 'statistics at the end' "$(grep -cE '^(read|write|discard|zero|flush) ' .log)" 5
same 'the socket is gone' "$(ls sock 2>/dev/null)" ''
run serve holes.img -- nbdinfo --map '$uri'
same 'trims made holes' "$(awk '$4 == "data" && $1 >= 1048576 { print $1, $2 }' .out | paste -sd'|')" \
    "1048576 4096|1110016 4096|4194304 65536"

head -c 32M /dev/zero >copy.img
up --write copy.img
try 'nbdcopy writes by four connections' nbdcopy --connections=4 --flush before "$uri"
try 'our own client does' "$cairn" cp src/a.txt "$uri:/new.txt"
down
run cat copy.img:/new.txt && expect 0 '^hello$'
sound copy.img

up d.img
asks write:0:1:x zero:0:512 trim:0:512 read:3:5
same 'read-only is' "$answer" 'write EPERM|zero EPERM|trim EPERM|read OK C*1 A*1 I*1 R*1 N*1'
down
try 'and nothing has changed' cmp d.img before

# ---- partitions, names -------------------------------------------------------------------------

truncate -s 24M parts.img
printf 'label: gpt\nstart=2048, size=16384\nstart=20480, size=16384\n' | sfdisk --quiet parts.img
cp parts.img parts.before
up --write --export='my disk' parts.img:2
same 'the address has the name' "$uri" "nbd+unix:///my%20disk?socket=$PWD/sock"
run ls "$uri" && refuses 3 'FAT'
export_name='my disk' && asks write:0:512:p flush && export_name=
same 'a partition is written' "$answer" 'write OK|flush OK'
try 'it is as long as that' test "$(nbdinfo --size "$uri")" = 8388608
try 'and listed' sh -c "nbdinfo --list 'nbd+unix:///?socket=$PWD/sock' | grep 'my disk'"
nbdinfo "nbd+unix:///other?socket=$PWD/sock" >/dev/null 2>&1 && fail 'another name' 'was accepted' || pass 'another name is refused'
same 'the log says so' "$(grep -o "there is no export 'other', only 'my disk'" .log | sort -u | wc -l)" 1
down
same 'only there' "$(cmp -l parts.before parts.img | awk '{ n++; if ($1 <= 10485760 || $1 > 10486272) out++ } END { print n, out + 0 }')" '512 0'

# ---- faults ------------------------------------------------------------------------------------

truncate -s 1M f.img
up --write --sim=error=write:5 f.img
asks write:{0,4096,8192,12288}:512:a write:16384:512:b write:16384:512:c
same 'the fifth write fails at the client' "$answer" 'write OK|write OK|write OK|write OK|write EIO|write OK'
down
same 'why is in the log' "$(grep -cE 'error: write: fails as planned, block 32 via sim: Input/output error' .log)" 1
same 'and at the end how often' "$(grep -c 'sim: error  *hit 1 of 6' .log)" 1
up --write --sim=error=write:2:ENOSPC,error=flush:1 f.img
asks write:0:512:a write:0:512:b flush write:0:512:c
same 'errors keep their kind; a failed flush poisons' "$answer" 'write OK|write ENOSPC|flush EIO|write EIO'
down
same 'the plan is for clients: ending does well' "$status" 0
run serve --write --sim=error=write:3 copy.img -- nbdcopy --connections=1 before '$uri'
same 'nbdcopy meets it' "$((status != 0)) $(grep -c 'planned' .err)" '1 1'
run serve --write --sim=lost=write:1 copy.img -- "$cairn" label '$uri' && expect 0

truncate -s 0 f.img && truncate -s 1M f.img
up --write --sim=cut=write:3 f.img
asks write:0:512:a flush write:512:512:b write:1024:512:c read:0:1
same 'a cut ends it all' "$answer" 'write OK|flush OK|write OK|write EIO|read EIO'
down
same 'what was flushed is there, the rest is not' "$(head -c 1024 f.img | tr -d '\0')" "$(printf 'a%.0s' {1..512})"
up --write --sim=lie=flush,cut=write:3 f.img
asks write:0:512:x flush write:512:512:y write:1024:512:z && down
same 'a flush that lied is found out' "$(head -c 1024 f.img | tr -d '\0')" "$(printf 'a%.0s' {1..512})"
up --sim=delay=read:300ms f.img
before_ms=$(date +%s%3N)
asks read:0:1
same 'a delay delays' "$(($(date +%s%3N) - before_ms >= 300))" 1
down

# ---- the log -----------------------------------------------------------------------------------

cat >replay.py <<'P'
import struct, sys
log, disk = open(sys.argv[1], "rb").read(), open(sys.argv[2], "r+b")
magic, version, entries, unit = struct.unpack_from("<QQQI", log)
assert magic == 0x6A736677736872 and version == 1
at = unit
for _ in range(entries):
    sector, count, flags, size = struct.unpack_from("<QQQQ", log, at)
    disk.seek(sector * unit)
    if flags & 4: disk.write(bytes(count * unit))
    elif not flags & 8 and count: disk.write(log[at + unit:at + unit + count * unit])
    at += unit + (0 if flags & 12 else count * unit)
assert at == len(log), (at, len(log))
print(entries)
P
cp before t.img && cp before replayed.img
up --write --trace=log t.img
try 'work on a traced disk' "$cairn" cp -r src "$uri:/more"
try 'of two clients' qemu-io -f raw "$uri" -c 'write -P 9 20M 128k' -c 'discard 20M 64k' -c 'write -z 21M 1M' -c flush
down
run ls t.img:/more && expect 0 'a\.txt'
try 'the log is replayed by the format alone' python3 replay.py log replayed.img
try 'to the same bytes' cmp t.img replayed.img
run serve --trace=log --write t.img && refuses 4 'log: .*[Ee]xists'

# ---- ends --------------------------------------------------------------------------------------

timeout -s INT --preserve-status 1 "$cairn" serve --socket sock d.img >.out 2>.err
same 'Ctrl-C ends it' "$? $(cat .out)" "0 nbd+unix:///?socket=$PWD/sock"
up --once --write d.img
run serve --write d.img && refuses 4 'd\.img: .*[Ii]n use|[Bb]usy'
asks read:0:1
wait "$server"
same '--once ends after a client' "$?" 0
server=
up --write d.img
kill -9 "$server" && wait "$server" 2>/dev/null
server=
for _ in $(seq 100); do "$cairn" serve --write d.img -- true 2>/dev/null && break || sleep 0.05; done
try 'nbdkit does not outlive it' "$cairn" serve --write d.img -- true
rm -f sock
"$cairn" serve d.img -- sh -c "'$cairn' serve --exit-with-parent --socket sock d.img >.uri & sleep 1" 2>/dev/null
for _ in $(seq 100); do [ -e sock ] && sleep 0.05 || break; done
same '--exit-with-parent' "$(ls sock 2>/dev/null)" ''

openssl rand -hex 32 | sed 's/^/alice:/' >keys
up --tls-psk=keys d.img
try 'with the key' sh -c "nbdinfo --size 'nbds+unix://alice@/?socket=$PWD/sock&tls-psk-file=$PWD/keys' | grep 33554432"
nbdinfo --size "nbd+unix:///?socket=$PWD/sock" >/dev/null 2>&1 && fail 'without' 'TLS it was served' || pass 'not without TLS'
down

# ---- what is refused ---------------------------------------------------------------------------

run serve none.img && refuses 4 'none\.img: .*Not found'
run serve parts.img:7 && refuses 4 'no partition 7'
run serve d.img:/a.txt && refuses 2 'only a whole'
run serve --sim=eror=write d.img && refuses 2 'eror'
run serve --sim=error=write:x d.img && refuses 2 'x'
: >there
run serve --socket there d.img && refuses 4 'there: .*[Ee]xists.*removed'
run serve --socket none/sock d.img -- true
same 'a folder that is not there' "$status $(grep -c '^cairn: d.img: nbdkit did not start' .err)" '4 1'
python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True); time.sleep(60)' >port &
holder=$!
for _ in $(seq 200); do [ -s port ] && break || sleep 0.02; done
run serve --host 127.0.0.1 --port "$(cat port)" d.img
same 'a port in use' "$status $(grep -c 'already in use' .err) $(grep -c '^cairn: d.img: .*--port=NUMBER' .err)" '4 1 1'
kill "$holder"
up d.img
run serve --socket sock d.img && refuses 4 'sock: .*[Ee]xists.*removed'
down
for name in 'ä/€ ?&#%' -v a=b; do
    up --export="$name" d.img
    try "an export named $name" test "$(nbdinfo --size "$uri")" = 33554432
    down
done
run serve --export "$(head -c 5000 /dev/zero | tr '\0' x)" d.img && refuses 2 'over 4095 bytes'
: >empty.img
run serve empty.img && refuses 2 'nothing in it to serve'
run --version && expect 0 '^nbdkit +[0-9]'
run serve --port 0 d.img && refuses 2 'port'
run serve --socket a --port 9 d.img && refuses 2 'socket'
run serve --tls-psk a --tls-certificates b d.img && refuses 2 'tls'
run serve d.img -- ./none && refuses 4 'none'
mkdir empty
env PATH="$PWD/empty" "$cairn" serve d.img 2>.err
same 'without nbdkit' "$? $(grep -c 'd.img: start nbdkit.*installed' .err)" '4 1'
finish
