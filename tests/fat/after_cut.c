/* SPDX-License-Identifier: ISC */
#include "after_cut.h"

#include <cairn/bytes.h>

bool after_cut_allows(struct after_cut done, enum cairn_fat_fault fault)
{
    static const enum cairn_fat_fault always[] = {
        CAIRN_FAT_FAULT_DIRTY,          CAIRN_FAT_FAULT_FSINFO_FREE,
        CAIRN_FAT_FAULT_FSINFO_NEXT,    CAIRN_FAT_FAULT_FATS_DIFFER,
        CAIRN_FAT_FAULT_ORPHAN,         CAIRN_FAT_FAULT_CHAIN_LONG,
        CAIRN_FAT_FAULT_LONG_ORPHAN,    CAIRN_FAT_FAULT_LONG_SEQUENCE,
        CAIRN_FAT_FAULT_LONG_CHECKSUM,  CAIRN_FAT_FAULT_DIR_AFTER_END,
        CAIRN_FAT_FAULT_BACKUP_DIFFERS,
    };
    for (size_t i = 0; i < CAIRN_COUNT(always); i++)
        if (fault == always[i]) return true;
    if (fault == CAIRN_FAT_FAULT_LABEL_DIFFERS) return done.labelled;
    if (fault == CAIRN_FAT_FAULT_LONG_DUPLICATE) return done.recased;
    bool two_names =
        fault == CAIRN_FAT_FAULT_CHAIN_SHARED || fault == CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET;
    return two_names && done.renamed;
}
