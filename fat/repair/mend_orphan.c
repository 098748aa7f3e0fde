/* SPDX-License-Identifier: ISC */
/*
 * Chains that nothing names get a name in found/. A lost directory comes back as the whole tree it
 * is: what another lost directory names is no head of its own. Those that go around in a ring have
 * no head; the first that the sweep meets becomes one, and with it all below it is found.
 */
#include "found.h"
#include "menders.h"

#define FILE_BYTES_MOST ((uint64_t)UINT32_MAX + 1)

static bool is_kept(const struct fat_check *c)
{
    return c->mend->options->orphans == CAIRN_FAT_ORPHANS_KEEP;
}

/* A directory begins here by its own word: its "." points at itself. */
static bool is_dir(struct fat_check *c, uint32_t head)
{
    struct fat_dirent dot;
    if (fat_mend_device_entry(c, head) == FATENT_FREE) return false; /* a copy, not there yet */
    if (!fat_check_is_lost_dir(c, head)) return false;
    const uint8_t *slots =
        fat_check_view(c, &c->mend->window, fat_check_cluster_at(c, head), FAT_SLOT_BYTES);
    fat_dirent_decode(slots, c->geometry.type, &dot);
    return dot.start == head;
}

/* ---- heads --------------------------------------------------------------------------------- */

/* Lost directories that were met by their names and not by the sweep; in the room of the tree's
 * frames, which are done. */
struct pending {
    uint32_t *heads;
    size_t count, most;
    uint32_t swept; /* the sweep has come by all below this one itself */
    uint64_t left;  /* slots that may still be looked at: more than there are in clusters means that
                       chains run into one another */
};

/* An entry of a lost directory leads here: no head, and to be looked into when it is a directory
 * that the sweep would now pass by. */
static void head_take(struct fat_check *c, struct pending *pending, const struct fat_dirent *entry)
{
    uint32_t start = entry->start;
    if (start < 2 || start >= c->entries) return;
    if (fat_check_bit(c->seen, start) || fat_check_bit(c->mark, start)) return;
    bool is_pending = (entry->attributes & CAIRN_FAT_DIRECTORY) && start > pending->swept;
    if (is_pending && pending->count == pending->most) return;
    fat_check_bit_set(c->mark, start);
    if (is_pending) pending->heads[pending->count++] = start;
}

static void dir_look(struct fat_check *c, struct pending *pending, uint32_t head)
{
    struct fat_mend_walk walk;
    struct fat_dirent entry;
    if (!is_dir(c, head)) return;
    fat_mend_walk_begin(c, &walk, head);
    while (fat_mend_walk_next(c, &walk) && pending->left >= walk.count) {
        pending->left -= walk.count;
        for (uint32_t i = 0; i < walk.count; i++) {
            const uint8_t *slot = walk.slots + i * FAT_SLOT_BYTES;
            if (slot[0] == FAT_SLOT_END) return;
            if (fat_mend_walk_entry(c, slot, &entry)) head_take(c, pending, &entry);
        }
    }
}

static void head_look(struct fat_check *c, struct pending *pending, uint32_t head)
{
    pending->swept = head;
    dir_look(c, pending, head);
    while (pending->count)
        dir_look(c, pending, pending->heads[--pending->count]);
}

void fat_mend_orphans_begin(struct fat_check *c)
{
    struct fat_check_piece piece = { 0 };
    uint32_t cluster_slots = c->geometry.cluster_bytes / FAT_SLOT_BYTES;
    struct pending pending = { .heads = (uint32_t *)(void *)c->room,
                               .most = c->room_bytes / sizeof(uint32_t),
                               .left = (uint64_t)c->entries * cluster_slots };
    c->mend->tree_seen = true;
    if (!is_kept(c) || c->claimed >= c->result->used_clusters) return;
    while (fat_check_piece_next(c, &piece)) {
        for (uint32_t cluster = piece.first < 2 ? 2 : piece.first; cluster < piece.end;) {
            uint32_t value = fat_check_piece_get(c, &piece, cluster);
            bool head = value != FATENT_FREE && value != FATENT_BAD &&
                        !fat_check_bit(c->mark, cluster) && !fat_check_bit(c->seen, cluster);
            if (head) head_look(c, &pending, cluster);
            cluster++;
            if (value == FATENT_FREE) cluster = fat_check_piece_skip(c, &piece, cluster);
        }
    }
}

