/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"
#include "session.h"

#include <string.h>

enum { MV_NO_REPLACE };
static const struct tool_option options[] = {
    { "no-replace", 'n', NULL, "a target that exists is an error" },
    { NULL, 0, NULL, NULL },
};

struct mv {
    const struct tool_args *args;
    struct tool_session session;
    const char *dest;
    struct cairn_image_place dest_place;
    struct cairn_image *image;
};

static enum tool_status place_open(struct mv *mv, const char *text, struct cairn_image_place *place,
                                   struct cairn_image **image)
{
    enum tool_status status;
    if (tool_place_is(text, place, &status)) {
        *image = tool_session_image(&mv->session, place, true, text, &status);
        return status;
    }
    if (status) return status;
    return tool_usage(mv->args->verb, "'%s' is no place in an image, such as disk.img:/a", text);
}

static enum tool_status source_move(struct mv *mv, const char *text)
{
    struct cairn_image_place place;
    struct cairn_image *image = NULL;
    struct cairn_why why = { 0 };
    enum tool_status status = place_open(mv, text, &place, &image);
    if (status) return status;
    enum cairn_err err = CAIRN_OK;
    if (image != mv->image) {
        err = cairn_why_fail(&why, CAIRN_EXDEV, "move to %s", mv->dest);
        cairn_why_hint(&why, "`cairn cp -r` copies it, `cairn rm -r` removes the original");
    } else {
        err = cairn_image_move(image, place.path, mv->dest_place.path,
                               tool_has(mv->args, MV_NO_REPLACE), &why);
    }
    return err ? tool_fail(text, err, &why) : TOOL_DONE;
}

/* Several go into one directory, or nowhere. */
static enum tool_status dest_check(struct mv *mv)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat = { .is_directory = false };
    const char *path = mv->dest_place.path;
    if (mv->args->operand_count == 2) return TOOL_DONE;
    enum cairn_err err =
        cairn_fat_walk(cairn_image_fat(mv->image), path, strlen(path), &node, NULL);
    if (!err) {
        err = cairn_fat_stat(node, &stat, NULL);
        cairn_fat_release(node);
    }
    if (!err && stat.is_directory) return TOOL_DONE;
    tool_note("%s: not a directory, so only one thing can be moved to it", mv->dest);
    return TOOL_FAILED;
}

static enum tool_status run(const struct tool_args *args)
{
    struct mv mv = { .args = args, .dest = args->operands[args->operand_count - 1] };
    if (!tool_session_init(&mv.session, args)) return TOOL_USAGE;
    enum tool_status status = place_open(&mv, mv.dest, &mv.dest_place, &mv.image);
    if (!status) status = dest_check(&mv);
    for (uint32_t i = 0; i + 1 < args->operand_count && !status; i++)
        status = source_move(&mv, args->operands[i]);
    return tool_session_close(&mv.session, status);
}

const struct tool_verb tool_verb_mv = {
    .name = "mv",
    .summary = "Rename or move within an image",
    .operands = "PLACE... PLACE",
    .options = options,
    .volume = true,
    .changes = true,
    .example = "  cairn mv disk.img:/old.txt disk.img:/new.txt",
    .operands_least = 2,
    .operands_most = TOOL_ANY,
    .run = run,
};
