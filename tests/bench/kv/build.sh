# SPDX-License-Identifier: ISC
# kv_build TO BUILD - make TO/kv, TO/small and TO/flush_shim.so, with Cairn's libraries of BUILD and the
# engines that are installed; the others are named on stderr.

kv_engine() { # NAME HEADER LIBRARY VERSION
    if [ -f "/usr/include/$2" ]; then
        kv_flags+=("-DBENCH_${1^^}=\"$4\"")
        kv_sources+=("engine_$1.c")
        kv_links+=("-l$3")
    else
        echo "$1 is not installed, and left out (scripts/need bench)" >&2
    fi
}

kv_link() { # TO BUILD SOURCE... - with Cairn's libraries, and what kv_flags and kv_links say
    local to=$1 lib=$2/lib
    shift 2
    gcc -std=c11 -O2 -Wall -Wextra -D_GNU_SOURCE "${kv_flags[@]}" -o "$to" \
        -I../../../base/include -I../../../block/include -I../../../kv/include "$@" \
        "$lib/libcairn-kv.a" "$lib/libcairn-block-host.a" "$lib/libcairn-block.a" \
        "$lib/libcairn-base.a" "$lib/libcairn-base-host.a" "$lib/libcairn-base.a" \
        "${kv_links[@]}" -lpthread -ldl -lm
}

kv_build() {
    local here kv_flags=() kv_links=() kv_sources=(main.c measure.c report.c plan.c
        workload.c ycsb.c zipf.c latency.c engine.c engine_cairn.c engine_bare.c)
    here=$(dirname "${BASH_SOURCE[0]}")
    kv_engine lmdb lmdb.h lmdb ""
    kv_engine leveldb leveldb/c.h leveldb ""
    kv_engine rocksdb rocksdb/c.h rocksdb "$(dpkg-query -W -f '${Version}' librocksdb-dev 2>/dev/null)"
    kv_engine sqlite sqlite3.h sqlite3 ""
    ! pkg-config --exists liburing || kv_links+=(-luring)
    gcc -O2 -Wall -Wextra -D_GNU_SOURCE -shared -fPIC -o "$1/flush_shim.so" "$here/flush_shim.c" -ldl
    (cd "$here" && kv_link "$1/kv" "$2" "${kv_sources[@]}" && kv_link "$1/small" "$2" small.c)
}
