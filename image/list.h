/* SPDX-License-Identifier: ISC */
/* From an entry that a list gave to what it stands for. */
#ifndef CAIRN_IMAGE_LIST_PRIVATE_H
#define CAIRN_IMAGE_LIST_PRIVATE_H

#include <cairn/image.h>

/* The node of an entry of dir; held. CAIRN_ECORRUPT: another entry, which begins elsewhere, answers
 * to its name, so that it cannot be reached. */
enum cairn_err img_entry_open(struct cairn_fat_node *dir, const char *name, uint32_t first_cluster,
                              struct cairn_fat_node **node, struct cairn_why *why) CAIRN_MUST_USE;

#endif
