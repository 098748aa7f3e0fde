/* SPDX-License-Identifier: ISC */
/*
 * A hash of changed blocks, each with its changed lines of 64 bytes, in one block of memory that is
 * only ever emptied as a whole.
 *
 * A line has at most one patch of each order, however often its bytes are changed: what a newer
 * change of the same order or a lower one covers is never seen again, so it is taken out of the
 * older patch. The orders of a byte's patches then rise as they were made, and to put one over the
 * other by order is to put the newest on top.
 */
#include "changes.h"

#include <cairn/arena.h>
#include <cairn/bytes.h>

#define LINE 64u

/* Changed bytes of a line, of one order. */
struct patch {
    struct patch *next; /* of the block, by order */
    uint64_t mask;      /* a bit a byte */
    uint16_t line;      /* of the block */
    uint8_t order;
    uint8_t bytes[LINE];
};

struct changed {
    uint64_t block;
    struct changed *hash_next, *next;
    struct patch *patches;
    uint8_t zeroed; /* 1 + the order as of which all is zeros below the patches; 0: it is not */
};

struct fat_changes {
    uint32_t unit;
    struct cairn_arena arena, empty;
    struct changed **heads;
    uint32_t mask;
    struct changed *all; /* sorted: from front to back; else newest first */
    bool sorted;
    struct fat_changes_copy *copies, *copy_last;
};

#define BYTES_A_HEAD 128u /* of memory: a place in the hash for so many */
#define PATCH_COST (sizeof(struct patch) + 8u)
#define BLOCK_COST (sizeof(struct changed) + 8u)

struct fat_changes *fat_changes_init(const struct cairn_blk *dev, void *mem, size_t bytes)
{
    struct cairn_arena arena;
    uint32_t heads = 1;
    cairn_arena_init(&arena, mem, bytes);
    struct fat_changes *changes = cairn_arena_array(&arena, 1, sizeof *changes, 16);
    if (!changes || bytes < FAT_CHANGES_LEAST) return NULL;
    while (heads < bytes / BYTES_A_HEAD && heads < 1u << 24)
        heads *= 2;
    changes->unit = cairn_blk_info(dev)->block_bytes;
    changes->mask = heads - 1;
    changes->heads = cairn_arena_array(&arena, heads, sizeof(void *), 16);
    if (!changes->heads) return NULL;
    changes->empty = arena;
    fat_changes_clear(changes);
    return changes;
}

void fat_changes_clear(struct fat_changes *changes)
{
    changes->arena = changes->empty;
    changes->all = NULL;
    changes->sorted = true;
    changes->copies = changes->copy_last = NULL;
    memset(changes->heads, 0, ((size_t)changes->mask + 1) * sizeof(void *));
}

/* A put may begin in one line, or block, and end in the next. */
bool fat_changes_room(const struct fat_changes *changes, uint32_t puts, uint32_t bytes)
{
    uint64_t lines = 2 * (uint64_t)puts + bytes / LINE;
    uint64_t blocks = 2 * (uint64_t)puts + bytes / changes->unit;
    return lines * PATCH_COST + blocks * BLOCK_COST <= changes->arena.left;
}

/* ---- putting ------------------------------------------------------------------------------- */

static struct changed **head_of(const struct fat_changes *changes, uint64_t block)
{
    return &changes->heads[(block * 0x9E3779B97F4A7C15u) >> 32 & changes->mask];
}

static struct changed *changed_find(const struct fat_changes *changes, uint64_t block)
{
    struct changed *at = *head_of(changes, block);
    while (at && at->block != block)
        at = at->hash_next;
    return at;
}

static struct changed *changed_get(struct fat_changes *changes, uint64_t block)
{
    struct changed *at = changed_find(changes, block), **head = head_of(changes, block);
    if (at) return at;
    at = cairn_arena_array(&changes->arena, 1, sizeof *at, 8);
    *at = (struct changed){ .block = block, .hash_next = *head, .next = changes->all };
    *head = changes->all = at;
    changes->sorted = false;
    return at;
}

/* `count` bits from `from` on. */
static uint64_t bits(uint32_t from, uint32_t count)
{
    return (count == LINE ? UINT64_MAX : ((uint64_t)1 << count) - 1) << from;
}

