/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <cairn/blk_layers.h>
#include <cairn/blk_mem.h>
#include <fat/codec/boot.h>
#include <fat/codec/fatent.h>
#include <stdlib.h>
#include <tests/sim.h>

/* A volume in memory, full of what was there before. */
struct disk {
    struct cairn_blk_mem mem;
    uint8_t *bytes;
    uint8_t scratch[65536];
    struct cairn_fat_geometry geometry;
};

static struct disk *disk_new(uint32_t block_bytes, uint64_t bytes)
{
    struct disk *disk = calloc(1, sizeof *disk);
    disk->bytes = malloc(bytes);
    memset(disk->bytes, 0xA5, bytes);
    ck_assert_int_eq(
        cairn_blk_mem_open(&disk->mem, disk->bytes, block_bytes, bytes / block_bytes, NULL),
        CAIRN_OK);
    return disk;
}

static void disk_free(struct disk *disk)
{
    ck_assert_int_eq(cairn_blk_close(&disk->mem.base, NULL), CAIRN_OK);
    free(disk->bytes);
    free(disk);
}

static enum cairn_err format(struct disk *disk, const struct cairn_fat_format_options *options)
{
    return cairn_fat_format(&disk->mem.base, options, disk->scratch, sizeof disk->scratch,
                            &disk->geometry, NULL);
}

static const uint8_t *sector(const struct disk *disk, uint32_t number)
{
    return disk->bytes + (size_t)number * disk->geometry.sector_bytes;
}

static uint32_t entry(const struct disk *disk, uint32_t copy, uint32_t cluster)
{
    const struct cairn_fat_geometry *g = &disk->geometry;
    const uint8_t *fat = sector(disk, g->reserved_sectors + copy * g->fat_sectors);
    return fatent_get(g->type, fat + fatent_offset(g->type, cluster), cluster);
}

static bool is_zero(const uint8_t *from, const uint8_t *to)
{
    while (from < to && *from == 0)
        from++;
    return from == to;
}

static void assert_fats(const struct disk *disk)
{
    const struct cairn_fat_geometry *g = &disk->geometry;
    bool is_32 = g->type == CAIRN_FAT32;
    for (uint32_t copy = 0; copy < g->fat_count; copy++) {
        const uint8_t *fat = sector(disk, g->reserved_sectors + copy * g->fat_sectors);
        ck_assert_uint_eq(fat[0], g->media);
        ck_assert_uint_eq(entry(disk, copy, 0), FATENT_END);
        ck_assert_uint_eq(entry(disk, copy, 1), FATENT_END);
        ck_assert_uint_eq(entry(disk, copy, 2), is_32 ? FATENT_END : FATENT_FREE);
        size_t used = is_32 ? 12 : g->type == CAIRN_FAT16 ? 4 : 3;
        ck_assert(is_zero(fat + used, fat + (size_t)g->fat_sectors * g->sector_bytes));
    }
}

static void assert_root(const struct disk *disk, const char *label)
{
    const struct cairn_fat_geometry *g = &disk->geometry;
    bool is_32 = g->type == CAIRN_FAT32;
    const uint8_t *root = sector(disk, is_32 ? g->data_start : g->root_start);
    size_t bytes = is_32 ? g->cluster_bytes : (size_t)g->root_sectors * g->sector_bytes;
    struct fat_dirent entry_of_label;
    fat_dirent_decode(root, g->type, &entry_of_label);
    ck_assert_mem_eq(entry_of_label.raw, label, FAT_SHORT_BYTES);
    ck_assert_uint_eq(entry_of_label.attributes, CAIRN_FAT_VOLUME);
    ck_assert_uint_eq(entry_of_label.modified_date, 1 << 5 | 1); /* 1970 is clamped */
    ck_assert(is_zero(root + FAT_SLOT_BYTES, root + bytes));
}

