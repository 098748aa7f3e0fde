/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <cairn/fat_layout.h>
#include <string.h>

enum { QUIET, JSON };
static const struct tool_option options[] = {
    { "quiet", 'q', NULL, "do not say how much" },
    { "json", 0, NULL, "JSON: place and bytes" },
    { NULL, 0, NULL, NULL },
};

struct trim {
    bool quiet, as_json;
};

static void tell(const struct trim *trim, const struct cairn_blk *dev, const char *text,
                 uint64_t bytes)
{
    char size[TOOL_TEXT_BYTES];
    bool knows = dev->info.extents != CAIRN_BLK_ABSENT;
    if (trim->quiet) return;
    if (trim->as_json) {
        struct tool_json json = { 0 };
        tool_json_open(&json, NULL, '{');
        tool_json_str(&json, "place", text);
        tool_json_u64(&json, knows ? "bytes" : "asked_bytes", bytes);
        tool_json_close(&json, '}');
        return;
    }
    tool_name_put(stdout, text);
    printf(": %s of free space %s\n", tool_size_text(bytes, size),
           knows ? "given back" : "discarded, if the device does that");
}

static enum cairn_err place_trim(void *ctx, struct cairn_image *image, const char *text,
                                 const char *path, struct cairn_why *why)
{
    uint64_t bytes;
    if (path[strspn(path, "/")])
        return cairn_why_fail(why, CAIRN_EINVAL, "only a whole volume is trimmed");
    enum cairn_err err = cairn_fat_trim(cairn_image_fat(image), &bytes, why);
    if (!err) tell(ctx, cairn_image_blk(image), text, bytes);
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct trim trim = { tool_has(args, QUIET), tool_has(args, JSON) };
    return tool_each_place(args, 1, true, place_trim, &trim);
}

const struct tool_verb tool_verb_trim = {
    .name = "trim",
    .summary = "Give a volume's free space back to what is below it",
    .operands = "IMAGE[:PART]",
    .options = options,
    .changes = true,
    .details =
        "An image file becomes sparse: free clusters take no room on the host; what took room\n"
        "before is counted. A device is told to discard them, and does not say what it did.",
    .example = "  cairn trim disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
