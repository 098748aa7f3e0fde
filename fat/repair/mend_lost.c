/* SPDX-License-Identifier: ISC */
/* Clusters of directories that hold something else, and what stands behind the end mark. */
#include "mend_slot.h"

/* ---- something else ------------------------------------------------------------------------- */

/* Does nothing in the directory speak for it being one? */
static bool is_no_directory(struct fat_check *c)
{
    struct fat_mend_slots walk = { .at = c->scan->first };
    while (fat_mend_slots_next(c, &walk)) {
        uint8_t slot[FAT_SLOT_BYTES];
        memcpy(slot, walk.slot, sizeof slot);
        if (slot[0] == FAT_SLOT_END || slot[0] == FAT_SLOT_FREE || fat_slot_is_long(slot)) continue;
        if (fat_check_dot_kind(slot) < 2 || fat_mend_sense_of(c, slot) == FAT_MEND_ALIVE)
            return false;
    }
    return true;
}

/* Its clusters are a file's from now on. */
static void clusters_turn(struct fat_check *c)
{
    uint32_t cluster = c->scan->first.cluster;
    for (uint32_t left = c->scan->first.left; left > 0; left--) {
        if (cluster < c->entries) fat_check_bit_clear(c->mark, cluster);
        if (left > 1) cluster = fat_check_next(c, cluster);
    }
}

/* Nothing is lost by making it a file: what the directory named has no names left. Its size comes
 * with it, since a file without one has clusters behind its end. */
static bool file_make(struct fat_check *c)
{
    struct fat_check_scan *scan = c->scan;
    uint64_t size = (uint64_t)scan->first.left * c->geometry.cluster_bytes;
    uint8_t attributes = CAIRN_FAT_ARCHIVE, bytes[4];
    if (!fat_mend_room(c, 2, 5)) return false;
    cairn_le32_put(bytes, (uint32_t)cairn_min_u64(size, UINT32_MAX));
    fat_mend_slot(c, scan->entry_at, FAT_SLOT_ATTR, &attributes, 1, FAT_STAGE_ADD);
    fat_mend_slot(c, scan->entry_at, FAT_SLOT_SIZE, bytes, sizeof bytes, FAT_STAGE_ADD);
    clusters_turn(c);
    scan->is_file = true;
    c->result->directories--;
    c->result->files++;
    fat_mend_say(c, "it holds no directory: it becomes a file");
    return false;
}

/* ---- the end of its chain -------------------------------------------------------------------- */

/* Entries of a cluster that make sense, and that make none, whatever marks are between them. */
struct sense {
    uint32_t good, bad;
};

static struct sense cluster_ask(struct fat_check *c, uint32_t cluster)
{
    struct sense sense = { 0 };
    uint32_t size = c->geometry.cluster_bytes;
    uint32_t bytes = size < FAT_CHECK_UNIT ? size : FAT_CHECK_UNIT;
    for (uint32_t done = 0; done < size; done += bytes) {
        uint64_t at = fat_check_cluster_at(c, cluster) + done;
        const uint8_t *slots = fat_check_view(c, &c->mend->window, at, bytes);
        for (uint32_t i = 0; i < bytes; i += FAT_SLOT_BYTES) {
            if (slots[i] == FAT_SLOT_END || slots[i] == FAT_SLOT_FREE) continue;
            bool is_bad = fat_check_slot_is_nonsense(slots + i);
            sense.bad += is_bad;
            sense.good += !is_bad;
        }
    }
    return sense;
}

/* After how many clusters a directory's chain goes into something that is none, and never comes
 * back to what is; else UINT32_MAX. */
static uint32_t tail_find(struct fat_check *c)
{
    uint32_t cluster = c->scan->first.cluster, keep = UINT32_MAX;
    for (uint32_t n = 1; cluster && n < c->scan->first.left; n++) {
        cluster = fat_check_next(c, cluster);
        if (!fat_check_in_range(c, cluster) || cluster >= c->outside) break;
        struct sense sense = cluster_ask(c, cluster);
        if (sense.good && sense.bad <= 2 * sense.good)
            keep = UINT32_MAX;
        else if (sense.bad && keep == UINT32_MAX)
            keep = n;
    }
    return keep;
}

