/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "out.h"
#include "session.h"
#include "shape.h"

#include <cairn/blk_open.h>
#include <cairn/clock.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT_SIZE, FORMAT_FORCE, FORMAT_ID, FORMAT_QUIET, FORMAT_SHAPE };
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "make a new image so large, such as 64M" },
    { "force", 'f', NULL, "format what is there already: all in it is lost" },
    { "id", 'i', "ID", "volume id, such as 1234-ABCD (from the clock)" },
    { "quiet", 'q', NULL, "do not say what was made" },
    TOOL_TYPE,
    TOOL_CLUSTER,
    TOOL_SECTOR,
    TOOL_LABEL,
    TOOL_FATS,
    TOOL_ROOT_ENTRIES,
    TOOL_RESERVED,
    TOOL_TZ,
    { NULL, 0, NULL, NULL },
};

#define SCRATCH_BYTES (1u << 20)

struct format {
    const struct tool_args *args;
    const char *text;
    struct cairn_image_place place;
    struct cairn_fat_format_options shape;
    struct cairn_fat_geometry geometry;
    uint64_t size;
};

/* Those who want the same bytes twice set SOURCE_DATE_EPOCH or --id. */
static bool identity_take(struct format *format)
{
    int64_t now = cairn_clock_wall_now(cairn_clock_wall_platform());
    if (!tool_source_date(format->args->verb, &now)) return false;
    format->shape.time_ns = now;
    uint64_t mixed = (uint64_t)now * UINT64_C(0x9E3779B97F4A7C15);
    format->shape.volume_id = (uint32_t)(mixed >> 32);
    return tool_arg_hex32(format->args, FORMAT_ID, &format->shape.volume_id);
}

static enum cairn_err device_format(struct format *format, struct cairn_blk *dev,
                                    struct cairn_why *why)
{
    void *scratch = malloc(SCRATCH_BYTES);
    if (!scratch) return cairn_why_fail(why, CAIRN_ENOMEM, "format");
    enum cairn_err err =
        cairn_fat_format(dev, &format->shape, scratch, SCRATCH_BYTES, &format->geometry, why);
    free(scratch);
    return err;
}

/* What cannot be is the command line's fault, and known before there is a file. */
static enum tool_status size_check(const struct format *format)
{
    struct cairn_fat_format_options shape = format->shape;
    struct cairn_fat_geometry geometry;
    struct cairn_why why = { 0 };
    shape.total_bytes = format->size;
    enum cairn_err err = cairn_fat_geometry_plan(&shape, &geometry, &why);
    if (!err) return TOOL_DONE;
    (void)tool_fail(format->text, err, &why);
    return TOOL_USAGE;
}

/* A new file; it goes again when it cannot be made a volume. */
static enum cairn_err file_make(struct format *format, struct cairn_why *why)
{
    struct cairn_blk_any any;
    struct cairn_blk_file_options how = { .write = true,
                                          .create = true,
                                          .create_bytes = format->size };
    enum cairn_err err = cairn_blk_open(&any, format->place.image, &how, why);
    if (err) return err;
    err = device_format(format, any.dev, why);
    enum cairn_err closing = cairn_blk_any_close(&any, err ? NULL : why);
    err = err ? err : closing;
    if (err) (void)unlink(cairn_blk_file_path(format->place.image));
    return err;
}

static enum cairn_err existing_format(struct format *format, struct cairn_why *why)
{
    struct cairn_image_open_options how = { .write = true };
    struct cairn_image *image;
    enum cairn_err err = cairn_image_open_device(&image, &format->place, &how, why);
    if (err) return err;
    struct cairn_blk *dev = cairn_image_blk(image);
    uint32_t sector =
        format->shape.sector_bytes ? format->shape.sector_bytes : dev->info.block_bytes;
    format->shape.hidden_sectors = (uint32_t)(cairn_image_offset(image) / sector);
    err = device_format(format, dev, why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : why);
    return err ? err : closing;
}

/* Only a file can be new; other devices are there, or cannot be made here. */
static bool image_exists(const struct format *format)
{
    struct stat st;
    const char *path = cairn_blk_file_path(format->place.image);
    return !path || lstat(path, &st) == 0;
}

/* What exists is touched only with --force, and never changes its size. */
static enum tool_status plan_check(const struct format *format, bool exists)
{
    const struct tool_verb *verb = format->args->verb;
    bool has_size = tool_has(format->args, FORMAT_SIZE);
    bool force = tool_has(format->args, FORMAT_FORCE);
    if (format->place.has_path && strcmp(format->place.path, "/") != 0)
        return tool_usage(verb, "'%s' is inside a volume; name the image", format->text);
    if (!exists && !has_size)
        return tool_usage(verb, "'%s' is not there; --size=64M makes it", format->place.image);
    if (!exists && format->place.part[0])
        return tool_usage(verb, "a new image has no partition %s", format->place.part);
    if (exists && has_size)
        return tool_usage(verb,
                          "'%s' exists, and --size is for new images; --force without it "
                          "formats what is there",
                          format->place.image);
    if (exists && !force)
        return tool_usage(verb, "'%s' exists; --force formats it, and all in it is lost",
                          format->place.image);
    return TOOL_DONE;
}

static void made_print(const struct format *format)
{
    char size[TOOL_TEXT_BYTES], cluster[TOOL_TEXT_BYTES], id[TOOL_TEXT_BYTES];
    const struct cairn_fat_geometry *geometry = &format->geometry;
    tool_name_put(stdout, format->text);
    printf(": FAT%u, %s, %u clusters of %s, id %s\n", (unsigned int)geometry->type,
           tool_size_text((uint64_t)geometry->total_sectors * geometry->sector_bytes, size),
           geometry->cluster_count, tool_size_text(geometry->cluster_bytes, cluster),
           tool_id_text(geometry->volume_id, id));
}

static enum tool_status run(const struct tool_args *args)
{
    struct format format = { .args = args, .text = args->operands[0] };
    struct cairn_why why = { 0 };
    enum tool_status status;
    if (!tool_arg_size(args, FORMAT_SIZE, &format.size) || !identity_take(&format) ||
        !tool_shape_take(args, FORMAT_SHAPE, CAIRN_FAT_CP437, &format.shape))
        return TOOL_USAGE;
    (void)tool_place_is(format.text, &format.place, &status);
    if (status) return status;
    bool exists = image_exists(&format);
    status = plan_check(&format, exists);
    if (!status && !exists) status = size_check(&format);
    if (status) return status;
    enum cairn_err err = exists ? existing_format(&format, &why) : file_make(&format, &why);
    if (err) return tool_fail(format.text, err, &why);
    if (!tool_has(args, FORMAT_QUIET)) made_print(&format);
    return TOOL_DONE;
}

const struct tool_verb tool_verb_format = {
    .name = "format",
    .summary = "Make an empty volume, in a new image or in one that is there",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "With SOURCE_DATE_EPOCH set, or --id and no label, the same command makes the same\n"
        "bytes.",
    .example =
        "  cairn format --size=64M --label=DATA disk.img\n"
        "  cairn format --force --type=32 disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
