/* SPDX-License-Identifier: ISC */
/* Mounting: the boot sector is read, the memory given is divided, and the root stands. */
#include "ops.h"
#include "table.h"

#include <cairn/bytes.h>

#define NODES_MIN 64u
#define NODES_MAX 65536u
#define PAGES_MIN (3 * FAT_OP_PAGES)
#define LOG_MIN (2 * FAT_OP_LOG)

/* ---- memory ---------------------------------------------------------------------------------- */

struct budget {
    uint32_t nodes, index, log, pages;
};

/* What a page costs besides its bytes: its struct, two hash buckets, its place for sorting. */
static size_t page_cost(uint32_t page_bytes)
{
    return page_bytes + sizeof(struct fat_page) + 4 * sizeof(uint32_t);
}

static size_t fixed_cost(uint32_t page_bytes)
{
    return sizeof(struct cairn_fat) + (size_t)FAT_SCRATCH_PAGES * page_bytes + 64 * 4 + 2 * 4096 +
           256;
}

static uint32_t pow2_below(uint64_t value)
{
    return value ? 1u << cairn_log2(cairn_min_u64(value, 1u << 28)) : 0;
}

/* Divide mem_bytes: an eighth for the log, a sixteenth for the index, little for nodes, the rest is
 * pages. */
static enum cairn_err budget_plan(size_t mem_bytes, uint32_t page_bytes, struct budget *b)
{
    size_t node_cost = sizeof(struct cairn_fat_node) + 2 * sizeof(void *);
    uint64_t nodes = cairn_max_u64(NODES_MIN, mem_bytes / 32 / node_cost);
    b->nodes = (uint32_t)cairn_min_u64(nodes, NODES_MAX);
    b->log = (uint32_t)cairn_min_u64(cairn_max_u64(LOG_MIN, mem_bytes / 8), 1u << 28) & ~7u;
    b->index = pow2_below(mem_bytes / 16 / sizeof(struct fat_index_entry));
    uint64_t used = fixed_cost(page_bytes) + b->nodes * node_cost + 256 + b->log +
                    (uint64_t)b->index * sizeof(struct fat_index_entry);
    uint64_t pages = used < mem_bytes ? (mem_bytes - used) / page_cost(page_bytes) : 0;
    b->pages = (uint32_t)cairn_min_u64(pages, 1u << 22);
    return b->pages < PAGES_MIN ? CAIRN_ENOMEM : CAIRN_OK;
}

size_t cairn_fat_mem_least(const struct cairn_blk *dev)
{
    (void)dev; /* the same for all: pages of the largest size */
    size_t need = fixed_cost(FAT_PAGE_BYTES_MAX) + LOG_MIN + PAGES_MIN * page_cost(4096) +
                  NODES_MIN * (sizeof(struct cairn_fat_node) + 2 * sizeof(void *)) + 4096;
    struct budget b;
    while (budget_plan(need, FAT_PAGE_BYTES_MAX, &b))
        need += 4096;
    return need;
}

size_t cairn_fat_mem_good(const struct cairn_blk *dev, uint64_t files)
{
    uint64_t fat = cairn_min_u64(cairn_blk_bytes(dev) / 1024, 32u << 20);
    uint64_t names = cairn_min_u64(files ? files : 20000, 1u << 20) * 640;
    return cairn_fat_mem_least(dev) + (size_t)(fat + names + (8u << 20));
}

static enum cairn_err parts_init(struct cairn_fat *fs, struct cairn_arena *arena,
                                 const struct budget *b)
{
    enum cairn_err err = fat_cache_init(&fs->cache, &fs->geo, arena, b->pages, b->log);
    if (!err) err = fat_nodes_init(fs, arena, b->nodes);
    if (err) return err;
    struct fat_index_entry *entries =
        cairn_arena_take(arena, b->index * sizeof *entries, sizeof(uint32_t));
    if (!entries) return CAIRN_ENOMEM;
    fat_index_init(&fs->index, entries, b->index);
    return CAIRN_OK;
}

/* ---- the volume ------------------------------------------------------------------------------ */

