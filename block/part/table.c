/* SPDX-License-Identifier: ISC */
/* Questions to a table. */
#include "codec.h"

const struct cairn_part *cairn_part_numbered(const struct cairn_part_table *table, uint32_t number)
{
    for (uint32_t i = 0; i < table->part_count; i++)
        if (table->parts[i].number == number) return &table->parts[i];
    return NULL;
}

bool cairn_part_is_extended(const struct cairn_part_table *table, const struct cairn_part *part)
{
    return table->scheme == CAIRN_PART_MBR && part->number < CAIRN_PART_LOGICAL &&
           mbr_type_is_extended(part->type_id);
}
