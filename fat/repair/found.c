/* SPDX-License-Identifier: ISC */
/*
 * found/ is looked for once a pass, in the root: FOUND, or when a file has that name or its slots
 * are used up, FOUND.000, FOUND.001, ... the last of them. New entries go behind its end only, with
 * numbers above all that are there; so nothing that was removed is reused, and no name comes twice.
 * Where no cluster is free for it, the root takes its place, with the slots behind its own end.
 */
#include "found.h"

#define SLOTS_MOST 65534u /* that drivers accept */
#define BYTES_A_SLOT 32u  /* of memory, for check to compare its names */
#define SUFFIXES 1000u
#define NUMBER_MOST 9999999u

static const uint8_t found_base[FAT_SHORT_BYTES] = { 'F', 'O', 'U', 'N', 'D', ' ',
                                                     ' ', ' ', ' ', ' ', ' ' };

/* A place for a slot in a directory. */
struct place {
    uint64_t at;   /* bytes of the device; 0: none */
    uint32_t last; /* the last cluster of the directory */
};

/* What the root holds. */
struct root_view {
    struct place end, removed; /* the end mark, or a slot that was removed long ago */
    bool freed;                /* a slot was removed just now */
    uint32_t next;  /* the suffix that no entry has yet, + 1; 0: not even FOUND is there */
    uint32_t start; /* of the directory with the last suffix */
};

/* ---- names --------------------------------------------------------------------------------- */

/* 0: FOUND, 1: FOUND.000, ... */
static void base_name(uint32_t n, uint8_t raw[FAT_SHORT_BYTES])
{
    memcpy(raw, found_base, FAT_SHORT_BYTES);
    if (n == 0) return;
    for (uint32_t i = 0, rest = n - 1; i < 3; i++, rest /= 10)
        raw[10 - i] = (uint8_t)('0' + rest % 10);
}

/* The reverse, + 1; 0: some other name. */
static uint32_t base_number(const uint8_t raw[FAT_SHORT_BYTES])
{
    uint32_t number = 0;
    if (memcmp(raw, found_base, 8) != 0) return 0;
    if (memcmp(raw, found_base, FAT_SHORT_BYTES) == 0) return 1;
    for (uint32_t i = 8; i < FAT_SHORT_BYTES; i++) {
        if (raw[i] < '0' || raw[i] > '9') return 0;
        number = number * 10 + (raw[i] - '0');
    }
    return number + 2;
}

/* FILE0001 .. FILE9999, FIL10000, ... */
static void entry_name(uint8_t raw[FAT_SHORT_BYTES], bool is_dir, uint32_t number)
{
    const char *word = is_dir ? "DIR" : "FILE";
    uint32_t digits = 4, limit = 10000;
    for (; number >= limit; limit *= 10)
        digits++;
    memset(raw, ' ', FAT_SHORT_BYTES);
    uint32_t letters = is_dir ? 3 : 4;
    if (letters + digits > 8) letters = 8 - digits;
    memcpy(raw, word, letters);
    for (uint32_t i = letters + digits; i > letters; i--, number /= 10)
        raw[i - 1] = (uint8_t)('0' + number % 10);
}

/* Whatever number a name ends in is not given again. */
static void entry_number(struct fat_mend_found *found, const uint8_t raw[FAT_SHORT_BYTES])
{
    uint32_t number = 0, unit = 1, end = 8;
    if (raw[end] != ' ') return; /* an extension */
    while (end > 0 && raw[end - 1] == ' ')
        end--;
    for (uint32_t i = end; i > 1 && raw[i - 1] >= '0' && raw[i - 1] <= '9'; i--, unit *= 10)
        number += (uint32_t)(raw[i - 1] - '0') * unit;
    uint32_t *most = raw[0] == 'D' ? &found->dirs : &found->files;
    if (number > *most) *most = number;
}

static void stamp(const struct fat_check *c, struct fat_dirent *entry)
{
    const struct cairn_fat_repair_options *options = c->mend->options;
    fat_time_encode(options->now_ns, options->utc_offset_min, &entry->modified_date,
                    &entry->modified_time, &entry->created_tenths);
    entry->created_date = entry->accessed_date = entry->modified_date;
    entry->created_time = entry->modified_time;
}

/* ---- looking ------------------------------------------------------------------------------- */

