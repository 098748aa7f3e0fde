/* SPDX-License-Identifier: ISC */
/* Three kinds of changes go one way: metadata, from a place to itself with the changes made; data
 * that are copied; and the FAT in force, to its mirrors. */
#include "round.h"

/* Hand out or write units [from, end) of the piece at `to`. */
static enum cairn_err units_put(struct fat_mend *mend, uint64_t to, uint32_t from, uint32_t end)
{
    struct fat_round *round = mend->round;
    const struct cairn_fat_repair_options *options = mend->options;
    uint32_t unit = round->unit, bytes = (end - from) * unit, at = from * unit;
    if (!round->survey) {
        round->wrote = true;
        return cairn_blk_write(round->dev, (to + at) / unit, end - from, round->now + at,
                               mend->why);
    }
    if (options->plan_only || !options->save) return CAIRN_OK;
    return options->save(options->check.ctx, to + at, round->old + at, round->now + at, bytes,
                         mend->why);
}

static bool unit_differs(const struct fat_round *round, uint32_t i)
{
    size_t at = (size_t)i * round->unit;
    return memcmp(round->old + at, round->now + at, round->unit) != 0;
}

/* Of `bytes` that are `old` and become `now`, each run that differs; all: those that do not, too.
 */
static enum cairn_err piece_put(struct fat_mend *mend, uint64_t to, uint32_t bytes, bool all)
{
    const struct fat_round *round = mend->round;
    enum cairn_err err = CAIRN_OK;
    uint32_t units = bytes / round->unit, end;
    for (uint32_t i = 0; i < units && !err; i = end + 1) {
        for (end = i; end < units && (all || unit_differs(round, end)); end++)
            ;
        if (end > i) err = units_put(mend, to, i, end);
    }
    return err;
}

static enum cairn_err piece_read(struct fat_mend *mend, uint64_t at, uint32_t bytes, uint8_t *buf)
{
    uint32_t unit = mend->round->unit;
    return cairn_blk_read(mend->round->dev, at / unit, bytes / unit, buf, mend->why);
}

/* ---- metadata ------------------------------------------------------------------------------ */

/* In the survey even what ends as it was is handed out: it may differ in between. */
static enum cairn_err run_move(struct fat_mend *mend, const struct fat_changes_run *run)
{
    struct fat_round *round = mend->round;
    enum cairn_err err = piece_read(mend, run->at, run->bytes, round->old);
    if (err) return err;
    memcpy(round->now, round->old, run->bytes);
    fat_changes_apply(mend->changes, round->order, run->at, round->now, run->bytes);
    for (uint32_t i = 0; round->survey && i < run->bytes / round->unit; i++)
        round->changed += unit_differs(round, i);
    return piece_put(mend, run->at, run->bytes, round->survey);
}

static enum cairn_err runs_move(struct fat_mend *mend, uint32_t which)
{
    struct fat_changes_run run = { 0 };
    enum cairn_err err = CAIRN_OK;
    while (!err && fat_changes_next(mend->changes, &run, which, FAT_ROUND_BYTES))
        err = run_move(mend, &run);
    return err;
}

/* ---- data ---------------------------------------------------------------------------------- */

static enum cairn_err copy_move(struct fat_mend *mend, const struct fat_changes_copy *copy)
{
    struct fat_round *round = mend->round;
    uint32_t bytes;
    for (uint64_t done = 0; done < copy->bytes; done += bytes) {
        bytes = (uint32_t)cairn_min_u64(copy->bytes - done, FAT_ROUND_BYTES);
        enum cairn_err err = piece_read(mend, copy->from + done, bytes, round->now);
        if (!err) err = piece_read(mend, copy->to + done, bytes, round->old);
        if (!err) err = piece_put(mend, copy->to + done, bytes, false);
        if (err) return err;
    }
    return CAIRN_OK;
}

static enum cairn_err copies_move(struct fat_mend *mend)
{
    const struct fat_changes_copy *copy = fat_changes_copies(mend->changes);
    enum cairn_err err = CAIRN_OK;
    for (; copy && !err; copy = copy->next)
        err = copy_move(mend, copy);
    return err;
}

/* ---- mirrors ------------------------------------------------------------------------------- */

/* The piece of the FAT at this offset, to all of its mirrors. */
static enum cairn_err mirror_piece(struct fat_mend *mend, uint64_t offset, uint32_t bytes)
{
    struct fat_round *round = mend->round;
    uint64_t from = round->fat_at + offset;
    enum cairn_err err = piece_read(mend, from, bytes, round->now);
    if (err) return err;
    fat_changes_apply(mend->changes, round->order, from, round->now, bytes);
    for (uint32_t copy = 1; copy < round->copy_count && !err; copy++) {
        err = piece_read(mend, round->copy_at[copy] + offset, bytes, round->old);
        if (err) return err;
        for (uint32_t i = 0; round->survey && i < bytes / round->unit; i++)
            round->changed += unit_differs(round, i);
        err = piece_put(mend, round->copy_at[copy] + offset, bytes, false);
    }
    return err;
}

