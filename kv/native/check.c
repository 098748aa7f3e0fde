/* SPDX-License-Identifier: ISC */
/* A check from begin to end: passes, and the order of their parts. */
#include "check.h"

#define VALUE_BYTES_PLENTY (UINT32_C(1) << 20)
#define ID_PASSES_MOST 256u        /* a hostile store's ids may be far apart */
#define PLENTY (UINT32_C(8) << 20) /* of memory */

/* ---- memory ---------------------------------------------------------------------------------- */

size_t cairn_kv_check_mem(const struct cairn_blk *dev)
{
    uint64_t pages = cairn_blk_bytes(dev) / KVN_PAGE_LEAST;
    return (size_t)(2 * PLENTY + 2 * pages);
}

/* Whole groups, so that a group is compared in one pass; at least one. */
static bool windows_take(struct cairn_kv_check *check, struct cairn_arena *arena)
{
    uint64_t group = kvn_group_pages(check->super.page_bytes);
    uint64_t groups = kvn_groups(&check->super);
    uint64_t each = group / 4, half = arena->left / 2;
    uint64_t fit = cairn_min_u64(half / each, groups);
    check->pages.count = cairn_max_u64(fit, 1) * group;
    check->pages.is = cairn_arena_take(arena, (size_t)(check->pages.count / 8), 8);
    check->pages.also = cairn_arena_take(arena, (size_t)(check->pages.count / 8), 8);
    if (!check->pages.is || !check->pages.also || arena->left < 64) return false;
    uint64_t bytes = (arena->left - 16) / 16 * 8;
    bytes = cairn_min_u64(bytes, check->super.next_id / 8 + 8);
    check->ids.count = bytes * 8;
    check->ids.is = cairn_arena_take(arena, (size_t)bytes, 8);
    check->ids.also = cairn_arena_take(arena, (size_t)bytes, 8);
    return check->ids.is && check->ids.also;
}

