/* SPDX-License-Identifier: ISC */
#include "layout_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    enum cairn_err err =
        cairn_fat_open(fs, file->path, strlen(file->path),
                       CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE | CAIRN_FAT_OPEN_APPEND,
                       &handle, &rig->disk.why);
    must(!err || err == CAIRN_ENOSPC, "opening a file", &rig->disk.why);
    if (err) { /* the root is full */
        file->path[0] = 0;
        free(buf);
        return;
    }
    err = cairn_fat_file_write(&handle, buf, bytes, &done, &rig->disk.why);
    must(!err || err == CAIRN_ENOSPC, "writing", &rig->disk.why);
    file->size += (uint32_t)done;
    must(!cairn_fat_close(&handle, &rig->disk.why), "closing", &rig->disk.why);
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
    must(!cairn_fat_walk(fs, file->path, (size_t)(name - file->path), &dir, &rig->disk.why),
         "walking", &rig->disk.why);
    must(!cairn_fat_remove(dir, name, strlen(name), &rig->disk.why), "removing", &rig->disk.why);
    cairn_fat_release(dir);
    file->path[0] = 0;
}

static void dir_make(struct layout_rig *rig, struct cairn_fat *fs, struct layout_file *file)
{
    struct cairn_fat_node *dir, *node;
    const char *name = strrchr(file->path, '/') + 1;
    must(!cairn_fat_walk(fs, file->path, (size_t)(name - file->path), &dir, &rig->disk.why),
         "walking", &rig->disk.why);
    if (cairn_fat_mkdir(dir, name, strlen(name), &node, NULL))
        file->path[0] = 0;
    else
        cairn_fat_release(node);
    cairn_fat_release(dir);
}

static uint64_t free_clusters(struct layout_rig *rig, struct cairn_fat *fs)
{
    struct cairn_fat_usage usage;
    must(!cairn_fat_usage(fs, &usage, &rig->disk.why), "counting", &rig->disk.why);
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

static struct cairn_fat *rig_begin(struct layout_rig *rig, const struct layout_shape *shape,
                                   uint32_t seed)
{
    struct rig_shape disk = { .type = shape->type,
                              .sector_bytes = shape->sector_bytes,
                              .cluster_bytes = shape->cluster_bytes,
                              .fat_count = shape->fat_count,
                              .root_entries = shape->type == CAIRN_FAT32 ? 0 : 128,
                              .clusters = shape->clusters,
                              .exact = true,
                              .reserved = shape->reserved,
                              .room_clusters = shape->room_clusters,
                              .block_bytes = shape->block_bytes,
                              .mem_bytes = MEM_BYTES,
                              .on_sim = shape->on_sim,
                              .long_lower = true };
    memset(rig, 0, sizeof *rig);
    rig->shape = *shape;
    rig->random = seed;
    rig_make(&rig->disk, &disk);
    rig->volume_bytes = (size_t)rig->disk.geometry.total_sectors * shape->sector_bytes;
    must(!rig_mount(&rig->disk), "mounting", &rig->disk.why);
    return rig->disk.fs;
}

static void rig_end(struct layout_rig *rig)
{
    must(!rig_unmount(&rig->disk), "unmounting", &rig->disk.why);
    rig_settle(&rig->disk);
}

void layout_make(struct layout_rig *rig, const struct layout_shape *shape, uint32_t seed)
{
    volume_fill(rig, rig_begin(rig, shape, seed));
    rig_end(rig);
}

void layout_make_of(struct layout_rig *rig, const struct layout_shape *shape,
                    const struct layout_step *steps)
{
    struct cairn_fat *fs = rig_begin(rig, shape, 1);
    for (; steps->path; steps++) {
        struct layout_file *file = file_named(rig, steps->path);
        if (steps->clusters)
            file_append(rig, fs, file, steps->clusters * shape->cluster_bytes);
        else
            file_remove(rig, fs, file);
    }
    rig_end(rig);
}

void layout_free(struct layout_rig *rig)
{
    rig_free(&rig->disk);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool file_holds(struct layout_rig *rig, struct cairn_fat *fs, const struct layout_file *file)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    if (cairn_fat_walk(fs, file->path, strlen(file->path), &node, &rig->disk.why)) return false;
    bool well = !cairn_fat_stat(node, &stat, NULL) && stat.is_directory == file->is_directory &&
                stat.size == file->size && stat.modified_ns == RIG_TIME_NS;
    uint8_t *buf = malloc((size_t)file->size + 1);
    size_t done = 0;
    if (well && file->size) well = !cairn_fat_read(node, 0, buf, file->size, &done, &rig->disk.why);
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
    cairn_why_clear(&rig->disk.why);
    if (cairn_fat_mount(&fs, dev, &options, rig->disk.mem, rig->disk.shape.mem_bytes,
                        &rig->disk.why)) {
        snprintf(rig->what, sizeof rig->what, "does not mount: %s", rig->disk.why.what);
        return false;
    }
    for (uint32_t i = 0; well && i < LAYOUT_FILES; i++) {
        if (!rig->files[i].path[0]) continue;
        well = file_holds(rig, fs, &rig->files[i]);
        if (!well)
            snprintf(rig->what, sizeof rig->what, "%s is not whole: %s", rig->files[i].path,
                     rig->disk.why.what);
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
    enum cairn_err err = cairn_fat_check(dev, &options, rig->disk.mem, rig->disk.shape.mem_bytes,
                                         &result, &rig->disk.why);
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

/* ---- doing ----------------------------------------------------------------------------------- */

uint64_t layout_bytes(const struct layout_rig *rig, uint32_t clusters)
{
    const struct cairn_fat_geometry *geo = &rig->disk.geometry;
    return (geo->data_start + (uint64_t)clusters * geo->cluster_sectors) * geo->sector_bytes;
}

enum cairn_err layout_resize(struct layout_rig *rig, struct cairn_blk *dev, uint64_t bytes,
                             struct cairn_fat_layout_result *result)
{
    cairn_why_clear(&rig->disk.why);
    return cairn_fat_resize(dev, bytes, NULL, rig->disk.mem, rig->disk.shape.mem_bytes, result,
                            &rig->disk.why);
}

enum cairn_err layout_defrag(struct layout_rig *rig, struct cairn_blk *dev, bool pack,
                             struct cairn_fat_layout_result *result)
{
    struct cairn_fat_layout_options options = { .pack = pack };
    cairn_why_clear(&rig->disk.why);
    return cairn_fat_defrag(dev, &options, rig->disk.mem, rig->disk.shape.mem_bytes, result,
                            &rig->disk.why);
}
