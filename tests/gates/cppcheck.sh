#!/bin/bash
# SPDX-License-Identifier: ISC
# cppcheck over every library and the command line.
. "$(dirname "$0")/lib.sh"

# Every library and tool; of a planted tree only the planted file, since all would take as long again.
files() {
    if [ -f "$root/planted.c" ]; then echo planted.c && return; fi
    sources 'base/*.c' 'block/*.c' 'fat/*.c' 'kv/*.c' 'unikernel/*.c' 'image/*.c' 'serve/*.c' 'tools/*.c'
}

check() {
    local found includes=() folder
    for folder in "$root"/*/include; do includes+=(-I "$folder"); done
    found=$(cd "$root" && files |
        cppcheck --file-list=- -j "$(nproc)" --quiet --std=c11 --inline-suppr -I . "${includes[@]}" \
            -D__GNUC__ -U__clang__ -D'__attribute__(x)=' \
            --enable=warning,performance,portability --suppress=missingIncludeSystem \
            --template='{file}:{line}: {severity}: {message} [{id}]' 2>&1)
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_out_of_bounds() {
    echo 'int cairn_planted(void) { int a[4] = { 0 }; return a[4]; }' >"$root/planted.c"
    expect='planted.c:.*arrayIndexOutOfBounds'
}

gate "$@"
