/* SPDX-License-Identifier: ISC */
/* Check a volume: its memory, and the order of the passes. */
#include "../repair/mend.h"

#define FRAMES_GOOD 2048u /* directories below one another */
#define BOOT_BYTES 512u
#define HEAD_BYTES (2u * FAT_SLOT_BYTES)
#define OWN_STEPS 64u /* along chains, that each cluster may cost; see own_left */
#define OWN_STEPS_LEAST 4096u

/* What a volume's shape asks of memory. */
struct needs {
    uint64_t entries;   /* of the FAT that are on the device, the two reserved ones included */
    uint64_t fat_bytes; /* of them */
};

/* A FAT that the device cuts off is shorter: so memory is bounded by the device's size, whatever
 * the boot sector says. */
static struct needs needs_of(const struct cairn_fat_geometry *geometry, uint64_t dev_bytes)
{
    uint32_t copy = geometry->active_only ? geometry->active_fat : 0;
    uint64_t at = ((uint64_t)geometry->reserved_sectors + (uint64_t)copy * geometry->fat_sectors) *
                  geometry->sector_bytes;
    uint64_t there = at < dev_bytes ? dev_bytes - at : 0, entries = geometry->cluster_count + 2ull;
    if (geometry->type == CAIRN_FAT12)
        entries = cairn_min_u64(entries, there * 2 / 3);
    else
        entries = cairn_min_u64(entries, there / fatent_bytes(geometry->type));
    uint64_t bytes = geometry->type == CAIRN_FAT12 ? cairn_div_up(entries * 3, 2)
                                                   : entries * fatent_bytes(geometry->type);
    return (struct needs){ entries, bytes };
}

static uint32_t windows_good(const struct needs *needs)
{
    return (uint32_t)cairn_min_u64(
        cairn_max_u64(cairn_div_up(needs->fat_bytes, FAT_CHECK_PIECE), 1), FAT_CHECK_WINDOWS);
}

/* The geometry that the boot sector at byte `at` tells, without memory to read into; false:
 * unknown, so the worst is assumed. */
static bool geometry_peek(struct cairn_blk *dev, uint64_t at, struct cairn_fat_geometry *geometry)
{
    uint8_t block[2048];
    uint64_t unit = cairn_blk_info(dev)->block_bytes;
    bool is_signed;
    if (at / unit >= cairn_blk_info(dev)->block_count) return false;
    const uint8_t *boot = cairn_blk_borrow(dev, at / unit, 1);
    if (!boot) {
        if (unit > sizeof block) return false;
        if (cairn_blk_read(dev, at / unit, 1, block, NULL)) return false;
        boot = block;
    }
    return cairn_fat_boot_decode(boot + at % unit, geometry, &is_signed, NULL) == CAIRN_OK;
}

static struct needs needs_guess(uint64_t dev_bytes)
{
    uint64_t entries = cairn_min_u64(dev_bytes / 512, CAIRN_FAT_CLUSTERS_MAX_32 + 2ull);
    return (struct needs){ entries, entries * 4 };
}

/* The backup may turn out to be right. */
static struct needs needs_peek(struct cairn_blk *dev)
{
    struct cairn_fat_geometry geometry;
    uint64_t bytes = cairn_blk_bytes(dev);
    if (!geometry_peek(dev, 0, &geometry)) return needs_guess(bytes);
    struct needs needs = needs_of(&geometry, bytes);
    for (uint32_t size = 512; size <= 4096 && geometry.type == CAIRN_FAT32; size *= 2) {
        struct cairn_fat_geometry backup;
        if (!geometry_peek(dev, (uint64_t)FAT_CHECK_BACKUP * size, &backup)) continue;
        struct needs other = needs_of(&backup, bytes);
        needs.entries = cairn_max_u64(needs.entries, other.entries);
        needs.fat_bytes = cairn_max_u64(needs.fat_bytes, other.fat_bytes);
    }
    return needs;
}

size_t cairn_fat_check_mem(struct cairn_blk *dev, uint64_t entries)
{
    return fat_check_mem(dev, entries, 0, 0);
}

