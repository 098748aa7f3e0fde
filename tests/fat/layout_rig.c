/* SPDX-License-Identifier: ISC */
#include "layout_rig.h"

#include <fat/codec/boot.h>
#include <fat/codec/fatent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_NS (INT64_C(1700000000) * CAIRN_NS_PER_SEC)
#define MEM_BYTES (24u << 20)

static void must(bool well, const char *what, const struct cairn_why *why)
{
    char text[512];
    if (well) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "layout rig: %s failed: %s\n", what, text);
    abort();
}

static uint32_t draw(struct layout_rig *rig, uint32_t below)
{
    rig->random = rig->random * 1664525u + 1013904223u;
    return (rig->random >> 8) % below;
}

/* ---- the volume ------------------------------------------------------------------------------ */

/* A FAT32 with so few clusters that its FAT is soon too small. Others shun it; it is quick. */
static void small_32_make(struct layout_rig *rig)
{
    struct cairn_fat_geometry *geo = &rig->geometry;
    uint32_t entries = rig->shape.clusters + 2;
    geo->fat_sectors = (entries * 4 + geo->sector_bytes - 1) / geo->sector_bytes;
    if (rig->shape.reserved) geo->reserved_sectors = rig->shape.reserved;
    geo->data_start = geo->reserved_sectors + geo->fat_count * geo->fat_sectors;
    geo->data_start += geo->cluster_sectors - 1;
    geo->data_start -= geo->data_start % geo->cluster_sectors;
    geo->reserved_sectors = geo->data_start - geo->fat_count * geo->fat_sectors;
    geo->cluster_count = rig->shape.clusters;
    geo->total_sectors = geo->data_start + geo->cluster_count * geo->cluster_sectors;
    memset(rig->bytes, 0, rig->dev_bytes);
    cairn_fat_boot_encode(geo, rig->bytes);
    cairn_fat_boot_encode(geo, rig->bytes + (size_t)geo->backup_boot * geo->sector_bytes);
    struct cairn_fat_fsinfo info = { true, rig->shape.clusters - 1, 3 };
    cairn_fat_fsinfo_encode(&info, rig->bytes + (size_t)geo->fsinfo_sector * geo->sector_bytes,
                            geo->sector_bytes);
    for (uint32_t copy = 0; copy < geo->fat_count; copy++) {
        uint8_t *fat = rig->bytes + (geo->reserved_sectors + (size_t)copy * geo->fat_sectors) *
                                        geo->sector_bytes;
        fatent_put(CAIRN_FAT32, fat, 0, 0x0FFFFF00u | geo->media);
        fatent_put(CAIRN_FAT32, fat + 4, 1, FATENT_END);
        fatent_put(CAIRN_FAT32, fat + 8, 2, FATENT_END);
    }
}

static void device_open(struct layout_rig *rig)
{
    uint32_t block = rig->shape.block_bytes ? rig->shape.block_bytes : rig->shape.sector_bytes;
    uint64_t blocks = rig->dev_bytes / block;
    rig->bytes = calloc(1, rig->dev_bytes);
    if (rig->shape.on_sim) {
        rig->log = sim_open(&rig->dev.sim, &rig->below, rig->bytes, block, blocks);
        return;
    }
    must(!cairn_blk_mem_open(&rig->dev.mem, rig->bytes, block, blocks, NULL), "opening", NULL);
}

static void volume_make(struct layout_rig *rig)
{
    static uint8_t scratch[1u << 18];
    const struct layout_shape *shape = &rig->shape;
    struct cairn_fat_format_options options = { .type = shape->type,
                                                .sector_bytes = shape->sector_bytes,
                                                .cluster_bytes = shape->cluster_bytes,
                                                .fat_count = shape->fat_count,
                                                .root_entries = 128,
                                                .volume_id = 0xCA111111,
                                                .time_ns = TIME_NS };
    if (shape->type == CAIRN_FAT32) options.root_entries = 0;
    bool by_hand = shape->type == CAIRN_FAT32 && shape->clusters < 65525;
    uint64_t bytes;
    must(!cairn_fat_geometry_fit(&options, by_hand ? 1 : shape->clusters, &rig->geometry, &bytes,
                                 &rig->why),
         "planning", &rig->why);
    if (by_hand)
        bytes = (shape->reserved + 64ull) * shape->sector_bytes +
                (uint64_t)shape->clusters * 2 * shape->cluster_bytes;
    rig->dev_bytes = bytes + (size_t)shape->room_clusters * shape->cluster_bytes;
    device_open(rig);
    options.total_bytes = bytes;
    if (by_hand)
        small_32_make(rig);
    else
        must(!cairn_fat_format(&rig->dev.base, &options, scratch, sizeof scratch, &rig->geometry,
                               &rig->why),
             "formatting", &rig->why);
    rig->volume_bytes = (size_t)rig->geometry.total_sectors * shape->sector_bytes;
}

