/* SPDX-License-Identifier: ISC */
/* What lies on a device that was a store: its shape, and leaves by the order of their birth. */
#include <cairn/bytes.h>

#include "recover.h"
#include "salvage.h"

#define SIZES 5u /* of pages: 4096 to 65536 */

static bool blocks_read(struct kvn_salvage *salvage, uint64_t byte, uint64_t bytes, uint8_t *to)
{
    uint32_t block = cairn_blk_info(salvage->from)->block_bytes;
    return !cairn_blk_read(salvage->from, byte / block, bytes / block, to, NULL);
}

/* A piece of the device; where it cannot be read at once, page by page, zeros for those that
 * cannot. */
static void piece_read(struct kvn_salvage *salvage, uint64_t byte, uint64_t bytes, uint32_t unit)
{
    if (blocks_read(salvage, byte, bytes, salvage->scan)) return;
    for (uint64_t at = 0; at < bytes; at += unit)
        if (!blocks_read(salvage, byte + at, unit, salvage->scan + at))
            memset(salvage->scan + at, 0, unit);
}

/* ---- shape ----------------------------------------------------------------------------------- */

/* Pages of a tree that say where they are, by the size that makes it true. */
struct votes {
    uint64_t uuid8[SIZES];
    uint32_t count[SIZES];
};

static void vote(struct votes *votes, const uint8_t *bytes, uint64_t byte, uint64_t left)
{
    struct kvn_node_head head;
    if (memcmp(bytes, "CKVT", 4) != 0) return;
    for (uint32_t i = 0; i < SIZES; i++) {
        uint32_t size = KVN_PAGE_LEAST << i;
        if (byte % size || left < size || cairn_le64(bytes + 8) != byte / size) continue;
        if (kvn_node_check(bytes, size, &head, NULL)) continue;
        votes->uuid8[i] = head.uuid8; /* the last one: of several stores any */
        votes->count[i]++;
    }
}

static enum cairn_err by_pages(struct kvn_salvage *salvage)
{
    struct votes votes = { .count = { 0 } };
    uint64_t end = cairn_blk_bytes(salvage->from) / KVN_PAGE_MOST * KVN_PAGE_MOST;
    uint32_t best = 0;
    for (uint64_t at = 0; at < end; at += KVN_SCAN_BYTES) {
        uint64_t bytes = cairn_min_u64(KVN_SCAN_BYTES, end - at);
        piece_read(salvage, at, bytes, KVN_PAGE_MOST);
        for (uint64_t i = 0; i < bytes; i += KVN_PAGE_LEAST)
            vote(&votes, salvage->scan + i, at + i, bytes - i);
    }
    for (uint32_t i = 1; i < SIZES; i++)
        if (votes.count[i] > votes.count[best]) best = i;
    if (!votes.count[best])
        return cairn_why_fail(salvage->why, CAIRN_EINVAL, "nothing of a key-value store is here");
    salvage->page_bytes = KVN_PAGE_LEAST << best;
    salvage->uuid8 = votes.uuid8[best];
    return CAIRN_OK;
}

enum cairn_err kvn_salvage_shape(struct kvn_salvage *salvage)
{
    struct kvn_store *bare = (void *)(salvage->scan + KVN_PAGE_MOST); /* too large for a stack */
    memset(bare, 0, sizeof *bare);
    bare->dev = salvage->from;
    bare->super_page = salvage->scan;
    enum cairn_err err = kvn_super_find(bare, UINT64_MAX, &bare->super, NULL);
    if (!err || err == CAIRN_ERANGE) { /* a device that was cut short has what is left */
        salvage->page_bytes = bare->super.page_bytes;
        salvage->uuid8 = cairn_le64(bare->super.uuid);
    } else {
        err = by_pages(salvage);
        if (err) return err;
    }
    salvage->pages = cairn_blk_bytes(salvage->from) / salvage->page_bytes;
    return CAIRN_OK;
}
_Static_assert(sizeof(struct kvn_store) <= KVN_SCAN_BYTES - KVN_PAGE_MOST, "fits");