/* The line's patch of this order, for the bytes of the mask, which older patches lose. */
static struct patch *patch_get(struct fat_changes *changes, struct changed *changed, uint32_t line,
                               uint32_t order, uint64_t mask)
{
    struct patch **place = &changed->patches, *found = NULL;
    for (struct patch *at = changed->patches; at; at = at->next) {
        if (at->order < order) place = &at->next;
        if (at->line == line && at->order == order) found = at;
        if (at->line == line && at->order > order) at->mask &= ~mask;
    }
    if (!found) {
        found = cairn_arena_array(&changes->arena, 1, sizeof *found, 8);
        found->next = *place;
        found->line = (uint16_t)line;
        found->order = (uint8_t)order;
        *place = found;
    }
    found->mask |= mask;
    return found;
}

/* A change inside one block; there is room. */
static void change_add(struct fat_changes *changes, struct changed *changed, uint32_t offset,
                       const uint8_t *bytes, uint32_t len, uint32_t order)
{
    while (len) {
        uint32_t from = offset % LINE, piece = LINE - from < len ? LINE - from : len;
        struct patch *patch = patch_get(changes, changed, offset / LINE, order, bits(from, piece));
        if (bytes)
            memcpy(patch->bytes + from, bytes, piece);
        else
            memset(patch->bytes + from, 0, piece);
        if (bytes) bytes += piece;
        offset += piece;
        len -= piece;
    }
}

/* A whole block becomes zeros: that takes no patches, if it has none. */
static bool block_zero(struct changed *changed, uint32_t order)
{
    if (changed->patches) return false;
    if (changed->zeroed == 0 || changed->zeroed > order + 1) changed->zeroed = (uint8_t)(order + 1);
    return true;
}

bool fat_changes_put(struct fat_changes *changes, uint64_t at, const void *bytes, uint32_t len,
                     uint32_t order)
{
    const uint8_t *from = bytes;
    const uint32_t unit = changes->unit;
    if (!fat_changes_room(changes, 1, len)) return false;
    while (len) {
        uint32_t offset = (uint32_t)(at % unit), piece = unit - offset;
        if (piece > len) piece = len;
        struct changed *changed = changed_get(changes, at / unit);
        if (from || piece < unit || !block_zero(changed, order))
            change_add(changes, changed, offset, from, piece, order);
        at += piece;
        len -= piece;
        if (from) from += piece;
    }
    return true;
}

bool fat_changes_copy(struct fat_changes *changes, uint64_t from, uint64_t to, uint64_t bytes)
{
    struct fat_changes_copy *last = changes->copy_last;
    if (last && last->from + last->bytes == from && last->to + last->bytes == to) {
        last->bytes += bytes;
        return true;
    }
    struct fat_changes_copy *copy = cairn_arena_take(&changes->arena, sizeof *copy, 8);
    if (!copy) return false;
    *copy = (struct fat_changes_copy){ .from = from, .to = to, .bytes = bytes };
    if (last)
        last->next = copy;
    else
        changes->copies = copy;
    changes->copy_last = copy;
    return true;
}

const struct fat_changes_copy *fat_changes_copies(const struct fat_changes *changes)
{
    return changes->copies;
}

/* ---- showing ------------------------------------------------------------------------------- */

/* A part of the device, in a buffer. */
struct part {
    uint64_t at;
    uint8_t *buf;
    size_t len;
};

static void part_zero(const struct part *part, uint64_t begin, uint64_t bytes)
{
    uint64_t from = cairn_max_u64(begin, part->at);
    uint64_t end = cairn_min_u64(begin + bytes, part->at + part->len);
    if (from < end) memset(part->buf + (from - part->at), 0, (size_t)(end - from));
}

static void part_patch(const struct part *part, uint64_t begin, const struct patch *patch)
{
    uint64_t from = cairn_max_u64(begin, part->at);
    uint64_t end = cairn_min_u64(begin + LINE, part->at + part->len);
    if (from >= end) return;
    uint8_t *to = part->buf + (from - part->at);
    const uint8_t *bytes = patch->bytes + (from - begin);
    uint64_t mask = patch->mask >> (from - begin);
    for (uint64_t left = end - from; left && mask; left--, mask >>= 1, to++, bytes++)
        if (mask & 1) *to = *bytes;
}

