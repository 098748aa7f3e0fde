/* SPDX-License-Identifier: ISC */
/*
 * Check and mend until a pass finds nothing to mend; then write.
 *
 * That this comes to an end is not left to the menders: passes are counted. That few are enough
 * follows from what they do. A pass sees what all menders before it did; only what they uncover is
 * left for the next one: a directory's size after its start, what a cut chain leaves, the names
 * below a tree that was lost. Each of these lies on the next level of the same few (boot sector,
 * FAT, directories, names, files, orphans), and none leads back.
 */
#include "round.h"

#include <cairn/arena.h>

#define PASSES_MOST 16u
#define CHANGES_GOOD (1u << 20)
#define BITMAPS 2u
#define WINDOWS 3u

struct repair {
    struct fat_mend mend;
    struct fat_round round;
    struct cairn_blk *dev;
    uint8_t *check_mem;
    size_t check_bytes;
};

/* ---- memory -------------------------------------------------------------------------------- */

static size_t align_of(const struct cairn_blk *dev)
{
    return (size_t)cairn_max_u64(cairn_blk_info(dev)->mem_align, 64);
}

/* Besides check's and the changes'. */
static size_t fixed_bytes(const struct cairn_blk *dev)
{
    return sizeof(struct repair) + 2 * FAT_ROUND_BYTES + 8 * align_of(dev);
}

size_t cairn_fat_repair_mem(struct cairn_blk *dev, uint64_t entries, size_t changes)
{
    if (changes == 0) changes = CHANGES_GOOD;
    if (changes < FAT_CHANGES_LEAST) changes = FAT_CHANGES_LEAST;
    return fixed_bytes(dev) + changes + fat_check_mem(dev, entries, BITMAPS, WINDOWS);
}

static enum cairn_err memory_short(struct cairn_blk *dev, size_t given, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "repair the volume in %zu bytes of memory", given);
    cairn_why_hint(why, "give it %zu bytes", cairn_fat_repair_mem(dev, 0, 0));
    return err;
}

/* Of so many bytes; what is asked for, else all that check would not ask for, but the least at
 * least. */
static size_t changes_bytes(struct cairn_blk *dev, size_t asked, size_t bytes)
{
    size_t good = fat_check_mem(dev, 0, BITMAPS, WINDOWS), left = bytes > good ? bytes - good : 0;
    if (asked) left = asked;
    return left > FAT_CHANGES_LEAST ? left : FAT_CHANGES_LEAST;
}

static struct repair *memory_divide(struct cairn_blk *dev, size_t asked, void *mem,
                                    size_t mem_bytes)
{
    struct cairn_arena arena;
    size_t fixed = fixed_bytes(dev), align = align_of(dev);
    if (mem_bytes < fixed + FAT_CHANGES_LEAST) return NULL;
    size_t changes = changes_bytes(dev, asked, mem_bytes - fixed);
    cairn_arena_init(&arena, mem, mem_bytes);
    struct repair *repair = cairn_arena_array(&arena, 1, sizeof *repair, 64);
    if (!repair) return NULL;
    repair->round.old = cairn_arena_take(&arena, FAT_ROUND_BYTES, align);
    repair->round.now = cairn_arena_take(&arena, FAT_ROUND_BYTES, align);
    void *store = cairn_arena_take(&arena, changes, 64);
    if (!repair->round.old || !repair->round.now || !store) return NULL;
    repair->mend.changes = fat_changes_init(dev, store, changes);
    repair->check_mem = cairn_arena_take(&arena, 0, 64);
    repair->check_bytes = arena.left;
    return repair->mend.changes && repair->check_mem ? repair : NULL;
}

/* ---- passes -------------------------------------------------------------------------------- */

static enum cairn_err unreadable(struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "sectors of the volume cannot be read");
    cairn_why_hint(why, "copy what can be read to another device, and repair the copy");
    return err;
}

static enum cairn_err pass_run(struct repair *repair)
{
    struct fat_mend *mend = &repair->mend;
    struct cairn_fat_repair_result *result = mend->result;
    mend->pass = ++result->passes;
    enum cairn_err err = CAIRN_OK;
    do {
        mend->anew = false;
        err = fat_check_run(repair->dev, &mend->options->check, repair->check_mem,
                            repair->check_bytes, &result->after, mend, mend->why);
    } while (mend->anew);
    if (mend->pass == 1) result->before = result->after;
    return mend->unreadable ? unreadable(mend->why) : err;
}

static bool goes_on(const struct fat_mend *mend)
{
    return (mend->mended || mend->later) && !mend->full && mend->pass < PASSES_MOST;
}

/* What was freed can be taken when that is written, in all copies of the FAT, and not before. */
static bool waits_for_room(const struct fat_mend *mend)
{
    return mend->starved && mend->changed && !mend->full && mend->pass < PASSES_MOST;
}

/* Until nothing is left to mend, or the plan cannot be seen further. */
static enum cairn_err passes_run(struct repair *repair)
{
    struct fat_mend *mend = &repair->mend;
    enum cairn_err err = pass_run(repair);
    while (!err && goes_on(mend))
        err = pass_run(repair);
    return err;
}

static enum cairn_err rounds_run(struct repair *repair)
{
    struct fat_mend *mend = &repair->mend;
    enum cairn_err err = passes_run(repair);
    while (!err && waits_for_room(mend) && !mend->options->plan_only) {
        err = fat_mend_write(mend, true);
        if (!err) err = passes_run(repair);
    }
    return err;
}

/* With something grave left the volume stays marked as in use: whoever writes to it should know. */
static void state_stays(const struct fat_mend *mend)
{
    struct cairn_fat_repair_result *result = mend->result;
    result->after.findings[CAIRN_FAT_MINOR] += 1u + mend->had_errors;
    result->mended -= 0u + mend->was_dirty + mend->had_errors;
}

static enum cairn_err finish(struct fat_mend *mend)
{
    struct cairn_fat_repair_result *result = mend->result;
    bool sound = result->after.findings[CAIRN_FAT_MAJOR] == 0;
    result->whole = !mend->full && mend->mended == 0 && !waits_for_room(mend);
    if (!mend->changed && result->rounds == 0) return CAIRN_OK;
    if (!sound) state_stays(mend);
    enum fat_round_end end = sound ? FAT_ROUND_SOUND : FAT_ROUND_UNSOUND;
    if (mend->options->plan_only) return fat_round_count(mend, end, &result->sectors);
    return fat_round_write(mend, end);
}

enum cairn_err cairn_fat_repair(struct cairn_blk *dev,
                                const struct cairn_fat_repair_options *options, void *mem,
                                size_t mem_bytes, struct cairn_fat_repair_result *result,
                                struct cairn_why *why)
{
    memset(result, 0, sizeof *result);
    if (cairn_blk_info(dev)->read_only && !options->plan_only)
        return cairn_why_fail(why, CAIRN_EROFS, "repair a volume on a read-only device");
    struct repair *repair = memory_divide(dev, options->changes, mem, mem_bytes);
    if (!repair) return memory_short(dev, mem_bytes, why);
    repair->dev = repair->round.dev = dev;
    repair->round.unit = cairn_blk_info(dev)->block_bytes;
    repair->mend.options = options;
    repair->mend.result = result;
    repair->mend.round = &repair->round;
    repair->mend.why = why;
    enum cairn_err err = rounds_run(repair);
    return err ? err : finish(&repair->mend);
}
