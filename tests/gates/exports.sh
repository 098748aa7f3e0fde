#!/bin/bash
# SPDX-License-Identifier: ISC
# libcairn.so exports exactly the functions that public headers mark CAIRN_API, all named cairn_*.
. "$(dirname "$0")/lib.sh"

library=$build/lib/libcairn.so

declared() {
    (cd "$root" && sources '*/include/cairn/*.h' | xargs -d '\n' cat --) |
        perl -0777 -ne 's,/\*.*?\*/,,gs; print "$1\n" while /CAIRN_API\b[^;{(]*?(\w+)\s*[(;]/g' |
        grep -vx __attribute__ | sort -u
}

exported() {
    nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort -u
}

check() {
    [ -f "$library" ] || { echo "$library: is not built" && return 1; }
    local found
    found=$(
        comm -23 <(declared) <(exported) | sed 's/$/: marked CAIRN_API, and not exported/'
        comm -13 <(declared) <(exported) | sed 's/$/: exported, and not marked CAIRN_API/'
        exported | grep -v '^cairn_' | sed 's/$/: exported without the prefix cairn_/'
    )
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_missing() {
    echo 'CAIRN_API int cairn_planted(void);' >>"$root/base/include/cairn/def.h"
    expect='cairn_planted: marked CAIRN_API, and not exported'
}

plant_leak() {
    sed -i '/cairn_err_text(/s/CAIRN_API//' "$root/base/include/cairn/err.h"
    expect='cairn_err_text: exported, and not marked'
}

gate "$@"
