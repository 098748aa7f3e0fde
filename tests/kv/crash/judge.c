/* SPDX-License-Identifier: ISC */
#include "judge.h"

#include "kv/native/store.h"
#include "picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AFTER_NS (INT64_C(10000) * CAIRN_NS_PER_SEC)

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * UINT64_C(0xD6E8FEB86659FD93);
    return a ^ a >> 32;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Which versions there are of what was read. */
static size_t ways_text(const struct level *level, char *text, size_t bytes)
{
    size_t at = 0;
    for (uint32_t i = 0; i < level->ways.at && at < bytes; i++) {
        const struct choice *choice = &level->ways.choices[i];
        at += (size_t)snprintf(text + at, bytes - at, " %u+%u:%u/%u",
                               (unsigned)level->ways.group[choice->first], choice->count,
                               (unsigned)choice->at, (unsigned)choice->of);
    }
    return at < bytes ? at : bytes - 1;
}

static bool wrong(struct level *level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(struct level *level, const char *fmt, ...)
{
    struct judge *judge = level->judge;
    size_t at = 0, room = sizeof judge->what;
    va_list args;
    if (judge->broken) return false;
    judge->broken = true;
    for (uint32_t depth = 1; depth <= level->depth; depth++) {
        const struct level *cut = &judge->levels[depth - 1];
        at += (size_t)snprintf(judge->what + at, room - at, "cut %u, flush %u, %s; blocks",
                               (unsigned)depth, (unsigned)cut->disk.flushes, cut->doing);
        at += ways_text(cut, judge->what + at, room - at < 400 ? room - at : 400);
        at += (size_t)snprintf(judge->what + at, room - at, "\n");
    }
    va_start(args, fmt);
    vsnprintf(judge->what + at, room - at, fmt, args);
    va_end(args);
    return false;
}

static bool failed(struct level *level, const struct cairn_why *why)
{
    char text[512];
    if (level->disk.lost) return false;
    cairn_why_text(why, text, sizeof text);
    return wrong(level, "it fails: %s", text);
}

/* ---- one state ------------------------------------------------------------------------------- */

static bool store_open(struct level *level, const char *doing)
{
    struct cairn_kv_native_options options = { .keep = level->judge->keep,
                                               .clock = &level->judge->clock.base };
    struct cairn_kv_native_usage usage;
    struct cairn_why why = { .err = CAIRN_OK };
    level->doing = doing;
    if (cairn_kv_native_open(&level->kv, &level->disk.base, &options, level->mem, JUDGE_MEM_BYTES,
                             &why) ||
        cairn_kv_native_usage(level->kv, &usage, &why))
        return failed(level, &why);
    return !usage.fell_back || wrong(level, "a superblock leads nowhere");
}

/* What is there is one of what may be, and from now on only that may be. */
static bool looks_right(struct level *level, const char *doing)
{
    struct cairn_why why = { .err = CAIRN_OK };
    uint64_t picture;
    level->doing = doing;
    if (picture_of_all(level->kv, &picture, &why)) return failed(level, &why);
    if (!history_has(&level->history, picture))
        return wrong(level, "what is there is none of %u states", (unsigned)level->history.count);
    level->history = (struct history){ 1, { picture } };
    return true;
}

/* What the disk has behind the log's end: of what was dropped there something might come back. */
static uint64_t log_end_hash(const struct level *level)
{
    const struct kvn_log *log = &kvn_store_of(level->kv)->log;
    uint64_t hash = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t at = (log->position + i * DISK_BLOCK) % log->bytes;
        hash += disk_share(&level->disk, (uint32_t)((log->first_byte + at) / DISK_BLOCK));
    }
    return hash;
}

/* Is what follows here known of a state of the same cut that is the same but for what is dropped?
 */
