/* SPDX-License-Identifier: ISC */
/* A directory of a FAT volume, in memory. */
#include "rig.h"

#include <cairn/blk_mem.h>
#include <cairn/kv_fat.h>
#include <stdlib.h>

#define DISK_BYTES ((size_t)16 << 20)
#define BLOCK_BYTES 512u
#define ROOT_ENTRIES 4096u

struct fat {
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *disk, *fs_mem;
    uint8_t kv_mem[CAIRN_KV_FAT_MEM_LEAST] __attribute__((aligned(16)));
};

static void volume_mount(struct rig *rig, bool read_only)
{
    struct fat *fat = rig->of;
    const struct cairn_fat_options mount = { .read_only = read_only, .clock = &rig->clock.base };
    const struct cairn_kv_fat_options options = { .lazy = true };
    size_t bytes = cairn_fat_mem_good(&fat->dev.base, 2000);
    fat->fs_mem = malloc(bytes);
    if (!fat->fs_mem ||
        cairn_fat_mount(&fat->fs, &fat->dev.base, &mount, fat->fs_mem, bytes, NULL) ||
        cairn_kv_fat_open(&rig->kv, fat->fs, cairn_kv_key(""), &options, fat->kv_mem,
                          sizeof fat->kv_mem, NULL))
        abort();
}

static void volume_unmount(struct rig *rig)
{
    struct fat *fat = rig->of;
    if (cairn_kv_close(rig->kv, NULL) || cairn_fat_unmount(fat->fs, NULL)) abort();
    free(fat->fs_mem);
}

static void fat_open(struct rig *rig)
{
    const struct cairn_fat_format_options shape = { .type = CAIRN_FAT16,
                                                    .root_entries = ROOT_ENTRIES };
    static uint8_t scratch[1 << 16];
    struct cairn_fat_geometry geometry;
    struct fat *fat = calloc(1, sizeof *fat);
    rig->of = fat;
    fat->disk = calloc(1, DISK_BYTES);
    if (!fat->disk ||
        cairn_blk_mem_open(&fat->dev, fat->disk, BLOCK_BYTES, DISK_BYTES / BLOCK_BYTES, NULL) ||
        cairn_fat_format(&fat->dev.base, &shape, scratch, sizeof scratch, &geometry, NULL))
        abort();
    volume_mount(rig, false);
}

static void fat_reopen(struct rig *rig, bool read_only)
{
    volume_unmount(rig);
    volume_mount(rig, read_only);
}

static void fat_close(struct rig *rig)
{
    struct fat *fat = rig->of;
    volume_unmount(rig);
    if (cairn_blk_close(&fat->dev.base, NULL)) abort();
    free(fat->disk);
    free(fat);
}

/* None of which FAT takes for another one. */
static const struct cairn_kv_key names[] = {
    { "a", 1 },     { "b", 1 },        { "c", 1 },       { "aa", 2 },
    { "a b.c", 5 }, { "\xC3\xA9", 2 }, { "UP", 2 },      { "Mixed.Case", 10 },
    { ".dot", 4 },  { "~", 1 },        { "kv-temp", 7 }, { "a,b", 3 },
};

const struct store store_fat = {
    .name = "FAT directory",
    .open = fat_open,
    .reopen = fat_reopen,
    .close = fat_close,
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .time_grain_ns = 2 * CAIRN_NS_PER_SEC,
    .root_timeless = true,
    .set_touches = true,
    .full_bytes = DISK_BYTES,
};
