/* SPDX-License-Identifier: ISC */
#include "copy.h"

#include "stop.h"

bool tool_policies_take(const struct tool_args *args, uint32_t first,
                        struct tool_policies *policies)
{
    static const char *const link_words[] = { "error", "skip", "follow", NULL };
    static const char *const plain_words[] = { "error", "skip", NULL };
    static const char *const name_words[] = { "error", "skip", "map", NULL };
    static const enum cairn_image_policy link_means[] = { CAIRN_IMAGE_ERROR, CAIRN_IMAGE_SKIP,
                                                          CAIRN_IMAGE_FOLLOW };
    static const enum cairn_image_policy name_means[] = { CAIRN_IMAGE_ERROR, CAIRN_IMAGE_SKIP,
                                                          CAIRN_IMAGE_MAP };
    uint32_t on_link = 0, special = 0, name = 0, large = 0;
    if (!tool_arg_choice(args, first, link_words, &on_link) ||
        !tool_arg_choice(args, first + 1, plain_words, &special) ||
        !tool_arg_choice(args, first + 2, name_words, &name) ||
        !tool_arg_choice(args, first + 3, plain_words, &large))
        return false;
    *policies = (struct tool_policies){ link_means[on_link], link_means[special], name_means[name],
                                        link_means[large] };
    return true;
}

void tool_copy_notice(void *ctx, enum cairn_image_policy taken, const char *path, const char *text)
{
    struct tool_copy *copy = ctx;
    if (copy->quiet && taken != CAIRN_IMAGE_ERROR) return;
    tool_progress_clear(&copy->progress);
    const char *did = taken == CAIRN_IMAGE_SKIP ? "left out: " : "";
    tool_note("%s/%s: %s%s", copy->source, path, did, text);
}

bool tool_copy_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct tool_copy *copy = ctx;
    return tool_progress_tick(&copy->progress, done, total);
}

const char *tool_copy_blame(const char *source, const char *dest, enum cairn_err err)
{
    bool by_dest = err == CAIRN_ENOSPC || err == CAIRN_EEXIST || err == CAIRN_EACCES ||
                   err == CAIRN_EPERM || err == CAIRN_EROFS;
    return by_dest ? dest : source;
}

enum tool_status tool_copy_fail(struct tool_copy *copy, const char *place, enum cairn_err err,
                                struct cairn_why *why)
{
    tool_progress_clear(&copy->progress);
    if (tool_stop_asked()) return TOOL_FAILED;
    if (err != CAIRN_ECANCELED) return tool_fail(place, err, why);
    tool_note(
        "%s: nothing of it was written; --on-symlink, --on-special, --on-name and --on-large tell "
        "what to do with such things",
        place);
    return TOOL_FAILED;
}
