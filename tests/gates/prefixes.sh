#!/bin/bash
# SPDX-License-Identifier: ISC
# Static archives share one namespace: every global symbol of a library begins with cairn_ or with
# the prefix of its own module.
. "$(dirname "$0")/lib.sh"

declare -A prefix=(
    [base]='base_' [base-bare]='base_' [base-host]='base_'
    [block]='(blk|part|gpt|mbr|guid)_' [block-host]='blk_'
    [fat]='fat_' [kv]='(kv|kvn)_' [kv-fat]='kv_fat_' [kv-host]='kv_' [image]='img_' [front]='front_' [serve]='serve_'
    [env]='env_' [env-unix]='main' [env-virtio]='(uk|x86)_|mem(cpy|move|set|cmp)$'
)
archives=("$build"/lib/libcairn-*.a)

check() {
    local archive name found status=0
    for archive in "${archives[@]}"; do
        name=${archive##*/libcairn-} name=${name%.a}
        [ -n "${prefix[$name]:-}" ] || continue # a library of the tests
        found=$(nm --defined-only --extern-only -P "$archive" | awk 'NF > 1 { print $1 }' |
            grep -vE "^(cairn_|${prefix[$name]}|__(asan|odr_asan|sancov))")
        [ -z "$found" ] || { echo "libcairn-$name.a: defines" $found && status=1; }
    done
    return $status
}

plant_bare_name() {
    cp "$build/lib/libcairn-fat.a" "$scratch/libcairn-fat.a" &&
        echo 'int table_find(void) { return 1; }' | gcc -x c -c -o "$scratch/planted.o" - &&
        ar r "$scratch/libcairn-fat.a" "$scratch/planted.o" || return
    archives=("$scratch/libcairn-fat.a")
    expect='libcairn-fat.a: defines table_find'
}

gate "$@"
