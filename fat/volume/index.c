/* SPDX-License-Identifier: ISC */
#include "index.h"

#include <cairn/bytes.h>

void fat_index_init(struct fat_index *index, struct fat_index_entry *entries, uint32_t capacity)
{
    index->entries = entries;
    index->mask = capacity ? capacity - 1 : 0;
    index->next_id = index->floor = 1;
    fat_index_clear(index);
}

void fat_index_clear(struct fat_index *index)
{
    if (index->mask) memset(index->entries, 0, ((size_t)index->mask + 1) * sizeof *index->entries);
    index->used = 0;
    index->floor = index->next_id;
}

uint32_t fat_index_open(struct fat_index *index)
{
    return index->next_id++;
}

bool fat_index_has(const struct fat_index *index, uint32_t dir)
{
    return dir >= index->floor;
}

static uint32_t home_of(const struct fat_index *index, uint32_t dir, uint32_t hash)
{
    return ((hash ^ dir * 0x9E3779B1u) * 0x85EBCA6Bu >> 7) & index->mask;
}

bool fat_index_add(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t value)
{
    if (!index->mask || index->used > index->mask - index->mask / 4) return false;
    uint32_t i = home_of(index, dir, hash);
    while (index->entries[i].dir)
        i = (i + 1) & index->mask;
    index->entries[i] = (struct fat_index_entry){ dir, hash, value };
    index->used++;
    return true;
}

/* Take entry i out and close the gap, so that no search stops short (Knuth, 6.4, algorithm R). */
static void entry_delete(struct fat_index *index, uint32_t i)
{
    uint32_t gap = i;
    for (;;) {
        i = (i + 1) & index->mask;
        const struct fat_index_entry *e = &index->entries[i];
        if (!e->dir) break;
        uint32_t home = home_of(index, e->dir, e->hash);
        if (((i - home) & index->mask) < ((i - gap) & index->mask)) continue;
        index->entries[gap] = *e;
        gap = i;
    }
    index->entries[gap].dir = 0;
    index->used--;
}

void fat_index_remove(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t value)
{
    if (!index->mask) return;
    for (uint32_t i = home_of(index, dir, hash); index->entries[i].dir; i = (i + 1) & index->mask) {
        const struct fat_index_entry *e = &index->entries[i];
        if (e->dir != dir || e->hash != hash || e->value != value) continue;
        entry_delete(index, i);
        return;
    }
}

bool fat_index_next(const struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t *cursor,
                    uint32_t *slot)
{
    if (!index->mask) return false;
    uint32_t home = home_of(index, dir, hash);
    for (;; (*cursor)++) {
        const struct fat_index_entry *e = &index->entries[(home + *cursor) & index->mask];
        if (!e->dir) return false;
        if (e->dir != dir || e->hash != hash || e->value & FAT_INDEX_TAIL) continue;
        (*cursor)++;
        *slot = e->value;
        return true;
    }
}

static struct fat_index_entry *tail_find(const struct fat_index *index, uint32_t dir, uint32_t hash)
{
    if (!index->mask) return NULL;
    for (uint32_t i = home_of(index, dir, hash); index->entries[i].dir; i = (i + 1) & index->mask) {
        struct fat_index_entry *e = &index->entries[i];
        if (e->dir == dir && e->hash == hash && e->value & FAT_INDEX_TAIL) return e;
    }
    return NULL;
}

uint32_t fat_index_tail(const struct fat_index *index, uint32_t dir, uint32_t hash)
{
    const struct fat_index_entry *e = tail_find(index, dir, hash);
    return e ? e->value & ~FAT_INDEX_TAIL : 0;
}

bool fat_index_tail_raise(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t number)
{
    struct fat_index_entry *e = tail_find(index, dir, hash);
    if (!e) return fat_index_add(index, dir, hash, FAT_INDEX_TAIL | number);
    if ((e->value & ~FAT_INDEX_TAIL) < number) e->value = FAT_INDEX_TAIL | number;
    return true;
}
