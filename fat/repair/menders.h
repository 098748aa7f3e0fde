/* SPDX-License-Identifier: ISC */
/* Every mender, for the table in mend.c. */
#ifndef CAIRN_FAT_MENDERS_H
#define CAIRN_FAT_MENDERS_H

#include "mend.h"

/* mend_boot.c */
fat_mender fat_mend_boot_lost, fat_mend_boot_doubt, fat_mend_boot_dead, fat_mend_boot_signature,
    fat_mend_boot_size, fat_mend_boot_fat_small, fat_mend_boot_few, fat_mend_backup_missing,
    fat_mend_backup_differs, fat_mend_fsinfo_missing, fat_mend_fsinfo_magic, fat_mend_fsinfo_count,
    fat_mend_fsinfo_next;
/* mend_fat.c */
fat_mender fat_mend_dirty, fat_mend_error_bit, fat_mend_media, fat_mend_reserved,
    fat_mend_copies_differ, fat_mend_range;
/* mend_chain.c */
fat_mender fat_mend_chain_start, fat_mend_chain_broken, fat_mend_chain_outside, fat_mend_chain_long,
    fat_mend_chain_short, fat_mend_chain_shared;
/* mend_orphan.c */
fat_mender fat_mend_orphan;
/* mend_dir.c, mend_dots.c, mend_lost.c */
fat_mender fat_mend_dir_size, fat_mend_dir_start, fat_mend_dir_parent, fat_mend_dir_big,
    fat_mend_dot_target, fat_mend_dotdot_target, fat_mend_dir_dot, fat_mend_dir_dotdot,
    fat_mend_dir_garbage, fat_mend_dir_after_end;
/* mend_name.c, mend_long.c */
fat_mender fat_mend_name_illegal, fat_mend_name_dots, fat_mend_name_duplicate,
    fat_mend_long_duplicate, fat_mend_long_orphan, fat_mend_long_sequence, fat_mend_long_checksum,
    fat_mend_long_reserved, fat_mend_long_illegal;
/* mend_entry.c, mend_label.c */
fat_mender fat_mend_attributes, fat_mend_time, fat_mend_label_differs, fat_mend_label_illegal,
    fat_mend_label_extra;

#endif