/* ---- its files ------------------------------------------------------------------------------- */

static struct layout_file *file_free(struct layout_rig *rig)
{
    for (uint32_t i = 0; i < LAYOUT_FILES; i++)
        if (!rig->files[i].path[0]) return &rig->files[i];
    return NULL;
}

static struct layout_file *file_any(struct layout_rig *rig, bool directory)
{
    for (uint32_t tries = 0; tries < 200; tries++) {
        struct layout_file *file = &rig->files[draw(rig, LAYOUT_FILES)];
        if (file->path[0] && file->is_directory == directory) return file;
    }
    return NULL;
}

static uint8_t byte_of(const struct layout_file *file, uint32_t at)
{
    return (uint8_t)(file->seed * 31u + at * 7u + (at >> 8) * 13u);
}

static void file_append(struct layout_rig *rig, struct cairn_fat *fs, struct layout_file *file,
                        uint32_t bytes)
{
    struct cairn_fat_file handle;
    uint8_t *buf = malloc(bytes);
    size_t done;
    for (uint32_t i = 0; i < bytes; i++)
        buf[i] = byte_of(file, file->size + i);
    enum cairn_err err = cairn_fat_open(
        fs, file->path, strlen(file->path),
        CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE | CAIRN_FAT_OPEN_APPEND, &handle, &rig->why);
    must(!err || err == CAIRN_ENOSPC, "opening a file", &rig->why);
    if (err) { /* the root is full */
        file->path[0] = 0;
        free(buf);
        return;
    }
    err = cairn_fat_file_write(&handle, buf, bytes, &done, &rig->why);
    must(!err || err == CAIRN_ENOSPC, "writing", &rig->why);
    file->size += (uint32_t)done;
    must(!cairn_fat_close(&handle, &rig->why), "closing", &rig->why);
    free(buf);
}

/* A new name in some directory, short or long. */
static void file_name(struct layout_rig *rig, struct layout_file *file, bool is_directory)
{
    static uint32_t number;
    struct layout_file *dir = draw(rig, 4) ? file_any(rig, true) : NULL;
    const char *form = draw(rig, 2) ? "%.40s/F%u" : "%.40s/A long name number %u";
    if (dir && strlen(dir->path) > 40) dir = NULL;
    snprintf(file->path, sizeof file->path, form, dir ? dir->path : "", number++);
    file->is_directory = is_directory;
    file->size = 0;
    file->seed = (uint8_t)draw(rig, 256);
}

static void file_remove(struct layout_rig *rig, struct cairn_fat *fs, struct layout_file *file)
{
    struct cairn_fat_node *dir;
    const char *name = strrchr(file->path, '/') + 1;
    must(!cairn_fat_walk(fs, file->path, (size_t)(name - file->path), &dir, &rig->why), "walking",
         &rig->why);
    must(!cairn_fat_remove(dir, name, strlen(name), &rig->why), "removing", &rig->why);
    cairn_fat_release(dir);
    file->path[0] = 0;
}

static void dir_make(struct layout_rig *rig, struct cairn_fat *fs, struct layout_file *file)
{
    struct cairn_fat_node *dir, *node;
    const char *name = strrchr(file->path, '/') + 1;
    must(!cairn_fat_walk(fs, file->path, (size_t)(name - file->path), &dir, &rig->why), "walking",
         &rig->why);
    if (cairn_fat_mkdir(dir, name, strlen(name), &node, NULL))
        file->path[0] = 0;
    else
        cairn_fat_release(node);
    cairn_fat_release(dir);
}

static uint64_t free_clusters(struct layout_rig *rig, struct cairn_fat *fs)
{
    struct cairn_fat_usage usage;
    must(!cairn_fat_usage(fs, &usage, &rig->why), "counting", &rig->why);
    return usage.free_clusters;
}

static void step(struct layout_rig *rig, struct cairn_fat *fs, uint32_t room)
{
    uint32_t what = draw(rig, 10);
    struct layout_file *file;
    if (what < 2 && (file = file_free(rig))) {
        file_name(rig, file, what == 0 && draw(rig, 2));
        if (file->is_directory)
            dir_make(rig, fs, file);
        else
            file_append(rig, fs, file, 1 + draw(rig, 2 * rig->shape.cluster_bytes));
    } else if (what == 2 && draw(rig, 2) && (file = file_any(rig, false))) {
        file_remove(rig, fs, file);
    } else if ((file = file_any(rig, false))) {
        uint32_t most = room < 4 ? 1 : 4;
        file_append(rig, fs, file, 1 + draw(rig, most * rig->shape.cluster_bytes));
    }
}

