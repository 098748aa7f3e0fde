/* SPDX-License-Identifier: ISC */
#include "shape.h"

#include "out.h"
#include <stdlib.h>
#include <string.h>

enum { TYPE, CLUSTER, SECTOR, LABEL, FATS, ROOT_ENTRIES, RESERVED, TZ };

static bool type_take(const struct tool_args *args, uint32_t option,
                      struct cairn_fat_format_options *shape)
{
    static const char *const words[] = { "auto", "12", "16", "32", NULL };
    static const enum cairn_fat_type means[] = { CAIRN_FAT_AUTO, CAIRN_FAT12, CAIRN_FAT16,
                                                 CAIRN_FAT32 };
    uint32_t type = 0;
    if (!tool_arg_choice(args, option, words, &type)) return false;
    shape->type = means[type];
    return true;
}

/* Sizes that only make sense in 32 bits; what is larger is as wrong as anything. */
static bool size32_take(const struct tool_args *args, uint32_t option, uint32_t *out)
{
    uint64_t bytes = *out;
    if (!tool_arg_size(args, option, &bytes)) return false;
    if (bytes <= UINT32_MAX) {
        *out = (uint32_t)bytes;
        return true;
    }
    tool_usage(args->verb, "--%s=%s is too large", args->verb->options[option].name,
               args->values[option]);
    return false;
}

static bool label_take(const struct tool_args *args, uint32_t option, enum cairn_fat_codepage page,
                       struct cairn_fat_format_options *shape)
{
    struct cairn_why why = { 0 };
    const char *label = args->values[option];
    if (!label || !label[0]) return true;
    enum cairn_err err = cairn_fat_label_encode_in(page, label, strlen(label), shape->label, &why);
    if (!err) return true;
    (void)tool_fail("--label", err, &why);
    return false;
}

bool tool_shape_take(const struct tool_args *args, uint32_t first, enum cairn_fat_codepage page,
                     struct cairn_fat_format_options *shape)
{
    return type_take(args, first + TYPE, shape) &&
           size32_take(args, first + CLUSTER, &shape->cluster_bytes) &&
           size32_take(args, first + SECTOR, &shape->sector_bytes) &&
           label_take(args, first + LABEL, page, shape) &&
           tool_arg_u32(args, first + FATS, &shape->fat_count) &&
           tool_arg_u32(args, first + ROOT_ENTRIES, &shape->root_entries) &&
           tool_arg_u32(args, first + RESERVED, &shape->reserved_sectors) &&
           tool_tz_take(args->verb, args->values[first + TZ], &shape->utc_offset_min);
}

bool tool_source_date(const struct tool_verb *verb, int64_t *ns)
{
    char at[32];
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    if (!epoch || !epoch[0]) return true;
    if (strlen(epoch) < sizeof at - 1) {
        at[0] = '@';
        memcpy(at + 1, epoch, strlen(epoch) + 1);
        if (tool_time_parse(at, ns)) return true;
    }
    tool_usage(verb, "SOURCE_DATE_EPOCH=%s is not a number of seconds", epoch);
    return false;
}
