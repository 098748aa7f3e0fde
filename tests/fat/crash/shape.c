/* SPDX-License-Identifier: ISC */
#include "shape.h"

#include <cairn/bytes.h>
#include <fat/codec/boot.h>
#include <fat/codec/fatent.h>
#include <stdlib.h>
#include <string.h>

/* Those that find most come first. Clusters are given to the directory, "still", "inner" (one
 * each), the long name (one) and "foo.txt" (two) in this order, behind the root of a FAT32. `bad`
 * has them lie where it matters: a file's last cluster and the next free one share a byte of a
 * FAT12; a directory's first cluster and the next free one, and a file's two, have their entries in
 * two sectors. fat (5), fat (6) */
const struct shape shapes[] = {
    { "fat12, nearly full", CAIRN_FAT12, 2, 512, 1, .clusters = 10, .bad = 1, .edge = true },
    { "fat32, a FAT of two sectors", CAIRN_FAT32, 1, 512, 1, .clusters = 140, .bad = 120,
      .edge = true },
    { "fat32, edge of a sector", CAIRN_FAT32, 2, 512, 2, .clusters = 24, .edge = true },
    { "fat12, an entry in two sectors", CAIRN_FAT12, 2, 512, 1, .clusters = 358, .bad = 339,
      .edge = true, .hole = true },
    { "fat16, stale slots", CAIRN_FAT16, 1, 512, 2, .clusters = 20, .edge = true, .stale = true },
    { "fat12", CAIRN_FAT12, 2, 512, 1, .clusters = 24 },
    { "fat16", CAIRN_FAT16, 1, 512, 1, .clusters = 24 },
    { "fat32", CAIRN_FAT32, 2, 512, 1, .clusters = 24 },
    { "fat12, one FAT, edge of a sector", CAIRN_FAT12, 1, 512, 2, .clusters = 24, .edge = true },
    { "fat16, edge of a cluster", CAIRN_FAT16, 2, 512, 1, .clusters = 24, .edge = true },
    { "fat32, one FAT, edge of a cluster", CAIRN_FAT32, 1, 512, 1, .clusters = 24, .edge = true },
    { "fat32, nearly full", CAIRN_FAT32, 2, 512, 1, .clusters = 11, .edge = true },
    { "fat32, one FAT of two is live", CAIRN_FAT32, 2, 512, 1, .clusters = 24,
      .active_only = true },
    { "fat12, sectors of 4096", CAIRN_FAT12, 2, 4096, 1, .clusters = 14 },
};
const uint32_t shape_count = CAIRN_COUNT(shapes);

/* ---- the empty volume ------------------------------------------------------------------------ */

static struct cairn_fat_geometry geometry_of(const struct shape *shape)
{
    bool is_32 = shape->type == CAIRN_FAT32;
    struct cairn_fat_geometry g = {
        .type = shape->type,
        .sector_bytes = shape->sector_bytes,
        .cluster_sectors = shape->cluster_sectors,
        .reserved_sectors = is_32 ? 8 : 1,
        .fat_count = shape->fat_count,
        .root_entries = is_32 ? 0 : shape->sector_bytes / (shape->clusters < 12 ? 32 : 16),
        .root_cluster = is_32 ? 2 + shape->bad : 0,
        .cluster_count = shape->clusters,
        .media = 0xF8,
        .volume_id = 0xCA112222,
        .fsinfo_sector = is_32 ? 1 : 0,
        .backup_boot = is_32 ? 6 : 0,
        .active_only = shape->active_only,
        .active_fat = shape->active_only
    };
    if (shape->type == CAIRN_FAT16) g.cluster_count = CAIRN_FAT_CLUSTERS_MAX_12 + 1;
    uint64_t fat_bytes = fatent_offset(shape->type, g.cluster_count + 2) + 1;
    g.cluster_bytes = g.sector_bytes * g.cluster_sectors;
    g.fat_sectors = (uint32_t)cairn_div_up(fat_bytes, g.sector_bytes);
    g.root_start = g.reserved_sectors + g.fat_count * g.fat_sectors;
    g.root_sectors = g.root_entries * 32 / g.sector_bytes;
    g.data_start = g.root_start + g.root_sectors;
    g.total_sectors = g.data_start + g.cluster_count * g.cluster_sectors;
    memcpy(g.oem, "CAIRN   ", sizeof g.oem);
    memcpy(g.label, "NO NAME    ", sizeof g.label);
    return g;
}

static void fat_put(const struct shape *shape, const struct cairn_fat_geometry *g, uint8_t *fat)
{
    fatent_put(g->type, fat, 0, (FATENT_END & ~0xFFu) | g->media);
    for (uint32_t cluster = 1; cluster < g->cluster_count + 2; cluster++) {
        uint32_t usable = cluster >= shape->bad + 2 && cluster < shape->clusters + 2;
        uint32_t value = cluster == 1 || cluster == g->root_cluster ? FATENT_END : FATENT_BAD;
        if (usable && cluster != g->root_cluster) value = FATENT_FREE;
        fatent_put(g->type, fat + fatent_offset(g->type, cluster), cluster, value);
    }
}

