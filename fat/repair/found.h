/* SPDX-License-Identifier: ISC */
/* The directory found/ in the root, where what nothing names gets a name. */
#ifndef CAIRN_FAT_FOUND_H
#define CAIRN_FAT_FOUND_H

#include "mend.h"

/* Make an entry for a chain: FILE0001, DIR0001, ...; found/ is made, or grows, as needed. Leaves
 * room for three more changes. c->slot_at is the slot and c->entry_name the name afterwards. false:
 * no space in the root or on the volume, or no room. */
bool fat_found_add(struct fat_check *c, bool is_dir, uint32_t start, uint32_t size);
/* The name of found/ itself. */
void fat_found_name(const struct fat_check *c, struct fat_name *name);

#endif
