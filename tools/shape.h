/* SPDX-License-Identifier: ISC */
/* The options that shape a volume, which build and format share. */
#ifndef CAIRN_TOOLS_SHAPE_H
#define CAIRN_TOOLS_SHAPE_H

#include "volume.h"

#include <cairn/fat_format.h>

/* They stand in a verb's table in this order. */
#define TOOL_TYPE                                                                                  \
    {                                                                                              \
        "type", 't', "auto|12|16|32", "FAT12, FAT16 or FAT32 (auto)"                               \
    }
#define TOOL_CLUSTER                                                                               \
    {                                                                                              \
        "cluster", 'c', "SIZE", "bytes of a cluster, such as 4K (by the size)"                     \
    }
#define TOOL_SECTOR                                                                                \
    {                                                                                              \
        "sector", 0, "SIZE", "bytes of a sector: 512, 1K, 2K, 4K (512)"                            \
    }
#define TOOL_LABEL                                                                                 \
    {                                                                                              \
        "label", 'L', "LABEL", "up to 11 characters (none)"                                        \
    }
#define TOOL_FATS                                                                                  \
    {                                                                                              \
        "fats", 0, "N", "copies of the FAT (2)"                                                    \
    }
#define TOOL_ROOT_ENTRIES                                                                          \
    {                                                                                              \
        "root-entries", 0, "N", "of the root of a FAT12 or FAT16 (512)"                            \
    }
#define TOOL_RESERVED                                                                              \
    {                                                                                              \
        "reserved", 0, "N", "sectors before the first FAT"                                         \
    }

/* And TOOL_TZ. */
#define TOOL_SHAPE_OPTIONS 8u

/* The values of these options from `first` on; page: of the label. False after a message. */
bool tool_shape_take(const struct tool_args *args, uint32_t first, enum cairn_fat_codepage page,
                     struct cairn_fat_format_options *shape);

/* SOURCE_DATE_EPOCH in nanoseconds; *ns stays when it is not set. False after a message. */
bool tool_source_date(const struct tool_verb *verb, int64_t *ns);

#endif
