/* SPDX-License-Identifier: ISC */
/*
 * Writing a plan in one pass. A stream gets the regions in their order; where one can seek, the
 * boot sector and its backup come last, so that what is not finished is no FAT volume, nor one that
 * a repair makes of it.
 */
#include "copy.h"
#include "meta.h"
#include "sink.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <fat/codec/boot.h>
#include <fat/codec/fatent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)

struct writing {
    const struct cairn_image_plan *plan;
    struct img_sink *sink;
    struct cairn_image_write_result *result;
    uint8_t *buf;
    size_t room; /* of buf: a directory at least */
};

static enum cairn_err put(struct writing *w, uint64_t offset, size_t count, struct cairn_why *why)
{
    w->result->written_bytes += count;
    return img_sink_put(w->sink, offset, w->buf, count, why);
}

static uint64_t sector_offset(const struct writing *w, uint64_t sector)
{
    return sector * w->plan->geometry.sector_bytes;
}

/* A boot sector, and the FSInfo sector that goes with it. */
static enum cairn_err put_boot(struct writing *w, uint32_t at, struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &w->plan->geometry;
    cairn_fat_boot_encode(geo, w->buf);
    return put(w, sector_offset(w, at), geo->sector_bytes, why);
}

static enum cairn_err put_fsinfo(struct writing *w, uint32_t at, struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &w->plan->geometry;
    if (geo->fsinfo_sector == 0) return CAIRN_OK;
    memset(w->buf, 0, geo->sector_bytes);
    img_fsinfo_fill(w->plan, w->buf);
    return put(w, sector_offset(w, at + geo->fsinfo_sector), geo->sector_bytes, why);
}

static enum cairn_err put_backup_boot(struct writing *w, struct cairn_why *why)
{
    uint32_t at = w->plan->geometry.backup_boot;
    return at ? put_boot(w, at, why) : CAIRN_OK;
}

/* The reserved sectors, but boot sectors where they come last. */
static enum cairn_err put_reserved(struct writing *w, struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &w->plan->geometry;
    bool stream = w->sink->kind == IMG_SINK_STREAM;
    enum cairn_err err = stream ? put_boot(w, 0, why) : CAIRN_OK;
    if (!err) err = put_fsinfo(w, 0, why);
    if (err || geo->backup_boot == 0) return err;
    if (stream) err = put_backup_boot(w, why);
    return err ? err : put_fsinfo(w, geo->backup_boot, why);
}

static enum cairn_err put_fat(struct writing *w, uint32_t copy, struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &w->plan->geometry;
    uint64_t start = sector_offset(w, geo->reserved_sectors + (uint64_t)copy * geo->fat_sectors);
    uint64_t used = img_fat_used_bytes(w->plan), end = sector_offset(w, geo->fat_sectors);
    struct img_fat_cursor cursor = { 0 };
    for (uint64_t at = 0; at < used; at += BUFFER_BYTES) { /* FAT12 ends in the first */
        size_t part = (size_t)cairn_min_u64(used - at, BUFFER_BYTES);
        uint32_t entries = (uint32_t)(geo->type == CAIRN_FAT12 ? w->plan->used_clusters + 2
                                                               : part / fatent_bytes(geo->type));
        uint32_t first = (uint32_t)(at / fatent_bytes(geo->type));
        memset(w->buf, 0, part);
        img_fat_fill(w->plan, &cursor, first, entries, w->buf);
        enum cairn_err err = put(w, start + at, part, why);
        if (err) return err;
    }
    return img_sink_zero(w->sink, start + used, end - used, why);
}

/* FAT12/16: the root has its own region. */
static enum cairn_err put_root(struct writing *w, struct cairn_why *why)
{
    const struct cairn_fat_geometry *geo = &w->plan->geometry;
    size_t bytes = (size_t)sector_offset(w, geo->root_sectors);
    if (bytes == 0) return CAIRN_OK;
    memset(w->buf, 0, bytes);
    img_directory_fill(w->plan, 0, w->buf);
    return put(w, sector_offset(w, geo->root_start), bytes, why);
}

static size_t directory_bytes(const struct cairn_image_plan *plan, uint32_t dir)
{
    return (size_t)plan->places[dir].clusters * plan->geometry.cluster_bytes;
}

/* Directories are neighbours: as many as fit go out at once. */
static enum cairn_err put_directories(struct writing *w, struct cairn_why *why)
{
    const struct cairn_image_plan *plan = w->plan;
    uint64_t start = img_cluster_offset(plan, 2);
    size_t filled = 0;
    for (uint32_t i = 0; i < plan->directory_count; i++) {
        size_t bytes = directory_bytes(plan, plan->order[i]);
        if (bytes == 0) continue;
        if (filled + bytes > w->room) {
            enum cairn_err err = put(w, start, filled, why);
            if (err) return err;
            start += filled;
            filled = 0;
        }
        memset(w->buf + filled, 0, bytes);
        img_directory_fill(plan, plan->order[i], w->buf + filled);
        filled += bytes;
    }
    return filled ? put(w, start, filled, why) : CAIRN_OK;
}

