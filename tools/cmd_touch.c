/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"
#include "session.h"

#include <cairn/clock.h>
#include <string.h>

enum { TOUCH_TIME };
static const struct tool_option options[] = {
    { "time", 't', "TIME", "2024-05-01, 2024-05-01T12:34:56Z or @SECONDS, in UTC (now)" },
    { NULL, 0, NULL, NULL },
};

static enum cairn_err file_create(struct cairn_fat *fs, const char *path,
                                  struct cairn_fat_node **node, struct cairn_why *why)
{
    struct cairn_fat_node *dir;
    const char *name;
    size_t len;
    enum cairn_err err = cairn_fat_walk_parent(fs, path, strlen(path), &dir, &name, &len, why);
    if (err) return err;
    err = cairn_fat_create(dir, name, len, node, why);
    cairn_fat_release(dir);
    return err;
}

static enum cairn_err place_touch(void *ctx, struct cairn_image *image, const char *text,
                                  const char *path, struct cairn_why *why)
{
    const struct cairn_fat_stat *stat = ctx;
    struct cairn_fat *fs = cairn_image_fat(image);
    struct cairn_fat_node *node;
    (void)text;
    enum cairn_err err = cairn_fat_walk(fs, path, strlen(path), &node, why);
    if (err == CAIRN_ENOENT) err = file_create(fs, path, &node, why);
    if (err) return err;
    err = cairn_fat_stat_set(node, stat, CAIRN_FAT_SET_MODIFIED, why);
    cairn_fat_release(node);
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct cairn_fat_stat stat = { .modified_ns =
                                       cairn_clock_wall_now(cairn_clock_wall_platform()) };
    const char *time = args->values[TOUCH_TIME];
    if (time && !tool_time_parse(time, &stat.modified_ns))
        return tool_usage(
            args->verb, "--time=%s is no time, such as 2024-05-01T12:34:56Z or @1714566896", time);
    return tool_each_place(args, args->operand_count, true, place_touch, &stat);
}

const struct tool_verb tool_verb_touch = {
    .name = "touch",
    .summary = "Set the modification time; make files that are not there",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .changes = true,
    .example = "  cairn touch --time=2024-05-01 disk.img:/a.txt",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