static void root_slot(const struct fat_check *c, struct root_view *root, const uint8_t *slot)
{
    struct fat_dirent entry;
    if (fat_slot_is_long(slot)) return;
    fat_dirent_decode(slot, c->geometry.type, &entry);
    uint32_t number = base_number(entry.raw);
    if (number == 0 || number < root->next) return;
    root->next = number;
    bool is_dir = (entry.attributes & CAIRN_FAT_DIRECTORY) && entry.start < c->entries;
    root->start = is_dir ? entry.start : 0;
}

/* Was it removed before this round? Then it may be used. */
static bool removed_there(struct fat_check *c, uint64_t at)
{
    uint64_t unit = cairn_blk_info(c->dev)->block_bytes, block = at / unit * unit;
    const uint8_t *bytes = fat_check_view(c, &c->mend->raw, block, (uint32_t)unit);
    return bytes[at - block] == FAT_SLOT_FREE;
}

static void root_look(struct fat_check *c, struct root_view *root)
{
    struct fat_mend_walk walk;
    fat_mend_walk_begin(c, &walk, 0);
    while (root->end.at == 0 && fat_mend_walk_next(c, &walk)) {
        for (uint32_t i = 0; i < walk.count && root->end.at == 0; i++) {
            const uint8_t *slot = walk.slots + i * FAT_SLOT_BYTES;
            struct place here = { walk.at + i * FAT_SLOT_BYTES, walk.last };
            if (slot[0] == FAT_SLOT_END)
                root->end = here;
            else if (slot[0] != FAT_SLOT_FREE)
                root_slot(c, root, slot);
            else if (!removed_there(c, here.at))
                root->freed = true;
            else if (root->removed.at == 0)
                root->removed = here;
        }
        root->end.last = walk.last;
    }
}

/* Where found/ ends: at its end mark, or behind its last cluster. */
static void found_open(struct fat_check *c, uint32_t start)
{
    struct fat_mend_found *found = &c->mend->found;
    struct fat_mend_walk walk;
    fat_mend_walk_begin(c, &walk, start);
    found->start = start;
    found->slots = 0;
    while (fat_mend_walk_next(c, &walk)) {
        found->cluster = walk.last;
        for (uint32_t i = 0; i < walk.count; i++) {
            const uint8_t *slot = walk.slots + i * FAT_SLOT_BYTES;
            found->offset = walk.offset - (walk.count - i) * FAT_SLOT_BYTES;
            if (slot[0] == FAT_SLOT_END) return;
            found->slots++;
            if (slot[0] != FAT_SLOT_FREE && !fat_slot_is_long(slot)) entry_number(found, slot);
        }
        found->offset = walk.offset;
    }
    if (found->cluster == 0 && start) found->slots = SLOTS_MOST;
}

/* ---- making -------------------------------------------------------------------------------- */

/* A place in the root for one more entry. */
static bool root_place(struct fat_check *c, struct root_view *root)
{
    if (root->end.at) return true;
    if (root->removed.at) {
        root->end = root->removed;
        return true;
    }
    c->mend->starved |= root->freed;
    if (c->geometry.type != CAIRN_FAT32 || root->end.last == 0) return false;
    uint32_t added = fat_mend_take_dir(c);
    if (added == 0 || !fat_mend_room(c, 2, 8)) return false;
    fat_mend_entry(c, root->end.last, added, FAT_STAGE_LINK);
    root->end.at = fat_check_cluster_at(c, added);
    return true;
}

static bool found_make(struct fat_check *c, struct root_view *root)
{
    struct fat_mend_found *found = &c->mend->found;
    struct fat_dirent entry = { .attributes = CAIRN_FAT_DIRECTORY };
    uint8_t dots[2 * FAT_SLOT_BYTES], slot[FAT_SLOT_BYTES];
    if (root->next > SUFFIXES || !root_place(c, root)) return false;
    entry.start = fat_mend_take_dir(c);
    if (entry.start == 0 || !fat_mend_room(c, 4, 128)) return false;
    stamp(c, &entry);
    base_name(root->next, entry.raw);
    entry.case_bits = FAT_CASE_BASE;
    fat_dot_slots(dots, &entry, 0);
    fat_dirent_encode(&entry, slot);
    fat_mend_put(c, fat_check_cluster_at(c, entry.start), dots, sizeof dots, FAT_STAGE_NEW);
    fat_mend_put(c, root->end.at, slot, sizeof slot, FAT_STAGE_ADD);
    *found = (struct fat_mend_found){
        .start = entry.start, .cluster = entry.start, .offset = sizeof dots, .slots = 2
    };
    memcpy(found->raw, entry.raw, sizeof found->raw);
    return true;
}

