/* SPDX-License-Identifier: ISC */
#include "mend_slot.h"

const uint8_t *fat_mend_look(struct fat_check *c, uint64_t at, uint32_t bytes)
{
    if (fat_check_holds(&c->dir_window, at, bytes))
        return c->dir_window.data + (at - c->dir_window.at);
    return fat_check_view(c, &c->mend->window, at, bytes);
}

void fat_mend_now(const struct fat_check *c, struct fat_dirent *entry)
{
    const struct cairn_fat_repair_options *options = c->mend->options;
    fat_time_encode(options->now_ns, options->utc_offset_min, &entry->modified_date,
                    &entry->modified_time, &entry->created_tenths);
    entry->created_date = entry->accessed_date = entry->modified_date;
    entry->created_time = entry->modified_time;
}

void fat_mend_unclaim(struct fat_check *c, uint32_t cluster)
{
    fat_check_bit_clear(c->seen, cluster);
    fat_check_bit_clear(c->mark, cluster);
    c->claimed--;
}

/* ---- the set of long slots at hand ----------------------------------------------------------- */

static void set_remove(struct fat_check *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fat_mend_slot_remove(c, c->long_at[i]);
    c->long_count -= count;
    memmove(c->long_at, c->long_at + count, c->long_count * sizeof c->long_at[0]);
}

bool fat_mend_set_drop(struct fat_check *c)
{
    if (!fat_mend_room(c, c->long_count, c->long_count)) return false;
    set_remove(c, c->long_count);
    return true;
}

bool fat_mend_entry_drop(struct fat_check *c)
{
    if (!fat_mend_room(c, c->long_count + 1, c->long_count + 1)) return false;
    fat_mend_slot_remove(c, c->slot_at);
    set_remove(c, c->long_count);
    return true;
}

void fat_mend_set_sum(struct fat_check *c, const uint8_t raw[FAT_SHORT_BYTES])
{
    uint8_t sum = fat_long_checksum(raw);
    for (uint32_t i = 0; i < c->long_count; i++)
        fat_mend_slot(c, c->long_at[i], FAT_SLOT_LONG_SUM, &sum, 1, FAT_STAGE_ADD);
}

bool fat_mend_set_write(struct fat_check *c, const struct fat_name *name)
{
    uint8_t slot[FAT_SLOT_BYTES], sum;
    uint32_t needed = fat_long_slots(name);
    if (needed > c->long_count) return false;
    if (!fat_mend_room(c, c->long_count, c->long_count * FAT_SLOT_BYTES)) return false;
    sum = fat_long_checksum(fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES));
    set_remove(c, c->long_count - needed);
    for (uint32_t i = 0; i < needed; i++) {
        fat_long_encode(name, needed - i, sum, slot);
        fat_mend_put(c, c->long_at[i], slot, sizeof slot, FAT_STAGE_ADD);
    }
    return true;
}

void fat_mend_say_name(struct fat_check *c, const char *what, const struct fat_name *name)
{
    char utf8[CAIRN_FAT_NAME_BYTES], shown[128];
    struct cairn_text text;
    cairn_text_init(&text, shown, sizeof shown);
    cairn_text_escaped(&text, utf8, fat_name_to_utf8(name, utf8));
    fat_mend_say(c, "%s \"%s\"", what, shown);
}

/* ---- walking --------------------------------------------------------------------------------- */

static uint32_t slots_end(const struct fat_check *c, const struct fat_check_cursor *at)
{
    return at->cluster ? c->geometry.cluster_bytes : c->geometry.root_entries * FAT_SLOT_BYTES;
}

static bool cluster_next(struct fat_check *c, struct fat_check_cursor *at)
{
    if (at->cluster == 0 || at->left <= 1) return false;
    at->cluster = fat_check_next(c, at->cluster);
    at->left--;
    at->offset = 0;
    return fat_check_in_range(c, at->cluster);
}

bool fat_mend_slots_next(struct fat_check *c, struct fat_mend_slots *walk)
{
    struct fat_check_cursor *at = &walk->at;
    if (at->offset >= slots_end(c, at) && !cluster_next(c, at)) return false;
    uint64_t start = at->cluster ? fat_check_cluster_at(c, at->cluster)
                                 : fat_check_sector_at(c, c->geometry.root_start);
    walk->slot_at = start + at->offset;
    walk->slot = fat_mend_look(c, walk->slot_at, FAT_SLOT_BYTES);
    at->offset += FAT_SLOT_BYTES;
    at->slot++;
    return true;
}

/* ---- sense ----------------------------------------------------------------------------------- */

bool fat_mend_is_dir(struct fat_check *c, uint32_t start)
{
    struct fat_dirent dot;
    if (!fat_check_in_range(c, start)) return false;
    fat_dirent_decode(fat_mend_look(c, fat_check_cluster_at(c, start), FAT_SLOT_BYTES),
                      c->geometry.type, &dot);
    return fat_check_dot_kind(dot.raw) == 0 && dot.start == start;
}

bool fat_mend_has_dots(struct fat_check *c, uint32_t start)
{
    if (!fat_check_in_range(c, start)) return false;
    const uint8_t *slots = fat_mend_look(c, fat_check_cluster_at(c, start), 2 * FAT_SLOT_BYTES);
    return fat_check_dot_kind(slots) == 0 || fat_check_dot_kind(slots + FAT_SLOT_BYTES) == 1;
}

/* A chain's head that is in use, and be it by another copy of the FAT, and that nobody has come by.
 */
static bool is_unclaimed_head(struct fat_check *c, uint32_t start)
{
    if (!fat_check_in_range(c, start) || start >= c->entries) return false;
    return !fat_check_bit(c->seen, start) && !fat_check_bit(c->mark, start) &&
           fat_mend_is_used(c, start);
}

static bool times_are_sound(const struct fat_dirent *entry)
{
    return (entry->modified_date == 0 ||
            fat_time_valid(entry->modified_date, entry->modified_time, 0)) &&
           (entry->created_date == 0 ||
            fat_time_valid(entry->created_date, entry->created_time, entry->created_tenths));
}

enum fat_mend_sense fat_mend_sense_of(struct fat_check *c, const uint8_t *slot)
{
    struct fat_dirent entry;
    fat_dirent_decode(slot, c->geometry.type, &entry);
    bool is_dir = entry.attributes & CAIRN_FAT_DIRECTORY;
    if ((entry.attributes & (0xC0 | CAIRN_FAT_VOLUME)) || !fat_short_valid(entry.raw) ||
        !times_are_sound(&entry))
        return FAT_MEND_NONSENSE;
    if (entry.start == 0 && entry.size == 0 && !is_dir) return FAT_MEND_EMPTY;
    if (!is_unclaimed_head(c, entry.start)) return FAT_MEND_NONSENSE;
    return !is_dir || fat_mend_is_dir(c, entry.start) ? FAT_MEND_ALIVE : FAT_MEND_NONSENSE;
}
