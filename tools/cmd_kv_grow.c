/* SPDX-License-Identifier: ISC */
/* A store takes more room: a larger file, or a partition that has grown. */
#include "kv.h"

#include <string.h>

enum { GROW_SIZE, GROW_QUIET };
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "make the image this large first" },
    { "quiet", 'q', NULL, "do not say what came of it" },
    { NULL, 0, NULL, NULL },
};

struct grow {
    const struct tool_args *args;
    const char *text;
    uint64_t size; /* 0: as large as it is */
    struct tool_kv store;
};

static enum tool_status image_resize(struct grow *grow, struct cairn_why *why)
{
    struct cairn_blk *blk = cairn_image_blk(grow->store.image);
    const struct tool_verb *verb = grow->args->verb;
    uint32_t block = cairn_blk_info(blk)->block_bytes;
    if (grow->store.place.part[0])
        return tool_usage(
            verb, "--size is of a whole image: `cairn part resize` makes a partition larger");
    if (grow->size < cairn_blk_bytes(blk))
        return tool_usage(
            verb, "a store does not become smaller; `cairn kv compact` makes a smaller one");
    enum cairn_err err = cairn_blk_resize(blk, grow->size / block, why);
    return err ? tool_fail(grow->text, err, why) : TOOL_DONE;
}

static uint64_t store_bytes(struct cairn_kv *kv)
{
    struct cairn_kv_native_usage usage = { .free_pages = 0 };
    if (cairn_kv_native_usage(kv, &usage, NULL)) return 0;
    return usage.geometry.pages * usage.geometry.page_bytes;
}

static enum tool_status store_grow(struct grow *grow)
{
    char size[TOOL_TEXT_BYTES], was[TOOL_TEXT_BYTES];
    struct cairn_why why = { 0 };
    struct cairn_kv *kv = grow->store.kv;
    uint64_t before = store_bytes(kv);
    enum cairn_err err = cairn_kv_native_grow(kv, &why);
    if (err) return tool_fail(grow->text, err, &why);
    if (tool_has(grow->args, GROW_QUIET)) return TOOL_DONE;
    tool_name_put(stdout, grow->text);
    if (store_bytes(kv) == before)
        printf(": has all of its %s already\n", tool_size_text(before, size));
    else
        printf(": %s, was %s\n", tool_size_text(store_bytes(kv), size),
               tool_size_text(before, was));
    return TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    struct grow grow = { .args = args, .text = args->operands[0] };
    struct cairn_why why = { 0 };
    if (!tool_arg_size(args, GROW_SIZE, &grow.size)) return TOOL_USAGE;
    enum tool_status status = tool_kv_open(&grow.store, args, grow.text, true);
    if (!status && tool_kv_key(&grow.store.place).bytes)
        status = tool_usage(args->verb, "'%s' is inside a store; name the image", grow.text);
    if (!status && !grow.store.is_native)
        status =
            tool_usage(args->verb, "'%s' is a FAT volume: `cairn resize` is for those", grow.text);
    if (!status && grow.size) status = image_resize(&grow, &why);
    if (!status) status = store_grow(&grow);
    return tool_kv_close(&grow.store, status);
}

const struct tool_verb tool_verb_kv_grow = {
    .name = "kv grow",
    .summary = "Let a store have all of an image or a partition that became larger",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "What is in it stays where it is; a cut leaves it as large as it was, or as it becomes.",
    .example =
        "  cairn kv grow --size=256M store.img\n"
        "  cairn part resize disk.img:2 rest && cairn kv grow disk.img:2",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
