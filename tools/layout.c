/* SPDX-License-Identifier: ISC */
#include "layout.h"

#include "args.h"
#include "out.h"
#include "session.h"
#include "stop.h"
#include <stdlib.h>
#include <string.h>

static bool progress_tick(void *ctx, uint64_t done, uint64_t total)
{
    struct tool_layout *layout = ctx;
    uint64_t bytes = layout->result.before.cluster_bytes;
    return tool_progress_tick(&layout->progress, done * bytes, total * bytes);
}

enum tool_status tool_layout_begin(struct tool_layout *layout, const struct tool_args *args,
                                   const char *what, bool write, bool quiet)
{
    struct cairn_image_place place;
    struct cairn_image_open_options how = { .write = write };
    struct cairn_why why = { 0 };
    enum tool_status status;
    layout->text = args->operands[0];
    (void)tool_place_is(layout->text, &place, &status);
    if (status) return status;
    if (place.has_path && strcmp(place.path, "/") != 0)
        return tool_usage(args->verb, "'%s' is inside a volume; name the image", layout->text);
    enum cairn_err err = cairn_image_open_device(&layout->image, &place, &how, &why);
    if (err) return tool_fail(layout->text, err, &why);
    layout->dev = cairn_image_blk(layout->image);
    layout->options.progress = progress_tick;
    layout->options.ctx = layout;
    tool_progress_init(&layout->progress, what, quiet);
    if (write) tool_stop_catch();
    return TOOL_DONE;
}

enum tool_status tool_layout_end(struct tool_layout *layout, enum cairn_err err,
                                 struct cairn_why *why)
{
    enum tool_status status = TOOL_DONE;
    tool_progress_clear(&layout->progress);
    if (err) status = tool_stop_asked() ? TOOL_FAILED : tool_fail(layout->text, err, why);
    err = cairn_image_close(layout->image, why);
    if (err && !status) status = tool_fail(layout->text, err, why);
    tool_stop_finish();
    return status;
}

/* The library says EINVAL for "not FAT", too; about an image that is a statement about its data. */
static enum cairn_err judged(const struct tool_layout *layout, enum cairn_err err,
                             struct cairn_why *why)
{
    if (err != CAIRN_EINVAL || layout->result.before.type) return err;
    why->err = CAIRN_ECORRUPT;
    return CAIRN_ECORRUPT;
}

enum cairn_err tool_layout_resize(struct tool_layout *layout, uint64_t bytes, struct cairn_why *why)
{
    size_t need = cairn_fat_layout_mem(layout->dev, bytes);
    void *mem = malloc(need);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "work in %zu bytes of memory", need);
    enum cairn_err err =
        cairn_fat_resize(layout->dev, bytes, &layout->options, mem, need, &layout->result, why);
    free(mem);
    return judged(layout, err, why);
}

enum cairn_err tool_layout_defrag(struct tool_layout *layout, struct cairn_why *why)
{
    size_t need = cairn_fat_layout_mem(layout->dev, 0);
    void *mem = malloc(need);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "work in %zu bytes of memory", need);
    enum cairn_err err =
        cairn_fat_defrag(layout->dev, &layout->options, mem, need, &layout->result, why);
    free(mem);
    return judged(layout, err, why);
}
