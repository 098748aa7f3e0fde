/* SPDX-License-Identifier: ISC */
/* Data through every mix of ring features, against plain bytes. */
#include "tape/tape.h"
#include "units.h"
#include "vdisk.h"
#include <stdlib.h>
#include <string.h>

#define BYTES (128u << 10)
#define BATCH 24
#define SEGS 4

static const uint64_t mixes[] = { CAIRN_VIRTIO_F_PACKED,    CAIRN_VIRTIO_F_INDIRECT,
                                  CAIRN_VIRTIO_F_EVENT_IDX, CAIRN_VIRTIO_F_IN_ORDER,
                                  MODEL_F(MODEL_F_MQ),      CAIRN_VIRTIO_F_NOTIFICATION_DATA };
#define MIXES (1 << (sizeof mixes / sizeof *mixes))

/* Which of them the property runs with; set before the search forks. */
static unsigned mix;

struct bed {
    struct vdisk vdisk;
    uint8_t expect[BYTES], *data; /* data: what requests read and write, block for block */
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH][SEGS];
    size_t count;
};

static void bed_open(struct bed *bed, struct tape *tape)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK };
    struct cairn_blk_virtio_options options = { .polls = 1, .queues = 3 };
    struct cairn_why why = { 0 };
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (mix >> i & 1) plan.features |= mixes[i];
    plan.queues = mix >> 4 & 1 ? 3 : 1;
    plan.queue_size = (uint16_t)(4u << tape_pick(tape, 6));
    plan.block_bytes = 512u << tape_pick(tape, 4);
    plan.seg_max = 1 + (uint32_t)tape_u64(tape, 9);
    plan.range_sectors_max = 16 + (uint32_t)tape_u64(tape, 100);
    plan.pci = tape_bool(tape);
    plan.shuffle = tape_bool(tape);
    plan.answers = tape_bool(tape) ? MODEL_ON_WAIT : MODEL_AT_ONCE;
    plan.size_max = 4096 + (uint32_t)tape_u64(tape, 9000);
    if (tape_bool(tape)) plan.features |= MODEL_F(MODEL_F_SIZE_MAX);
    options.segs = 1 + (uint16_t)tape_u64(tape, 20);
    options.queue_size = (uint16_t)(4u << tape_pick(tape, 6));
    ck_ok(vdisk_open(&bed->vdisk, &plan, BYTES, &options, &why));
    memset(bed->expect, 0, BYTES);
    bed->data = calloc(1, BYTES);
}

static void draw_segs(struct bed *bed, struct tape *tape, struct cairn_blk_req *req)
{
    uint32_t block_bytes = bed->vdisk.dev.base.info.block_bytes;
    struct cairn_blk_seg *segs = bed->segs[bed->count];
    uint8_t *at = bed->data + req->block * block_bytes;
    uint64_t left = req->count;
    req->segs = segs;
    req->seg_count = SEGS;
    for (int i = 0; i < SEGS; i++) {
        uint64_t blocks = i + 1 == SEGS ? left : tape_u64(tape, left);
        segs[i] = (struct cairn_blk_seg){ at, blocks * block_bytes };
        at += blocks * block_bytes;
        left -= blocks;
    }
}

/* Requests one behind the other on the disk. */
static void draw_batch(struct bed *bed, struct tape *tape)
{
    static const enum cairn_blk_op ops[] = { CAIRN_BLK_WRITE, CAIRN_BLK_READ, CAIRN_BLK_ZERO,
                                             CAIRN_BLK_DISCARD };
    const struct cairn_blk_info *info = &bed->vdisk.dev.base.info;
    uint64_t block = tape_u64(tape, 8);
    for (bed->count = 0; bed->count < BATCH && tape_more(tape); bed->count++) {
        struct cairn_blk_req *req = &bed->reqs[bed->count];
        uint64_t count = tape_u64(tape, 40);
        if (count > info->block_count - block) return;
        *req = (struct cairn_blk_req){ .op = ops[tape_pick(tape, 4)], .block = block };
        req->count = count;
        uint8_t *data = bed->data + block * info->block_bytes;
        if (req->op == CAIRN_BLK_WRITE)
            memset(data, (int)tape_u64(tape, 255), count * info->block_bytes);
        if (req->op <= CAIRN_BLK_WRITE) draw_segs(bed, tape, req);
        block += count;
    }
}

static bool judge(struct bed *bed, struct tape *tape)
{
    uint32_t block_bytes = bed->vdisk.dev.base.info.block_bytes;
    for (size_t i = 0; i < bed->count; i++) {
        const struct cairn_blk_req *req = &bed->reqs[i];
        size_t from = req->block * block_bytes, bytes = req->count * block_bytes;
        if (req->status) return tape_fail(tape, "request %zu failed", i);
        if (req->op == CAIRN_BLK_READ && memcmp(bed->data + from, bed->expect + from, bytes))
            return tape_fail(tape, "request %zu read other bytes", i);
        if (req->op == CAIRN_BLK_WRITE) memcpy(bed->expect + from, bed->data + from, bytes);
        if (req->op == CAIRN_BLK_ZERO) memset(bed->expect + from, 0, bytes);
        if (req->op == CAIRN_BLK_DISCARD) memcpy(bed->expect + from, bed->vdisk.disk + from, bytes);
    }
    return !memcmp(bed->expect, bed->vdisk.disk, BYTES) || tape_fail(tape, "the disk differs");
}

static bool data_is_kept(struct tape *tape)
{
    struct bed *bed = malloc(sizeof *bed);
    bool held = true;
    bed_open(bed, tape);
    for (int i = 0; held && i < 6; i++) {
        draw_batch(bed, tape);
        enum cairn_err err = cairn_blk_submit(&bed->vdisk.dev.base, bed->reqs, bed->count);
        held = (!err || tape_fail(tape, "batch: %s", cairn_err_name(err))) && judge(bed, tape);
    }
    if (held && cairn_blk_flush(&bed->vdisk.dev.base, NULL)) held = tape_fail(tape, "flush");
    vdisk_close(&bed->vdisk);
    free(bed->data);
    free(bed);
    return held;
}

/* Silent while it holds: there are many. */
START_TEST(every_mix_keeps_data)
{
    static struct tape_found found;
    struct tape_options options = { .runs = 8, .bytes_max = 1024 };
    mix = (unsigned)_i;
    tape_search(data_is_kept, &options, &found);
    if (found.outcome == TAPE_HELD) return;
    ck_assert_msg(tape_run("virtio_data", data_is_kept, &options), "mix %u", mix);
}
END_TEST

TCase *tcase_data(void)
{
    TCase *tcase = tcase_create("data");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_mix_keeps_data, 0, MIXES);
    return tcase;
}
