/* SPDX-License-Identifier: ISC */
/*
 * A store that is open, its disk, and a model of it: a state that can be kept and come back to,
 * since all of the store lives in memory that does not move.
 */
#ifndef CAIRN_TESTS_KV_CRASH_WORLD_H
#define CAIRN_TESTS_KV_CRASH_WORLD_H

#include "disk.h"
#include "ops.h"

#include <cairn/clock.h>
#include <cairn/kv_native.h>

#define WORLD_LOG_BYTES (128u << 10)
#define WORLD_NS (INT64_C(1700000000) * CAIRN_NS_PER_SEC)

/* What a cut may leave: pictures (picture_of_all), from the last acknowledged on. */
#define HISTORY_MAX 64u
struct history {
    uint32_t count;
    uint64_t pictures[HISTORY_MAX];
};
uint64_t history_hash(const struct history *history);
bool history_has(const struct history *history, uint64_t picture);

/* A store and what was done to it before sequences begin. */
struct shape {
    const char *name;
    bool stepped, lazy;
    uint32_t keep;
    size_t mem_bytes;
    uint32_t rounds;       /* of changes and checkpoints */
    uint32_t fill_percent; /* of the log, in the end */
    bool snapshot;         /* there is one */
    bool full;             /* but for few pages */
};
extern const struct shape shapes[];
extern const uint32_t shape_count;

struct world {
    const struct shape *shape;
    struct disk disk;
    struct model model;
    uint64_t snapshot; /* its picture; 0: there is none */
    struct history history;
    uint32_t stamp;
    struct cairn_clock_wall_fixed clock;
    uint8_t *mem;
    struct cairn_kv *kv;
    struct cairn_why why;
    char what[256]; /* is wrong */
};

/* A state of the world, kept; all zeros before the first. */
struct snapshot {
    struct world *world;
    uint8_t *mem;
    struct model model;
};

/* contents stay the caller's. */
void world_make(struct world *world, const struct shape *shape, struct contents *contents);
void world_free(struct world *world);
enum cairn_err world_open(struct world *world) CAIRN_MUST_USE;
/* What the model has now may be there; nobody was told so far. */
void history_begin(struct world *world);
/* false: `what` says what is wrong. */
bool world_do(struct world *world, const struct op *op);

void snapshot_keep(struct snapshot *snapshot, const struct world *world);
void snapshot_back(const struct snapshot *snapshot, struct world *world);
void snapshot_free(struct snapshot *snapshot);

#endif
