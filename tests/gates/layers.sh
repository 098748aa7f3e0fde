#!/bin/bash
# SPDX-License-Identifier: ISC
# An #include runs downward or within its module: base < block < fat < image < tools. The core (base,
# block, fat outside host/) includes nothing of host/, and of the system only the compiler's headers.
. "$(dirname "$0")/lib.sh"

layers='base block fat image tools'
compiler_headers='stdarg|stdbool|stddef|stdint|limits'

rank() { # MODULE
    local module rank=0
    for module in $layers; do
        [ "$module" = "$1" ] && echo $rank && return
        rank=$((rank + 1))
    done
    echo -1
}

# The module that an include names, or nothing: <cairn/fat.h> is where that header lies, "fat/name.h"
# says it itself.
module_of() { # INCLUDED
    local header
    case $1 in
    cairn/*)
        header=$(cd "$root" && echo */include/"$1")
        echo "${header%%/*}"
        ;;
    */*) echo "${1%%/*}" ;;
    esac
}

is_core() { # PATH
    [[ $1 =~ ^(base|block|fat)/ && ! $1 =~ /(host|gen)/ ]]
}

check_one() { # PATH LINE KIND INCLUDED
    local path=$1 line=$2 kind=$3 included=$4 mine theirs
    mine=$(rank "${path%%/*}") theirs=$(rank "$(module_of "$included")")
    if [ "$theirs" -gt "$mine" ]; then
        echo "$path:$line: includes $included, which is of a higher layer"
    elif is_core "$path" && [[ $included == *host/* ]]; then
        echo "$path:$line: includes $included: the core may not need the host"
    elif is_core "$path" && [ "$kind" = '<' ] && [[ $included != cairn/* ]] &&
        [[ ! $included =~ ^($compiler_headers)\.h$ ]] && ! is_shim "$path" "$included"; then
        echo "$path:$line: includes $included, which is not the compiler's own header"
    fi
}

# xxhash.h is compiled freestanding behind base/shim, by one source and the shims themselves.
is_shim() { # PATH INCLUDED
    [[ $1 == base/shim/* ]] || [[ $1 == base/hash128.c && $2 == xxhash.h ]]
}

check() {
    local found
    found=$(cd "$root" && sources "*.c" "*.h" | grep -E "^(${layers// /|})/" |
        xargs -d '\n' grep -nE '^ *# *include *[<"]' -- |
        sed -nE 's/^([^:]*):([0-9]+): *# *include *([<"])([^>"]*).*/\1 \2 \3 \4/p' |
        while read -r path line kind included; do
            check_one "$path" "$line" "$kind" "$included"
        done)
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_upward() {
    echo '#include <cairn/fat.h>' >>"$root/block/blk.c"
    expect='block/blk.c:.*higher layer'
}

plant_private() {
    echo '#include "image/tree.h"' >>"$root/fat/name.c"
    expect='fat/name.c:.*higher layer'
}

plant_host() {
    echo '#include "base/host/clock.h"' >>"$root/fat/name.c"
    expect='fat/name.c:.*may not need the host'
}

plant_libc() {
    echo '#include <stdio.h>' >>"$root/base/err.c"
    expect='base/err.c:.*stdio.h'
}

gate "$@"
