/* SPDX-License-Identifier: ISC */
#include "judge.h"

#include "../after_cut.h"
#include "walk.h"

#include <cairn/bytes.h>
#include <cairn/fat_repair.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS (INT64_C(1700010000) * CAIRN_NS_PER_SEC)

void judge_make(struct judge *judge, struct memo *memo)
{
    memset(judge, 0, sizeof *judge);
    judge->mem = aligned_alloc(4096, JUDGE_MEM_BYTES);
    judge->memo = memo;
}

void judge_free(struct judge *judge)
{
    free(judge->mem);
}

static bool wrong(struct judge *judge, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct judge *judge, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(judge->what, sizeof judge->what, fmt, args);
    va_end(args);
    return false;
}

static bool failed(struct judge *judge, const char *doing, const struct cairn_why *why)
{
    char text[1024];
    cairn_why_text(why, text, sizeof text);
    return wrong(judge, "%s: %s", doing, text);
}

/* ---- check ----------------------------------------------------------------------------------- */

/* Not of these volumes: the FAT32 are small. */
static bool is_no_fault(const struct cairn_fat_finding *finding)
{
    return finding->severity == CAIRN_FAT_NOTE || finding->fault == CAIRN_FAT_FAULT_FEW_CLUSTERS;
}

static bool is_allowed(const struct promise *promise, enum cairn_fat_fault fault)
{
    struct after_cut done = { promise->labelled, promise->renamed, promise->recased };
    return after_cut_allows(done, fault);
}

static bool report_cut(void *ctx, const struct cairn_fat_finding *finding)
{
    struct judge *judge = ctx;
    if (judge->after->pruned) return false;
    judge->findings[finding->fault]++;
    if (finding->fault == CAIRN_FAT_FAULT_DIRTY)
        judge->says_dirty = true;
    else if (!is_no_fault(finding) && finding->fault != CAIRN_FAT_FAULT_FATS_DIFFER)
        judge->is_faulty = true; /* copies differ while the mark goes into one after the other */
    if (is_no_fault(finding) || is_allowed(judge->promise, finding->fault) || judge->torn_entries)
        return true;
    return wrong(judge, "after the cut: %s: %s", finding->path, finding->text);
}

static bool report_sound(void *ctx, const struct cairn_fat_finding *finding)
{
    struct judge *judge = ctx;
    if (is_no_fault(finding) || judge->what[0]) return true;
    return wrong(judge, "%s: %s", finding->path, finding->text);
}

static bool check(struct judge *judge, const char *when,
                  bool (*report)(void *ctx, const struct cairn_fat_finding *finding))
{
    struct cairn_fat_check_options options = { .report = report, .ctx = judge };
    struct cairn_fat_check_result result;
    struct cairn_why why = { .err = CAIRN_OK };
    judge->what[0] = 0;
    enum cairn_err err =
        cairn_fat_check(&judge->after->base, &options, judge->mem, JUDGE_MEM_BYTES, &result, &why);
    if (err && !judge->what[0]) return failed(judge, "check", &why);
    char what[1024];
    if (!judge->what[0]) return true;
    snprintf(what, sizeof what, "%.1000s", judge->what);
    return wrong(judge, "%s: %s", when, what);
}

/* ---- reading and using ----------------------------------------------------------------------- */

static bool whole(struct judge *judge, struct cairn_fat *fs, enum walk_when when)
{
    char what[1024];
    if (walk_agrees(fs, judge->promise, when, what, sizeof what)) return true;
    return wrong(judge, "%s: %s", when == WALK_CUT ? "after the cut" : "after repair", what);
}

static bool mount_reads(struct judge *judge, enum walk_when when)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_fat *fs;
    enum cairn_err err =
        cairn_fat_mount(&fs, &judge->after->base, &options, judge->mem, JUDGE_MEM_BYTES, &why);
    if (err) return failed(judge, "mount to read", &why);
    bool agrees = whole(judge, fs, when);
    return !cairn_fat_unmount(fs, NULL) && agrees;
}

