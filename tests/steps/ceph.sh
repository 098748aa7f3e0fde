#!/bin/bash
# SPDX-License-Identifier: ISC
# ceph.sh - a Ceph cluster of one node on loopback, and Cairn on an image of it: built there, worked
# on, resized, snapshots; two writers; the contract of BLOCK; no cluster; and the storage daemon
# killed and brought back in the middle of writes, after which all that was flushed must be there.
. "$(dirname "$0")/../lib.sh"

"$cairn_root/scripts/need" long || true
have "Ceph" ceph-mon ceph-osd ceph rbd || finish

node=$(mktemp -d /tmp/cairn-ceph-XXXXXX)
conf=$node/ceph.conf
port=$((20000 + $$ % 10000 * 2))
addresses="[v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]"
stall=8 # seconds until a request gives up
declare -A pids=()

stop() { # DAEMON SIGNAL
    [ -n "${pids[$1]:-}" ] || return 0
    kill "-$2" "${pids[$1]}" 2>/dev/null || true
    wait "${pids[$1]}" 2>/dev/null || true
    unset "pids[$1]"
}

stop_all() {
    stop osd KILL
    stop mon KILL
    rm -rf "$node"
}
trap stop_all EXIT

start() { # DAEMON ID
    "ceph-$1" -f -i "$2" -c "$conf" >>"$node/$1.out" 2>&1 &
    pids[$1]=$!
}

