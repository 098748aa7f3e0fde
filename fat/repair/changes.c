/* SPDX-License-Identifier: ISC */
/* A hash of changed blocks, each with its changes in the order made, in one block of memory that is
 * only ever emptied as a whole. */
#include "changes.h"

#include <cairn/arena.h>
#include <cairn/bytes.h>

struct change {
    struct change *next; /* made later, of the same block */
    uint32_t offset, len;
    uint8_t order;
    bool zeros; /* no data: all zeros */
    uint8_t data[];
};

struct changed {
    uint64_t block;
    struct changed *hash_next, *next;
    struct change *first, *last;
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
/* What a change may take besides its bytes: it may begin in one block and end in the next. */
#define COST (2u * (sizeof(struct changed) + sizeof(struct change) + 16u))

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

bool fat_changes_room(const struct fat_changes *changes, uint32_t puts, uint32_t bytes)
{
    uint64_t blocks = bytes / changes->unit + 1;
    return puts * (uint64_t)COST + blocks * COST + bytes <= changes->arena.left;
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

/* Longer by `len` bytes, when it is the last thing in memory and ends where they begin. */
static bool change_extend(struct fat_changes *changes, struct change *last, uint32_t offset,
                          const uint8_t *bytes, uint32_t len, uint32_t order)
{
    if (!last || last->order != order || last->zeros || !bytes) return false;
    if (last->offset + last->len != offset) return false;
    if (last->data + last->len != changes->arena.at) return false;
    memcpy(cairn_arena_take(&changes->arena, len, 1), bytes, len);
    last->len += len;
    return true;
}

/* A change inside one block; there is room. */
static void change_add(struct fat_changes *changes, uint64_t block, uint32_t offset,
                       const uint8_t *bytes, uint32_t len, uint32_t order)
{
    struct changed *changed = changed_get(changes, block);
    if (change_extend(changes, changed->last, offset, bytes, len, order)) return;
    struct change *change = cairn_arena_take(&changes->arena, offsetof(struct change, data), 8);
    *change = (struct change){
        .offset = offset, .len = len, .order = (uint8_t)order, .zeros = bytes == NULL
    };
    if (bytes) memcpy(cairn_arena_take(&changes->arena, len, 1), bytes, len);
    if (changed->last)
        changed->last->next = change;
    else
        changed->first = change;
    changed->last = change;
}

bool fat_changes_put(struct fat_changes *changes, uint64_t at, const void *bytes, uint32_t len,
                     uint32_t order)
{
    const uint8_t *from = bytes;
    if (!fat_changes_room(changes, 1, len)) return false;
    while (len) {
        uint32_t offset = (uint32_t)(at % changes->unit), piece = changes->unit - offset;
        if (piece > len) piece = len;
        change_add(changes, at / changes->unit, offset, from, piece, order);
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

/* The part of a change that lies in [at, at + len), put into buf; begin: of the change. */
static void change_show(const struct change *change, uint64_t begin, uint64_t at, uint8_t *buf,
                        size_t len)
{
    uint64_t from = cairn_max_u64(begin, at), end = cairn_min_u64(begin + change->len, at + len);
    if (from >= end) return;
    if (change->zeros)
        memset(buf + (from - at), 0, (size_t)(end - from));
    else
        memcpy(buf + (from - at), change->data + (from - begin), (size_t)(end - from));
}

void fat_changes_apply(const struct fat_changes *changes, uint32_t order, uint64_t at, uint8_t *buf,
                       size_t len)
{
    if (!changes->all || len == 0) return;
    for (uint64_t block = at / changes->unit; block <= (at + len - 1) / changes->unit; block++) {
        const struct changed *changed = changed_find(changes, block);
        for (const struct change *c = changed ? changed->first : NULL; c; c = c->next)
            if (c->order <= order) change_show(c, block * changes->unit + c->offset, at, buf, len);
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

bool fat_changes_mix(const struct fat_changes *changes, uint64_t at, uint32_t len, uint32_t order)
{
    for (uint64_t block = at / changes->unit; block <= (at + len - 1) / changes->unit; block++) {
        const struct changed *changed = changed_find(changes, block);
        for (const struct change *c = changed ? changed->first : NULL; c; c = c->next) {
            uint64_t begin = block * changes->unit + c->offset;
            if (c->order != order && begin < at + len && at < begin + c->len) return true;
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

static const struct changed *skip(const struct changed *at, uint32_t order)
{
    for (; at && order != FAT_ORDER_ANY; at = at->next)
        for (const struct change *c = at->first; c; c = c->next)
            if (c->order == order) return at;
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