/* A little of everything, with what is there left alone. */
static enum cairn_err use(struct cairn_fat *fs, struct promise *scratch, struct cairn_why *why)
{
    static const struct op ops[] = {
        { OP_MKDIR, "used afterwards", NULL, 0, 0 },
        { OP_APPEND, "used afterwards/file", NULL, 1, 0 },
        { OP_RENAME, "used afterwards/file", "a file that was made afterwards", 0, 0 },
        { OP_SYNC, NULL, NULL, 0, 0 },
        { OP_REMOVE, "a file that was made afterwards", NULL, 0, 0 },
    };
    struct op_scene scene = { .promise = scratch };
    promise_start(scratch, cairn_fat_geometry(fs)->cluster_bytes);
    for (size_t i = 0; i < CAIRN_COUNT(ops); i++) {
        promise_before(scratch, &ops[i]);
        enum cairn_err err = op_do(&ops[i], fs, &scene, why);
        if (err) return err == CAIRN_ENOSPC ? CAIRN_OK : err;
    }
    return CAIRN_OK;
}

static bool mount_uses(struct judge *judge)
{
    struct cairn_clock_wall_fixed clock;
    struct cairn_fat_options options = { .clock = &clock.base };
    struct cairn_why why = { .err = CAIRN_OK };
    struct promise scratch;
    struct cairn_fat *fs;
    cairn_clock_wall_fixed_init(&clock, NOW_NS);
    enum cairn_err err =
        cairn_fat_mount(&fs, &judge->after->base, &options, judge->mem, JUDGE_MEM_BYTES, &why);
    if (err) return failed(judge, "mount after repair", &why);
    bool agrees = whole(judge, fs, judge->has_no_room ? WALK_REPAIRED_FULL : WALK_REPAIRED);
    err = use(fs, &scratch, &why);
    if (err && agrees) agrees = failed(judge, "use after repair", &why);
    err = cairn_fat_unmount(fs, &why);
    return err && agrees ? failed(judge, "unmount after repair", &why) : agrees;
}

/* ---- repair ---------------------------------------------------------------------------------- */

static bool repair(struct judge *judge)
{
    struct cairn_fat_repair_options options = { .now_ns = NOW_NS };
    struct cairn_fat_repair_result result;
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err =
        cairn_fat_repair(&judge->after->base, &options, judge->mem, JUDGE_MEM_BYTES, &result, &why);
    uint64_t room = cairn_min_u64(result.before.free_clusters, result.after.free_clusters);
    uint64_t names = cairn_max_u64(judge->promise->renamed, 1); /* that a file may have besides */
    judge->has_no_room = judge->is_full || (!err && room < names * promise_longest(judge->promise));
    if (!err && judge->has_no_room && result.after.orphan_clusters) {
        options.orphans = CAIRN_FAT_ORPHANS_FREE;
        err = cairn_fat_repair(&judge->after->base, &options, judge->mem, JUDGE_MEM_BYTES, &result,
                               &why);
    }
    return err ? failed(judge, "repair", &why) : true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool is_known(struct judge *judge, uint64_t salt)
{
    return memo_seen(judge->memo, judge->after->now + salt + promise_hash(judge->promise));
}

bool judge_cut(struct judge *judge, struct after *after, const struct promise *promise)
{
    judge->after = after;
    judge->promise = promise;
    judge->says_dirty = judge->is_faulty = false;
    if (!check(judge, "check", report_cut)) return false;
    if (judge->is_faulty && !judge->says_dirty)
        return wrong(judge, "after the cut: faults are there and the volume calls itself clean");
    if (!judge->torn_entries && !mount_reads(judge, WALK_CUT)) return false;
    if (!repair(judge)) return false;
    if (is_known(judge, 0x7E9A12)) return true;
    return check(judge, "check after repair", report_sound) && mount_uses(judge) &&
           check(judge, "check after use", report_sound);
}

bool judge_clean(struct judge *judge, struct after *after, const struct promise *promise)
{
    judge->after = after;
    judge->promise = promise;
    return check(judge, "check after unmount", report_sound) && mount_reads(judge, WALK_CUT);
}
