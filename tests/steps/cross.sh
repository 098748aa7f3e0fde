#!/bin/bash
# SPDX-License-Identifier: ISC
# The core for other machines: it compiles for four, needs nothing there that it may not, and its
# units run on a big-endian and on a 32-bit one (qemu-user).
. "$(dirname "$0")/../lib.sh"

build_cross() { # MACHINE OPTION
    cmake -S "$cairn_root" -B "$cairn_root/build/$1" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_TOOLCHAIN_FILE="$cairn_root/cmake/toolchain-$1.cmake" "$2" &&
        cmake --build "$cairn_root/build/$1"
}

compiles() { # MACHINE TRIPLET [OPTION]
    have "core for $1" "$2-gcc" || return 0
    try "core for $1" build_cross "$1" "${3:--DCAIRN_HOSTED=OFF}"
    try "core for $1: symbols" env CAIRN_NM="$2-nm" CAIRN_BUILD="$cairn_root/build/$1" \
        "$cairn_root/tests/gates/symbols.sh"
}

# The units need the check library of that machine, which Debian has: unpacked, not installed.
runs() { # MACHINE DEBIAN_NAME TRIPLET QEMU
    local library=$cairn_root/build/foreign/$2
    have "units on $1" "$3-gcc" "$4" || return 0
    if ! log=$("$cairn_root/tests/cross/unpack" "$2" check libsubunit-dev 2>&1); then
        if [ "${CI:-}" = true ]; then fail "units on $1" "$log"; else skip "units on $1" "$log"; fi
        compiles "$1" "$3"
        return
    fi
    export PKG_CONFIG_LIBDIR=$library/usr/lib/$3/pkgconfig PKG_CONFIG_SYSROOT_DIR=$library
    local failed=$results_failed
    compiles "$1" "$3" -DCAIRN_TOOLS=OFF
    # The units only: what else ctest knows are scripts that run programs of this machine. Emulated
    # they are slow, so properties are drawn less often, and what is tagged as thorough is left
    # out, and proofs about what a device does, which no processor changes. libnbd, which
    # test-block-nbd is about, is the host's.
    [ "$results_failed" -ne "$failed" ] || CAIRN_RUNS=40 CK_EXCLUDE_TAGS=thorough run_ctest "$1" -R '^test-' -E 'nbd|kv-(failed|cut|damage|budget|recovery|geometry)'
    unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
}

compiles aarch64 aarch64-linux-gnu
compiles riscv64 riscv64-linux-gnu
runs s390x s390x s390x-linux-gnu qemu-s390x
runs armhf armhf arm-linux-gnueabihf qemu-arm
finish
