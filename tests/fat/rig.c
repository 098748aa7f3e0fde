/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <fat/codec/boot.h>
#include <fat/codec/dirent.h>
#include <fat/codec/fatent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(bool well, const char *what, const struct cairn_why *why)
{
    char text[512];
    if (well) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "rig: %s failed: %s\n", what, text);
    abort();
}

/* ---- where things are ------------------------------------------------------------------------ */

uint8_t *rig_sector(const struct rig *rig, uint64_t sector)
{
    return rig->bytes + sector * rig->geometry.sector_bytes;
}

uint8_t *rig_cluster(const struct rig *rig, uint32_t cluster)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    return rig_sector(rig, geo->data_start + (uint64_t)(cluster - 2) * geo->cluster_sectors);
}

uint8_t *rig_fat(const struct rig *rig, uint32_t copy, uint32_t cluster)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    return rig_sector(rig, geo->reserved_sectors + (uint64_t)copy * geo->fat_sectors) +
           fatent_offset(geo->type, cluster);
}

uint32_t rig_fat_get(const struct rig *rig, uint32_t cluster)
{
    return fatent_get(rig->geometry.type, rig_fat(rig, 0, cluster), cluster);
}

uint8_t *rig_root_slot(const struct rig *rig, uint32_t n)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    uint8_t *root =
        geo->root_entries ? rig_sector(rig, geo->root_start) : rig_cluster(rig, geo->root_cluster);
    return root + (size_t)n * FAT_SLOT_BYTES;
}

/* ---- making it ------------------------------------------------------------------------------- */

static struct cairn_fat_format_options options_of(const struct rig_shape *shape)
{
    return (struct cairn_fat_format_options){ .type = shape->type,
                                              .sector_bytes = shape->sector_bytes,
                                              .cluster_bytes = shape->cluster_bytes,
                                              .fat_count = shape->fat_count,
                                              .root_entries = shape->root_entries,
                                              .volume_id = 0xCA112222,
                                              .time_ns = RIG_TIME_NS };
}

static void defaults(struct rig_shape *shape)
{
    if (!shape->type) shape->type = CAIRN_FAT12;
    if (!shape->sector_bytes) shape->sector_bytes = 512;
    if (!shape->cluster_bytes) shape->cluster_bytes = shape->sector_bytes;
    if (!shape->clusters) shape->clusters = 200;
    if (!shape->block_bytes) shape->block_bytes = shape->sector_bytes;
    if (!shape->mem_bytes) shape->mem_bytes = 1u << 20;
}

static void device_open(struct rig *rig)
{
    uint32_t block_bytes = rig->shape.block_bytes;
    uint64_t blocks = rig->dev_bytes / block_bytes;
    rig->bytes = calloc(1, rig->dev_bytes);
    if (rig->shape.on_sim) {
        rig->log = sim_open(&rig->dev.sim, &rig->below, rig->bytes, block_bytes, blocks);
        return;
    }
    enum cairn_err err =
        cairn_blk_mem_open(&rig->dev.mem, rig->bytes, block_bytes, blocks, &rig->why);
    must(!err, "opening the device", &rig->why);
}

/* Only so many clusters can be used, so that a FAT32 is soon full, too. */
static void clusters_spoil(struct rig *rig)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    uint32_t usable = rig->shape.clusters + (geo->type == CAIRN_FAT32);
    for (uint32_t copy = 0; copy < geo->fat_count; copy++) {
        for (uint32_t cluster = 2 + usable; cluster < geo->cluster_count + 2; cluster++)
            fatent_put(geo->type, rig_fat(rig, copy, cluster), cluster, FATENT_BAD);
    }
    if (!geo->fsinfo_sector) return;
    struct cairn_fat_fsinfo info = { .free_clusters = rig->shape.clusters, .next_free = 3 };
    cairn_fat_fsinfo_update(&info, rig_sector(rig, geo->fsinfo_sector));
}

/* A FAT32 with so few clusters that its FAT is soon too small. Others shun it; it is quick. */
static void small_32_plan(struct rig *rig)
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
}

static void small_32_make(struct rig *rig)
{
    const struct cairn_fat_geometry *geo = &rig->geometry;
    struct cairn_fat_fsinfo info = { true, rig->shape.clusters - 1, 3 };
    cairn_fat_boot_encode(geo, rig->bytes);
    cairn_fat_boot_encode(geo, rig_sector(rig, geo->backup_boot));
    cairn_fat_fsinfo_encode(&info, rig_sector(rig, geo->fsinfo_sector), geo->sector_bytes);
    for (uint32_t copy = 0; copy < geo->fat_count; copy++) {
        fatent_put(CAIRN_FAT32, rig_fat(rig, copy, 0), 0, 0x0FFFFF00u | geo->media);
        fatent_put(CAIRN_FAT32, rig_fat(rig, copy, 1), 1, FATENT_END);
        fatent_put(CAIRN_FAT32, rig_fat(rig, copy, 2), 2, FATENT_END);
    }
}

