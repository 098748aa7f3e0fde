/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <string.h>

enum { LABEL_CLEAR, LABEL_JSON };
static const struct tool_option options[] = {
    { "clear", 0, NULL, "remove the label" },
    { "json", 0, NULL, "JSON: place and label" },
    { NULL, 0, NULL, NULL },
};

struct label {
    const char *wanted; /* NULL: only show */
    bool as_json;
};

static void label_show(const struct label *label, const char *text, const char *is)
{
    if (label->as_json) {
        struct tool_json json = { 0 };
        tool_json_open(&json, NULL, '{');
        tool_json_str(&json, "place", text);
        tool_json_str(&json, "label", is[0] ? is : NULL);
        tool_json_close(&json, '}');
        return;
    }
    tool_name_put(stdout, is);
    putchar('\n');
}

static enum cairn_err place_label(void *ctx, struct cairn_image *image, const char *text,
                                  const char *path, struct cairn_why *why)
{
    const struct label *label = ctx;
    struct cairn_fat *fs = cairn_image_fat(image);
    char is[CAIRN_FAT_ALIAS_BYTES];
    if (path[strspn(path, "/")])
        return cairn_why_fail(why, CAIRN_EINVAL, "only a whole volume has a label");
    if (label->wanted) return cairn_fat_label_set(fs, label->wanted, strlen(label->wanted), why);
    enum cairn_err err = cairn_fat_label(fs, is, why);
    if (!err) label_show(label, text, is);
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct label label = { .as_json = tool_has(args, LABEL_JSON) };
    if (args->operand_count == 2) label.wanted = args->operands[1];
    if (label.wanted && tool_has(args, LABEL_CLEAR))
        return tool_usage(args->verb, "--clear takes no new label");
    if (tool_has(args, LABEL_CLEAR)) label.wanted = "";
    return tool_each_place(args, 1, label.wanted != NULL, place_label, &label);
}

const struct tool_verb tool_verb_label = {
    .name = "label",
    .summary = "Show, set or remove the volume's label",
    .operands = "IMAGE[:PART] [LABEL]",
    .options = options,
    .volume = true,
    .changes = true,
    .example = "  cairn label disk.img:1 ESP",
    .operands_least = 1,
    .operands_most = 2,
    .run = run,
};
