/* SPDX-License-Identifier: ISC */
/* What can be read of a damaged native store, into a new image. */
#include "kv.h"
#include "shape.h"
#include "stop.h"

#include <cairn/blk_open.h>
#include <cairn/kv_salvage.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEM_BYTES ((size_t)256 << 20)
#define TOLD_MOST 20000u /* nobody reads on */

enum { SALVAGE_SIZE, SALVAGE_QUIET };
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "of the new store (as the old image)" },
    { "quiet", 'q', NULL, "do not say what came of it" },
    { NULL, 0, NULL, NULL },
};

struct work {
    const char *text, *path; /* the old one, the new one */
    bool quiet;
    uint64_t size, told;
    struct cairn_clock_wall_fixed fixed;
    struct cairn_kv_native_options native;
    struct cairn_blk_any any;
    struct cairn_kv_salvage_result result;
};

static bool report(void *ctx, uint64_t id, const char *key, const char *text)
{
    struct work *work = ctx;
    if (!work->quiet && work->told++ < TOLD_MOST)
        printf("%s (of id %llu): %s\n", key, (unsigned long long)id, text);
    return !tool_stop_asked();
}

static enum cairn_err fresh_format(struct work *work, struct cairn_blk *from, void *mem,
                                   struct cairn_why *why)
{
    struct cairn_clock_wall *clock =
        work->native.clock ? work->native.clock : cairn_clock_wall_platform();
    struct cairn_kv_native_format_options shape = { .made_ns = cairn_clock_wall_now(clock) };
    struct cairn_kv_native_geometry old;
    shape.page_bytes = cairn_kv_salvage_page_bytes(from, mem, MEM_BYTES);
    if (!shape.page_bytes)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "nothing of a key-value store is here");
    memset(&old, 0, sizeof old);
    if (tool_kv_probe(from, &old) && old.label[0]) shape.label = old.label;
    return cairn_kv_native_format(work->any.dev, &shape, mem, MEM_BYTES, why);
}

static enum cairn_err fresh_fill(struct work *work, struct cairn_blk *from, struct cairn_why *why)
{
    struct cairn_kv_salvage_options how = { .report = report,
                                            .ctx = work,
                                            .native = &work->native };
    void *mem = malloc(MEM_BYTES);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "salvage");
    enum cairn_err err = fresh_format(work, from, mem, why);
    if (!err) err = cairn_kv_salvage(from, work->any.dev, &how, mem, MEM_BYTES, &work->result, why);
    free(mem);
    return err ? err : cairn_blk_flush(work->any.dev, why);
}

/* The new image under its path; it goes again when something fails. */
static enum cairn_err fresh_make(struct work *work, struct cairn_blk *from, struct cairn_why *why)
{
    if (!work->size) work->size = cairn_blk_bytes(from);
    struct cairn_blk_file_options how = { .write = true,
                                          .create = true,
                                          .create_bytes = work->size };
    enum cairn_err err = cairn_blk_open(&work->any, work->path, &how, why);
    if (err) return err;
    err = fresh_fill(work, from, why);
    enum cairn_err closing = cairn_blk_any_close(&work->any, err ? NULL : why);
    if (!err) err = closing;
    if (err) (void)unlink(cairn_blk_file_path(work->path));
    return err;
}

static void summary_print(const struct work *work)
{
    const struct cairn_kv_salvage_result *result = &work->result;
    tool_name_put(stdout, work->path);
    printf(": %llu entries of %llu leaves", (unsigned long long)result->entries,
           (unsigned long long)result->leaves);
    if (!result->has_tree) fputs("; no tree led to them: what was removed may be back", stdout);
    if (!result->has_log) fputs("; without what only the log had", stdout);
    if (result->torn)
        printf("; %llu values lack %llu pages", (unsigned long long)result->torn,
               (unsigned long long)result->pages_lost);
    if (result->adopted)
        printf("; %llu found without a name, under salvaged-*",
               (unsigned long long)result->adopted);
    putchar('\n');
}

static enum tool_status run(const struct tool_args *args)
{
    const struct cairn_image_open_options how = { .write = false };
    struct work work = { .text = args->operands[0],
                         .path = args->operands[1],
                         .quiet = tool_has(args, SALVAGE_QUIET) };
    struct cairn_image_place place;
    struct cairn_image *image;
    struct cairn_why why = { 0 };
    enum tool_status status;
    if (!tool_arg_size(args, SALVAGE_SIZE, &work.size)) return TOOL_USAGE;
    (void)tool_place_is(work.text, &place, &status);
    if (status) return status;
    if (place.has_path && strcmp(place.path, "/") != 0)
        return tool_usage(args->verb, "'%s' is inside a store; name the image", work.text);
    tool_stop_catch();
    enum cairn_err err = cairn_image_open_device(&image, &place, &how, &why);
    if (err) return tool_fail(work.text, err, &why);
    err = fresh_make(&work, cairn_image_blk(image), &why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : &why);
    if (!err) err = closing;
    bool is_new = err == CAIRN_ENOSPC || err == CAIRN_EEXIST;
    if (err == CAIRN_ENOSPC) cairn_why_hint(&why, "--size makes the new store larger");
    if (err) return tool_fail(is_new ? work.path : work.text, err, &why);
    if (!work.quiet) summary_print(&work);
    return work.result.torn ? TOOL_FOUND : TOOL_DONE;
}

const struct tool_verb tool_verb_kv_salvage = {
    .name = "kv salvage",
    .summary = "Copy what can be read of a damaged store into a new one",
    .operands = "IMAGE[:PART] NEW",
    .options = options,
    .details =
        "Looks at every page of IMAGE, which is only read and need not open, and makes NEW,\n"
        "which must not be there yet. Pages of values that are lost read as zeros, and the\n"
        "values are named. Without superblocks, or where the tree is damaged, what was\n"
        "removed may be back. Snapshots are left behind. The exit code is 0, 1 when values\n"
        "lack something, 3 when nothing of a store is there.",
    .example =
        "  cairn kv salvage broken.img saved.img\n"
        "  cairn kv salvage --size=2G disk.img:2 saved.img",
    .operands_least = 2,
    .operands_most = 2,
    .run = run,
};