wait_for() { # WHAT COMMAND...
    local what=$1
    shift
    for _ in $(seq 120); do
        "$@" 2>/dev/null && return 0
        sleep 0.25
    done
    echo "no $what in half a minute" && tail -n 5 "$node"/*.out && return 1
}

cluster() { ceph -c "$conf" --connect-timeout 10 "$@" 2>/dev/null; }
image() { rbd -c "$conf" "$@" 2>/dev/null; }
osd_is_up() { cluster osd stat | grep -q ' 1 up'; }

configure() {
    cat >"$conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = $addresses
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
run dir = $node
admin socket = $node/\$name.asok
log file = $node/\$name.log
pid file = $node/\$name.pid
keyring = $node/keyring
mon data = $node/mon
osd data = $node/osd
osd objectstore = bluestore
bluestore block size = 4294967296
osd memory target = 939524096
ms bind ipv6 = false
CONF
}

cluster_start() {
    mkdir "$node/mon" "$node/osd" && configure &&
        monmaptool --create --addv a "$addresses" --fsid "$(sed -n 's/^fsid = //p' "$conf")" "$node/monmap" &&
        ceph-authtool --create-keyring "$node/keyring" --gen-key -n mon. --cap mon 'allow *' &&
        ceph-mon --mkfs -i a --monmap "$node/monmap" --keyring "$node/keyring" -c "$conf"
}

pool_make() {
    cluster osd create && ceph-osd -i 0 --mkfs -c "$conf" && start osd 0 && wait_for "OSD" osd_is_up &&
        cluster osd pool create disks 8 8 && cluster osd pool application enable disks rbd &&
        image create --size 256M disks/one && image create --size 64M disks/two &&
        image create --size 512K --object-size 64K disks/rules
}

# The daemons are children of this shell, so `try`, which runs in another, is not for starting them.
if cluster_start >"$node/start.out" 2>&1 && start mon a && wait_for "monitor" cluster -s >/dev/null &&
    pool_make >>"$node/start.out" 2>&1; then
    pass "a cluster of one node"
else
    fail "a cluster of one node" "$(tail -n 12 "$node/start.out")"
    finish
fi

cairn=$cairn_root/build/release/bin/cairn
tool=$cairn_root/build/release/bin/rbd-tool
export CEPH_CONF=$conf CAIRN_STALL_SECONDS=$stall
disk=rbd:disks/one
source=$node/source

refuses() { # NAME PATTERN COMMAND...
    local name=$1 pattern=$2 said
    shift 2
    if said=$(timeout 60 "$@" 2>&1); then
        fail "$name" "it did not fail: $said"
    elif grep -qE -- "$pattern" <<<"$said"; then
        pass "$name"
    else
        fail "$name" "no /$pattern/ in: $said"
    fi
}

mkdir -p "$source/sub"
head -c 30M /dev/urandom >"$source/big" && truncate -s 20M "$source/hole"
for i in $(seq 300); do echo "file $i" >"$source/sub/$i"; done

try "build release" build release
try "build onto an image of the cluster" "$cairn" build --size=200M "$source" "$disk"
try "build the same into a file" "$cairn" build --size=200M "$source" "$node/file.img"
try "another program sees the same bytes" cmp "$node/file.img" <(rbd -c "$conf" export disks/one - 2>/dev/null | head -c 200M)
try "list it" "$cairn" ls "$disk:/sub"
try "it is sound" "$cairn" check "$disk"
try "copy into it" "$cairn" cp "$0" "$disk:/script"
try "remove from it" "$cairn" rm "$disk:/script"
try "take it all out" "$cairn" extract "$disk" "$node/out"
try "and it is what was put in" diff -r "$source" "$node/out"
try "holes take no room in the cluster" test "$(image du --format json disks/one | sed 's/.*used_size":\([0-9]*\).*/\1/')" -lt 70000000
try "make it smaller" "$cairn" resize "$disk" 150M
try "the image follows" grep -q 'size 150 MiB' <(image info disks/one)
try "make it larger" "$cairn" resize "$disk" 220M
try "and it is sound" "$cairn" check "$disk"

try "a snapshot" rbd -c "$conf" snap create disks/one@before
try "is read" "$cairn" ls "$disk@before:/sub"
refuses "and not written" 'snapshot is for reading' "$cairn" rm "$disk@before:/big"
try "what is removed later" "$cairn" rm "$disk:/big"
try "is still in it" "$cairn" ls "$disk@before:/big"

refuses "no such pool" 'pool none: Not found' "$cairn" ls rbd:none/one
refuses "no such image" 'image none: Not found' "$cairn" ls rbd:disks/none
refuses "no such snapshot" 'image one@none: Not found' "$cairn" ls "$disk@none"
refuses "no such configuration" 'configuration /none: Not found' "$cairn" ls "$disk?conf=/none"

(sleep 4; echo) | "$cairn" cp - "$disk:/slow" &
sleep 2
refuses "a second writer" 'another client writes' "$cairn" rm "$disk:/hole"
try "a reader beside a writer" "$cairn" ls "$disk"
wait $!
try "the second writer's turn" "$cairn" rm "$disk:/hole"

contract=$cairn_root/build/release/bin/test-block-contract
try "the contract of BLOCK" env CAIRN_RIG_RBD=disks/rules "$contract" --on rbd {slice,smaller,readonly}/rbd \
    {cache,through,overlay,larger/mirror,sim,stats,trace}/rbd

"$tool" rbd:disks/two 400 30 >"$node/tool.out" 2>"$node/tool.err" &
writer=$!
sleep 4
for _ in 1 2; do
    stop osd KILL
    sleep 3
    start osd 0
    sleep 4
done
# Longer away than a request waits.
stop osd KILL
sleep $((stall + 3))
start osd 0
wait_for "OSD" osd_is_up || true
if wait "$writer"; then
    pass "killed three times: $(cat "$node/tool.out")"
else
    fail "killed three times" "$(cat "$node/tool.out"; tail -n 12 "$node/tool.err")"
fi
longest=$(sed -nE 's/.*longest ([0-9]+).*/\1/p' "$node/tool.out")
# Closing gives back a lock and a watch, each a request with a limit of its own.
try "no call took longer than five times the limit ($longest s)" test "${longest:-999}" -le $((5 * stall))

stop osd KILL
refuses "a write without storage" 'not answered|Timed out' "$cairn" cp "$0" "$disk:/late"
stop mon KILL
refuses "no cluster" 'Timed out' "$cairn" ls "$disk"
finish
