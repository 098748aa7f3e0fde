/* SPDX-License-Identifier: ISC */
/* The bytes of an image that are not contents, made from the plan as they are needed. Pure. */
#ifndef CAIRN_IMAGE_META_H
#define CAIRN_IMAGE_META_H

#include "plan.h"

/* Where in plan->order a FAT has got to. */
struct img_fat_cursor {
    uint32_t at;
};

/* Bytes of one FAT up to the last entry in use, in whole sectors; the rest of it is zeros. */
uint64_t img_fat_used_bytes(const struct cairn_image_plan *plan);

/* Entries first .. first + count of the FAT into buf, which is zeroed, first at its start. Called
 * with rising `first` from a cursor that began as zeros. FAT12: first is even. */
void img_fat_fill(const struct cairn_image_plan *plan, struct img_fat_cursor *cursor,
                  uint32_t first, uint32_t count, uint8_t *buf);

/* The slots of a directory into buf, which is zeroed and has room for its clusters. */
void img_directory_fill(const struct cairn_image_plan *plan, uint32_t dir, uint8_t *buf);

/* What the FSInfo sectors of FAT32 say; sector is zeroed. */
void img_fsinfo_fill(const struct cairn_image_plan *plan, uint8_t *sector);

#endif
