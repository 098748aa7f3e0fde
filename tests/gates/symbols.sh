#!/bin/bash
# SPDX-License-Identifier: ISC
# What the core needs from outside: each core library together with those below it leaves undefined
# only memcpy, memmove, memset, memcmp, and the hooks that base/platform.h and base/sync.h declare.
# On processors without the instructions also the compiler's own helpers (libgcc).
. "$(dirname "$0")/lib.sh"

nm=${CAIRN_NM:-nm}
memory='memcpy|memmove|memset|memcmp'
compiler='__(aeabi|clz|ctz|popcount|bswap|u?div|u?mod|mul|ash|lsh|ucmp|multi)[a-z0-9_]*'
linker='_GLOBAL_OFFSET_TABLE_'
objects=() # planted ones, besides the archives

hooks() {
    sed -nE 's/.*\b(cairn_(platform|lock|cond|thread)_[a-z_]+)\(.*/\1/p' \
        "$repository"/base/include/cairn/{platform,sync}.h | paste -sd '|'
}

unresolved() { # ARCHIVE...
    local defined
    defined=$("$nm" --defined-only --extern-only -P "$@" 2>/dev/null | awk 'NF > 1 { print $1 }' | sort -u)
    "$nm" -u -P "$@" | awk '$2 == "U" || $2 == "w" { print $1 }' | sort -u |
        comm -23 - <(echo "$defined")
}

check() {
    local name found archives=("${objects[@]}") status=0
    for name in base block fat kv; do
        archives=("$build/lib/libcairn-$name.a" "${archives[@]}")
        [ -f "${archives[0]}" ] || { echo "${archives[0]}: is not built" && return 1; }
        found=$(unresolved "${archives[@]}" | grep -vxE "$memory|$compiler|$linker|$(hooks)" |
            # Sanitizers and coverage of a build for tests are not the library's.
            grep -vE '^__(asan|ubsan|sanitizer|sancov)_')
        [ -z "$found" ] || { echo "libcairn-$name.a needs:" $found && status=1; }
    done
    return $status
}

plant_malloc() {
    echo 'void *malloc(unsigned long); void *cairn_planted(void) { return malloc(9); }' |
        gcc -x c -c -o "$scratch/planted.o" - || return
    objects=("$scratch/planted.o")
    expect='libcairn-kv.a needs: malloc'
}

gate "$@"
