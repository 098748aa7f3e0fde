/* SPDX-License-Identifier: ISC */
/* The door between check and the menders. */
#include "menders.h"

#define F(fault) [CAIRN_FAT_FAULT_##fault]

/* NULL: nothing can be done that is better than to leave it. FAT_NIBBLE: the bits are reserved, not
 * ours to change; READ: the device has to be copied to a sound one first. */
/* clang-format off: a table */
static fat_mender *const menders[CAIRN_FAT_FAULT_COUNT] = {
    F(BOOT) = fat_mend_boot_lost,
    F(BOOT_DOUBT) = fat_mend_boot_doubt,
    F(BACKUP_USED) = fat_mend_boot_dead,
    F(BOOT_SIGNATURE) = fat_mend_boot_signature,
    F(BACKUP_MISSING) = fat_mend_backup_missing,
    F(BACKUP_DIFFERS) = fat_mend_backup_differs,
    F(FSINFO_MISSING) = fat_mend_fsinfo_missing,
    F(FSINFO_MAGIC) = fat_mend_fsinfo_magic,
    F(FSINFO_FREE) = fat_mend_fsinfo_count,
    F(FSINFO_UNSET) = fat_mend_fsinfo_count,
    F(FSINFO_NEXT) = fat_mend_fsinfo_next,
    F(SIZE) = fat_mend_boot_size,
    F(FAT_SMALL) = fat_mend_boot_fat_small,
    F(FEW_CLUSTERS) = fat_mend_boot_few,
    F(DIRTY) = fat_mend_dirty,
    F(ERROR_BIT) = fat_mend_error_bit,
    F(FAT_MEDIA) = fat_mend_media,
    F(FAT_RESERVED) = fat_mend_reserved,
    F(FATS_DIFFER) = fat_mend_copies_differ,
    F(FAT_RANGE) = fat_mend_range,
    F(CHAIN_START) = fat_mend_chain_start,
    F(CHAIN_LOOP) = fat_mend_chain_broken,
    F(CHAIN_FREE) = fat_mend_chain_broken,
    F(CHAIN_BAD) = fat_mend_chain_broken,
    F(CHAIN_RANGE) = fat_mend_chain_broken,
    F(CHAIN_OUTSIDE) = fat_mend_chain_outside,
    F(CHAIN_LONG) = fat_mend_chain_long,
    F(CHAIN_SHORT) = fat_mend_chain_short,
    F(CHAIN_SHARED) = fat_mend_chain_shared,
    F(ORPHAN) = fat_mend_orphan,
    F(DIR_SIZE) = fat_mend_dir_size,
    F(DIR_START) = fat_mend_dir_start,
    F(DIR_PARENT) = fat_mend_dir_parent,
    F(DIR_DOT) = fat_mend_dir_dot,
    F(DIR_DOTDOT) = fat_mend_dir_dotdot,
    F(DIR_DOT_TARGET) = fat_mend_dot_target,
    F(DIR_DOTDOT_TARGET) = fat_mend_dotdot_target,
    F(DIR_GARBAGE) = fat_mend_dir_garbage,
    F(DIR_BIG) = fat_mend_dir_big,
    F(DIR_AFTER_END) = fat_mend_dir_after_end,
    F(NAME_ILLEGAL) = fat_mend_name_illegal,
    F(NAME_DOTS) = fat_mend_name_dots,
    F(NAME_DUPLICATE) = fat_mend_name_duplicate,
    F(LONG_DUPLICATE) = fat_mend_long_duplicate,
    F(LONG_ORPHAN) = fat_mend_long_orphan,
    F(LONG_SEQUENCE) = fat_mend_long_sequence,
    F(LONG_CHECKSUM) = fat_mend_long_checksum,
    F(LONG_RESERVED) = fat_mend_long_reserved,
    F(LONG_ILLEGAL) = fat_mend_long_illegal,
    F(ATTRIBUTES) = fat_mend_attributes,
    F(TIME) = fat_mend_time,
    F(LABEL_DIFFERS) = fat_mend_label_differs,
    F(LABEL_ILLEGAL) = fat_mend_label_illegal,
    F(LABEL_EXTRA) = fat_mend_label_extra,
};
/* clang-format on */

bool fat_mend_fault(struct fat_check *c, enum cairn_fat_fault fault, uint32_t cluster, uint64_t a,
                    uint64_t b)
{
    struct fat_mend *mend = c->mend;
    mend->action[0] = mend->lost[0] = 0;
    mend->waits = false;
    mend->unreadable |= fault == CAIRN_FAT_FAULT_READ;
    if (!menders[fault] || mend->unreadable) return false;
    bool again = menders[fault](c, cluster, a, b);
    mend->mended += mend->action[0] != 0;
    return again;
}

bool fat_mend_tells(struct fat_check *c, struct cairn_fat_finding *found)
{
    struct fat_mend *mend = c->mend;
    bool mended = mend->action[0] != 0;
    found->action = mend->action;
    found->lost = mend->lost;
    if (mend->waits || (!mended && mend->pass > 1)) return false;
    mend->result->findings += mended || found->severity != CAIRN_FAT_NOTE;
    mend->result->mended += mended;
    return true;
}

void fat_mend_say(struct fat_check *c, const char *fmt, ...)
{
    struct cairn_text text;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&text, c->mend->action, sizeof c->mend->action);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
}

void fat_mend_loses(struct fat_check *c, const char *fmt, ...)
{
    struct cairn_text text;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&text, c->mend->lost, sizeof c->mend->lost);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
}
