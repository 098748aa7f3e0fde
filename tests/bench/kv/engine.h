/* SPDX-License-Identifier: ISC */
/*
 * A key-value engine as the benchmark sees it. Each engine_*.c gives `struct store` and `struct
 * session` a shape of its own. What fails ends the process: a benchmark that goes on is no figure.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES 16u

struct store;
struct session; /* of one thread */

struct settings {
    const char *folder;  /* the engine's own */
    size_t memory_bytes; /* the budget: caches and write buffers together */
    size_t value_bytes;
    uint64_t keys;
    unsigned threads;      /* sessions at once */
    bool durable;          /* a commit is durable when it returns */
    uint64_t beside_bytes; /* of the bare loop: written by another thread for each commit */
};

struct engine {
    const char *name;
    const char *(*version)(void);
    struct store *(*open)(const struct settings *settings);
    void (*close)(struct store *store);
    struct session *(*attach)(struct store *store);
    void (*detach)(struct session *session);

    /* Between begin and commit put and remove are one batch, which is not read. `sorted`: a bulk
     * load, in ascending order into an empty store. Outside each is a commit of its own. */
    void (*begin)(struct session *session, bool sorted);
    void (*commit)(struct session *session);
    void (*put)(struct session *session, const char *key, const void *value, size_t bytes);
    void (*remove)(struct session *session, const char *key);
    /* False: there is no such key, or its value ends before offset + bytes. */
    bool (*get)(struct session *session, const char *key, uint64_t offset, void *data,
                size_t bytes);
    /* Go over count entries from the key on. Adds up a byte of each value, so that each is
     * touched. Returns how many there were. */
    size_t (*scan)(struct session *session, const char *from, size_t count, uint64_t *sum);

    /* Change a part of a value. NULL: the engine can only write the whole anew. */
    void (*write_at)(struct session *session, const char *key, uint64_t offset, const void *data,
                     size_t bytes);
    /* What the store occupies without its log. NULL: told by the files. */
    uint64_t (*tree_bytes)(struct store *store);
    uint64_t bulk_batch; /* keys in a batch of a bulk load; 0: all */
    bool durable_only;   /* a limit, not a store: takes part in durable workloads only */
};

/* Those that this build has, a NULL at the end. */
extern const struct engine *const engines[];
extern const struct engine engine_cairn, engine_cairn_mapped, engine_lmdb, engine_leveldb,
    engine_rocksdb, engine_sqlite, engine_sqlite_journal, engine_bare, engine_bare_beside;

/* End the process with a message unless ok. */
void must(bool ok, const char *what, const char *detail);
void *must_alloc(size_t bytes);

#endif
