/* SPDX-License-Identifier: ISC */
#include "damage.h"

#include <string.h>

#include "damage_plant.h"

#define F(fault) CAIRN_FAT_FAULT_##fault
#define ON(type) DAMAGE_ON_##type

/* A line: name, function, volumes (0: all), does fsck.fat 4.2 find it, fault, consequences. */
/* clang-format off: a table */
const struct damage damages[] = {
    { "boot", damage_boot, ON(12) | ON(16), true, F(BOOT), { 0 } },
    { "backup-used", damage_boot, ON(32), true, F(BACKUP_USED), { 0 } },
    { "backup-fits", damage_boot_wrong, ON(32), true, F(BACKUP_USED), { 0 } },
    { "boot-signature", damage_boot_signature, 0, false, F(BOOT_SIGNATURE), { 0 } },
    { "backup-missing", damage_backup_missing, ON(32), true, F(BACKUP_MISSING), { 0 } },
    { "backup-differs", damage_backup_differs, ON(32), true, F(BACKUP_DIFFERS), { 0 } },
    { "fsinfo-missing", damage_fsinfo_missing, ON(32), true, F(FSINFO_MISSING), { 0 } },
    { "fsinfo-magic", damage_fsinfo_magic, ON(32), true, F(FSINFO_MAGIC), { 0 } },
    { "fsinfo-free", damage_fsinfo_free, ON(32), true, F(FSINFO_FREE), { 0 } },
    { "fsinfo-unset", damage_fsinfo_unset, ON(32), true, F(FSINFO_UNSET), { 0 } },
    { "fsinfo-next", damage_fsinfo_next, ON(32), false, F(FSINFO_NEXT), { 0 } },
    { "size", damage_size, 0, true, F(SIZE), { 0 } },
    { "fat-small", damage_fat_small, ON(32), true, F(FAT_SMALL), { F(FSINFO_FREE) } },
    { "few-clusters", damage_few_clusters, ON(32), true, F(FEW_CLUSTERS), { 0 } },
    { "dirty", damage_dirty, 0, true, F(DIRTY), { 0 } },
    { "dirty-fat", damage_dirty_fat, ON(16) | ON(32), true, F(DIRTY), { 0 } },
    { "error-bit", damage_error_bit, 0, false, F(ERROR_BIT), { 0 } },
    { "error-bit-fat", damage_error_bit_fat, ON(16) | ON(32), false, F(ERROR_BIT), { 0 } },
    { "fat-media", damage_fat_media, 0, false, F(FAT_MEDIA), { 0 } },
    { "fat-reserved", damage_fat_reserved, 0, false, F(FAT_RESERVED), { 0 } },
    { "fats-differ", damage_fats_differ, 0, true, F(FATS_DIFFER), { 0 } },
    { "fat-range", damage_fat_range, 0, true, F(FAT_RANGE), { F(ORPHAN) } },
    { "fat-nibble", damage_fat_nibble, ON(32), false, F(FAT_NIBBLE), { 0 } },
    { "chain-start-beyond", damage_chain_start_beyond, 0, true, F(CHAIN_START), { F(ORPHAN) } },
    { "chain-start-one", damage_chain_start_one, 0, true, F(CHAIN_START), { F(ORPHAN) } },
    { "chain-start-dir", damage_chain_start_dir, 0, true, F(CHAIN_START), { F(ORPHAN) } },
    { "chain-loop", damage_chain_loop, 0, true, F(CHAIN_LOOP), { 0 } },
    { "chain-self", damage_chain_self, 0, true, F(CHAIN_LOOP), { F(ORPHAN) } },
    { "chain-dir-loop", damage_chain_dir_loop, 0, true, F(CHAIN_LOOP), { 0 } },
    { "chain-free", damage_chain_free, 0, true, F(CHAIN_FREE), { F(ORPHAN) } },
    { "chain-free-start", damage_chain_free_start, 0, true, F(CHAIN_FREE), { F(ORPHAN) } },
    { "chain-free-dir", damage_chain_free_dir, 0, true, F(CHAIN_FREE), { F(ORPHAN) } },
    { "chain-bad", damage_chain_bad, 0, true, F(CHAIN_BAD), { F(ORPHAN) } },
    { "chain-range", damage_chain_range, 0, true, F(CHAIN_RANGE), { F(FAT_RANGE), F(ORPHAN) } },
    { "chain-outside", damage_chain_outside, 0, true, F(CHAIN_OUTSIDE), { F(SIZE) } },
    { "chain-long", damage_chain_long, 0, true, F(CHAIN_LONG), { 0 } },
    { "chain-long-empty", damage_chain_long_empty, 0, true, F(CHAIN_LONG), { 0 } },
    { "chain-short", damage_chain_short, 0, true, F(CHAIN_SHORT), { 0 } },
    { "chain-short-none", damage_chain_short_none, 0, true, F(CHAIN_SHORT), { 0 } },
    { "chain-shared", damage_chain_shared, 0, true, F(CHAIN_SHARED), { F(ORPHAN) } },
    { "chain-shared-start", damage_chain_shared_start, 0, true, F(CHAIN_SHARED), { F(ORPHAN) } },
    { "chain-shared-file-dir",
      damage_chain_shared_file_dir,
      0,
      true,
      F(CHAIN_SHARED),
      { F(CHAIN_LONG) } },
    { "chain-shared-dirs",
      damage_chain_shared_dirs,
      0,
      true,
      F(CHAIN_SHARED),
      { F(DIR_DOTDOT_TARGET) } },
    { "orphan", damage_orphan, 0, true, F(ORPHAN), { 0 } },
    { "orphan-ring", damage_orphan_ring, 0, true, F(ORPHAN), { 0 } },
    { "dir-size", damage_dir_size, 0, true, F(DIR_SIZE), { 0 } },
    { "dir-start", damage_dir_start, 0, true, F(DIR_START), { F(ORPHAN) } },
    { "dir-parent", damage_dir_parent, 0, true, F(DIR_PARENT), { F(ORPHAN) } },
    { "dir-parent-root", damage_dir_parent_root, ON(32), true, F(DIR_PARENT), { F(ORPHAN) } },
    { "dir-dot", damage_dir_dot, 0, true, F(DIR_DOT), { 0 } },
    { "dir-dot-moved", damage_dir_dot_moved, 0, true, F(DIR_DOT), { 0 } },
    { "dir-dotdot", damage_dir_dotdot, 0, true, F(DIR_DOTDOT), { 0 } },
    { "dir-dot-target", damage_dir_dot_target, 0, true, F(DIR_DOT_TARGET), { 0 } },
    { "dir-dotdot-target", damage_dir_dotdot_target, 0, true, F(DIR_DOTDOT_TARGET), { 0 } },
    { "dir-garbage",
      damage_dir_garbage,
      0,
      true,
      F(DIR_GARBAGE),
      { F(DIR_DOT), F(DIR_DOTDOT), F(ORPHAN) } },
    { "dir-big", damage_dir_big, ON(16) | ON(32), false, F(DIR_BIG), { 0 } },
    { "dir-after-end", damage_dir_after_end, 0, false, F(DIR_AFTER_END), { 0 } },
    { "name-illegal", damage_name_illegal, 0, true, F(NAME_ILLEGAL), { 0 } },
    { "name-control", damage_name_control, 0, true, F(NAME_ILLEGAL), { 0 } },
    { "name-lower", damage_name_lower, 0, false, F(NAME_ILLEGAL), { 0 } },
    { "name-space", damage_name_space, 0, true, F(NAME_ILLEGAL), { 0 } },
    { "name-dots", damage_name_dots, 0, true, F(NAME_DOTS), { 0 } },
    { "name-dots-twice", damage_name_dots_twice, 0, true, F(NAME_DOTS), { 0 } },
    { "name-duplicate", damage_name_duplicate, 0, true, F(NAME_DUPLICATE), { 0 } },
    { "long-duplicate", damage_long_duplicate, 0, false, F(LONG_DUPLICATE), { 0 } },
    { "long-orphan", damage_long_orphan, 0, true, F(LONG_ORPHAN), { 0 } },
    { "long-orphan-start", damage_long_orphan_start, 0, true, F(LONG_ORPHAN), { 0 } },
    { "long-orphan-middle", damage_long_orphan_middle, 0, true, F(LONG_ORPHAN), { 0 } },
    { "long-sequence", damage_long_sequence, 0, true, F(LONG_SEQUENCE), { 0 } },
    { "long-sequence-restart", damage_long_sequence_restart, 0, true, F(LONG_SEQUENCE), { 0 } },
    { "long-sequence-short", damage_long_sequence_short, 0, true, F(LONG_SEQUENCE), { 0 } },
    { "long-checksum", damage_long_checksum, 0, true, F(LONG_CHECKSUM), { 0 } },
    { "long-checksum-one", damage_long_checksum_one, 0, true, F(LONG_CHECKSUM), { 0 } },
    { "long-reserved-type", damage_long_reserved_type, 0, true, F(LONG_RESERVED), { 0 } },
    { "long-reserved-start", damage_long_reserved_start, 0, true, F(LONG_RESERVED), { 0 } },
    { "long-illegal", damage_long_illegal, 0, false, F(LONG_ILLEGAL), { 0 } },
    { "long-illegal-surrogate", damage_long_illegal_surrogate, 0, false, F(LONG_ILLEGAL), { 0 } },
    { "long-illegal-order", damage_long_illegal_order, 0, true, F(LONG_ILLEGAL), { 0 } },
    { "attributes", damage_attributes, 0, false, F(ATTRIBUTES), { 0 } },
    { "attributes-kind", damage_attributes_kind, 0, false, F(ATTRIBUTES), { 0 } },
    { "time", damage_time, 0, false, F(TIME), { 0 } },
    { "label-differs", damage_label_differs, 0, true, F(LABEL_DIFFERS), { 0 } },
    { "label-boot-only", damage_label_boot_only, 0, true, F(LABEL_DIFFERS), { 0 } },
    { "label-illegal", damage_label_illegal, 0, true, F(LABEL_ILLEGAL), { 0 } },
    { "label-extra", damage_label_extra, 0, false, F(LABEL_EXTRA), { 0 } },
    { "label-extra-dir", damage_label_extra_dir, 0, false, F(LABEL_EXTRA), { 0 } },
};
/* clang-format on */
const size_t damage_count = CAIRN_COUNT(damages);

bool damage_fits(const struct damage *damage, enum cairn_fat_type type)
{
    uint32_t bit = type == CAIRN_FAT12 ? ON(12) : type == CAIRN_FAT16 ? ON(16) : ON(32);
    return damage->on == 0 || (damage->on & bit);
}

const struct damage *damage_find(const char *name)
{
    for (size_t i = 0; i < damage_count; i++)
        if (strcmp(damages[i].name, name) == 0) return &damages[i];
    return NULL;
}

/* FSInfo itself is damaged after its count was made right. */
void damage_plant(const struct damage *damage, struct sample *s)
{
    damage->plant(s);
    if (strncmp(damage->name, "fsinfo", 6) != 0) sample_fsinfo(s);
}
