/* SPDX-License-Identifier: ISC */
/* What a volume does not say of itself, and Linux's vfat has as mount options: the meaning of bytes
 * in names, and the zone of its times. */
#ifndef CAIRN_TOOLS_VOLUME_H
#define CAIRN_TOOLS_VOLUME_H

#include "args.h"

#include <cairn/fat.h>

/* Of verbs that make volumes, too. */
#define TOOL_CODEPAGE                                                                              \
    {                                                                                              \
        "codepage", 0, "NUMBER", "of 8.3 names: 437, 850, 1252, ... (437)"                         \
    }
#define TOOL_TZ                                                                                    \
    {                                                                                              \
        "tz", 0, "ZONE", "of the volume's times: UTC, local or +HH:MM (UTC)"                       \
    }

/* Values of such options, NULL when they are not given. False after a message. */
bool tool_codepage_take(const struct tool_verb *verb, const char *value,
                        enum cairn_fat_codepage *page);
bool tool_tz_take(const struct tool_verb *verb, const char *value, int32_t *utc_offset_min);

/* All of tool_volume_options, and --dirty. */
bool tool_volume_take(const struct tool_args *args, struct cairn_fat_options *options);

#endif