static struct cairn_fat *volume_mount(struct layout_rig *rig)
{
    static struct cairn_clock_wall_fixed clock;
    struct cairn_fat_options options = { .clock = &clock.base };
    struct cairn_fat *fs;
    cairn_clock_wall_fixed_init(&clock, TIME_NS);
    must(!cairn_fat_mount(&fs, &rig->dev.base, &options, rig->mem, rig->mem_bytes, &rig->why),
         "mounting", &rig->why);
    return fs;
}

static void volume_fill(struct layout_rig *rig, struct cairn_fat *fs)
{
    uint64_t left = free_clusters(rig, fs);
    for (uint32_t i = 0; i < 20000 && left > rig->shape.free_clusters; i++) {
        step(rig, fs, (uint32_t)(left - rig->shape.free_clusters));
        left = free_clusters(rig, fs);
    }
    for (struct layout_file *file; left < rig->shape.free_clusters;) {
        file = file_any(rig, false);
        must(file != NULL, "emptying", NULL);
        file_remove(rig, fs, file);
        left = free_clusters(rig, fs);
    }
}

static struct layout_file *file_named(struct layout_rig *rig, const char *path)
{
    for (uint32_t i = 0; i < LAYOUT_FILES; i++)
        if (strcmp(rig->files[i].path, path) == 0) return &rig->files[i];
    struct layout_file *file = file_free(rig);
    snprintf(file->path, sizeof file->path, "%s", path);
    return file;
}

static void rig_begin(struct layout_rig *rig, const struct layout_shape *shape, uint32_t seed)
{
    memset(rig, 0, sizeof *rig);
    rig->shape = *shape;
    rig->random = seed;
    rig->mem_bytes = MEM_BYTES;
    rig->mem = malloc(MEM_BYTES);
    volume_make(rig);
}

/* What was done to the device is durable. */
static void rig_end(struct layout_rig *rig, struct cairn_fat *fs)
{
    must(!cairn_fat_unmount(fs, &rig->why), "unmounting", &rig->why);
    if (rig->shape.on_sim) sim_settle(&rig->dev.sim);
}

void layout_make(struct layout_rig *rig, const struct layout_shape *shape, uint32_t seed)
{
    rig_begin(rig, shape, seed);
    struct cairn_fat *fs = volume_mount(rig);
    volume_fill(rig, fs);
    rig_end(rig, fs);
}

void layout_make_of(struct layout_rig *rig, const struct layout_shape *shape,
                    const struct layout_step *steps)
{
    rig_begin(rig, shape, 1);
    struct cairn_fat *fs = volume_mount(rig);
    for (; steps->path; steps++) {
        struct layout_file *file = file_named(rig, steps->path);
        if (steps->clusters)
            file_append(rig, fs, file, steps->clusters * shape->cluster_bytes);
        else
            file_remove(rig, fs, file);
    }
    rig_end(rig, fs);
}

void layout_free(struct layout_rig *rig)
{
    must(!cairn_blk_close(&rig->dev.base, NULL), "closing", NULL);
    free(rig->bytes);
    free(rig->log);
    free(rig->mem);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool file_holds(struct layout_rig *rig, struct cairn_fat *fs, const struct layout_file *file)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    if (cairn_fat_walk(fs, file->path, strlen(file->path), &node, &rig->why)) return false;
    bool well = !cairn_fat_stat(node, &stat, NULL) && stat.is_directory == file->is_directory &&
                stat.size == file->size && stat.modified_ns == TIME_NS;
    uint8_t *buf = malloc((size_t)file->size + 1);
    size_t done = 0;
    if (well && file->size) well = !cairn_fat_read(node, 0, buf, file->size, &done, &rig->why);
    well = well && done == file->size;
    for (uint32_t i = 0; well && i < file->size; i++)
        well = buf[i] == byte_of(file, i);
    free(buf);
    cairn_fat_release(node);
    return well;
}

bool layout_holds(struct layout_rig *rig, struct cairn_blk *dev)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_fat *fs;
    bool well = true;
    cairn_why_clear(&rig->why);
    if (cairn_fat_mount(&fs, dev, &options, rig->mem, rig->mem_bytes, &rig->why)) {
        snprintf(rig->what, sizeof rig->what, "does not mount: %s", rig->why.what);
        return false;
    }
    for (uint32_t i = 0; well && i < LAYOUT_FILES; i++) {
        if (!rig->files[i].path[0]) continue;
        well = file_holds(rig, fs, &rig->files[i]);
        if (!well)
            snprintf(rig->what, sizeof rig->what, "%s is not whole: %s", rig->files[i].path,
                     rig->why.what);
    }
    return !cairn_fat_unmount(fs, NULL) && well;
}