size_t fat_check_mem(struct cairn_blk *dev, uint64_t entries, uint32_t bitmaps, uint32_t windows)
{
    struct needs needs = needs_peek(dev);
    uint64_t align = cairn_max_u64(cairn_blk_info(dev)->mem_align, 64);
    uint64_t names = entries ? entries * 2 : FAT_CHECK_DIR_MAX, places = 16;
    while (places < names * 2)
        places *= 2;
    uint64_t all = 1ull + windows + windows_good(&needs);
    return (size_t)(sizeof(struct fat_check) +
                    (2ull + bitmaps) * cairn_div_up(needs.entries, 64) * 8 +
                    all * (fat_check_window_bytes(dev) + align) + HEAD_BYTES +
                    2 * cairn_blk_info(dev)->block_bytes + align +
                    FRAMES_GOOD * sizeof(struct fat_check_frame) + places * 8 + 4 * align);
}

bool fat_check_window_small(struct fat_check *c, struct fat_check_window *window, uint32_t bytes)
{
    const struct cairn_blk_info *info = cairn_blk_info(c->dev);
    size_t align = (size_t)cairn_max_u64(info->mem_align, 64);
    window->buf = cairn_arena_take(&c->arena, bytes + 2 * (size_t)info->block_bytes, align);
    return window->buf != NULL;
}

bool fat_check_window_take(struct fat_check *c, struct fat_check_window *window)
{
    return fat_check_window_small(c, window, FAT_CHECK_PIECE);
}

/* Windows beyond the first are for speed only, so names go before them. */
static bool windows_take(struct fat_check *c, const struct needs *needs)
{
    uint32_t good = windows_good(needs);
    size_t spare = FAT_CHECK_PIECE + fat_check_window_bytes(c->dev);
    c->window = &c->windows[0];
    for (uint32_t i = 0; i < good; i++) {
        if (i > 0 && c->arena.left < spare) break;
        if (!fat_check_window_take(c, &c->windows[i])) return i > 0;
        c->window_count = i + 1;
    }
    return true;
}

/* The whole FAT at once, where the device is memory. */
static void fat_borrow(struct fat_check *c)
{
    uint64_t unit = cairn_blk_info(c->dev)->block_bytes, block = c->fat_at / unit;
    uint64_t count = cairn_div_up(c->fat_at + c->fat_bytes, unit) - block;
    const uint8_t *view = NULL;
    if (cairn_range_fits(block, count, cairn_blk_info(c->dev)->block_count))
        view = cairn_blk_borrow(c->dev, block, count);
    if (view) c->fat = view + (c->fat_at - block * unit);
}

static bool memory_take(struct fat_check *c)
{
    const struct cairn_fat_geometry *geometry = &c->geometry;
    struct needs needs = needs_of(geometry, c->dev_bytes);
    size_t words = (size_t)cairn_div_up(needs.entries, 64);
    uint32_t copy = geometry->active_only ? geometry->active_fat : 0;
    c->fat_at =
        fat_check_sector_at(c, geometry->reserved_sectors + (uint64_t)copy * geometry->fat_sectors);
    c->fat_bytes = needs.fat_bytes;
    c->entries = (uint32_t)needs.entries;
    c->last = geometry->cluster_count + 1;
    c->own_left = (uint64_t)OWN_STEPS * c->entries + OWN_STEPS_LEAST;
    c->seen = cairn_arena_array(&c->arena, words, sizeof *c->seen, 8);
    c->mark = cairn_arena_array(&c->arena, words, sizeof *c->mark, 8);
    if (!c->seen || !c->mark) return false;
    if (c->mend && !fat_mend_begin(c, words)) return false;
    if (!windows_take(c, &needs)) return false;
    c->room_bytes = c->arena.left > 64 ? (c->arena.left - 64) / 8 * 8 : 0;
    c->room = cairn_arena_take(&c->arena, c->room_bytes, 64);
    if (!c->mend) fat_borrow(c);
    return c->room != NULL && c->room_bytes >= sizeof(struct fat_check_frame);
}