static void assert_boot(const struct disk *disk)
{
    const struct cairn_fat_geometry *g = &disk->geometry;
    struct cairn_fat_geometry read;
    bool is_signed;
    ck_assert_int_eq(cairn_fat_boot_decode(disk->bytes, &read, &is_signed, NULL), CAIRN_OK);
    ck_assert(is_signed && read.type == g->type && read.cluster_count == g->cluster_count);
    if (g->type != CAIRN_FAT32) return;
    ck_assert_mem_eq(disk->bytes, sector(disk, 6), g->sector_bytes);
    ck_assert_mem_eq(sector(disk, 1), sector(disk, 7), g->sector_bytes);
    struct cairn_fat_fsinfo info;
    cairn_fat_fsinfo_decode(sector(disk, 1), &info);
    ck_assert(info.valid && info.free_clusters == g->cluster_count - 1);
}

START_TEST(every_type_is_whole)
{
    static const struct {
        enum cairn_fat_type type;
        uint32_t block_bytes, sector_bytes;
        uint64_t bytes;
    } cases[] = { { CAIRN_FAT12, 512, 0, 1 << 20 },     { CAIRN_FAT16, 512, 512, 16 << 20 },
                  { CAIRN_FAT32, 512, 0, 40 << 20 },    { CAIRN_FAT12, 4096, 0, 2 << 20 },
                  { CAIRN_FAT16, 512, 2048, 20 << 20 }, { CAIRN_FAT16, 1024, 4096, 40 << 20 } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct cairn_fat_format_options options = { .type = cases[i].type,
                                                    .sector_bytes = cases[i].sector_bytes,
                                                    .fat_count = 1 + (uint32_t)i % 4,
                                                    .label = "CAIRN" };
        struct disk *disk = disk_new(cases[i].block_bytes, cases[i].bytes);
        ck_assert_int_eq(format(disk, &options), CAIRN_OK);
        assert_boot(disk);
        assert_fats(disk);
        assert_root(disk, "CAIRN      ");
        disk_free(disk);
    }
}
END_TEST

START_TEST(the_clusters_are_left_alone)
{
    struct cairn_fat_format_options options = { .total_bytes = 1 << 20 };
    struct disk *disk = disk_new(512, 2 << 20);
    ck_assert_int_eq(format(disk, &options), CAIRN_OK);
    ck_assert_uint_eq(*sector(disk, disk->geometry.data_start), 0xA5);
    ck_assert_uint_eq(disk->geometry.total_sectors, 2048);
    ck_assert(is_zero(sector(disk, disk->geometry.root_start),
                      sector(disk, disk->geometry.data_start))); /* no label, no entry */
    disk_free(disk);
}
END_TEST

START_TEST(the_same_options_make_the_same_bytes)
{
    struct cairn_fat_format_options options = { .volume_id = 7, .label = "SAME" };
    struct disk *a = disk_new(512, 1 << 20), *b = disk_new(512, 1 << 20);
    ck_assert_int_eq(format(a, &options), CAIRN_OK);
    ck_assert_int_eq(format(b, &options), CAIRN_OK);
    ck_assert_mem_eq(a->bytes, b->bytes, 1 << 20);
    disk_free(a);
    disk_free(b);
}
END_TEST

START_TEST(wrong_devices_are_refused)
{
    struct disk *disk = disk_new(4096, 1 << 20);
    struct cairn_fat_format_options options = { .sector_bytes = 512 };
    ck_assert_int_eq(format(disk, &options), CAIRN_EINVAL);
    options = (struct cairn_fat_format_options){ .total_bytes = 2 << 20 };
    ck_assert_int_eq(format(disk, &options), CAIRN_ERANGE);
    options.total_bytes = 0;
    ck_assert_int_eq(
        cairn_fat_format(&disk->mem.base, &options, disk->scratch, 65535, &disk->geometry, NULL),
        CAIRN_ENOMEM);
    struct cairn_blk_readonly readonly;
    ck_assert_int_eq(cairn_blk_readonly_open(&readonly, &disk->mem.base, NULL), CAIRN_OK);
    ck_assert_int_eq(
        cairn_fat_format(&readonly.base, &options, disk->scratch, 65536, &disk->geometry, NULL),
        CAIRN_EROFS);
    ck_assert_int_eq(cairn_blk_close(&readonly.base, NULL), CAIRN_OK);
    ck_assert_uint_eq(disk->bytes[0], 0xA5);
    disk_free(disk);
}
END_TEST

