/* SPDX-License-Identifier: ISC */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

const struct engine *const engines[] = {
    &engine_cairn,
    &engine_cairn_mapped,
#ifdef BENCH_LMDB
    &engine_lmdb,
#endif
#ifdef BENCH_LEVELDB
    &engine_leveldb,
#endif
#ifdef BENCH_ROCKSDB
    &engine_rocksdb,
#endif
#ifdef BENCH_SQLITE
    &engine_sqlite,
    &engine_sqlite_journal,
#endif
    &engine_bare,
    &engine_bare_beside, /* behind cairn, whose background they repeat */
    NULL,
};

void must(bool ok, const char *what, const char *detail)
{
    if (ok) return;
    fprintf(stderr, "kv: %s: %s\n", what, detail ? detail : "failed");
    exit(1);
}

void *must_alloc(size_t bytes)
{
    void *mem = calloc(1, bytes);
    must(mem, "memory", "cannot be had");
    return mem;
}
