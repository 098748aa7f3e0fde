/* SPDX-License-Identifier: ISC */
/* The one door that every contradiction found on the disk passes through. */
#include "volume.h"

#include <cairn/text.h>

const struct cairn_log_source fat_log = { "fat", CAIRN_LOG_INFO };

enum cairn_err fat_corrupt(struct cairn_fat *fs, struct cairn_why *why, const char *fmt, ...)
{
    char buf[160];
    struct cairn_text text;
    va_list args;
    cairn_text_init(&text, buf, sizeof buf);
    va_start(args, fmt);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
    cairn_log(&fat_log, CAIRN_LOG_ERROR, "%s: %s", fs->dev->name, buf);
    (void)cairn_why_fail(why, CAIRN_ECORRUPT, "%s", buf);
    cairn_why_hint(why, "run cairn check on the volume");
    return CAIRN_ECORRUPT;
}