uint32_t cairn_kv_salvage_page_bytes(struct cairn_blk *dev, void *mem, size_t mem_bytes)
{
    struct cairn_arena arena;
    struct kvn_salvage salvage = { .from = dev };
    cairn_arena_init(&arena, mem, mem_bytes);
    salvage.scan = cairn_arena_take(&arena, KVN_SCAN_BYTES, 4096);
    return salvage.scan && !kvn_salvage_shape(&salvage) ? salvage.page_bytes : 0;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool is_before(const struct kvn_leaf *a, const struct kvn_leaf *b)
{
    return a->birth < b->birth || (a->birth == b->birth && a->page < b->page);
}

/* The heap's root is the last of its leaves: the one to go when there are too many. */
static void sink(struct kvn_leaf *heap, uint32_t count, uint32_t at)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_before(&heap[child], &heap[child + 1])) child++;
        if (!is_before(&heap[at], &heap[child])) return;
        struct kvn_leaf other = heap[at];
        heap[at] = heap[child];
        heap[child] = other;
    }
}

static void rise(struct kvn_leaf *heap, uint32_t at)
{
    for (uint32_t parent; at && is_before(&heap[parent = (at - 1) / 2], &heap[at]); at = parent) {
        struct kvn_leaf other = heap[at];
        heap[at] = heap[parent];
        heap[parent] = other;
    }
}

static void keep(struct kvn_salvage *salvage, const struct kvn_leaf *leaf, bool *more)
{
    if (!is_before(&salvage->done, leaf)) return;
    if (salvage->leaf_count < salvage->leaf_max) {
        salvage->leaf[salvage->leaf_count] = *leaf;
        rise(salvage->leaf, salvage->leaf_count++);
        return;
    }
    *more = true;
    if (!is_before(leaf, &salvage->leaf[0])) return;
    salvage->leaf[0] = *leaf;
    sink(salvage->leaf, salvage->leaf_count, 0);
}

static bool is_leaf(const struct kvn_salvage *salvage, const uint8_t *bytes, uint64_t page,
                    struct kvn_leaf *leaf)
{
    struct kvn_node_head head;
    if (memcmp(bytes, "CKVT", 4) != 0 || kvn_node_check(bytes, salvage->page_bytes, &head, NULL))
        return false;
    *leaf = (struct kvn_leaf){ head.birth, page };
    return head.level == 0 && head.page == page && head.uuid8 == salvage->uuid8;
}

void kvn_salvage_scan(struct kvn_salvage *salvage, bool *more)
{
    uint32_t size = salvage->page_bytes, each = KVN_SCAN_BYTES / size;
    salvage->leaf_count = 0;
    *more = false;
    for (uint64_t page = 0; page < salvage->pages; page += each) {
        uint64_t count = cairn_min_u64(each, salvage->pages - page);
        piece_read(salvage, page * size, count * size, size);
        for (uint64_t i = 0; i < count; i++) {
            struct kvn_leaf leaf;
            if (is_leaf(salvage, salvage->scan + i * size, page + i, &leaf))
                keep(salvage, &leaf, more);
        }
    }
    for (uint32_t count = salvage->leaf_count; count-- > 1;) {
        struct kvn_leaf last = salvage->leaf[0];
        salvage->leaf[0] = salvage->leaf[count];
        salvage->leaf[count] = last;
        sink(salvage->leaf, count, 0);
    }
    if (salvage->leaf_count) salvage->done = salvage->leaf[salvage->leaf_count - 1];
}

bool kvn_salvage_leaf(struct kvn_salvage *salvage, const struct kvn_leaf *leaf)
{
    struct kvn_leaf is;
    uint32_t size = salvage->page_bytes;
    return blocks_read(salvage, leaf->page * size, size, salvage->page) &&
           is_leaf(salvage, salvage->page, leaf->page, &is) && is.birth == leaf->birth;
}