struct judge {
    struct layout_rig *rig;
    enum layout_state state;
    bool well;
};

static bool fault_is_fine(enum cairn_fat_fault fault, enum layout_state state)
{
    static const enum cairn_fat_fault cut[] = {
        CAIRN_FAT_FAULT_FSINFO_FREE,       CAIRN_FAT_FAULT_FSINFO_NEXT,
        CAIRN_FAT_FAULT_FATS_DIFFER,       CAIRN_FAT_FAULT_ORPHAN,
        CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET, CAIRN_FAT_FAULT_BACKUP_DIFFERS,
    };
    if (fault == CAIRN_FAT_FAULT_FEW_CLUSTERS) return true;
    if (state == LAYOUT_CLEAN) return false;
    if (fault == CAIRN_FAT_FAULT_DIRTY || fault == CAIRN_FAT_FAULT_ERROR_BIT) return true;
    if (state == LAYOUT_DIRTY) return false;
    for (size_t i = 0; i < CAIRN_COUNT(cut); i++)
        if (fault == cut[i]) return true;
    return false;
}

static bool judge_report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct judge *judge = ctx;
    if (finding->severity == CAIRN_FAT_NOTE || fault_is_fine(finding->fault, judge->state))
        return true;
    snprintf(judge->rig->what, sizeof judge->rig->what, "%s: %s: %s", finding->path,
             cairn_fat_fault_name(finding->fault), finding->text);
    judge->well = false;
    return false;
}

bool layout_checks(struct layout_rig *rig, struct cairn_blk *dev, enum layout_state state)
{
    struct judge judge = { rig, state, true };
    struct cairn_fat_check_options options = { .report = judge_report, .ctx = &judge };
    struct cairn_fat_check_result result;
    uint64_t files = 0, directories = 0;
    enum cairn_err err =
        cairn_fat_check(dev, &options, rig->mem, rig->mem_bytes, &result, &rig->why);
    if (!judge.well) return false;
    for (uint32_t i = 0; i < LAYOUT_FILES; i++) {
        if (rig->files[i].path[0] && rig->files[i].is_directory)
            directories++;
        else if (rig->files[i].path[0])
            files++;
    }
    if (!err && files == result.files && directories == result.directories) return true;
    snprintf(rig->what, sizeof rig->what, "check: %s, %llu files, not %llu", cairn_err_name(err),
             (unsigned long long)result.files, (unsigned long long)files);
    return false;
}

/* Has fsck.fat nothing to say but its version and its count? */
static bool fsck_is_content(const char *path)
{
    char command[128], told[4096];
    snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin:/sbin fsck.fat -n %s 2>&1", path);
    FILE *pipe = popen(command, "r");
    if (!pipe) return true;
    size_t len = fread(told, 1, sizeof told - 1, pipe);
    int status = pclose(pipe), lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += told[i] == '\n';
    if ((status == 0 && lines == 2) || WEXITSTATUS(status) == 127) return true;
    told[len] = 0;
    fprintf(stderr, "%s", told);
    return false;
}

bool layout_fsck(struct layout_rig *rig)
{
    char path[] = "/tmp/cairn-layout-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return true;
    FILE *file = fdopen(fd, "wb");
    bool well = fwrite(rig->bytes, 1, rig->dev_bytes, file) == rig->dev_bytes;
    fclose(file);
    well = !well || fsck_is_content(path);
    unlink(path);
    if (!well) snprintf(rig->what, sizeof rig->what, "fsck.fat complains");
    return well;
}

/* ---- doing ----------------------------------------------------------------------------------- */

uint64_t layout_bytes(const struct layout_rig *rig, uint32_t clusters)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    return (geo->data_start + (uint64_t)clusters * geo->cluster_sectors) * geo->sector_bytes;
}

enum cairn_err layout_resize(struct layout_rig *rig, struct cairn_blk *dev, uint64_t bytes,
                             struct cairn_fat_layout_result *result)
{
    cairn_why_clear(&rig->why);
    return cairn_fat_resize(dev, bytes, NULL, rig->mem, rig->mem_bytes, result, &rig->why);
}

enum cairn_err layout_defrag(struct layout_rig *rig, struct cairn_blk *dev, bool pack,
                             struct cairn_fat_layout_result *result)
{
    struct cairn_fat_layout_options options = { .pack = pack };
    cairn_why_clear(&rig->why);
    return cairn_fat_defrag(dev, &options, rig->mem, rig->mem_bytes, result, &rig->why);
}
