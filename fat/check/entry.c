/* SPDX-License-Identifier: ISC */
/* One 8.3 entry of a directory. */
#include "check.h"

bool fat_check_is_subdir(const struct fat_check *c, const struct fat_dirent *entry)
{
    return (entry->attributes & CAIRN_FAT_DIRECTORY) && entry->start >= 2 &&
           entry->start <= c->last;
}

static bool is_label(const struct fat_dirent *entry)
{
    return (entry->attributes & (CAIRN_FAT_VOLUME | CAIRN_FAT_DIRECTORY)) == CAIRN_FAT_VOLUME;
}

/* A label with contents is a file, or was one. */
bool fat_check_attributes(struct fat_check *c, const struct fat_dirent *entry)
{
    const uint8_t both = CAIRN_FAT_VOLUME | CAIRN_FAT_DIRECTORY;
    bool full = is_label(entry) && (entry->start || entry->size);
    bool nameless = (entry->case_bits & FAT_CASE_NO_SHORT) && !is_label(entry) &&
                    !fat_check_name_take(c, entry);
    if (!(entry->attributes & 0xC0) && (entry->attributes & both) != both && !full && !nameless)
        return false;
    if (full) fat_check_remark(c, "a label with contents");
    if (nameless) fat_check_remark(c, "it says that it has no 8.3 name, but has no other");
    fat_check_name_take(c, entry);
    bool again = fat_check_find(c, CAIRN_FAT_FAULT_ATTRIBUTES, 0, entry->attributes, 0);
    c->name = NULL;
    return again;
}

/* All zero is "not recorded", as devices without a clock write it. */
static bool time_is_odd(uint16_t date, uint16_t time, uint8_t tenths)
{
    return (date || time || tenths) && !fat_time_valid(date, time, tenths);
}

static void times_check(struct fat_check *c, const struct fat_dirent *entry)
{
    bool created = time_is_odd(entry->created_date, entry->created_time, entry->created_tenths);
    bool modified = time_is_odd(entry->modified_date, entry->modified_time, 0);
    bool accessed = time_is_odd(entry->accessed_date, 0, 0);
    uint32_t odd = (uint32_t)created + modified + accessed;
    if (odd == 0) return;
    fat_check_remark(c, "%s%s%s", created ? "created " : "", modified ? "modified " : "",
                     accessed ? "accessed" : "");
    fat_check_find(c, CAIRN_FAT_FAULT_TIME, 0, odd, 0);
}

/* Where repair finds that the chain does go on, once more from there. */
static void length_check(struct fat_check *c, struct fat_check_chain *chain, uint64_t needed)
{
    bool again = true;
    while (again && chain->sound && chain->clusters != needed) {
        enum cairn_fat_fault fault =
            chain->clusters > needed ? CAIRN_FAT_FAULT_CHAIN_LONG : CAIRN_FAT_FAULT_CHAIN_SHORT;
        again = fat_check_find(c, fault, chain->start, chain->clusters, needed);
        if (again) fat_check_claim_more(c, chain);
    }
}

static void file_check(struct fat_check *c, const struct fat_dirent *entry)
{
    struct fat_check_chain chain = { .start = entry->start, .size = entry->size, .sound = true };
    if (c->quiet) return;
    uint64_t needed = cairn_div_up(entry->size, c->geometry.cluster_bytes);
    c->result->files++;
    c->result->bytes += entry->size;
    c->chain = &chain;
    if (entry->start) fat_check_claim(c, &chain);
    if (chain.sound && chain.clusters != needed) length_check(c, &chain, needed);
    c->chain = NULL;
    if (chain.runs > 1) c->result->fragmented_files++;
}

/* Its clusters are claimed on the way down, by fat_check_tree. `entry` is what slot holds, also
 * afterwards: it may have become a file. */
static void subdir_check(struct fat_check *c, struct fat_check_scan *scan, const uint8_t *slot,
                         struct fat_dirent *entry)
{
    bool again =
        entry->size && fat_check_find(c, CAIRN_FAT_FAULT_DIR_SIZE, entry->start, entry->size, 0);
    if (entry->start == 0) again |= fat_check_find(c, CAIRN_FAT_FAULT_DIR_START, 0, 0, 0);
    if (again) fat_dirent_decode(slot, c->geometry.type, entry);
    if (fat_check_is_subdir(c, entry))
        scan->subdirs++;
    else if ((entry->attributes & CAIRN_FAT_DIRECTORY) && entry->start)
        fat_check_find(c, CAIRN_FAT_FAULT_CHAIN_START, 0, c->last, entry->start);
}

void fat_check_entry(struct fat_check *c, struct fat_check_scan *scan, const uint8_t *slot)
{
    struct fat_dirent entry;
    fat_dirent_decode(slot, c->geometry.type, &entry);
    if (fat_check_attributes(c, &entry)) fat_dirent_decode(slot, c->geometry.type, &entry);
    if (is_label(&entry)) {
        fat_check_long_cut(c);
        fat_check_label_slot(c, scan, entry.raw);
        return;
    }
    fat_check_entry_name(c, scan, slot, &entry);
    times_check(c, &entry);
    if (entry.attributes & CAIRN_FAT_DIRECTORY) subdir_check(c, scan, slot, &entry);
    if (!(entry.attributes & CAIRN_FAT_DIRECTORY)) file_check(c, &entry);
    c->name = NULL;
}