/* Check must be able to look at what repair makes. */
static bool is_full(const struct fat_check *c)
{
    uint64_t most = cairn_min_u64(SLOTS_MOST, c->room_bytes / BYTES_A_SLOT);
    return c->mend->found.slots >= most;
}

/* What is freed in this round makes room for found/ in the next one. */
static bool root_use(struct fat_check *c)
{
    struct fat_mend_found *found = &c->mend->found;
    if (!c->mend->none_free || c->mend->starved || found->in_root) return false;
    *found = (struct fat_mend_found){ .in_root = true };
    found_open(c, 0);
    return true;
}

/* One with room for more. */
static bool found_get(struct fat_check *c)
{
    struct fat_mend_found *found = &c->mend->found;
    struct root_view root = { .next = 0 };
    if ((found->start || found->in_root) && !is_full(c)) return true;
    if (found->none || found->in_root) return false;
    *found = (struct fat_mend_found){ 0 };
    root_look(c, &root);
    if (root.start) {
        base_name(root.next - 1, found->raw);
        found_open(c, root.start);
        if (!is_full(c)) return true;
    }
    found->none = !found_make(c, &root) && !root_use(c);
    return !found->none;
}

/* Space for one slot at its end. */
static bool found_grow(struct fat_check *c)
{
    struct fat_mend_found *found = &c->mend->found;
    bool fixed = found->cluster == 0;
    uint32_t end = fixed ? c->geometry.root_entries * FAT_SLOT_BYTES : c->geometry.cluster_bytes;
    if (found->offset < end) return true;
    uint32_t added = fixed ? 0 : fat_mend_take_dir(c);
    if (added == 0 || !fat_mend_room(c, 2, 8)) return false;
    fat_mend_entry(c, found->cluster, added, FAT_STAGE_LINK);
    found->cluster = added;
    found->offset = 0;
    return true;
}

static void path_set(struct fat_check *c)
{
    struct fat_mend_found *found = &c->mend->found;
    struct fat_name name;
    size_t len = 1;
    found->path[0] = '/';
    if (!found->in_root) {
        fat_found_name(c, &name);
        len += fat_name_to_utf8(&name, found->path + len);
        found->path[len++] = '/';
    }
    len += fat_name_to_utf8(&c->entry_name, found->path + len);
    found->path[len] = 0;
}

bool fat_found_add(struct fat_check *c, bool is_dir, uint32_t start, uint32_t size)
{
    struct fat_mend_found *found = &c->mend->found;
    struct fat_dirent entry = { .start = start, .size = size };
    uint8_t slot[FAT_SLOT_BYTES];
    if (!found_get(c) || !(found_grow(c) || (root_use(c) && found_grow(c)))) return false;
    if (!fat_mend_room(c, 5, 128)) return false;
    uint32_t *number = is_dir ? &found->dirs : &found->files;
    if (*number >= NUMBER_MOST) return false;
    entry.attributes = is_dir ? CAIRN_FAT_DIRECTORY : CAIRN_FAT_ARCHIVE;
    stamp(c, &entry);
    entry_name(entry.raw, is_dir, ++*number);
    fat_dirent_encode(&entry, slot);
    c->slot_at = found->offset + (found->cluster ? fat_check_cluster_at(c, found->cluster)
                                                 : fat_check_sector_at(c, c->geometry.root_start));
    fat_mend_put(c, c->slot_at, slot, sizeof slot, FAT_STAGE_ADD);
    found->offset += FAT_SLOT_BYTES;
    found->slots++;
    fat_short_to_name(entry.raw, 0, c->options.codepage, &c->entry_name);
    path_set(c);
    return true;
}

void fat_found_name(const struct fat_check *c, struct fat_name *name)
{
    fat_short_to_name(c->mend->found.raw, FAT_CASE_BASE, c->options.codepage, name);
}