/* Clusters from this one on end behind the device. */
static uint32_t outside_first(const struct fat_check *c)
{
    uint64_t start = fat_check_sector_at(c, c->geometry.data_start);
    if (c->dev_bytes < start) return 2;
    return (uint32_t)cairn_min_u64((c->dev_bytes - start) / c->geometry.cluster_bytes + 2,
                                   UINT32_MAX);
}

static enum cairn_err memory_short(struct cairn_blk *dev, size_t given, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "check the volume in %zu bytes of memory", given);
    size_t good = cairn_fat_check_mem(dev, 0);
    cairn_why_hint(why, "give it %zu bytes", good > given ? good : 2 * given);
    return err;
}

/* Now and then: a 256th of the way at least. */
void fat_check_progress(struct fat_check *c, uint64_t done)
{
    uint64_t total = 2ull * c->geometry.cluster_count;
    if (!c->options.progress || (done < total && done < c->told + total / 256)) return;
    c->told = done;
    c->options.progress(c->options.ctx, cairn_min_u64(done, total), total);
}

static void passes_run(struct fat_check *c)
{
    if (c->mend) fat_mend_dirs_find(c);
    fat_check_boot(c);
    c->canceled |= c->mend && c->mend->err;
    fat_check_fat(c);
    fat_check_state(c);
    fat_check_tree(c);
    if (!c->cut_tree) fat_check_orphans(c);
    fat_check_fsinfo(c);
    fat_check_label(c);
    fat_check_progress(c, 2ull * c->geometry.cluster_count);
}

static enum cairn_err outcome(const struct fat_check *c, size_t mem_bytes, struct cairn_why *why)
{
    if (c->mend && c->mend->err) return c->mend->err;
    if (c->canceled) return cairn_why_fail(why, CAIRN_ECANCELED, "check the volume");
    if (c->cut_names || c->cut_tree) return memory_short(c->dev, mem_bytes, why);
    return CAIRN_OK;
}

enum cairn_err cairn_fat_check(struct cairn_blk *dev, const struct cairn_fat_check_options *options,
                               void *mem, size_t mem_bytes, struct cairn_fat_check_result *result,
                               struct cairn_why *why)
{
    return fat_check_run(dev, options, mem, mem_bytes, result, NULL, why);
}

static void check_init(struct fat_check *c, struct cairn_blk *dev,
                       const struct cairn_fat_check_options *options)
{
    c->dev = dev;
    c->dev_bytes = cairn_blk_bytes(dev);
    c->options = *options;
    if (!c->options.codepage) c->options.codepage = CAIRN_FAT_CP437;
    c->sector = c->slot_at = FAT_CHECK_NOWHERE;
}

enum cairn_err fat_check_run(struct cairn_blk *dev, const struct cairn_fat_check_options *options,
                             void *mem, size_t mem_bytes, struct cairn_fat_check_result *result,
                             struct fat_mend *mend, struct cairn_why *why)
{
    struct cairn_arena arena;
    cairn_arena_init(&arena, mem, mem_bytes);
    memset(result, 0, sizeof *result);
    struct fat_check *c = cairn_arena_array(&arena, 1, sizeof *c, 64);
    if (!c) return memory_short(dev, mem_bytes, why);
    check_init(c, dev, options);
    c->result = result;
    c->arena = arena;
    c->mend = mend;
    if (mend && !fat_mend_windows(c)) return memory_short(dev, mem_bytes, why);
    if (!fat_check_window_take(c, &c->dir_window) ||
        !fat_check_window_small(c, &c->head, HEAD_BYTES))
        return memory_short(dev, mem_bytes, why);
    enum cairn_err err = fat_check_boot_read(c, why);
    if (err) return err;
    if (!memory_take(c)) return mend && mend->err ? mend->err : memory_short(dev, mem_bytes, why);
    c->outside = outside_first(c);
    passes_run(c);
    return outcome(c, mem_bytes, why);
}
