/* SPDX-License-Identifier: ISC */
#include "trip.h"

#include "drawn.h"

#include <cairn/fat_check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool held(struct trip *trip, const char *what, enum cairn_err err)
{
    char text[1024];
    if (!err) return true;
    cairn_why_text(&trip->folder.why, text, sizeof text);
    return tape_fail(trip->tape, "%s: %s: %s", what, cairn_err_name(err), text);
}

const char *trip_path(const struct trip *trip, const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", trip->folder.base, name);
    return path;
}

/* ---- building ------------------------------------------------------------------------------ */

struct build {
    struct cairn_image_tree *tree;
    struct cairn_image_plan *plan;
};

static void build_free(struct build *build)
{
    cairn_image_plan_free(build->plan);
    cairn_image_tree_free(build->tree);
}

static enum cairn_err build_plan(struct trip *trip, const char *folder, struct build *build)
{
    struct cairn_image_source_options source = { .clamp_ns = INT64_MAX };
    struct cairn_why *why = &trip->folder.why;
    *build = (struct build){ 0 };
    enum cairn_err err = cairn_image_scan(&build->tree, trip_path(trip, folder), &source, why);
    if (err) return err;
    err = cairn_image_plan(&build->plan, build->tree, &trip->options, why);
    struct cairn_fat_format_options *format = &trip->options.format;
    if (err == CAIRN_EINVAL && format->type != CAIRN_FAT_AUTO && format->cluster_bytes) {
        tape_note(trip->tape, "no FAT%d of clusters of %u", (int)format->type,
                  format->cluster_bytes);
        format->cluster_bytes = 0;
        err = cairn_image_plan(&build->plan, build->tree, &trip->options, why);
    }
    if (!err) cairn_image_plan_summary(build->plan, &trip->summary);
    return err;
}

/* Is the volume what was asked for? */
static bool plan_agrees(struct trip *trip, const char *image)
{
    const struct cairn_image_plan_summary *summary = &trip->summary;
    const struct cairn_fat_geometry *geo = &summary->geometry;
    const struct cairn_fat_format_options *asked = &trip->options.format;
    uint64_t room = summary->free_clusters * geo->cluster_bytes;
    struct stat st;
    tape_note(trip->tape, "FAT%d, %llu bytes, clusters of %u", (int)geo->type,
              (unsigned long long)summary->total_bytes, geo->cluster_bytes);
    if (stat(trip_path(trip, image), &st) != 0) return tape_fail(trip->tape, "no image: %m");
    if ((uint64_t)st.st_size != summary->total_bytes)
        return tape_fail(trip->tape, "the image has %lld bytes", (long long)st.st_size);
    if (asked->type && geo->type != asked->type) return tape_fail(trip->tape, "another type");
    if (asked->cluster_bytes && geo->cluster_bytes != asked->cluster_bytes)
        return tape_fail(trip->tape, "another cluster size");
    if (asked->sector_bytes && geo->sector_bytes != asked->sector_bytes)
        return tape_fail(trip->tape, "another sector size");
    return room >= trip->options.free_bytes ||
           tape_fail(trip->tape, "%llu bytes free", (unsigned long long)room);
}

bool trip_build(struct trip *trip, const char *folder, const char *image)
{
    struct build build;
    struct cairn_image_write_options quick = { .no_sync = true };
    enum cairn_err err = build_plan(trip, folder, &build);
    if (!err)
        err =
            cairn_image_write(build.plan, trip_path(trip, image), &quick, NULL, &trip->folder.why);
    build_free(&build);
    return held(trip, "build", err) && plan_agrees(trip, image);
}

/* A child writes to a pipe; returns its reading end. */
static int stream_start(struct trip *trip, const struct build *build, pid_t *child)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    *child = fork();
    ck_assert_int_ge(*child, 0);
    if (*child == 0) {
        close(ends[0]);
        _exit(cairn_image_write_fd(build->plan, ends[1], NULL, NULL, &trip->folder.why) != 0);
    }
    close(ends[1]);
    return ends[0];
}

/* Are these streams the same to their ends? */
static bool streams_same(FILE *a, FILE *b)
{
    static char x[65536], y[65536];
    size_t got;
    do {
        got = fread(x, 1, sizeof x, a);
        if (fread(y, 1, sizeof y, b) != got || memcmp(x, y, got) != 0) return false;
    } while (got == sizeof x);
    return true;
}

bool trip_stream(struct trip *trip, const char *folder, const char *image)
{
    struct build build;
    pid_t child;
    int status;
    if (!held(trip, "plan", build_plan(trip, folder, &build))) return false;
    FILE *wanted = fopen(trip_path(trip, image), "r");
    FILE *got = fdopen(stream_start(trip, &build, &child), "r");
    ck_assert(wanted && got);
    bool same = streams_same(wanted, got);
    fclose(got);
    fclose(wanted);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    build_free(&build);
    if (!same) return tape_fail(trip->tape, "a pipe gets something else");
    return status == 0 || tape_fail(trip->tape, "the pipe's build ended with %d", status);
}

bool trip_same(struct trip *trip, const char *image, const char *other)
{
    FILE *a = fopen(trip_path(trip, image), "r"), *b = fopen(trip_path(trip, other), "r");
    ck_assert(a && b);
    bool same = streams_same(a, b);
    fclose(a);
    fclose(b);
    return same || tape_fail(trip->tape, "%s and %s differ", image, other);
}