static enum cairn_err put_meta(struct writing *w, struct cairn_why *why)
{
    enum cairn_err err = put_reserved(w, why);
    for (uint32_t i = 0; !err && i < w->plan->geometry.fat_count; i++)
        err = put_fat(w, i, why);
    if (!err) err = put_root(w, why);
    return err ? err : put_directories(w, why);
}

/* A device may hold an old volume: its boot sectors go before anything else does. */
static enum cairn_err old_end(struct writing *w, struct cairn_why *why)
{
    uint64_t reserved = sector_offset(w, w->plan->geometry.reserved_sectors);
    enum cairn_err err = img_sink_zero(w->sink, 0, reserved, why);
    return err ? err : img_sink_flush(w->sink, why);
}

/* What the boot sector makes a volume of is there before it is. */
static enum cairn_err put_all(struct writing *w, const struct cairn_image_write_options *options,
                              struct cairn_why *why)
{
    bool stream = w->sink->kind == IMG_SINK_STREAM;
    enum cairn_err err = stream ? CAIRN_OK : old_end(w, why);
    if (!err) err = put_meta(w, why);
    if (!err) err = img_copy_contents(w->plan, w->sink, options, w->result, why);
    if (err) return err;
    if (stream) return img_sink_put(w->sink, w->plan->total_bytes, w->buf, 0, why);
    err = img_sink_flush(w->sink, why);
    if (!err) err = put_backup_boot(w, why);
    return err ? err : put_boot(w, 0, why);
}

static size_t largest_directory(const struct cairn_image_plan *plan)
{
    size_t most = (size_t)plan->geometry.root_sectors * plan->geometry.sector_bytes;
    for (uint32_t i = 0; i < plan->directory_count; i++)
        if (directory_bytes(plan, plan->order[i]) > most)
            most = directory_bytes(plan, plan->order[i]);
    return most;
}

static enum cairn_err write_to(const struct cairn_image_plan *plan, struct img_sink *sink,
                               const struct cairn_image_write_options *options,
                               struct cairn_image_write_result *result, struct cairn_why *why)
{
    static const struct cairn_image_write_options none;
    struct cairn_image_write_result here = { 0 };
    struct writing w = { .plan = plan, .sink = sink, .result = &here };
    w.room = (size_t)cairn_max_u64(largest_directory(plan), BUFFER_BYTES);
    w.room = (size_t)cairn_round_up(w.room, IMG_SINK_ALIGN);
    w.buf = aligned_alloc(IMG_SINK_ALIGN, w.room);
    if (!w.buf) return img_no_memory(why);
    enum cairn_err err = put_all(&w, options ? options : &none, why);
    free(w.buf);
    here.hole_bytes = plan->total_bytes - here.written_bytes - here.cloned_bytes;
    if (!err && result) *result = here;
    return err;
}

enum cairn_err cairn_image_write_fd(const struct cairn_image_plan *plan, int fd,
                                    const struct cairn_image_write_options *options,
                                    struct cairn_image_write_result *result, struct cairn_why *why)
{
    struct img_sink sink = { .kind = IMG_SINK_STREAM, .fd = fd };
    (void)fcntl(fd, F_SETPIPE_SZ, BUFFER_BYTES); /* only a pipe has it, only faster with it */
    return write_to(plan, &sink, options, result, why);
}

/* Something that takes bytes only front to back: a named pipe, a terminal, /dev/null. */
static bool is_stream(const char *target)
{
    struct stat st;
    const char *path = cairn_blk_file_path(target);
    return path && stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

static enum cairn_err write_stream(const struct cairn_image_plan *plan, const char *target,
                                   const struct cairn_image_write_options *options,
                                   struct cairn_image_write_result *result, struct cairn_why *why)
{
    int fd = open(cairn_blk_file_path(target), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return img_os_fail(why, target, "open");
    enum cairn_err err = cairn_image_write_fd(plan, fd, options, result, why);
    if (close(fd) != 0 && !err) return img_os_fail(why, target, "close");
    return err;
}

enum cairn_err cairn_image_write(const struct cairn_image_plan *plan, const char *target,
                                 const struct cairn_image_write_options *options,
                                 struct cairn_image_write_result *result, struct cairn_why *why)
{
    if (strcmp(target, "-") == 0)
        return cairn_image_write_fd(plan, STDOUT_FILENO, options, result, why);
    if (is_stream(target)) return write_stream(plan, target, options, result, why);
    struct img_output output;
    bool sync = !(options && options->no_sync);
    enum cairn_err err = img_output_open(&output, target, plan->total_bytes, plan->tree, why);
    if (!err) err = write_to(plan, &output.sink, options, result, why);
    if (err && why && !why->path[0]) cairn_why_path(why, target, strlen(target));
    if (!err) err = img_output_finish(&output, sync, why);
    img_output_close(&output);
    return err;
}
