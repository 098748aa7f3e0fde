/* SPDX-License-Identifier: ISC */
#include "mending.h"

#include <cairn/bytes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 512u
#define LOG_LINE 400u

struct mending_save {
    struct mending_save *next;
    uint64_t at;
    size_t bytes;
    uint8_t old[];
};

/* A device that counts requests, and knows when it may be written to. */
struct watched {
    struct cairn_blk_mem mem;
    struct cairn_blk_ops ops;
    enum cairn_err (*submit)(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count);
    struct mending *mending;
    bool saved; /* all that was handed out is durable */
};

static bool is_saved(const struct mending *mending, uint64_t at, uint64_t bytes)
{
    const struct mending_save *save = mending->saves;
    while (bytes > 0 && save) {
        if (at >= save->at && at - save->at < save->bytes) {
            uint64_t covered = save->at + save->bytes - at;
            if (covered >= bytes) return true;
            at += covered;
            bytes -= covered;
            save = mending->saves;
        } else {
            save = save->next;
        }
    }
    return bytes == 0;
}

static enum cairn_err watched_submit(struct cairn_blk *base, struct cairn_blk_req *reqs,
                                     size_t count)
{
    struct watched *dev = (struct watched *)base;
    struct mending *mending = dev->mending;
    mending->requests += count;
    for (size_t i = 0; i < count; i++) {
        if (reqs[i].op == CAIRN_BLK_READ) continue;
        if (mending->options.plan_only) mending->broken = "a plan writes";
        if (!dev->saved) mending->broken = "writes before what it saves is durable";
        if (!is_saved(mending, reqs[i].block * UNIT, reqs[i].count * UNIT))
            mending->broken = "overwrites what was not saved";
    }
    return dev->submit(base, reqs, count);
}

static void watched_open(struct watched *dev, struct mending *mending)
{
    *dev = (struct watched){ .mending = mending };
    if (cairn_blk_mem_open(&dev->mem, mending->bytes, UNIT, mending->size / UNIT, NULL)) abort();
    dev->submit = dev->mem.base.ops->submit;
    dev->ops = *dev->mem.base.ops;
    dev->ops.submit = watched_submit;
    dev->mem.base.ops = &dev->ops;
}

static bool hear(void *ctx, const struct cairn_fat_finding *found)
{
    struct watched *dev = ctx;
    struct mending *mending = dev->mending;
    size_t len = strlen(mending->log);
    if (len + LOG_LINE < sizeof mending->log)
        snprintf(mending->log + len, LOG_LINE, "  %s: %.80s: %.100s; %.100s; %.60s\n",
                 cairn_fat_fault_name(found->fault), found->path, found->text, found->action,
                 found->lost);
    return true;
}

static enum cairn_err keep_old(void *ctx, uint64_t at, const uint8_t *old, const uint8_t *now,
                               size_t bytes, struct cairn_why *why)
{
    struct watched *dev = ctx;
    struct mending *mending = dev->mending;
    (void)now, (void)why;
    dev->saved = false;
    if (!cairn_range_fits(at, bytes, mending->size)) {
        mending->broken = "saves what is not on the device";
        return CAIRN_EIO;
    }
    if (memcmp(mending->bytes + at, old, bytes) != 0) mending->broken = "saves other bytes";
    struct mending_save *save = malloc(sizeof *save + bytes);
    if (!save) abort();
    *save = (struct mending_save){ mending->saves, at, bytes };
    memcpy(save->old, old, bytes);
    mending->saves = save;
    mending->save_count += memcmp(old, now, bytes) != 0;
    return CAIRN_OK;
}

static enum cairn_err all_saved(void *ctx, struct cairn_why *why)
{
    struct watched *dev = ctx;
    (void)why;
    dev->saved = true;
    return CAIRN_OK;
}

void mending_run(struct mending *mending)
{
    struct watched dev;
    struct cairn_fat_repair_options options = mending->options;
    mending->saves = NULL;
    mending->save_count = 0;
    mending->requests = 0;
    mending->broken = NULL;
    mending->log[0] = 0;
    watched_open(&dev, mending);
    options.check.report = hear;
    options.check.ctx = &dev;
    options.save = keep_old;
    options.saved = all_saved;
    size_t bytes = cairn_fat_repair_mem(&dev.mem.base, 4096, mending->changes);
    void *mem = malloc(bytes);
    if (!mem) abort();
    mending->err =
        cairn_fat_repair(&dev.mem.base, &options, mem, bytes, &mending->result, &mending->why);
    free(mem);
    if (cairn_blk_close(&dev.mem.base, NULL)) abort();
}

void mending_undo(const struct mending *mending)
{
    for (const struct mending_save *save = mending->saves; save; save = save->next)
        memcpy(mending->bytes + save->at, save->old, save->bytes);
}

bool mending_same(const struct mending *mending, const uint8_t *other)
{
    bool same = true;
    for (const struct mending_save *save = mending->saves; save; save = save->next)
        same &= memcmp(mending->bytes + save->at, other + save->at, save->bytes) == 0;
    return same;
}

void mending_end(struct mending *mending)
{
    while (mending->saves) {
        struct mending_save *save = mending->saves;
        mending->saves = save->next;
        free(save);
    }
}
