/* SPDX-License-Identifier: ISC */
/* The FAT itself: its first two entries, its copies, entries that lead nowhere. */
#include "menders.h"

bool fat_mend_dirty(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 4, 4)) return false;
    fat_mend_state(c, 1);
    c->mend->was_dirty = true;
    fat_mend_say(c, "it is marked as clean, unless something grave is left");
    return false;
}

bool fat_mend_error_bit(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 4, 4)) return false;
    fat_mend_state(c, 2);
    c->mend->had_errors = true;
    fat_mend_say(c, "the mark is cleared, unless something grave is left");
    return false;
}

bool fat_mend_media(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a;
    if (!fat_mend_room(c, 2, 8)) return false;
    fat_mend_entry(c, 0, (uint32_t)b, FAT_STAGE_ADD);
    fat_mend_say(c, "it becomes that");
    return false;
}

/* Its highest byte holds the state. */
bool fat_mend_reserved(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    static const uint8_t ones[3] = { 0xFF, 0xFF, 0xFF };
    uint32_t bytes = fatent_bytes(c->geometry.type);
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, 6, 16)) return false;
    if (c->geometry.type == CAIRN_FAT12)
        fat_mend_entry(c, 1, FATENT_END, FAT_STAGE_ADD);
    else
        fat_mend_put(c, c->fat_at + bytes, ones, bytes - 1, FAT_STAGE_ADD);
    fat_mend_state_reset(c);
    fat_mend_say(c, "it becomes an end mark");
    return false;
}

/* Mirrors are written when all else is. */
bool fat_mend_copies_differ(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a;
    c->mend->copies_differ = c->mend->changed = true;
    fat_mend_say(c, "where no chain shows that FAT %u is right, it becomes as the one in force",
                 (uint32_t)b);
    return false;
}

bool fat_mend_range(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    if (fat_mend_vote(c, cluster)) return true;
    if (!fat_mend_room(c, 2, 8)) return false;
    fat_mend_entry(c, cluster, FATENT_END, FAT_STAGE_REMOVE);
    fat_mend_say(c, "it becomes an end mark");
    return true;
}
