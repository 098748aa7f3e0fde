/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"
#include "session.h"
#include "stop.h"

#include <string.h>

enum { RM_RECURSIVE, RM_FORCE };
static const struct tool_option options[] = {
    { "recursive", 'r', NULL, "directories with all that is in them" },
    { "force", 'f', NULL, "read-only files too; what is not there is no error" },
    { NULL, 0, NULL, NULL },
};

static enum cairn_err refuse_read_only(void *ctx, const struct cairn_image_step *step,
                                       struct cairn_why *why)
{
    const char *place = ctx;
    if (!(step->entry->stat.attributes & CAIRN_FAT_READ_ONLY) || step->node) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EPERM, "it is read-only");
    const char *path = step->depth ? step->path : place;
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why, "-f removes it all the same");
    return err;
}

static enum cairn_err place_remove(void *ctx, struct cairn_image *image, const char *text,
                                   const char *path, struct cairn_why *why)
{
    const struct tool_args *args = ctx;
    bool force = tool_has(args, RM_FORCE);
    enum cairn_err err = CAIRN_OK;
    if (!force) {
        char place[8192];
        snprintf(place, sizeof place, "%s", path);
        struct cairn_image_walker walker = { .visit = refuse_read_only, .ctx = place };
        err = cairn_image_walk(cairn_image_fat(image), path, &walker, why);
    }
    (void)text;
    if (!err) err = cairn_image_remove(image, path, tool_has(args, RM_RECURSIVE), why);
    return err == CAIRN_ENOENT && force ? CAIRN_OK : err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_args copy = *args;
    return tool_each_place(args, args->operand_count, true, place_remove, &copy);
}

const struct tool_verb tool_verb_rm = {
    .name = "rm",
    .summary = "Remove files and directories",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .changes = true,
    .example = "  cairn rm disk.img:/a.txt disk.img:/b.txt\n  cairn rm -r disk.img:/old",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
