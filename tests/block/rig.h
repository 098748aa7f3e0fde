/* SPDX-License-Identifier: ISC */
/*
 * A stack of devices named as an explanation names it, top first: "slice/smaller/sim", and a model
 * of what it holds: plain bytes.
 */
#ifndef CAIRN_TESTS_RIG_H
#define CAIRN_TESTS_RIG_H

#include "faulty.h"
#include "strict.h"
#include "tape/tape.h"
#include <cairn/blk_cache.h>
#include <cairn/blk_file.h>
#include <cairn/blk_layers.h>
#include <cairn/blk_mirror.h>
#include <cairn/blk_nbd.h>
#include <cairn/blk_overlay.h>
#include <cairn/blk_rbd.h>
#include <cairn/blk_stats.h>
#include <cairn/blk_trace.h>
#include <cairn/blk_vhost.h>
#include <tests/sim.h>
#include <tests/virtio/vdisk.h>

#define RIG_BYTES (512u << 10)
#define RIG_LAYERS_MAX 6

union rig_layer {
    struct cairn_blk_slice slice;
    struct cairn_blk_resized resized;
    struct cairn_blk_readonly readonly;
    struct cairn_blk_cache cache;
    struct {
        struct cairn_blk_overlay dev;
        struct cairn_blk_mem store;
    } overlay;
    struct {
        struct cairn_blk_mirror dev;
        struct cairn_blk_mem other; /* leg; the first one is what is below */
    } mirror;
    struct cairn_blk_sim sim;
    struct cairn_blk_stats stats;
    struct faulty faulty;
    struct {
        struct cairn_blk_trace dev;
        struct cairn_blk_mem log;
    } trace;
};

struct rig {
    struct cairn_blk *dev;                      /* the top */
    struct cairn_blk *devs[RIG_LAYERS_MAX + 1]; /* all of the stack, from the bottom */
    size_t dev_count;
    /* What a caller calls: cairn_blk_submit, but where a fault of the front is planted. */
    enum cairn_err (*submit)(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count);
    union {
        struct cairn_blk_mem mem;
        struct cairn_blk_file file;
        struct cairn_blk_nbd nbd;
        struct cairn_blk_rbd rbd;
        struct cairn_blk_vhost vhost;
        struct strict strict;
    } bottom;
    struct cairn_blk_sim on_bottom; /* the sim over mem, when the bottom is one */
    union rig_layer layers[RIG_LAYERS_MAX];
    size_t layer_count;
    struct cairn_blk_trace *logged; /* its log is held against what it stands on */
    void *memory, *log, *bounces[RIG_LAYERS_MAX];
    struct vdisk *vdisk;
    struct strict *strict;     /* the bottom, when it is one */
    uint8_t *model;            /* cairn_blk_bytes(dev) of it count */
    struct cairn_blk_sim *sim; /* the highest one */
    size_t failing_at;         /* the place in devs of what fails on demand: it, or the bottom */
    bool hides;                /* a layer above makes good what it fails, or goes elsewhere */
    bool no_flush;             /* no flush of the top reaches it */
    char via[CAIRN_WHY_VIA_BYTES]; /* how an explanation of its names the stack */
};

/* Bottoms: mem, sim, strict; files in TMPDIR: file, uring, direct (by io_uring where it can be
 * had), direct_pread; shm (a file in memory); nbd (nbdkit's); rbd (the image that CAIRN_RIG_RBD
 * names); vhost (of QEMU's storage daemon, 512-byte blocks only); virtio-split, virtio-packed.
 * Layers: slice, larger, smaller, readonly; cache, through (a cache that writes through), overlay
 * (its store is memory), mirror (strict, with memory), sim, stats, trace (its log, memory of the
 * same size, stops when full), replay (a trace whose log, replayed, must make the same again: over
 * what never fails, and zeros what it discards), faulty-NAME. Aborts when it cannot be opened. The
 * first contents are zeros. */
void rig_open(struct rig *rig, const char *stack);
/* Why the stack cannot be had here; NULL: it can. */
const char *rig_lacks(const char *stack);
void rig_close(struct rig *rig);

/* Memory for blocks of the rig, at an address that its device takes, no better aligned. */
uint8_t *rig_alloc(const struct rig *rig, uint64_t blocks);
void rig_free(const struct rig *rig, uint8_t *memory);

/* All of the device against the model, and what the log of a "replay" makes. */
bool rig_matches(struct rig *rig, struct tape *tape);

/* Write drawn bytes to blocks of device and model. */
bool rig_write(struct rig *rig, struct tape *tape, uint64_t block, uint64_t count);

/* A range that lies in the device, short or empty as a rule. */
void rig_draw_range(struct rig *rig, struct tape *tape, uint64_t *block, uint64_t *count);

/* rig_fail.c: the device in it that fails on demand, or NULL; from now on what `on` says and
 * touches this block of that device, or its next flush; or nothing any more. A bottom takes no heed
 * of `on`, and all of its flushes fail. */
struct cairn_blk *rig_failing(const struct rig *rig);
void rig_fail_block(struct rig *rig, uint32_t on, uint64_t block);
void rig_fail_flush(struct rig *rig);
void rig_calm(struct rig *rig);

/* ---- how a rig is put together (rig_bottom.c, rig_layer.c, rig_replay.c)
 * ------------------------------------
 */

void rig_must(enum cairn_err err, const struct cairn_why *why);
void *rig_zeros(size_t bytes);
void rig_open_bottom(struct rig *rig, const char *name, uint32_t block_bytes);
void rig_open_layer(struct rig *rig, const char *name);
void rig_open_replay(struct rig *rig, union rig_layer *layer);
bool rig_replays(struct rig *rig, struct tape *tape);

#endif
