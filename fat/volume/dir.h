/* SPDX-License-Identifier: ISC */
/* Directories of a mounted volume: slots, finding, adding, removing. */
#ifndef CAIRN_FAT_DIR_H
#define CAIRN_FAT_DIR_H

#include "volume.h"

#define FAT_DIR_SLOTS_MAX 65536u /* 2 MiB: fatgen103 lets a directory be no larger */

/* An entry in its directory. */
struct fat_found {
    uint32_t slot_first, slot;
    struct fat_dirent entry;
    bool has_long;
    struct fat_name name; /* long, or the short one as shown */
};

/* One slot after the other. */
struct fat_dir_cursor {
    struct cairn_fat_node *dir;
    uint32_t slot;         /* the one that `at` shows */
    struct fat_page *page; /* pinned; NULL before the first */
    uint8_t *at;
};
void fat_dir_cursor_init(struct fat_dir_cursor *cursor, struct cairn_fat_node *dir);
void fat_dir_cursor_done(struct fat_dir_cursor *cursor);
/* Show `slot`. CAIRN_ENOENT behind the directory's last cluster. */
enum cairn_err fat_dir_cursor_seek(struct fat_dir_cursor *cursor, uint32_t slot,
                                   struct cairn_why *why) CAIRN_MUST_USE;

/* The first entry whose 8.3 slot is at or behind `from`, long-name slots before it included;
 * without ".", ".." and labels (with_label: labels too). CAIRN_ENOENT: no more. */
enum cairn_err fat_dir_next(struct cairn_fat_node *dir, uint32_t from, bool with_label,
                            struct fat_found *found, struct cairn_why *why) CAIRN_MUST_USE;

/* The entry whose 8.3 slot is this one. CAIRN_ENOENT when that is none. */
enum cairn_err fat_dir_read(struct cairn_fat_node *dir, uint32_t slot, struct fat_found *found,
                            struct cairn_why *why) CAIRN_MUST_USE;

/* By long or short name. CAIRN_ENOENT. */
enum cairn_err fat_dir_find(struct cairn_fat_node *dir, const struct fat_name *name,
                            struct fat_found *found, struct cairn_why *why) CAIRN_MUST_USE;

/* Learn the directory: end, holes, index. Once; cheap afterwards. */
enum cairn_err fat_dir_survey(struct cairn_fat_node *dir, struct cairn_why *why) CAIRN_MUST_USE;

/* CAIRN_ENOTEMPTY when it has entries besides "." and "..". */
enum cairn_err fat_dir_empty(struct cairn_fat_node *dir, struct cairn_why *why) CAIRN_MUST_USE;

/* An entry to be added: found->name and found->entry (raw is chosen here) are set; the rest is
 * filled in. Slots are made ready and stay pinned until put. */
struct fat_dir_place {
    struct cairn_fat_node *dir;
    uint32_t slot_first, slots;
    struct fat_page *pages[FAT_LONG_SLOTS_MAX + 1]; /* one pin a slot */
    uint8_t *at[FAT_LONG_SLOTS_MAX + 1];
};
/* Room for so many adjacent slots, pinned; the directory grows when need be. */
enum cairn_err fat_dir_room(struct cairn_fat_node *dir, uint32_t slots, struct fat_dir_place *place,
                            struct cairn_why *why) CAIRN_MUST_USE;
/* Find room for name in dir, growing it when need be, and choose its alias into entry->raw and
 * ->case_bits. May sync (before it looks for anything). CAIRN_ENOSPC. */
enum cairn_err fat_dir_prepare(struct cairn_fat_node *dir, const struct fat_name *name,
                               struct fat_dirent *entry, struct fat_dir_place *place,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Write the entry there, stage ADD; or give the place up. Cannot fail. */
void fat_dir_commit(struct fat_dir_place *place, const struct fat_name *name,
                    const struct fat_dirent *entry);
void fat_dir_abandon(struct fat_dir_place *place);

/* Put one prepared slot in, stage ADD. */
void fat_dir_put(struct fat_dir_place *place, uint32_t i, const uint8_t slot[FAT_SLOT_BYTES]);

/* Pin an entry's slots; then remove them, stage REMOVE. */
enum cairn_err fat_dir_pin(struct cairn_fat_node *dir, uint32_t slot_first, uint32_t slot,
                           struct fat_dir_place *place, struct cairn_why *why) CAIRN_MUST_USE;
void fat_dir_erase(struct fat_dir_place *place, const struct fat_found *found);

/* Choose an 8.3 name that is new in dir (alias.c); exact: it is stored without long slots. */
enum cairn_err fat_dir_alias(struct cairn_fat_node *dir, const struct fat_name *name,
                             struct fat_short *alias, struct cairn_why *why) CAIRN_MUST_USE;
/* An entry's names into the index, and out of it (which notes them as removed). false: it is full.
 */
bool fat_dir_index_add(struct cairn_fat_node *dir, const struct fat_name *name,
                       const uint8_t raw[FAT_SHORT_BYTES], uint32_t slot);
void fat_dir_index_remove(struct cairn_fat_node *dir, const struct fat_found *found);
/* Note an alias's numeric tail in the index. false: the index is full. */
bool fat_dir_alias_note(struct cairn_fat_node *dir, const uint8_t raw[FAT_SHORT_BYTES]);

#endif
