#!/bin/bash
# SPDX-License-Identifier: ISC
# What is installed can be used: the examples of docs/ build against it by CMake and by pkg-config,
# and run; docs/building.md shows them as they are.
. "$(dirname "$0")/../lib.sh"

examples=$cairn_root/docs/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

shown() { # FILE: stands whole in building.md, but for its licence line
    perl -0777 -e 'my ($doc, $source) = map { local @ARGV = $_; scalar <> } @ARGV;
        $source =~ s,^/\* SPDX[^\n]*\n,,; exit(index($doc, $source) < 0)' "$cairn_root/docs/building.md" "$1"
}

by_cmake() {
    cmake -S "$examples/consumer" -B "$work/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/consumer"
}

by_pkg_config() {
    local PKG_CONFIG_PATH
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name cairn.pc)") && export PKG_CONFIG_PATH
    gcc -o "$work/list" "$examples/list.c" $(pkg-config --cflags --libs cairn) &&
        gcc -ffreestanding -o "$work/embedded" "$examples/embedded.c" "$examples/platform.c" \
            $(pkg-config --cflags --libs cairn-core)
}

lists() { # PROGRAM
    LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name libcairn.so)") "$1" "$work/sample.img" |
        grep -F readme.txt
}

speaks() { # PROGRAM
    [ "$("$1")" = "stone upon stone" ]
}

serves() {
    "$prefix/bin/cairn" serve "$work/sample.img" -- nbdinfo --size '$uri'
}

try "install" cmake --install "$cairn_root/build/release" --prefix "$prefix"
try "the installed cairn builds an image" "$prefix/bin/cairn" build "$cairn_root/fixtures/sample" "$work/sample.img"
have "the installed cairn serves" nbdkit nbdinfo && try "the installed cairn serves" serves
try "find_package(cairn)" by_cmake
try "pkg-config cairn, cairn-core" by_pkg_config
for program in consumer/list consumer/list-static list; do try "$program runs" lists "$work/$program"; done
for program in consumer/embedded embedded; do try "$program runs" speaks "$work/$program"; done
for source in embedded.c platform.c; do try "building.md shows $source" shown "$examples/$source"; done
finish
