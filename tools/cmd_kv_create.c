/* SPDX-License-Identifier: ISC */
#include "kv.h"
#include "shape.h"

#include <cairn/blk_open.h>
#include <cairn/kv_native.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CREATE_SIZE, CREATE_FORCE, CREATE_LABEL, CREATE_PAGE, CREATE_LOG, CREATE_QUIET };
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "make a new image so large, such as 64M" },
    { "force", 'f', NULL, "take what is there already: all in it is lost" },
    { "label", 'L', "LABEL", "up to 63 bytes (none)" },
    { "page", 0, "SIZE", "of the tree: 4K to 64K (4K, or the device's block)" },
    { "log", 0, "SIZE", "of the log (a sixteenth of the device, at most 64M)" },
    { "quiet", 'q', NULL, "do not say what was made" },
    { NULL, 0, NULL, NULL },
};

#define FORMAT_MEM_BYTES ((size_t)1 << 20)

struct create {
    const struct tool_args *args;
    const char *text;
    struct cairn_image_place place;
    struct cairn_kv_native_format_options shape;
    uint64_t size;
};

static enum cairn_err device_format(const struct create *create, struct cairn_blk *dev,
                                    struct cairn_why *why)
{
    void *mem = aligned_alloc(4096, FORMAT_MEM_BYTES);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "make the store");
    enum cairn_err err = cairn_kv_native_format(dev, &create->shape, mem, FORMAT_MEM_BYTES, why);
    free(mem);
    return err;
}

/* A new file; it goes again when it cannot be made a store. */
static enum cairn_err file_make(const struct create *create, struct cairn_why *why)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options how = { .write = true,
                                          .create = true,
                                          .create_bytes = create->size };
    enum cairn_err err = cairn_blk_open(&any, create->place.image, &how, why);
    if (err) return err;
    err = device_format(create, any.dev, why);
    enum cairn_err closing = cairn_blk_any_close(&any, err ? NULL : why);
    err = err ? err : closing;
    if (err) (void)unlink(cairn_blk_file_path(create->place.image));
    return err;
}

static enum cairn_err existing_format(const struct create *create, struct cairn_why *why)
{
    struct cairn_image_open_options how = { .write = true };
    struct cairn_image *image;
    enum cairn_err err = cairn_image_open_device(&image, &create->place, &how, why);
    if (err) return err;
    err = device_format(create, cairn_image_blk(image), why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : why);
    return err ? err : closing;
}

/* Only a file can be new; other devices are there, or cannot be made here. */
static bool image_exists(const struct create *create)
{
    struct stat st;
    const char *path = cairn_blk_file_path(create->place.image);
    return !path || lstat(path, &st) == 0;
}

/* What exists is touched only with --force, and never changes its size. */
static enum tool_status plan_check(const struct create *create, bool exists)
{
    const struct tool_verb *verb = create->args->verb;
    bool has_size = tool_has(create->args, CREATE_SIZE);
    if (create->place.has_path && strcmp(create->place.path, "/") != 0)
        return tool_usage(verb, "'%s' is inside a store; name the image", create->text);
    if (!exists && !has_size)
        return tool_usage(verb, "'%s' is not there; --size=64M makes it", create->place.image);
    if (!exists && create->place.part[0])
        return tool_usage(verb, "a new image has no partition %s", create->place.part);
    if (exists && has_size)
        return tool_usage(verb, "'%s' exists, and --size is for new images", create->place.image);
    if (exists && !tool_has(create->args, CREATE_FORCE))
        return tool_usage(verb, "'%s' exists; --force makes it a store, and all in it is lost",
                          create->place.image);
    return TOOL_DONE;
}

static bool options_take(struct create *create)
{
    const struct tool_args *args = create->args;
    uint64_t page = 0;
    create->shape.label = args->values[CREATE_LABEL];
    create->shape.made_ns = cairn_clock_wall_now(cairn_clock_wall_platform());
    if (!tool_arg_size(args, CREATE_SIZE, &create->size) ||
        !tool_arg_size(args, CREATE_PAGE, &page) ||
        !tool_arg_size(args, CREATE_LOG, &create->shape.log_bytes) ||
        !tool_source_date(args->verb, &create->shape.made_ns))
        return false;
    create->shape.page_bytes = page <= UINT32_MAX ? (uint32_t)page : UINT32_MAX;
    return true;
}

static enum tool_status made_print(const struct create *create)
{
    char size[TOOL_TEXT_BYTES], log[TOOL_TEXT_BYTES], page[TOOL_TEXT_BYTES];
    struct tool_kv store = { .image = NULL };
    struct cairn_kv_native_usage usage;
    struct cairn_why why = { 0 };
    enum tool_status status = tool_kv_open(&store, create->args, create->text, false);
    if (status) return status;
    enum cairn_err err = cairn_kv_native_usage(store.kv, &usage, &why);
    if (!err) {
        tool_name_put(stdout, create->text);
        printf(": key-value store, %s, pages of %s, log of %s\n",
               tool_size_text(usage.geometry.pages * usage.geometry.page_bytes, size),
               tool_size_text(usage.geometry.page_bytes, page),
               tool_size_text(usage.geometry.log_bytes, log));
    }
    if (err) status = tool_fail(create->text, err, &why);
    return tool_kv_close(&store, status);
}

static enum tool_status run(const struct tool_args *args)
{
    struct create create = { .args = args, .text = args->operands[0] };
    struct cairn_why why = { 0 };
    enum tool_status status;
    if (!options_take(&create)) return TOOL_USAGE;
    (void)tool_place_is(create.text, &create.place, &status);
    if (status) return status;
    bool exists = image_exists(&create);
    status = plan_check(&create, exists);
    if (status) return status;
    enum cairn_err err = exists ? existing_format(&create, &why) : file_make(&create, &why);
    if (err) return tool_fail(create.text, err, &why);
    return tool_has(args, CREATE_QUIET) ? TOOL_DONE : made_print(&create);
}

const struct tool_verb tool_verb_kv_create = {
    .name = "kv create",
    .summary = "Make an empty store, in a new image or in one that is there",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details = "With SOURCE_DATE_EPOCH set the same command makes the same bytes.",
    .example =
        "  cairn kv create --size=64M store.img\n"
        "  cairn kv create --force --label=state disk.img:2",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
