/* SPDX-License-Identifier: ISC */
/* Making rings, and whose turn they are. */
#include "uring.h"

#include <errno.h>
#include <stdlib.h>

static void lane_free(struct blk_lane *lane)
{
    if (!lane) return;
    if (!lane->broken) io_uring_queue_exit(&lane->ring);
    free(lane->bounces);
    free(lane->slots);
    free(lane);
}

/* Interrupting a thread for completions that it will wait for is of no use; older kernels do it. */
static int ring_open(struct io_uring *ring, uint32_t depth)
{
    int os = io_uring_queue_init(depth, ring, IORING_SETUP_COOP_TASKRUN);
    return os == -EINVAL ? io_uring_queue_init(depth, ring, 0) : os;
}

static bool lane_has_memory(struct blk_lane *lane, uint32_t depth)
{
    lane->slots = calloc(depth, sizeof *lane->slots);
    if (!lane->slots) return false;
    if (lane->file->direct) {
        lane->bounces = aligned_alloc(BLK_DIRECT_MEM_ALIGN_MAX, (size_t)depth * BLK_BOUNCE_BYTES);
        if (!lane->bounces) return false;
    }
    for (uint32_t i = 0; i < depth; i++) {
        lane->slots[i].next = lane->free;
        lane->free = &lane->slots[i];
        if (lane->bounces) lane->slots[i].bounce = lane->bounces + (size_t)i * BLK_BOUNCE_BYTES;
    }
    return true;
}

/* 0 or a negative errno of what *reason names. */
static int lane_new(struct blk_lane **out, struct cairn_blk_file *file, uint32_t depth,
                    const char **reason)
{
    struct blk_lane *lane = calloc(1, sizeof *lane);
    *reason = "memory";
    if (!lane) return -ENOMEM;
    lane->broken = true;
    lane->file = file;
    int os = lane_has_memory(lane, depth) ? 0 : -ENOMEM;
    if (!os) {
        *reason = "io_uring_setup";
        os = ring_open(&lane->ring, depth);
        lane->broken = os < 0;
    }
    if (os < 0)
        lane_free(lane);
    else
        *out = lane;
    return os;
}

struct blk_lane *blk_lane_take(struct cairn_blk_file *file, struct cairn_blk_req *reqs,
                               size_t count)
{
    struct cairn_blk_uring *uring = file->uring;
    struct blk_lane *lane = NULL;
    const char *reason;
    cairn_lock_take(&uring->lock);
    for (uint32_t i = 0; i < uring->lane_count && !lane; i++)
        if (!uring->lanes[i]->taken) lane = uring->lanes[i];
    if (!lane && uring->lane_count < BLK_LANES_MAX && !lane_new(&lane, file, uring->depth, &reason))
        uring->lanes[uring->lane_count++] = lane;
    if (lane) {
        lane->taken = true;
        lane->reqs = reqs;
    }
    cairn_lock_drop(&uring->lock);
    if (!lane) return NULL;
    lane->count = count;
    lane->next = 0;
    lane->fua_each = blk_file_fua_each(file, reqs, count);
    lane->err = CAIRN_OK;
    return lane;
}

void blk_lane_drop(struct blk_lane *lane)
{
    struct cairn_blk_uring *uring = lane->file->uring;
    cairn_lock_take(&uring->lock);
    lane->reqs = NULL;
    lane->taken = lane->broken;
    cairn_lock_drop(&uring->lock);
}

struct blk_lane *blk_lane_of(struct cairn_blk_uring *uring, const struct cairn_blk_req *reqs)
{
    struct blk_lane *lane = NULL;
    cairn_lock_take(&uring->lock);
    for (uint32_t i = 0; i < uring->lane_count && !lane; i++)
        if (uring->lanes[i]->reqs == reqs) lane = uring->lanes[i];
    cairn_lock_drop(&uring->lock);
    return lane;
}

int blk_lanes_open(struct cairn_blk_file *file, uint32_t depth, const char **reason)
{
    struct cairn_blk_uring *uring = calloc(1, sizeof *uring);
    *reason = "memory";
    if (!uring) return -ENOMEM;
    int os = lane_new(&uring->lanes[0], file, depth, reason);
    if (os) {
        free(uring);
        return os;
    }
    cairn_lock_init(&uring->lock);
    uring->depth = depth;
    uring->lane_count = 1;
    file->uring = uring;
    return 0;
}

void blk_lanes_close(struct cairn_blk_file *file)
{
    struct cairn_blk_uring *uring = file->uring;
    for (uint32_t i = 0; i < uring->lane_count; i++)
        lane_free(uring->lanes[i]);
    cairn_lock_destroy(&uring->lock);
    free(uring);
    file->uring = NULL;
}