/* Read and decode the boot sector; block is scratch for one block of the device. */
static enum cairn_err boot_read(struct cairn_blk *dev, struct cairn_fat_geometry *geo,
                                uint8_t *block, struct cairn_why *why)
{
    bool is_signed;
    enum cairn_err err = cairn_blk_read(dev, 0, 1, block, why);
    if (!err) err = cairn_fat_boot_decode(block, geo, &is_signed, why);
    if (err) return err;
    if (geo->sector_bytes < dev->info.block_bytes) {
        (void)cairn_why_fail(why, CAIRN_EINVAL, "sectors of %u bytes on a device of %u-byte blocks",
                             geo->sector_bytes, dev->info.block_bytes);
        cairn_why_hint(why, "put the block-size layer between");
        return CAIRN_EINVAL;
    }
    uint64_t need = (uint64_t)geo->total_sectors * geo->sector_bytes;
    if (need <= cairn_blk_bytes(dev)) return CAIRN_OK;
    (void)cairn_why_fail(why, CAIRN_ECORRUPT, "the volume has %llu bytes, its device only %llu",
                         (unsigned long long)need, (unsigned long long)cairn_blk_bytes(dev));
    cairn_why_hint(why, "the image was cut off: copy it again");
    return CAIRN_ECORRUPT;
}

/* FSInfo, when it can be believed. */
static enum cairn_err fsinfo_read(struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_fsinfo info;
    struct fat_page *page;
    uint8_t *at;
    if (!fs->geo.fsinfo_sector || fs->geo.fsinfo_sector >= fs->geo.reserved_sectors)
        return CAIRN_OK;
    enum cairn_err err = fat_page_get(fs, fs->geo.fsinfo_sector, &page, &at, why);
    if (err) return err;
    cairn_fat_fsinfo_decode(at, &info);
    fat_page_drop(page);
    if (!info.valid) return CAIRN_OK;
    if (fat_cluster_valid(fs, info.next_free)) fs->space.next = info.next_free;
    if (!fs->was_dirty && info.free_clusters <= fs->geo.cluster_count)
        fs->space.free = info.free_clusters;
    return CAIRN_OK;
}

