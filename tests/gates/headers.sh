#!/bin/bash
# SPDX-License-Identifier: ISC
# Each public header compiles alone, as C11 and as C++17, with gcc and with clang.
. "$(dirname "$0")/lib.sh"

compile() { # HEADER COMPILER LANGUAGE STANDARD
    echo "#include <cairn/$1>" | "$2" -x "$3" -std="$4" -fsyntax-only -Wall -Wextra -Wpedantic \
        -Werror "${includes[@]}" - 2>&1 | sed "s,^,$1 as $4 with $2: ,"
}

check() {
    local folder header found
    includes=()
    for folder in "$root"/*/include; do includes+=(-I "$folder"); done
    found=$(
        sources '*/include/cairn/*.h' | sed 's,.*/,,' | while read -r header; do
            compile "$header" gcc c c11
            compile "$header" clang c c11
            compile "$header" g++ c++ c++17
            compile "$header" clang++ c++ c++17
        done
    )
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_needs_another() {
    echo 'struct cairn_planted { struct cairn_why why; };' >>"$root/base/include/cairn/def.h"
    expect='def.h as c11 with gcc'
}

plant_not_cxx() {
    echo 'int cairn_planted(int class);' >>"$root/base/include/cairn/def.h"
    expect='def.h as c\+\+17 with clang\+\+'
}

gate "$@"