static enum cairn_err mirror_all(struct fat_mend *mend)
{
    uint64_t left = mend->round->fat_bytes, offset = 0;
    enum cairn_err err = CAIRN_OK;
    while (left && !err) {
        uint32_t bytes = (uint32_t)cairn_min_u64(left, FAT_ROUND_BYTES);
        err = mirror_piece(mend, offset, bytes);
        offset += bytes;
        left -= bytes;
    }
    return err;
}

/* The part of a run that is in the FAT. */
static enum cairn_err mirror_run(struct fat_mend *mend, const struct fat_changes_run *run)
{
    const struct fat_round *round = mend->round;
    uint64_t from = cairn_max_u64(run->at, round->fat_at);
    uint64_t end = cairn_min_u64(run->at + run->bytes, round->fat_at + round->fat_bytes);
    if (from >= end) return CAIRN_OK;
    return mirror_piece(mend, from - round->fat_at, (uint32_t)(end - from));
}

/* As long as the copies are known to be alike, only what changes in one changes in all. */
static enum cairn_err mirrors_move(struct fat_mend *mend)
{
    struct fat_changes_run run = { 0 };
    enum cairn_err err = CAIRN_OK;
    if (mend->round->copy_count < 2) return CAIRN_OK;
    if (mend->copies_differ || mend->mirrors_behind) return mirror_all(mend);
    while (!err && fat_changes_next(mend->changes, &run, FAT_ORDER_ANY, FAT_ROUND_BYTES))
        err = mirror_run(mend, &run);
    return err;
}

/* ---- a round ------------------------------------------------------------------------------- */

static uint32_t order_last(enum fat_round_end end)
{
    return end == FAT_ROUND_SOUND ? FAT_ORDER_STATE : FAT_ORDER_OF(FAT_STAGE_FREE);
}

static enum cairn_err survey(struct fat_mend *mend, enum fat_round_end end)
{
    struct fat_round *round = mend->round;
    round->survey = true;
    round->order = order_last(end);
    round->changed = 0;
    enum cairn_err err = runs_move(mend, FAT_ORDER_ANY);
    if (!err) err = copies_move(mend);
    if (!err && end != FAT_ROUND_PART) err = mirrors_move(mend);
    round->survey = false;
    return err;
}

static enum cairn_err flush(struct fat_mend *mend)
{
    if (!mend->round->wrote) return CAIRN_OK;
    mend->round->wrote = false;
    return cairn_blk_flush(mend->round->dev, mend->why);
}

static enum cairn_err order_write(struct fat_mend *mend, uint32_t order)
{
    mend->round->order = order;
    enum cairn_err err = runs_move(mend, order);
    if (!err && order == FAT_ORDER_OF(FAT_STAGE_NEW)) err = copies_move(mend);
    return err ? err : flush(mend);
}

/* The mirrors come before the state: when that says sound, they are alike. */
static enum cairn_err stages_write(struct fat_mend *mend, enum fat_round_end end)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t order = FAT_ORDER_MARK; order < FAT_ORDER_STATE && !err; order++)
        err = order_write(mend, order);
    mend->round->order = order_last(end);
    if (!err && end != FAT_ROUND_PART) err = mirrors_move(mend);
    if (!err) err = flush(mend);
    if (!err && end == FAT_ROUND_SOUND) err = order_write(mend, FAT_ORDER_STATE);
    return err;
}

static void tally(struct fat_mend *mend)
{
    mend->result->rounds++;
    mend->result->sectors += mend->round->changed;
}

enum cairn_err fat_round_write(struct fat_mend *mend, enum fat_round_end end)
{
    const struct cairn_fat_repair_options *options = mend->options;
    enum cairn_err err = survey(mend, end);
    if (!err && options->saved) err = options->saved(options->check.ctx, mend->why);
    if (!err) err = stages_write(mend, end);
    if (err) return err;
    tally(mend);
    mend->mirrors_behind = end == FAT_ROUND_PART;
    fat_changes_clear(mend->changes);
    return CAIRN_OK;
}

enum cairn_err fat_round_count(struct fat_mend *mend, enum fat_round_end end, uint64_t *blocks)
{
    enum cairn_err err = survey(mend, end);
    *blocks = mend->round->changed;
    return err;
}