/* Dirty by the boot sector's bit or by FAT[1]'s? */
static enum cairn_err dirty_read(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    fs->was_dirty = fs->geo.state & 1;
    if (fs->geo.type == CAIRN_FAT12) return CAIRN_OK;
    enum cairn_err err = fat_page_get(fs, fat_table_start(fs), &page, &at, why);
    if (err) return err;
    uint8_t top = at[2 * fatent_bytes(fs->geo.type) - 1];
    if (!(top & (fs->geo.type == CAIRN_FAT32 ? 0x08 : 0x80))) fs->was_dirty = true;
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err root_init(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_dirent entry = { .attributes = CAIRN_FAT_DIRECTORY, .start = fs->geo.root_cluster };
    struct cairn_fat_node *root;
    enum cairn_err err = fat_node_new(fs, &entry, &root, why);
    if (err) return err;
    root->is_root = true;
    root->removed = false;
    fs->nodes.root = root;
    return CAIRN_OK;
}

static void options_apply(struct cairn_fat *fs, const struct cairn_fat_options *options)
{
    static const struct cairn_fat_options none;
    if (!options) options = &none;
    fs->read_only = options->read_only || fs->dev->info.read_only;
    fs->codepage = options->codepage ? options->codepage : CAIRN_FAT_CP437;
    fs->utc_offset_min = options->utc_offset_min;
    fs->clock = options->clock ? options->clock : cairn_clock_wall_platform();
    fs->no_order = options->no_order;
}

enum cairn_err cairn_fat_mount(struct cairn_fat **out, struct cairn_blk *dev,
                               const struct cairn_fat_options *options, void *mem, size_t mem_bytes,
                               struct cairn_why *why)
{
    struct cairn_arena arena, scratch;
    struct budget budget;
    *out = NULL;
    cairn_arena_init(&arena, mem, mem_bytes);
    struct cairn_fat *fs = cairn_arena_array(&arena, 1, sizeof *fs, 16);
    scratch = arena; /* what is taken of it is given back */
    uint8_t *block = cairn_arena_take(&scratch, dev->info.block_bytes, dev->info.mem_align);
    if (!fs || !block)
        return cairn_why_fail(why, CAIRN_ENOMEM, "mount in %zu bytes of memory", mem_bytes);
    fs->dev = dev;
    enum cairn_err err = boot_read(dev, &fs->geo, block, why);
    if (err) return err;
    fs->sector_blocks = fs->geo.sector_bytes / dev->info.block_bytes;
    fs->sector_shift = cairn_log2(fs->geo.sector_bytes);
    fs->cluster_shift = cairn_log2(fs->geo.cluster_bytes);
    fs->block_shift = cairn_log2(dev->info.block_bytes);
    fs->epoch = 1;
    options_apply(fs, options);
    err = budget_plan(mem_bytes, fat_cache_page_bytes(&fs->geo), &budget);
    if (!err) err = parts_init(fs, &arena, &budget);
    if (err) return cairn_why_fail(why, err, "mount in %zu bytes of memory", mem_bytes);
    fat_space_init(fs);
    err = dirty_read(fs, why);
    if (!err) err = fsinfo_read(fs, why);
    if (!err) err = root_init(fs, why);
    if (err) return err;
    cairn_lock_init(&fs->lock);
    cairn_cond_init(&fs->io_done);
    *out = fs;
    return CAIRN_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Flushed before the volume is marked clean: a clean volume's FSInfo is believed. */
static enum cairn_err fsinfo_write(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    struct cairn_fat_fsinfo info;
    if (!fs->geo.fsinfo_sector || fs->geo.fsinfo_sector >= fs->geo.reserved_sectors)
        return CAIRN_OK;
    enum cairn_err err = fat_page_get(fs, fs->geo.fsinfo_sector, &page, &at, why);
    if (err) return err;
    cairn_fat_fsinfo_decode(at, &info);
    if (info.valid) {
        info.free_clusters = fs->space.free; /* UNKNOWN is FSInfo's own word for it */
        info.next_free = fs->space.next;
        cairn_fat_fsinfo_update(&info, at);
        fat_page_touch(fs, page, FAT_STAGE_NEW);
    }
    fat_page_drop(page);
    err = fat_cache_write_free(fs, why);
    return err ? err : fat_flush(fs, why);
}

/* Everything on the device, the hints true, the volume clean. */
static enum cairn_err settle(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = fat_sync(fs, why);
    if (err || !fs->marked_dirty) return err;
    err = fsinfo_write(fs, why);
    return err || fs->was_dirty ? err : fat_mark(fs, false, why);
}

enum cairn_err cairn_fat_unmount(struct cairn_fat *fs, struct cairn_why *why)
{
    fat_enter(fs);
    enum cairn_err err = settle(fs, why);
    cairn_lock_drop(&fs->lock);
    cairn_cond_destroy(&fs->io_done);
    cairn_lock_destroy(&fs->lock);
    return err;
}

enum cairn_err cairn_fat_sync(struct cairn_fat *fs, struct cairn_why *why)
{
    fat_enter(fs);
    return fat_leave(fs, fat_sync(fs, why));
}

const struct cairn_fat_geometry *cairn_fat_geometry(const struct cairn_fat *fs)
{
    return &fs->geo;
}

bool cairn_fat_is_read_only(const struct cairn_fat *fs)
{
    return fs->read_only;
}

enum cairn_err cairn_fat_usage(struct cairn_fat *fs, struct cairn_fat_usage *usage,
                               struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    fat_enter(fs);
    if (fs->cache.frees) err = fat_sync(fs, why);
    if (!err && fs->space.free == FAT_SPACE_UNKNOWN) err = fat_space_count(fs, why);
    *usage = (struct cairn_fat_usage){ .cluster_bytes = fs->geo.cluster_bytes,
                                       .clusters = fs->geo.cluster_count,
                                       .free_clusters = fs->space.free,
                                       .syncs = fs->syncs,
                                       .flushes = fs->flushes,
                                       .drains = fs->drains };
    return fat_leave(fs, err);
}
