/* SPDX-License-Identifier: ISC */
/* Directories: their entry, where their dots point, how many slots they have. */
#include "mend_slot.h"

/* A file whose directory bit was set: it has a size, and no dots at its start. */
static bool is_file(struct fat_check *c, const struct fat_dirent *entry)
{
    return fat_check_dot_kind(entry->raw) == 2 && fat_check_in_range(c, entry->start) &&
           !fat_mend_has_dots(c, entry->start);
}

bool fat_mend_dir_size(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_dirent entry;
    (void)cluster, (void)a, (void)b;
    fat_dirent_decode(fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES), c->geometry.type, &entry);
    bool file = is_file(c, &entry);
    uint8_t attributes = entry.attributes & (uint8_t)~CAIRN_FAT_DIRECTORY;
    if (!fat_mend_room(c, 1, 4)) return false;
    if (file) {
        fat_mend_slot(c, c->slot_at, FAT_SLOT_ATTR, &attributes, 1, FAT_STAGE_ADD);
        fat_mend_say(c, "it holds no directory: it is a file again");
        return true;
    }
    fat_mend_slot_size(c, c->slot_at, 0);
    fat_mend_say(c, "the size becomes 0");
    return false;
}

/* A new, empty directory: what it held lies among the orphans, if anywhere. Nobody has claimed its
 * cluster yet, as the walk comes by in time. */
bool fat_mend_dir_start(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t dots[2 * FAT_SLOT_BYTES];
    struct fat_dirent self = { 0 };
    (void)cluster, (void)a, (void)b;
    self.start = fat_mend_take_dir(c);
    if (self.start == 0) {
        if (!c->mend->none_free || !fat_mend_entry_drop(c)) return false;
        fat_mend_say(c, "removed, since no cluster is free");
        fat_mend_loses(c, "the name of a directory without contents");
        return true;
    }
    if (!fat_mend_room(c, 3, sizeof dots + 4)) return false;
    fat_mend_now(c, &self);
    fat_dot_slots(dots, &self, c->scan->is_root ? 0 : c->scan->start);
    fat_mend_put(c, fat_check_cluster_at(c, self.start), dots, sizeof dots, FAT_STAGE_NEW);
    fat_mend_slot_start(c, c->slot_at, self.start, FAT_STAGE_ADD);
    fat_mend_unclaim(c, self.start);
    fat_mend_say(c, "it gets an empty cluster, %u", self.start);
    return true;
}

/* The directory is reached where it belongs. */
bool fat_mend_dir_parent(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_entry_drop(c)) return false;
    fat_mend_say(c, "the entry is removed");
    return false;
}

static bool target_put(struct fat_check *c, uint64_t right)
{
    if (!fat_mend_room(c, 2, 4)) return false;
    fat_mend_slot_start(c, c->slot_at, (uint32_t)right, FAT_STAGE_REMOVE);
    fat_mend_say(c, "it becomes %llu", (unsigned long long)right);
    return false;
}

bool fat_mend_dot_target(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)b;
    return target_put(c, a);
}

/* Of a directory with two names, ".." has said by now which of them is its own (mend_chain.c). */
bool fat_mend_dotdot_target(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)b;
    return target_put(c, a);
}

/* The end mark goes behind the last slot that is in use, if drivers get as far as that. */
bool fat_mend_dir_big(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const struct fat_check_scan *scan = c->scan;
    const uint8_t end = FAT_SLOT_END;
    (void)cluster, (void)a, (void)b;
    if (scan->tail_at == 0 || scan->tail > FAT_CHECK_DIR_MAX || !fat_mend_room(c, 1, 1))
        return false;
    fat_mend_slot(c, scan->tail_at, 0, &end, 1, FAT_STAGE_REMOVE);
    fat_mend_say(c, "it ends behind slot %u, the last one in use", scan->tail ? scan->tail - 1 : 0);
    return false;
}