/* They are a file's, whose chain was gone into, or orphans. */
static void tail_unclaim(struct fat_check *c, uint32_t cluster, uint32_t count)
{
    for (; count > 0 && cluster < c->entries; count--) {
        fat_check_bit_clear(c->seen, cluster);
        if (c->mend->dirs) fat_check_bit_clear(c->mend->dirs, cluster);
        c->claimed--;
        cluster = fat_check_next(c, cluster);
    }
}

/* Cut the directory's chain there, if that is after `least` to `most` clusters. */
static bool tail_cut(struct fat_check *c, uint32_t least, uint32_t most)
{
    struct fat_check_scan *scan = c->scan;
    if (scan->tail_keep == 0) scan->tail_keep = tail_find(c);
    uint32_t keep = scan->tail_keep, last = scan->first.cluster;
    if (keep < least || keep > most || !fat_mend_room(c, 4, 16)) return false;
    for (uint32_t n = 1; n < keep; n++)
        last = fat_check_next(c, last);
    tail_unclaim(c, fat_check_next(c, last), scan->first.left - keep);
    if (!fat_mend_vote(c, last)) fat_mend_entry(c, last, FATENT_END, FAT_STAGE_REMOVE);
    scan->first.left = keep;
    scan->cut = c->mend->later = true;
    fat_mend_say(c, "its chain is cut after %u cluster%s, since what follows is no directory", keep,
                 keep == 1 ? "" : "s");
    return true;
}

/* What was scanned stays. */
static bool tail_cut_here(struct fat_check *c)
{
    uint32_t before = c->scan->first.left - c->unit->start.left;
    return before > 0 && tail_cut(c, before, before);
}

static bool tail_cut_behind_end(struct fat_check *c)
{
    const struct fat_check_scan *scan = c->scan;
    return scan->end.cluster && tail_cut(c, scan->first.left - scan->end.left + 1, UINT32_MAX - 1);
}

/* ---- nonsense in between --------------------------------------------------------------------- */

/* A copy of what the unit holds, as orphans, which are then kept as all others are. */
static bool unit_copy(struct fat_check *c)
{
    uint32_t size = c->geometry.cluster_bytes, bytes = c->unit->count * FAT_SLOT_BYTES;
    for (uint32_t done = 0; done < bytes; done += size) {
        uint32_t some = bytes - done < size ? bytes - done : size, fresh = fat_mend_take(c);
        if (fresh == 0) return false;
        if (!fat_changes_copy(c->mend->changes, c->unit->at + done, fat_check_cluster_at(c, fresh),
                              some))
            return false;
        fat_mend_unclaim(c, fresh);
    }
    return true;
}

static void unit_clean(struct fat_check *c)
{
    for (uint32_t i = c->unit->from; i < c->unit->count; i++) {
        const uint8_t *slot = c->unit->slots + (size_t)i * FAT_SLOT_BYTES;
        if (slot[0] == FAT_SLOT_END) break;
        if (slot[0] == FAT_SLOT_FREE || !fat_check_slot_is_nonsense(slot)) continue;
        if (!fat_mend_room(c, 1, 1)) break;
        fat_mend_slot_remove(c, c->unit->at + (uint64_t)i * FAT_SLOT_BYTES);
    }
}

bool fat_mend_dir_garbage(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    if (c->scan->entry_at && cluster == c->scan->start && is_no_directory(c)) return file_make(c);
    if (tail_cut_here(c)) return false;
    bool keep = c->mend->options->orphans == CAIRN_FAT_ORPHANS_KEEP;
    bool kept = keep && unit_copy(c);
    if (keep && !kept && !c->mend->none_free) return false;
    unit_clean(c);
    fat_mend_say(c, kept ? "the nonsense is removed, and kept as a lost cluster"
                         : "the nonsense is removed");
    if (!kept) fat_mend_loses(c, "what the cluster holds instead of entries");
    return false;
}