void fat_changes_apply(const struct fat_changes *changes, uint32_t order, uint64_t at, uint8_t *buf,
                       size_t len)
{
    const struct part part = { at, buf, len };
    if (!changes->all || len == 0) return;
    for (uint64_t block = at / changes->unit; block <= (at + len - 1) / changes->unit; block++) {
        const struct changed *changed = changed_find(changes, block);
        uint64_t begin = block * changes->unit;
        if (changed && changed->zeroed && changed->zeroed <= order + 1)
            part_zero(&part, begin, changes->unit);
        for (const struct patch *p = changed ? changed->patches : NULL; p && p->order <= order;
             p = p->next)
            part_patch(&part, begin + (uint64_t)p->line * LINE, p);
    }
}

void fat_changes_show(const struct fat_changes *changes, uint64_t at, uint8_t *buf, size_t len)
{
    fat_changes_apply(changes, FAT_ORDER_STATE, at, buf, len);
}

bool fat_changes_touch(const struct fat_changes *changes, uint64_t at, uint64_t len)
{
    if (!changes->all) return false;
    for (uint64_t block = at / changes->unit; block <= (at + len - 1) / changes->unit; block++)
        if (changed_find(changes, block)) return true;
    return false;
}

/* The bytes of [at, at + len) that lie in the line that begins there. */
static uint64_t line_bits(uint64_t begin, uint64_t at, uint32_t len)
{
    uint64_t from = cairn_max_u64(begin, at), end = cairn_min_u64(begin + LINE, at + len);
    return from < end ? bits((uint32_t)(from - begin), (uint32_t)(end - from)) : 0;
}

bool fat_changes_mix(const struct fat_changes *changes, uint64_t at, uint32_t len, uint32_t order)
{
    for (uint64_t block = at / changes->unit; block <= (at + len - 1) / changes->unit; block++) {
        const struct changed *changed = changed_find(changes, block);
        if (changed && changed->zeroed && changed->zeroed != order + 1) return true;
        for (const struct patch *p = changed ? changed->patches : NULL; p; p = p->next) {
            uint64_t begin = block * changes->unit + (uint64_t)p->line * LINE;
            if (p->order != order && (p->mask & line_bits(begin, at, len))) return true;
        }
    }
    return false;
}

/* ---- in order ------------------------------------------------------------------------------ */

static struct changed *merge(struct changed *a, struct changed *b)
{
    struct changed *first = NULL, **end = &first;
    while (a && b) {
        struct changed **least = a->block < b->block ? &a : &b;
        *end = *least;
        end = &(*least)->next;
        *least = *end;
    }
    *end = a ? a : b;
    return first;
}

/* Lists of 1, 2, 4, ... blocks wait to be merged with one of their own length. */
static void sort(struct fat_changes *changes)
{
    struct changed *waiting[64] = { NULL }, *at = changes->all;
    while (at) {
        struct changed *list = at;
        uint32_t i = 0;
        at = at->next;
        list->next = NULL;
        for (; waiting[i]; waiting[i++] = NULL)
            list = merge(waiting[i], list);
        waiting[i] = list;
    }
    for (uint32_t i = 0; i < CAIRN_COUNT(waiting); i++)
        at = merge(at, waiting[i]);
    changes->all = at;
    changes->sorted = true;
}

static bool has_order(const struct changed *changed, uint32_t order)
{
    if (order == FAT_ORDER_ANY || changed->zeroed == order + 1) return true;
    for (const struct patch *p = changed->patches; p && p->order <= order; p = p->next)
        if (p->order == order && p->mask) return true;
    return false;
}

static const struct changed *skip(const struct changed *at, uint32_t order)
{
    while (at && !has_order(at, order))
        at = at->next;
    return at;
}

bool fat_changes_next(struct fat_changes *changes, struct fat_changes_run *run, uint32_t order,
                      uint32_t most)
{
    if (!changes->sorted) sort(changes);
    const struct changed *at = skip(run->begun ? run->next : changes->all, order);
    run->begun = true;
    if (!at) return false;
    run->at = at->block * changes->unit;
    run->bytes = 0;
    while (at && at->block * changes->unit == run->at + run->bytes &&
           run->bytes + changes->unit <= most) {
        run->bytes += changes->unit;
        at = skip(at->next, order);
    }
    run->next = at;
    return true;
}