static bool is_known(struct level *level)
{
    struct cairn_kv_native_usage usage;
    if (level->judge->thorough || cairn_kv_native_usage(level->kv, &usage, NULL)) return false;
    uint64_t key = mix(level->ways.from->key, level->salt + 7);
    key = mix(key, level->history.pictures[0]);
    level->log_end = log_end_hash(level);
    key = mix(key, level->log_end);
    key = mix(key, usage.geometry.generation);
    key = mix(key, usage.log_used_bytes);
    key = mix(key, usage.free_pages);
    return memo_seen(&level->judge->memo, mix(key, usage.data_pages));
}

static enum cairn_err use(struct cairn_kv *kv, const uint8_t *again, struct cairn_why *why)
{
    enum cairn_err err = cairn_kv_set(kv, cairn_kv_key("z/y"), again, OP_AGAIN_BYTES, 0, why);
    if (!err) err = cairn_kv_set(kv, cairn_kv_key("z/d/x"), "x", 1, 0, why);
    if (err && err != CAIRN_ENOSPC) return err;
    err = cairn_kv_remove(kv, cairn_kv_key("z/d"), why);
    if (!err) err = cairn_kv_native_checkpoint(kv, why);
    return err;
}

static bool works(struct level *level)
{
    struct cairn_why why = { .err = CAIRN_OK };
    level->doing = "using it";
    if (use(level->kv, level->judge->again, &why)) return failed(level, &why);
    if (!looks_right(level, "looking behind use")) return false;
    level->doing = "closing it";
    if (cairn_kv_close(level->kv, &why)) return failed(level, &why);
    return store_open(level, "opening it once more") && looks_right(level, "looking once more");
}

/* ---- check ----------------------------------------------------------------------------------- */

/* A cut may leave a superblock of one ring alone, or torn. */
static bool report(void *ctx, const struct cairn_kv_finding *finding)
{
    struct level *level = ctx;
    bool is_super = finding->fault == CAIRN_KV_FAULT_SUPER ||
                    finding->fault == CAIRN_KV_FAULT_SUPER_TWIN ||
                    finding->fault == CAIRN_KV_FAULT_SUPER_NEWEST;
    return is_super || level->disk.lost || wrong(level, "check: %s", finding->text);
}

