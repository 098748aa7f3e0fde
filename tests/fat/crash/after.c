/* SPDX-License-Identifier: ISC */
#include "after.h"

#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what a block may be --------------------------------------------------------------------- */

static void option_add(struct after *after, struct after_block *block, uint32_t at,
                       const uint8_t *bytes)
{
    for (uint32_t i = 0; i < block->count; i++)
        if (memcmp(after->options[block->first + i], bytes, DISK_BLOCK) == 0) return;
    if (block->count == AFTER_OPTIONS_MAX) abort();
    uint32_t i = after->option_count++;
    after->options[i] = bytes;
    after->hashes[i] = disk_block_hash(at, bytes);
    block->open_hash += (after->hashes[i] ^ 0x5A5A) * UINT64_C(0xD6E8FEB86659FD93);
    block->count++;
}

static void block_open(struct after *after, uint32_t live)
{
    const struct disk *disk = after->disk;
    struct after_block *block = &after->blocks[live];
    uint32_t at = disk->image->block_of[live];
    *block =
        (struct after_block){ .now = disk->durable[live], .first = (uint16_t)after->option_count };
    if (!disk->newest[live]) return;
    option_add(after, block, at, disk->durable[live]);
    for (uint16_t i = disk->newest[live]; i; i = disk->versions[i - 1].older)
        option_add(after, block, at, disk->versions[i - 1].bytes);
    if (block->count < 2) return;
    block->now = NULL;
    after->key += block->open_hash - after->hashes[block->first];
}

static void choose(struct after *after, struct after_choice *choice)
{
    struct after_block *block = &after->blocks[choice->live];
    uint64_t now = after->hashes[block->first + choice->option];
    after->key = choice->key - block->open_hash + now;
    after->now += now - block->open_hash;
    block->now = after->options[block->first + choice->option];
}

/* Is there an option from this one on whose ways are not known? */
static bool choice_find(struct after *after, struct after_choice *choice)
{
    const struct after_block *block = &after->blocks[choice->live];
    for (; choice->option < block->count; choice->option++) {
        uint64_t now = after->hashes[block->first + choice->option];
        if (!memo_seen(after->memo, choice->key - block->open_hash + now)) return true;
    }
    return false;
}

/* xorshift64 */
static uint64_t draw(struct after *after)
{
    after->drawn ^= after->drawn << 13;
    after->drawn ^= after->drawn >> 7;
    return after->drawn ^= after->drawn << 17;
}

/* Somebody reads an open block. false: every way that it can be was looked at. */
static bool block_decide(struct after *after, uint16_t live)
{
    struct after_choice *choice = &after->choices[after->choice_at];
    if (after->choice_at == AFTER_CHOICES_MAX) abort();
    if (after->choice_at == after->choice_count) {
        *choice = (struct after_choice){ .live = live, .key = after->key };
        if (after->drawn)
            choice->option = (uint16_t)(draw(after) % after->blocks[live].count);
        else if (!choice_find(after, choice))
            return false;
        after->choice_count++;
    }
    if (choice->live != live) abort(); /* the same reads lead to the same reads */
    after->choice_at++;
    choose(after, choice);
    return true;
}

/* ---- the device ------------------------------------------------------------------------------ */

static enum cairn_err block_read(struct after *after, uint64_t block, uint8_t *to)
{
    uint16_t live = after->disk->image->live_of[block];
    if (live == DISK_DEAD) {
        memcpy(to, after->disk->image->bytes + block * DISK_BLOCK, DISK_BLOCK);
        return CAIRN_OK;
    }
    if (!after->blocks[live].now && !block_decide(after, live)) {
        after->pruned = true;
        return CAIRN_EIO;
    }
    memcpy(to, after->blocks[live].now, DISK_BLOCK);
    return CAIRN_OK;
}

static enum cairn_err block_write(struct after *after, uint64_t at, const uint8_t *bytes)
{
    uint16_t live = after->disk->image->live_of[at];
    if (live == DISK_DEAD) {
        if (memcmp(after->disk->image->bytes + at * DISK_BLOCK, bytes, DISK_BLOCK) == 0)
            return CAIRN_OK;
        fprintf(stderr, "recovery writes to block %u\n", (unsigned)at);
        abort();
    }
    struct after_block *block = &after->blocks[live];
    const uint8_t *pool = after->written[0];
    bool is_written = block->now >= pool && block->now < pool + sizeof after->written;
    uint8_t *to = after->written[is_written ? (size_t)(block->now - pool) / DISK_BLOCK
                                            : after->written_count++];
    after->now -= block->now ? disk_block_hash((uint32_t)at, block->now) : block->open_hash;
    memcpy(to, bytes, DISK_BLOCK);
    after->now += disk_block_hash((uint32_t)at, to);
    block->now = to;
    return CAIRN_OK;
}

static enum cairn_err request_do(struct after *after, const struct cairn_blk_req *req)
{
    static const uint8_t zeros[DISK_BLOCK];
    enum cairn_err err = CAIRN_OK;
    uint64_t block = req->block, end = req->block + req->count;
    for (; req->op != CAIRN_BLK_READ && !req->segs && block < end && !err; block++)
        err = block_write(after, block, zeros);
    for (uint32_t i = 0; i < req->seg_count; i++) {
        uint8_t *at = req->segs[i].data;
        for (size_t n = req->segs[i].bytes / DISK_BLOCK; n-- && !err; at += DISK_BLOCK, block++)
            err = req->op == CAIRN_BLK_READ ? block_read(after, block, at)
                                            : block_write(after, block, at);
    }
    return err;
}

static enum cairn_err after_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct after *after = (struct after *)dev;
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        reqs[i].status = after->pruned ? CAIRN_EIO : request_do(after, &reqs[i]);
        if (!first) first = reqs[i].status;
    }
    return first;
}

static enum cairn_err after_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}

static enum cairn_err after_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}

static const struct cairn_blk_ops after_ops = { .submit = after_submit,
                                                .flush = after_flush,
                                                .close = after_close };

/* ---- the ways -------------------------------------------------------------------------------- */

static void way_begin(struct after *after)
{
    const struct disk *disk = after->disk;
    after->key = after->now = after->key_first;
    after->choice_at = after->written_count = 0;
    after->pruned = false;
    for (uint32_t live = 0; live < disk->image->live_count; live++) {
        struct after_block *block = &after->blocks[live];
        block->now = block->count < 2 ? disk->durable[live] : NULL;
        if (block->count == 1) block->now = after->options[block->first];
    }
}

bool after_start(struct after *after, const struct disk *disk, struct memo *memo, uint64_t salt)
{
    cairn_blk_init(&after->base, &after_ops, &disk->base.info, "after", NULL);
    after->disk = disk;
    after->memo = memo;
    after->option_count = after->choice_count = 0;
    after->drawn = 0;
    after->key = disk->hash + salt;
    for (uint32_t live = 0; live < disk->image->live_count; live++)
        block_open(after, live);
    after->key_first = after->key;
    if (memo_seen(memo, after->key)) return false;
    way_begin(after);
    return true;
}

bool after_next(struct after *after)
{
    while (after->choice_count) {
        struct after_choice *choice = &after->choices[after->choice_count - 1];
        choice->option++;
        if (choice_find(after, choice)) {
            way_begin(after);
            return true;
        }
        after->choice_count--;
    }
    return false;
}

void after_draw(struct after *after, uint64_t seed)
{
    after->drawn = seed;
    after->choice_count = 0;
    way_begin(after);
}