static enum cairn_err parts_take(struct cairn_kv_check *check, struct cairn_arena *arena,
                                 struct cairn_why *why)
{
    uint32_t page = check->super.page_bytes;
    uint32_t values = arena->left < PLENTY ? KVN_CHUNK_BYTES : VALUE_BYTES_PLENTY;
    uint8_t *pages =
        cairn_arena_take(arena, (size_t)(KVN_DEPTH_MAX + KVN_CHECK_AHEAD + 2) * page, 4096);
    check->value_mem = cairn_arena_take(arena, values, 4096);
    check->value_pages = values / page;
    if (!pages || !check->value_mem || !windows_take(check, arena))
        return cairn_why_fail(why, CAIRN_ENOMEM, "too little memory to check the store");
    for (uint32_t i = 0; i < KVN_DEPTH_MAX; i++)
        check->walk.page[i] = pages + (size_t)i * page;
    check->leaves = pages + (size_t)KVN_DEPTH_MAX * page;
    check->map_page = check->leaves + (size_t)KVN_CHECK_AHEAD * page;
    check->index_page = check->map_page + page;
    return CAIRN_OK;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void newest_begin(struct cairn_kv_check *check)
{
    struct kvn_check_tree newest = { check->super.root, check->super.generation,
                                     check->super.depth };
    check->phase = KVN_CHECK_NEWEST;
    check->last_id = 0;
    check->last_is_chunk = false;
    check->has_root = false;
    check->tree_count = check->tree_at = 0;
    check->trees_seen = check->trees_done = 0;
    kvn_check_walk_begin(check, &newest, true);
}

static void pass_begin(struct cairn_kv_check *check)
{
    memset(check->pages.is, 0, (size_t)(check->pages.count / 8));
    memset(check->pages.also, 0, (size_t)(check->pages.count / 8));
    memset(check->ids.is, 0, (size_t)(check->ids.count / 8));
    memset(check->ids.also, 0, (size_t)(check->ids.count / 8));
    check->ids_next = 0;
    check->result.passes++;
    newest_begin(check);
}

static void counts_check(struct cairn_kv_check *check)
{
    uint64_t entries = check->walk.entries;
    check->result.entries = entries;
    if (check->blind || entries == check->super.entries) return;
    kvn_check_found(check, CAIRN_KV_FAULT_ENTRIES, UINT64_MAX, entries, check->super.entries);
    kvn_check_say(check, "%llu entries are in the tree, and %llu are counted",
                  (unsigned long long)entries, (unsigned long long)check->super.entries);
}

static void newest_end(struct cairn_kv_check *check)
{
    if (check->first_pass) counts_check(check);
    kvn_check_ids(check);
    check->phase = KVN_CHECK_OTHERS;
}

/* The next snapshot's tree; none left: the map. More of them than are noted at once are left out:
 * what they have in use is not known then. */
static void others_next(struct cairn_kv_check *check)
{
    if (check->tree_at < check->tree_count) {
        kvn_check_walk_begin(check, &check->tree[check->tree_at++], false);
        return;
    }
    if (check->trees_seen > check->tree_count) check->blind = true;
    kvn_check_values(check);
    check->phase = KVN_CHECK_MAP;
}

static void free_count_check(struct cairn_kv_check *check)
{
    uint64_t free = check->map_free;
    check->result.free_pages = free;
    check->result.map_checked = !check->blind;
    if (check->blind || free == check->super.free_pages) return;
    kvn_check_found(check, CAIRN_KV_FAULT_FREE_COUNT, UINT64_MAX, free, check->super.free_pages);
    kvn_check_say(check, "%llu pages are free, and %llu are counted", (unsigned long long)free,
                  (unsigned long long)check->super.free_pages);
}

static void pass_end(struct cairn_kv_check *check)
{
    check->first_pass = false;
    bool pages_left = check->group < kvn_groups(&check->super);
    if (!pages_left && check->pages.count) free_count_check(check);
    if (!pages_left && (!check->ids_next || check->result.passes >= ID_PASSES_MOST)) {
        check->phase = KVN_CHECK_DONE;
        return;
    }
    check->pages.first += check->pages.count;
    if (!pages_left) check->pages.count = 0;
    if (check->ids_next)
        check->ids.first = check->ids_next;
    else
        check->ids.count = 0;
    pass_begin(check);
}

/* ---- begin, step ----------------------------------------------------------------------------- */

static void describe(struct cairn_kv_check *check)
{
    struct cairn_kv_native_geometry *geometry = &check->result.geometry;
    const struct kvn_super *super = &check->super;
    memcpy(geometry->uuid, super->uuid, sizeof geometry->uuid);
    memcpy(geometry->label, super->label, sizeof geometry->label);
    geometry->version = super->version;
    geometry->page_bytes = super->page_bytes;
    geometry->pages = super->pages;
    geometry->log_bytes = super->log_bytes;
    geometry->generation = super->generation;
}

enum cairn_err cairn_kv_check_begin(struct cairn_kv_check **check, struct cairn_blk *dev,
                                    const struct cairn_kv_check_options *options, void *mem,
                                    size_t mem_bytes, struct cairn_why *why)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    struct cairn_kv_check *made = cairn_arena_array(&arena, 1, sizeof *made, 4096);
    if (!made || !cairn_arena_take(&arena, 0, 4096))
        return cairn_why_fail(why, CAIRN_ENOMEM, "too little memory to check a store");
    made->dev = dev;
    if (options) made->options = *options;
    made->index_number = UINT64_MAX;
    made->first_pass = true;
    enum cairn_err err = kvn_check_open(made, arena.at, arena.left, why);
    if (!err) err = parts_take(made, &arena, why);
    if (err) return err;
    describe(made);
    pass_begin(made);
    *check = made;
    return CAIRN_OK;
}

static void piece(struct cairn_kv_check *check)
{
    if (check->phase == KVN_CHECK_MAP) {
        if (!kvn_check_group(check)) pass_end(check);
    } else if (!kvn_check_walk_over(check)) {
        kvn_check_walk_step(check);
    } else if (check->phase == KVN_CHECK_NEWEST) {
        newest_end(check);
    } else {
        others_next(check);
    }
}

enum cairn_err cairn_kv_check_step(struct cairn_kv_check *check, uint64_t bytes, bool *more,
                                   struct cairn_why *why)
{
    uint64_t from = check->result.bytes_read;
    do {
        if (check->stopped) return cairn_why_fail(why, CAIRN_ECANCELED, "check");
        if (check->phase != KVN_CHECK_DONE) piece(check);
    } while (check->phase != KVN_CHECK_DONE && check->result.bytes_read - from < bytes);
    *more = check->phase != KVN_CHECK_DONE;
    if (check->stopped) return cairn_why_fail(why, CAIRN_ECANCELED, "check");
    return CAIRN_OK;
}

void cairn_kv_check_result(const struct cairn_kv_check *check, struct cairn_kv_check_result *result)
{
    *result = check->result;
}
