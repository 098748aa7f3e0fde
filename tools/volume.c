/* SPDX-License-Identifier: ISC */
#include "volume.h"

#include "out.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct tool_option tool_volume_options[] = {
    TOOL_CODEPAGE,
    { "short-names", 0, "POLICY", "lower, win95, winnt or mixed (mixed)" },
    { "no-numeric-tail", 0, NULL, "8.3 aliases without ~1 where they can be" },
    TOOL_TZ,
    { NULL, 0, NULL, NULL },
};

bool tool_codepage_take(const struct tool_verb *verb, const char *value,
                        enum cairn_fat_codepage *page)
{
    if (!value) return true;
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (*end == '\0' && number <= UINT32_MAX && cairn_fat_codepage_known((uint32_t)number)) {
        *page = (enum cairn_fat_codepage)number;
        return true;
    }
    tool_usage(verb, "--codepage=%s is not one of those with one byte a character, such as 850",
               value);
    return false;
}

/* Fixed, as Linux and Windows have it: what the zone is now, for times of summer and winter. */
static bool local_offset(int32_t *utc_offset_min)
{
    struct tm tm;
    time_t now = time(NULL);
    if (!localtime_r(&now, &tm)) return false;
    *utc_offset_min = (int32_t)(tm.tm_gmtoff / 60);
    return true;
}

static bool offset_parse(const char *text, int32_t *utc_offset_min)
{
    static const char form[] = "+00:00";
    if (strlen(text) != strlen(form) || strspn(text, "+-") != 1) return false;
    for (size_t i = 1; form[i]; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    int32_t hours = (text[1] - '0') * 10 + text[2] - '0';
    int32_t minutes = (text[4] - '0') * 10 + text[5] - '0';
    if (hours * 60 + minutes > 24 * 60 || minutes > 59) return false;
    *utc_offset_min = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
    return true;
}

bool tool_tz_take(const struct tool_verb *verb, const char *value, int32_t *utc_offset_min)
{
    if (!value || strcmp(value, "UTC") == 0) return true;
    if (strcmp(value, "local") == 0 && local_offset(utc_offset_min)) return true;
    if (offset_parse(value, utc_offset_min)) return true;
    tool_usage(verb, "--tz=%s is not UTC, local, or a distance from UTC such as +05:30", value);
    return false;
}

static bool short_names_take(const struct tool_verb *verb, const char *value,
                             enum cairn_fat_short_names *policy)
{
    static const struct {
        const char *word;
        enum cairn_fat_short_names means;
    } words[] = { { "mixed", CAIRN_FAT_SHORT_MIXED },
                  { "lower", CAIRN_FAT_SHORT_LOWER },
                  { "win95", CAIRN_FAT_SHORT_WIN95 },
                  { "winnt", CAIRN_FAT_SHORT_WINNT } };
    if (!value) return true;
    for (size_t i = 0; i < CAIRN_COUNT(words); i++) {
        if (strcmp(value, words[i].word) != 0) continue;
        *policy = words[i].means;
        return true;
    }
    tool_usage(verb, "--short-names=%s is not lower, win95, winnt or mixed", value);
    return false;
}

bool tool_volume_take(const struct tool_args *args, struct cairn_fat_options *options)
{
    const struct tool_verb *verb = args->verb;
    const char *const *values = args->volume;
    if (tool_has_change(args, TOOL_CHANGE_DIRTY)) options->on_dirty = CAIRN_FAT_DIRTY_WRITE;
    options->no_numeric_tail = values[TOOL_VOLUME_NO_NUMERIC_TAIL] != NULL;
    return tool_codepage_take(verb, values[TOOL_VOLUME_CODEPAGE], &options->codepage) &&
           short_names_take(verb, values[TOOL_VOLUME_SHORT_NAMES], &options->short_names) &&
           tool_tz_take(verb, values[TOOL_VOLUME_TZ], &options->utc_offset_min);
}