static void volume_make(struct rig *rig)
{
    static uint8_t scratch[1u << 18];
    const struct rig_shape *shape = &rig->shape;
    struct cairn_fat_format_options options = options_of(shape);
    bool by_hand = shape->exact && shape->type == CAIRN_FAT32 && shape->clusters < 65525;
    enum cairn_err err = cairn_fat_geometry_fit(&options, by_hand ? 1 : shape->clusters,
                                                &rig->geometry, &options.total_bytes, &rig->why);
    must(!err, "planning", &rig->why);
    if (by_hand) {
        small_32_plan(rig);
        options.total_bytes = (uint64_t)rig->geometry.total_sectors * shape->sector_bytes;
    }
    rig->dev_bytes = options.total_bytes + (size_t)shape->room_clusters * shape->cluster_bytes;
    device_open(rig);
    if (by_hand)
        small_32_make(rig);
    else
        err = cairn_fat_format(&rig->dev.base, &options, scratch, sizeof scratch, &rig->geometry,
                               &rig->why);
    must(!err, "formatting", &rig->why);
    if (!shape->exact) clusters_spoil(rig);
}

void rig_settle(struct rig *rig)
{
    if (rig->shape.on_sim) sim_settle(&rig->dev.sim);
}

void rig_make(struct rig *rig, const struct rig_shape *shape)
{
    memset(rig, 0, sizeof *rig);
    rig->shape = *shape;
    defaults(&rig->shape);
    volume_make(rig);
    rig_settle(rig);
    cairn_clock_wall_fixed_init(&rig->clock, RIG_TIME_NS);
    rig->mem = malloc(rig->shape.mem_bytes);
}

void rig_free(struct rig *rig)
{
    if (rig->fs) must(!cairn_fat_unmount(rig->fs, &rig->why), "unmounting", &rig->why);
    must(!cairn_blk_close(&rig->dev.base, &rig->why), "closing", &rig->why);
    free(rig->bytes);
    free(rig->log);
    free(rig->mem);
}

enum cairn_err rig_mount_as(struct rig *rig, struct cairn_fat_options options)
{
    options.clock = &rig->clock.base;
    return cairn_fat_mount(&rig->fs, &rig->dev.base, &options, rig->mem, rig->shape.mem_bytes,
                           &rig->why);
}

enum cairn_err rig_mount(struct rig *rig)
{
    bool by_bits = !rig->shape.long_lower;
    struct cairn_fat_options options = {
        .on_dirty = CAIRN_FAT_DIRTY_WRITE,
        .sync = rig->shape.sync,
        .short_names = by_bits ? CAIRN_FAT_SHORT_WINNT : CAIRN_FAT_SHORT_MIXED,
        .utc_offset_min = rig->shape.utc_offset_min,
    };
    return rig_mount_as(rig, options);
}

enum cairn_err rig_unmount(struct rig *rig)
{
    enum cairn_err err = cairn_fat_unmount(rig->fs, &rig->why);
    rig->fs = NULL;
    return err;
}

/* ---- judges ---------------------------------------------------------------------------------- */

struct judge {
    struct rig *rig;
    enum cairn_fat_severity from;
};

static bool judge_report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct judge *judge = ctx;
    char *out = judge->rig->finding;
    if (finding->severity >= judge->from && !out[0])
        snprintf(out, sizeof judge->rig->finding, "%s: %s: %s", finding->path,
                 cairn_fat_fault_name(finding->fault), finding->text);
    return true;
}

bool rig_check(struct rig *rig, enum cairn_fat_severity from)
{
    struct judge judge = { rig, from };
    struct cairn_fat_check_options options = { .report = judge_report, .ctx = &judge };
    struct cairn_fat_check_result result;
    size_t bytes = cairn_fat_check_mem(&rig->dev.base, 4096);
    void *mem = malloc(bytes);
    rig->finding[0] = 0;
    enum cairn_err err = cairn_fat_check(&rig->dev.base, &options, mem, bytes, &result, &rig->why);
    free(mem);
    if (err) snprintf(rig->finding, sizeof rig->finding, "check: %s", cairn_err_name(err));
    return rig->finding[0] == 0;
}

/* Has fsck.fat nothing to say but its version and its count? It warns with status 0, too. */
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

bool rig_fsck(struct rig *rig)
{
    char path[] = "/tmp/cairn-rig-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) return true;
    bool whole = true;
    for (size_t at = 0; whole && at < rig->dev_bytes;) {
        ssize_t wrote = write(fd, rig->bytes + at, rig->dev_bytes - at);
        whole = wrote > 0;
        if (whole) at += (size_t)wrote;
    }
    close(fd);
    bool content = !whole || fsck_is_content(path);
    unlink(path);
    return content;
}
