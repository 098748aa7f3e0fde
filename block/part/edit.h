/* SPDX-License-Identifier: ISC */
/* What changing a table and its gaps share. Private to block/part/. */
#ifndef CAIRN_PART_EDIT_PRIVATE_H
#define CAIRN_PART_EDIT_PRIVATE_H

#include "codec.h"

#include <cairn/part_edit.h>

/* The first extended partition, or NULL. */
const struct cairn_part *part_extended(const struct cairn_part_table *table);

/* The block behind the partition; what would wrap ends at the last number there is. */
uint64_t part_end(const struct cairn_part *part);

#endif