/* ---- power cuts -------------------------------------------------------------------------- */

#define SIM_BLOCKS UINT64_C(2048)
#define SIM_BYTES (SIM_BLOCKS * 512)

static const struct cairn_fat_format_options old_volume = { .volume_id = 1, .label = "OLD" };
static const struct cairn_fat_format_options new_volume = {
    .volume_id = 2, .label = "NEW", .cluster_bytes = 4096, .reserved_sectors = 9
};

static uint32_t choose(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    uint64_t mixed =
        (choice->block + 1) * 0x9E3779B97F4A7C15u ^ *(uint64_t *)ctx * 0xD6E8FEB86659FD93u;
    return (mixed >> 33) % (choice->versions + 1);
}

static enum cairn_err sim_format(struct cairn_blk_sim *sim,
                                 const struct cairn_fat_format_options *options)
{
    static uint8_t scratch[65536];
    struct cairn_fat_geometry geometry;
    return cairn_fat_format(&sim->base, options, scratch, sizeof scratch, &geometry, NULL);
}

/* Format the old volume, then the new one with the power cut at an event. */
static enum cairn_err sim_cut(struct cairn_blk_sim *sim, uint64_t cut_at, uint64_t seed)
{
    ck_assert_int_eq(sim_format(sim, &old_volume), CAIRN_OK);
    sim_live_until(sim, cut_at);
    enum cairn_err err = sim_format(sim, &new_volume);
    sim_restart(sim, choose, &seed);
    return err;
}

static void image_of(struct cairn_blk_sim *sim, const struct cairn_fat_format_options *options,
                     uint8_t *image)
{
    ck_assert_int_eq(sim_format(sim, options), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_read(&sim->base, 0, SIM_BLOCKS, image, NULL), CAIRN_OK);
}

/* All in front of the clusters; what was in them before may stay. */
static bool is_front(const uint8_t *disk, const uint8_t *image)
{
    struct cairn_fat_geometry g;
    bool is_signed;
    ck_assert_int_eq(cairn_fat_boot_decode(image, &g, &is_signed, NULL), CAIRN_OK);
    return memcmp(disk, image, (size_t)g.data_start * 512) == 0;
}

START_TEST(a_cut_leaves_the_old_volume_or_none_or_the_new_one)
{
    static uint8_t bytes[SIM_BYTES], before[SIM_BYTES], after[SIM_BYTES], disk[SIM_BYTES];
    static struct cairn_blk_sim sim;
    struct cairn_blk_mem below;
    void *log = sim_open(&sim, &below, bytes, 512, SIM_BLOCKS);
    image_of(&sim, &old_volume, before);
    image_of(&sim, &new_volume, after);
    enum cairn_err err = CAIRN_EIO;
    uint64_t cut_at = 0;
    for (; err; cut_at++)
        for (uint64_t seed = 0; seed < 16; seed++) {
            struct cairn_fat_geometry g;
            bool is_signed;
            err = sim_cut(&sim, cut_at, seed);
            ck_assert_int_eq(cairn_blk_read(&sim.base, 0, SIM_BLOCKS, disk, NULL), CAIRN_OK);
            if (cairn_fat_boot_decode(disk, &g, &is_signed, NULL)) continue;
            ck_assert(is_front(disk, g.volume_id == 1 ? before : after));
        }
    ck_assert_uint_gt(cut_at, 8);
    ck_assert_int_eq(cairn_blk_close(&sim.base, NULL), CAIRN_OK);
    free(log);
}
END_TEST

TCase *format_tests(void)
{
    TCase *tests = tcase_create("format");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_type_is_whole);
    tcase_add_test(tests, the_clusters_are_left_alone);
    tcase_add_test(tests, the_same_options_make_the_same_bytes);
    tcase_add_test(tests, wrong_devices_are_refused);
    tcase_add_test(tests, a_cut_leaves_the_old_volume_or_none_or_the_new_one);
    return tests;
}