/* ---- what becomes of them ------------------------------------------------------------------ */

/* Behind the device's end, and so nowhere? */
static bool is_nowhere(const struct fat_check *c, uint32_t cluster)
{
    return cluster >= c->outside && !c->mend->size_stays;
}

bool fat_mend_orphan_is_spare(struct fat_check *c, uint32_t head)
{
    if (!fat_check_bit(c->mend->spare, head) && !is_nowhere(c, head)) return false;
    return fat_mend_free(c, head) > 0;
}

bool fat_mend_orphan_is_full(const struct fat_check *c, const struct fat_check_chain *chain,
                             uint32_t cluster)
{
    if (!c->mend) return false;
    return is_nowhere(c, cluster) ||
           (uint64_t)chain->clusters * c->geometry.cluster_bytes >= FILE_BYTES_MOST;
}

/* They are nobody's once more. */
static void unclaim(struct fat_check *c, const struct fat_check_chain *chain)
{
    uint32_t cluster = chain->start;
    for (uint32_t left = chain->clusters; left > 0; left--) {
        fat_check_bit_clear(c->seen, cluster);
        c->claimed--;
        cluster = fat_check_next(c, cluster);
    }
}

static void chain_free(struct fat_check *c, const struct fat_check_chain *chain)
{
    unclaim(c, chain);
    uint32_t count = fat_mend_free(c, chain->start);
    if (count == 0) return;
    fat_mend_say(c, "freed, as was asked for");
    fat_mend_loses(c, "what is in them");
}

/* An end mark, where the chain goes on into something else, or is too long for one file. */
static void chain_end(struct fat_check *c, const struct fat_check_chain *chain)
{
    uint32_t next = fat_check_next(c, chain->last);
    if (next == FATENT_END) return;
    fat_mend_entry(c, chain->last, FATENT_END, FAT_STAGE_LINK);
    if (fat_check_in_range(c, next) && next < c->entries && !fat_check_bit(c->seen, next))
        fat_check_bit_clear(c->mark, next);
}

bool fat_mend_orphan(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_check_chain *chain = c->chain;
    uint64_t bytes = a * c->geometry.cluster_bytes;
    bool dir = is_kept(c) && is_dir(c, cluster);
    (void)b;
    if (c->mend->later) { /* a chain that is yet to be cut may hold the rest of this one */
        c->mend->waits = true;
        return false;
    }
    if (!is_kept(c)) {
        chain_free(c, chain);
        return false;
    }
    if (bytes >= FILE_BYTES_MOST) bytes = FILE_BYTES_MOST - 1;
    if (chain->clusters == 0 || !fat_found_add(c, dir, cluster, dir ? 0 : (uint32_t)bytes))
        return false;
    chain_end(c, chain);
    if (dir)
        fat_mend_slot_start(c, fat_check_cluster_at(c, cluster) + FAT_SLOT_BYTES,
                            c->mend->found.start, FAT_STAGE_REMOVE);
    fat_mend_say(c, "it gets a name: %s", c->mend->found.path);
    return dir;
}

void fat_mend_orphan_descend(struct fat_check *c, struct fat_check_chain *chain)
{
    const struct fat_mend_found *found = &c->mend->found;
    struct fat_name name;
    fat_found_name(c, &name);
    unclaim(c, chain);
    fat_check_tree_more(c, found->start, found->in_root ? NULL : &name, chain->start);
}
