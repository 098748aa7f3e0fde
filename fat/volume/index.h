/* SPDX-License-Identifier: ISC */
/*
 * The name index: one hash table in memory for the names of all directories that were searched.
 * An entry says "in this directory a name with this hash has its 8.3 slot here"; the slot's own
 * contents decide. A directory is in the table wholly or not at all. When the table is full it is
 * emptied, and directories come back as they are used; one that does not fit is searched in line.
 */
#ifndef CAIRN_FAT_INDEX_H
#define CAIRN_FAT_INDEX_H

#include <cairn/def.h>

struct fat_index_entry {
    uint32_t dir; /* the directory's index id; 0: empty */
    uint32_t hash;
    uint32_t value; /* slot; or FAT_INDEX_TAIL | number */
};

#define FAT_INDEX_TAIL 0x80000000u

struct fat_index {
    struct fat_index_entry *entries;
    uint32_t mask; /* capacity - 1, a power of two; 0: no table */
    uint32_t used;
    uint32_t next_id; /* of directories; those below `floor` are no longer in the table */
    uint32_t floor;
};

void fat_index_init(struct fat_index *index, struct fat_index_entry *entries, uint32_t capacity);

/* A new id for a directory that is about to be put in. */
uint32_t fat_index_open(struct fat_index *index);
bool fat_index_has(const struct fat_index *index, uint32_t dir);
/* Forget all directories. */
void fat_index_clear(struct fat_index *index);

/* Put an entry in. false: full; the caller clears or gives up. */
bool fat_index_add(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t value);
void fat_index_remove(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t value);

/* Slots of the entries with this hash, one after the other: *cursor starts at 0. false: no more. */
bool fat_index_next(const struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t *cursor,
                    uint32_t *slot);

/* The highest numeric tail seen under this hash; 0: none. Raising it may fail when full. */
uint32_t fat_index_tail(const struct fat_index *index, uint32_t dir, uint32_t hash);
bool fat_index_tail_raise(struct fat_index *index, uint32_t dir, uint32_t hash, uint32_t number);

#endif