/* ---- judging ------------------------------------------------------------------------------- */

static struct cairn_image *device_open(struct trip *trip, const char *name, bool write)
{
    static struct cairn_image_place place;
    struct cairn_image_open_options options = { .write = write };
    struct cairn_image *image = NULL;
    (void)snprintf(place.image, sizeof place.image, "%s", trip_path(trip, name));
    return held(trip, "open the device",
                cairn_image_open_device(&image, &place, &options, &trip->folder.why))
               ? image
               : NULL;
}

static bool finding_note(void *ctx, const struct cairn_fat_finding *finding)
{
    struct trip *trip = ctx;
    if (finding->severity > CAIRN_FAT_NOTE)
        tape_note(trip->tape, "%s: %s", finding->path, finding->text);
    return true;
}

bool trip_check(struct trip *trip, const char *name)
{
    struct cairn_fat_check_options options = { .report = finding_note, .ctx = trip };
    struct cairn_fat_check_result result = { 0 };
    struct cairn_why *why = &trip->folder.why;
    struct cairn_image *image = device_open(trip, name, false);
    if (!image) return false;
    size_t mem_bytes = cairn_fat_check_mem(cairn_image_blk(image), 0);
    void *mem = malloc(mem_bytes);
    ck_assert_ptr_nonnull(mem);
    enum cairn_err err =
        cairn_fat_check(cairn_image_blk(image), &options, mem, mem_bytes, &result, why);
    free(mem);
    bool good = held(trip, "check", err);
    if (!held(trip, "close", cairn_image_close(image, why)) || !good) return false;
    if (result.findings[CAIRN_FAT_MINOR] + result.findings[CAIRN_FAT_MAJOR])
        return tape_fail(trip->tape, "check finds faults");
    return true;
}

bool trip_fsck(struct trip *trip, const char *image)
{
    char command[512];
    (void)snprintf(command, sizeof command,
                   "PATH=$PATH:/usr/sbin:/sbin; command -v fsck.fat >/dev/null || exit 0; "
                   "fsck.fat -n '%s' >&2",
                   trip_path(trip, image));
    return system(command) == 0 || tape_fail(trip->tape, "fsck.fat complains");
}

/* ---- through the volume -------------------------------------------------------------------- */

bool trip_format(struct trip *trip, const char *name)
{
    static uint8_t scratch[65536];
    struct cairn_fat_format_options format = { .type = trip->options.format.type,
                                               .sector_bytes = trip->options.format.sector_bytes };
    struct cairn_why *why = &trip->folder.why;
    struct cairn_fat_geometry geometry;
    off_t bytes = 32 << 20;
    format.root_entries = 32 * DRAWN_NODES; /* what the tree needs at most, and more */
    if (format.type == CAIRN_FAT32) {       /* with the smallest clusters that there are */
        format.root_entries = 0;
        format.cluster_bytes = format.sector_bytes ? format.sector_bytes : 512;
        bytes = 80000 * (off_t)format.cluster_bytes;
    }
    int fd = open(trip_path(trip, name), O_CREAT | O_EXCL | O_WRONLY, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, bytes), 0);
    close(fd);
    struct cairn_image *image = device_open(trip, name, true);
    if (!image) return false;
    enum cairn_err err =
        cairn_fat_format(cairn_image_blk(image), &format, scratch, sizeof scratch, &geometry, why);
    bool good = held(trip, "format", err);
    return held(trip, "close", cairn_image_close(image, why)) && good;
}

static struct cairn_image *volume_open(struct trip *trip, const char *name, bool write)
{
    static struct cairn_image_place place;
    struct cairn_image_open_options options = { .write = write };
    struct cairn_image *image = NULL;
    (void)snprintf(place.image, sizeof place.image, "%s", trip_path(trip, name));
    return held(trip, "open", cairn_image_open(&image, &place, &options, &trip->folder.why)) ? image
                                                                                             : NULL;
}

bool trip_insert(struct trip *trip, const char *folder, const char *name)
{
    struct cairn_image_copy_options options = { .recursive = true, .preserve = true };
    struct cairn_image_copy_result result = { 0 };
    struct cairn_why *why = &trip->folder.why;
    char contents[256];
    struct cairn_image *image = volume_open(trip, name, true);
    if (!image) return false;
    (void)snprintf(contents, sizeof contents, "%s/.", trip_path(trip, folder));
    bool good =
        held(trip, "insert", cairn_image_insert(image, contents, "/", &options, &result, why));
    return held(trip, "close", cairn_image_close(image, why)) && good;
}

bool trip_move(struct trip *trip, const char *name, const char *from, const char *to)
{
    struct cairn_why *why = &trip->folder.why;
    struct cairn_image *image = volume_open(trip, name, true);
    if (!image) return false;
    bool good = held(trip, "move", cairn_image_move(image, from, to, false, why));
    return held(trip, "close", cairn_image_close(image, why)) && good;
}

bool trip_extract(struct trip *trip, const char *name, const char *folder)
{
    struct cairn_image_copy_options options = { .preserve = true };
    struct cairn_image_copy_result result = { 0 };
    struct cairn_why *why = &trip->folder.why;
    struct cairn_image *image = volume_open(trip, name, false);
    if (!image) return false;
    bool good =
        held(trip, "extract",
             cairn_image_extract(image, "/", trip_path(trip, folder), &options, &result, why));
    return held(trip, "close", cairn_image_close(image, why)) && good;
}