/* ---- behind the end mark ----------------------------------------------------------------------
 */

/* Some drivers go on behind the end mark (Linux), some stop there (Windows). What stands there was
 * either cut off by a mark that should not be, or it was left over. It was cut off when some of it
 * has contents that nobody else has, or when there is nothing but sound names of empty files. */
struct behind {
    uint32_t alive, empty, nonsense;
    uint64_t last_at; /* the last slot that is worth something */
};

static bool is_free(const uint8_t *slot)
{
    return slot[0] == FAT_SLOT_END || slot[0] == FAT_SLOT_FREE;
}

static void behind_judge(struct fat_check *c, struct behind *behind)
{
    struct fat_mend_slots walk = { .at = c->scan->end };
    while (fat_mend_slots_next(c, &walk)) {
        uint8_t slot[FAT_SLOT_BYTES];
        memcpy(slot, walk.slot, sizeof slot);
        if (is_free(slot) || fat_slot_is_long(slot)) continue;
        enum fat_mend_sense sense = fat_mend_sense_of(c, slot);
        behind->alive += sense == FAT_MEND_ALIVE;
        behind->empty += sense == FAT_MEND_EMPTY;
        behind->nonsense += sense == FAT_MEND_NONSENSE;
        if (sense != FAT_MEND_NONSENSE) behind->last_at = walk.slot_at;
    }
}

static void first_byte_put(struct fat_check *c, uint64_t at, uint8_t byte, enum fat_stage stage)
{
    fat_mend_slot(c, at, 0, &byte, 1, stage);
}

/* Nothing of it is worth anything: it is not in use then. */
static bool behind_clear(struct fat_check *c, const struct behind *behind)
{
    struct fat_mend_slots walk = { .at = c->scan->end };
    while (fat_mend_slots_next(c, &walk)) {
        if (is_free(walk.slot)) continue;
        if (!fat_mend_room(c, 1, 1)) return false;
        first_byte_put(c, walk.slot_at, FAT_SLOT_END, FAT_STAGE_ADD);
    }
    fat_mend_say(c, "they are cleared");
    if (behind->empty) fat_mend_loses(c, "%u names of empty files, if they are any", behind->empty);
    return false;
}

/* What makes no sense goes while it is still behind the mark. */
static bool behind_clean(struct fat_check *c)
{
    struct fat_mend_slots walk = { .at = c->scan->end };
    while (fat_mend_slots_next(c, &walk)) {
        uint8_t slot[FAT_SLOT_BYTES];
        memcpy(slot, walk.slot, sizeof slot);
        if (is_free(slot) || fat_slot_is_long(slot)) continue;
        if (fat_mend_sense_of(c, slot) != FAT_MEND_NONSENSE) continue;
        if (!fat_mend_room(c, 1, 1)) return false;
        first_byte_put(c, walk.slot_at, FAT_SLOT_FREE, FAT_STAGE_ADD);
    }
    return true;
}

/* Every end mark up to the last sensible entry goes. One at a time does no harm. */
static bool behind_reveal(struct fat_check *c, const struct behind *behind)
{
    struct fat_mend_slots walk = { .at = c->scan->end };
    bool any = false;
    while (fat_mend_slots_next(c, &walk) && walk.slot_at != behind->last_at) {
        if (walk.slot[0] != FAT_SLOT_END) continue;
        if (!fat_mend_room(c, 1, 1)) return any;
        first_byte_put(c, walk.slot_at, FAT_SLOT_FREE, FAT_STAGE_REMOVE);
        any = true;
    }
    fat_mend_say(c, "the end mark is removed; entries that are sound: %u",
                 behind->alive + behind->empty);
    return any;
}

bool fat_mend_dir_after_end(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct behind behind = { 0 };
    (void)cluster, (void)a, (void)b;
    if (tail_cut_behind_end(c)) return false;
    behind_judge(c, &behind);
    bool sound = behind.alive || (behind.empty && behind.nonsense == 0);
    if (!sound) return behind_clear(c, &behind);
    return behind_clean(c) && behind_reveal(c, &behind);
}