static void live_sectors(const struct cairn_fat_geometry *g, struct image *image, uint32_t sector,
                         uint32_t count)
{
    uint32_t blocks = g->sector_bytes / DISK_BLOCK;
    image_live(image, sector * blocks, count * blocks);
}

static void live_note(const struct shape *shape, const struct cairn_fat_geometry *g,
                      struct image *image)
{
    uint32_t first = shape->bad, usable = shape->clusters - shape->bad;
    uint64_t last = fatent_offset(g->type, shape->clusters + 2);
    live_sectors(g, image, 0, g->reserved_sectors);
    for (uint32_t copy = 0; copy < g->fat_count; copy++)
        live_sectors(g, image, g->reserved_sectors + copy * g->fat_sectors,
                     (uint32_t)last / g->sector_bytes + 1);
    live_sectors(g, image, g->root_start, g->root_sectors);
    live_sectors(g, image, g->data_start + first * g->cluster_sectors, usable * g->cluster_sectors);
}

/* Free clusters hold what looks like anything but zeros. */
static void data_litter(const struct cairn_fat_geometry *g, struct image *image)
{
    size_t cluster_bytes = (size_t)g->cluster_sectors * g->sector_bytes;
    uint8_t *data = image->bytes + (size_t)g->data_start * g->sector_bytes;
    memset(data, 'L', g->cluster_count * cluster_bytes);
    if (g->root_cluster) memset(data + (g->root_cluster - 2) * cluster_bytes, 0, cluster_bytes);
}

void shape_image(const struct shape *shape, struct image *image)
{
    struct cairn_fat_geometry g = geometry_of(shape);
    image_make(image, g.total_sectors * (g.sector_bytes / DISK_BLOCK));
    uint8_t *sectors = image->bytes;
    cairn_fat_boot_encode(&g, sectors);
    if (g.backup_boot) cairn_fat_boot_encode(&g, sectors + g.backup_boot * g.sector_bytes);
    for (uint32_t copy = 0; copy < g.fat_count; copy++)
        fat_put(shape, &g,
                sectors + (g.reserved_sectors + (size_t)copy * g.fat_sectors) * g.sector_bytes);
    data_litter(&g, image);
    if (g.fsinfo_sector) {
        struct cairn_fat_fsinfo info = { .free_clusters = shape->clusters - shape->bad - 1,
                                         .next_free = g.root_cluster + 1 };
        cairn_fat_fsinfo_encode(&info, sectors + g.fsinfo_sector * g.sector_bytes, g.sector_bytes);
    }
    live_note(shape, &g, image);
}

/* ---- what is on it --------------------------------------------------------------------------- */

#define SLOTS 16u /* of a block */
#define SLOT_UNITS 13u

const char *shape_filler(const char *dir, uint32_t used)
{
    static char path[256];
    uint32_t slots = SLOTS - 1 - used % SLOTS;
    if (slots < 2) slots += SLOTS;
    size_t at = strlen(dir), len = (slots - 1) * SLOT_UNITS;
    memcpy(path, dir, at);
    memset(path + at, 'f', len);
    path[at + len] = 0;
    return path;
}

bool shape_filling(const struct shape *shape, uint32_t i, struct op *op)
{
    static const struct op ops[] = {
        { OP_MKDIR, "dir", NULL, 0, 0 },          { OP_APPEND, "still", NULL, 0, 100 },
        { OP_APPEND, "dir/inner", NULL, 0, 100 }, { OP_APPEND, "A long name one.text", NULL, 1, 0 },
        { OP_APPEND, "foo.txt", NULL, 1, 1 },     { OP_APPEND, "hole", NULL, 4, 0 },
        { OP_MKDIR, "other", NULL, 0, 0 },        { OP_REMOVE, "hole", NULL, 0, 0 },
    };
    if (i >= (shape->hole ? CAIRN_COUNT(ops) : 5)) return false;
    *op = ops[i];
    return true;
}

/* The second block of a directory, whose first has its end mark. */
static void stale_put(uint8_t *block)
{
    memcpy(block, SHAPE_STALE "      ", 11);
}

void shape_stale(struct image *image)
{
    struct cairn_fat_geometry g;
    bool is_signed;
    uint8_t *bytes = image->bytes;
    if (cairn_fat_boot_decode(bytes, &g, &is_signed, NULL)) abort();
    bytes[cairn_fat_boot_state_offset(g.type)] |= 1;
    stale_put(bytes + (size_t)(g.root_start + 1) * g.sector_bytes);
    stale_put(bytes + (size_t)(g.data_start + 1) * g.sector_bytes);
}
