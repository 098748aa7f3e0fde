/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"
#include "session.h"

#include <string.h>

enum { MKDIR_PARENTS };
static const struct tool_option options[] = {
    { "parents", 'p', NULL, "make those above too; one that is there is no error" },
    { NULL, 0, NULL, NULL },
};

static enum cairn_err directory_make(struct cairn_fat *fs, const char *path, size_t len,
                                     struct cairn_why *why)
{
    struct cairn_fat_node *dir, *node;
    const char *name;
    size_t name_len;
    enum cairn_err err = cairn_fat_walk_parent(fs, path, len, &dir, &name, &name_len, why);
    if (err) return err;
    err = cairn_fat_mkdir(dir, name, name_len, &node, why);
    cairn_fat_release(dir);
    if (!err) cairn_fat_release(node);
    return err;
}

static enum cairn_err is_directory(struct cairn_fat *fs, const char *path, size_t len,
                                   struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_walk(fs, path, len, &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    cairn_fat_release(node);
    if (err || stat.is_directory) return err;
    err = cairn_why_fail(why, CAIRN_ENOTDIR, "make a directory");
    cairn_why_path(why, path, len);
    return err;
}

/* From the top, one segment more at a time. */
static enum cairn_err parents_make(struct cairn_fat *fs, const char *path, struct cairn_why *why)
{
    for (size_t len = strspn(path, "/"); path[len];) {
        len += strcspn(path + len, "/");
        enum cairn_err err = is_directory(fs, path, len, why);
        if (err == CAIRN_ENOENT) err = directory_make(fs, path, len, why);
        if (err) return err;
        len += strspn(path + len, "/");
    }
    return CAIRN_OK;
}

static enum cairn_err place_mkdir(void *ctx, struct cairn_image *image, const char *text,
                                  const char *path, struct cairn_why *why)
{
    const bool *parents = ctx;
    struct cairn_fat *fs = cairn_image_fat(image);
    (void)text;
    return *parents ? parents_make(fs, path, why) : directory_make(fs, path, strlen(path), why);
}

static enum tool_status run(const struct tool_args *args)
{
    bool parents = tool_has(args, MKDIR_PARENTS);
    return tool_each_place(args, args->operand_count, true, place_mkdir, &parents);
}

const struct tool_verb tool_verb_mkdir = {
    .name = "mkdir",
    .summary = "Make directories",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .changes = true,
    .example = "  cairn mkdir -p disk.img:/EFI/BOOT",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