/* The store is open, and all that it wrote is flushed. */
static bool is_sound(struct level *level, const char *doing)
{
    struct cairn_kv_check_options options = { report, level };
    struct cairn_kv_check *check;
    struct cairn_why why = { .err = CAIRN_OK };
    bool more = true;
    level->doing = doing;
    enum cairn_err err = cairn_kv_check_begin(&check, &level->disk.base, &options,
                                              level->judge->check_mem, JUDGE_MEM_BYTES, &why);
    while (!err && more)
        err = cairn_kv_check_step(check, UINT64_MAX, &more, &why);
    return !err || failed(level, &why);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Without its snapshot and what removed dictionaries leave each page is the tree's, a value's, or
 * free. */
static enum cairn_err settle(struct cairn_kv *kv, struct cairn_why *why)
{
    bool more = true;
    enum cairn_err err = cairn_kv_snapshot_remove(kv, cairn_kv_key("s"), why);
    if (err == CAIRN_ENOENT) err = CAIRN_OK;
    while (!err && more)
        err = cairn_kv_native_step(kv, &more, why);
    return err ? err : cairn_kv_native_checkpoint(kv, why);
}

static bool pages_add_up(struct level *level)
{
    struct cairn_kv_native_usage usage;
    struct cairn_why why = { .err = CAIRN_OK };
    level->doing = "settling";
    level->settling = true;
    if (settle(level->kv, &why) || cairn_kv_native_usage(level->kv, &usage, &why))
        return failed(level, &why);
    uint64_t free_pages = kvn_store_of(level->kv)->space.free_now;
    uint64_t pages = free_pages + usage.tree_pages + usage.data_pages;
    uint64_t log_pages = usage.geometry.log_bytes / usage.geometry.page_bytes;
    uint64_t fixed = 3 * 8 + log_pages; /* two rings, the homes of one bitmap page */
    return pages + fixed == usage.geometry.pages ||
           wrong(level, "%u pages are the tree's, %u of values, %u free, of %u",
                 (unsigned)usage.tree_pages, (unsigned)usage.data_pages, (unsigned)free_pages,
                 (unsigned)(usage.geometry.pages - fixed));
}

static void state_judge(struct level *level, const struct history *history)
{
    struct judge *judge = level->judge;
    level->history = *history;
    level->settling = false;
    level->log_end = 0;
    bool fine = store_open(level, "opening it") && looks_right(level, "looking");
    if (fine && !is_known(level))
        fine = is_sound(level, "checking it") && works(level) && pages_add_up(level) &&
               is_sound(level, "checking it behind all");
    (void)fine; /* `broken` says it */
    if (!level->disk.lost) judge->counts.states[level->depth - 1]++;
}

/* ---- one cut --------------------------------------------------------------------------------- */

/* As many again as were gone through. */
static void cut_draw(struct level *level, const struct history *history)
{
    struct judge *judge = level->judge;
    judge->counts.drawn_cuts++;
    for (uint64_t i = 0; i < judge->states_max && !judge->broken; i++) {
        ways_draw(&level->ways, (judge->counts.drawn_cuts << 32) + i + 1);
        state_judge(level, history);
    }
}

static bool cut(struct judge *judge, uint32_t depth, const struct disk *disk,
                const struct history *history)
{
    struct level *level = &judge->levels[depth - 1];
    uint64_t before = judge->counts.states[depth - 1];
    judge->counts.cuts[depth - 1]++;
    level->salt = mix(history_hash(history), depth + judge->keep * 16);
    if (!ways_start(&level->ways, &level->disk, disk, &judge->memo, level->salt)) return true;
    do {
        state_judge(level, history);
        if (judge->states_max && judge->counts.states[depth - 1] - before >= judge->states_max) {
            cut_draw(level, history);
            break;
        }
    } while (!judge->broken && ways_next(&level->ways));
    return !judge->broken;
}

/* Power goes while the store recovers from a cut, or goes on behind it. */
static void cut_nested(void *ctx)
{
    struct level *level = ctx;
    struct judge *judge = level->judge;
    if (judge->broken || level->depth == judge->depth || level->disk.lost || level->settling)
        return;
    uint64_t key =
        mix(mix(level->ways.from->key, level->salt + 5), level->disk.wrote + level->log_end);
    if (!judge->thorough && memo_seen(&judge->memo, key)) return;
    struct history history = level->history;
    (void)cut(judge, level->depth + 1, &level->disk, &history);
}

bool judge_cut(struct judge *judge, const struct disk *disk, const struct history *history)
{
    if (judge->broken) return false;
    return cut(judge, 1, disk, history);
}

/* ---- making ---------------------------------------------------------------------------------- */

void judge_make(struct judge *judge, struct contents *contents)
{
    memset(judge, 0, sizeof *judge);
    memo_make(&judge->memo);
    judge->depth = 2;
    judge->check_mem = aligned_alloc(4096, JUDGE_MEM_BYTES);
    memcpy(judge->again, op_value(OP_AGAIN_BYTES, 0), OP_AGAIN_BYTES);
    judge->levels = calloc(JUDGE_DEPTH_MAX, sizeof *judge->levels);
    cairn_clock_wall_fixed_init(&judge->clock, WORLD_NS + AFTER_NS);
    for (uint32_t i = 0; i < JUDGE_DEPTH_MAX; i++) {
        struct level *level = &judge->levels[i];
        disk_make(&level->disk, contents);
        level->judge = judge;
        level->depth = i + 1;
        level->mem = aligned_alloc(4096, JUDGE_MEM_BYTES);
        level->ways.full = 64;
        level->disk.at_flush = cut_nested;
        level->disk.ctx = level;
    }
}

void judge_free(struct judge *judge)
{
    for (uint32_t i = 0; i < JUDGE_DEPTH_MAX; i++)
        free(judge->levels[i].mem);
    free(judge->levels);
    free(judge->check_mem);
    memo_free(&judge->memo);
}
