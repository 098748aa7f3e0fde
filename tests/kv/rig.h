/* SPDX-License-Identifier: ISC */
/*
 * A store, and a model of what it holds. A store comes into the suite by a line in stores.c, and
 * a file that fills a `struct store`.
 */
#ifndef CAIRN_TESTS_KV_RIG_H
#define CAIRN_TESTS_KV_RIG_H

#include "faulty.h"
#include "model.h"
#include "tape/tape.h"
#include <cairn/clock.h>

struct rig;

/* How to have a store of one kind. What fails aborts, but for what open says by its result. */
struct store {
    const char *name;
    /* Why it cannot be had here; NULL: it can. May be NULL itself. */
    const char *(*lacks)(void);
    /* A fresh, empty store as rig->kv, whose clock is rig->clock. */
    void (*open)(struct rig *rig);
    /* Close it and open it again, as it was left. NULL: it does not last. */
    void (*reopen)(struct rig *rig, bool read_only);
    void (*close)(struct rig *rig);
    /* What segments it takes; NULL: any bytes. */
    const struct cairn_kv_key *names;
    size_t name_count;
    int64_t time_grain_ns; /* times are multiples of this; 0: 1 */
    bool root_timeless;    /* the root's time is not kept */
    bool set_touches;      /* setting a value that is there changes its dictionary's time */
    size_t full_bytes;     /* it is full when so many bytes were set; 0: not to be filled here */
    bool sparse;           /* a value of 2^40 bytes, all but a few never written, has room */
};

struct rig {
    const struct store *store;
    const struct fault *fault; /* NULL: none */
    struct cairn_kv *kv;
    struct cairn_clock_wall_fixed clock;
    struct model model;
    /* What a caller sets by: cairn_kv_set, but where a fault of the front is planted. */
    enum cairn_err (*set)(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why);
    void *of; /* the store's own */
};

#define RIG_TIME_NS (INT64_C(1700000000) * CAIRN_NS_PER_SEC)

extern const struct store *const stores[];
extern const size_t store_count;

void rig_open(struct rig *rig, const struct store *store, const struct fault *fault);
void rig_close(struct rig *rig);
void rig_reopen(struct rig *rig, bool read_only);

/* Time goes on for store and model. */
void rig_tick(struct rig *rig);

/* A segment, or a key of 0 to 4 segments, as a rule one of few; `path` has MODEL_PATH_MAX bytes. */
struct cairn_kv_key rig_draw_name(const struct rig *rig, struct tape *tape);
struct cairn_kv_key rig_draw_key(const struct rig *rig, struct tape *tape, char *path);

/* kv (the store, a batch or a view) holds what the model says: kinds, sizes, bytes, times. */
bool rig_matches(const struct rig *rig, struct cairn_kv *kv, const struct model *model,
                 struct tape *tape);
/* One drawn change to kv and model. */
bool rig_step(struct rig *rig, struct cairn_kv *kv, struct model *model, struct tape *tape);
/* Some of them. */
bool rig_steps(struct rig *rig, struct cairn_kv *kv, struct model *model, struct tape *tape);

/* What a call got is what was expected, and says so. */
bool rig_got(struct tape *tape, const char *what, struct cairn_kv_key key, enum cairn_err err,
             const struct expect *expect);

#define RIG_DATA_BYTES (200u << 10)
/* Bytes that differ from place to place, RIG_DATA_BYTES of them. */
const uint8_t *rig_data(void);

#endif
