#!/bin/bash
# SPDX-License-Identifier: ISC
# The examples of unikernel/ as programs and as machines: what they say, how they end, and what the
# command line then finds in their images.
. "$(dirname "$0")/../lib.sh"

bin=$cairn_root/build/release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
status=0

as_unix() { # EXAMPLE [DEVICE=IMAGE] -- [ARGUMENT...]
    local name=$1 devices=()
    shift
    while [ "$1" != -- ]; do devices+=("--block:$1") && shift; done
    status=0
    "$bin/$name-unix" "${devices[@]}" "$@" >out 2>&1 || status=$?
}

# A machine ends with 2 * status + 1, by the device that is there for that.
as_machine() { # KIND_OF_DISK "QEMU_OPTION..." EXAMPLE [DEVICE=IMAGE]... -- [ARGUMENT...]
    local kind=$1 options name=$3
    read -r -a options <<<"$2"
    shift 3
    while [ "$1" != -- ]; do
        options+=(-drive "id=${1%%=*},file=${1#*=},format=raw,if=none")
        options+=(-device "$kind,drive=${1%%=*},serial=${1%%=*}") && shift
    done
    shift
    status=0
    timeout 60 qemu-system-x86_64 -m 32 -kernel "$bin/$name-virtio" -display none -serial file:said \
        -no-reboot -device isa-debug-exit,iobase=0x501,iosize=2 "${options[@]}" -append "$*" \
        >qemu.log 2>&1 </dev/null || status=$?
    status=$(((status - 1) / 2))
    tr -d '\r' <said >out
}

as_microvm() { # EXAMPLE [DEVICE=IMAGE]... -- [ARGUMENT...]
    as_machine virtio-blk-device "-M microvm,acpi=off -global virtio-mmio.force-legacy=false" "$@"
}

as_pc() { # the same; its disks are on PCI
    as_machine virtio-blk-pci "-M q35 -nodefaults" "$@"
}

says() { # NAME STATUS TEXT: the last one ended so, and said that
    if [ "$status" -ne "$2" ]; then
        fail "$1" "status $status, not $2: $(cat out)"
    elif ! grep -Eq -- "$3" out; then
        fail "$1" "does not say '$3': $(cat out)"
    else
        pass "$1"
    fi
}

images() {
    rm -f ./*.img
    "$bin/cairn" build -q --size=8M "$cairn_root/unikernel/examples/fat/content" fat.img
    "$bin/cairn" kv create -q --size=4M kv.img
    truncate -s 4M blk.img
}

examples() { # TARGET
    images
    "as_$1" hello -- one && says "$1 hello" 0 'hello, world'
    "as_$1" clock -- && says "$1 clock" 0 '^it is 20[0-9][0-9]-.* UTC'
    "as_$1" log -- && says "$1 log" 0 'kept: error weather: the roof leaks'
    "as_$1" block disk=blk.img -- && says "$1 block" 0 '^1048576 bytes written, flushed, read and compared'
    "as_$1" fat data=fat.img -- && says "$1 fat" 0 '^the unikernel was here'
    "as_$1" kv store=kv.img -- 2 && says "$1 kv" 0 '^visit 2'
    "as_$1" kv store=kv.img -- && says "$1 kv, again" 0 '^visit 3'
    try "$1 fat, outside" grep -q 'unikernel was here' <("$bin/cairn" cat fat.img:/visits.txt)
    try "$1 fat, sound" "$bin/cairn" check -q fat.img
    try "$1 kv, outside" test "$("$bin/cairn" kv get kv.img:/visits)" = 3
    try "$1 kv, sound" "$bin/cairn" kv check -q kv.img
}

# What cannot start says why, and ends.
refusals() { # TARGET
    images
    "as_$1" fat -- && says "$1: no disk" 126 'data: '
    "as_$1" fat data=kv.img -- && says "$1: the disks of others" 126 'data: .*no FAT volume'
    "as_$1" kv store=fat.img -- && says "$1: no store" 126 'store: .*no key-value store'
}

examples unix
refusals unix
if have "machines" qemu-system-x86_64; then
    for target in microvm pc; do
        examples "$target"
        refusals "$target"
    done
    as_microvm fat other=fat.img -- && says "a disk of another name" 126 'serial numbers: other'
fi
finish
