#!/bin/bash
# SPDX-License-Identifier: ISC
# part_made.sh CAIRN PART_PRINT [SEED]: tables that Cairn made, changed and mended, read and judged by
# sfdisk, sgdisk and libblkid (through partx), and tables of theirs that were damaged.
set -euo pipefail
export LC_ALL=C.UTF-8
cairn=$1 print=$2 seed=${3:-1}
changes=8
[ -z "${CAIRN_LONG:-}" ] || changes=40

for tool in sfdisk sgdisk partx python3; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool here" && exit 77; }
done
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)") # each change is flushed several times
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0
RANDOM=$seed

bad() { # WHAT
    printf 'FAILED  seed %s: %s\n' "$seed" "$1"
    failed=1
}

# Number, first, count, type, guid, name: as one line each, of three readers.
by_sfdisk() {
    sfdisk --json img | python3 -c '
import json, sys
for p in json.load(sys.stdin)["partitiontable"].get("partitions", []):
    print(p["node"][3:], p["start"], p["size"], p["type"].lower(), p.get("uuid", "").lower(),
          p.get("name", ""))' | sed 's/ *$//' | sort -n
}
# The partitions of blkid_probe_get_partitions, as libblkid gives them to partx; of an MBR they have no GUIDs.
by_partx() {
    partx -b -P -o NR,START,SECTORS,TYPE,UUID,NAME img 2>/dev/null | python3 -c '
import re, shlex, sys
def plain(name): # bytes that are not ASCII are written \xC3
    return re.sub(rb"\\x(..)", lambda m: bytes.fromhex(m[1].decode()), name.encode()).decode()
for line in sys.stdin:
    p = dict(word.split("=", 1) for word in shlex.split(line))
    gpt = len(p["TYPE"]) == 36
    print(p["NR"], p["START"], p["SECTORS"], p["TYPE"].removeprefix("0x"), p["UUID"] * gpt,
          plain(p["NAME"]))' | sed 's/ *$//' | sort -n
}
# One that is extended has, to libblkid, the size of what is in front of its logical ones.
without_extended() {
    awk '$4 == "5" || $4 == "f" || $4 == "85" { $3 = "-" } { print }'
}
by_cairn() { # MARK: whether a type has 0x in front
    "$cairn" part list --json img | python3 -c '
import json, sys
for p in json.load(sys.stdin)["partitions"]:
    type = p.get("type_guid", "%x" % p.get("type_id", 0)).lower()
    print(p["number"], p["first_block"], p["blocks"], type, p.get("guid", "").lower(),
          p.get("name", ""))' | sed 's/ *$//' | sort -n
}

# All of them say the same, and none complains.
agree() { # WHAT
    local ours theirs
    ours=$(by_cairn) || { bad "$1: cairn part list" && return; }
    theirs=$(by_sfdisk)
    [ "$ours" = "$theirs" ] || bad "$1: sfdisk"$'\n'"$theirs"$'\n'"cairn"$'\n'"$ours"
    theirs=$(by_partx | without_extended)
    ours=$(without_extended <<<"$ours")
    [ "$ours" = "$theirs" ] || bad "$1: libblkid"$'\n'"$theirs"$'\n'"cairn"$'\n'"$ours"
    sfdisk --verify img 2>&1 | grep -q 'No errors detected' || bad "$1: sfdisk --verify"
    "$print" img 512 >/dev/null || bad "$1: our own reader"
    [ "$scheme" = mbr ] || sgdisk -v img | grep -q 'No problems found' ||
        bad "$1: sgdisk: $(sgdisk -v img)"
}

numbers() {
    by_cairn | cut -d' ' -f1
}

# One change, drawn; one that is refused is none.
change() {
    local some types=(esp linux swap fat32)
    some=$(numbers | shuf -n 1 --random-source=<(yes "$RANDOM"))
    local logical=()
    if [ "$scheme" = mbr ] && [ $((RANDOM % 2)) = 1 ]; then logical=(--logical); fi
    case $((RANDOM % 7)) in
    0 | 1 | 2) "$cairn" part add --quiet "${logical[@]}" --type="${types[RANDOM % 4]}" --size=$((RANDOM % 6000 + 1))K img ;;
    3) "$cairn" part add --quiet --at=$((RANDOM % 60000))K --size=$((RANDOM % 3000 + 1))K img ;;
    4) [ -z "$some" ] || "$cairn" part delete img "$some" ;;
    5) [ -z "$some" ] || "$cairn" part resize --quiet --force img "$some" $((RANDOM % 9000 + 1))K ;;
    6) [ -z "$some" ] || "$cairn" part resize --quiet img "$some" rest ;;
    esac 2>>refused || true
}

for scheme in gpt mbr; do
    rm -f img
    "$cairn" part create --scheme=$scheme --size=64M img
    agree "$scheme, empty"
    [ $scheme = gpt ] || "$cairn" part add --quiet --type=extended --at=20M --size=30M img
    for step in $(seq "$changes"); do
        change
        agree "$scheme, step $step"
    done
    echo "ok      $scheme: $changes changes, $(numbers | wc -l) partitions at the end"
done

# A hybrid, names, attributes: sgdisk reads them.
scheme=gpt
rm -f img && "$cairn" part create --size=64M img
"$cairn" part add --quiet --type=fat32 --hybrid=0c --active --size=8M --name='DATA ä€' img
"$cairn" part add --quiet --type=linux img
agree 'a hybrid'
sgdisk -i 1 img | grep -q "Partition name: 'DATA ä€'" || bad 'the name'
sgdisk -i 1 img | grep -q 'Attribute flags: 0000000000000004' || bad 'the attributes'
sgdisk -p img >/dev/null || bad 'sgdisk -p'
file img | grep -q 'ID=0xee.*ID=0xc, active' || bad "the MBR: $(file img)"
echo 'ok      a hybrid'

# Tables of others, damaged, and mended by us: clean, and nothing is lost.
mended() { # WHAT
    local before=$2 code=0
    "$cairn" part list img >/dev/null 2>&1 && bad "$1: nothing was found"
    "$cairn" part repair --quiet img || code=$?
    [ $code = 0 ] || bad "$1: repair says $code"
    agree "$1"
    [ "$(by_cairn)" = "$before" ] || bad "$1: partitions changed"
    cp img once && "$cairn" part repair --quiet img && cmp -s img once || bad "$1: the second repair"
    echo "ok      $1"
}
theirs() {
    rm -f img && truncate -s 64M img
    sfdisk -q img <<<$'label: gpt\nsize=8M, type=U, name="EFI system ä€"\nsize=8M, type=L\nstart=65536, type=L\n'
    table=$(by_sfdisk)
}
wreck() { # SEEK COUNT
    dd if=/dev/urandom of=img bs=512 seek="$1" count="$2" conv=notrunc status=none
}
theirs && wreck 1 1 && mended 'the first header is noise' "$table"
theirs && wreck 2 3 && mended 'the first entries are noise' "$table"
theirs && wreck 131071 1 && mended 'the backup header is noise' "$table"
theirs && wreck 131039 4 && mended 'the backup entries are noise' "$table"
theirs && truncate -s 100M img && mended 'the disk grew' "$table"
theirs && truncate -s 100M img && wreck 2 3 && mended 'it grew, and the first entries are noise' "$table"
theirs && dd if=/dev/zero of=img bs=512 count=1 conv=notrunc status=none && mended 'the MBR is gone' "$table"
theirs && sgdisk -h 2 img >/dev/null && printf '\x99' | dd of=img bs=1 seek=474 conv=notrunc status=none &&
    mended 'a hybrid MBR tells another size' "$table"
exit $failed
