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

static enum cairn_err options_apply(struct cairn_fat *fs, const struct cairn_fat_options *options,
                                    struct cairn_why *why)
{
    if (options->codepage && !cairn_fat_codepage_known(options->codepage)) {
        (void)cairn_why_fail(why, CAIRN_EINVAL, "code page %u is not known",
                             (unsigned int)options->codepage);
        cairn_why_hint(why, "only those of one byte a character are, such as 437, 850 and 1252");
        return CAIRN_EINVAL;
    }
    fs->read_only = options->read_only || fs->dev->info.read_only;
    fs->codepage = options->codepage ? options->codepage : CAIRN_FAT_CP437;
    fs->short_names = options->short_names;
    fs->no_numeric_tail = options->no_numeric_tail;
    fs->utc_offset_min = options->utc_offset_min;
    fs->clock = options->clock ? options->clock : cairn_clock_wall_platform();
    fs->no_order = options->no_order;
    fat_policy_init(&fs->policy, options);
    return CAIRN_OK;
}

/* What becomes of a volume that was not unmounted. */
static enum cairn_err dirty_decide(struct cairn_fat *fs, enum cairn_fat_dirty_policy policy,
                                   struct cairn_why *why)
{
    if (!fs->stays_dirty || fs->read_only) return CAIRN_OK;
    if (policy == CAIRN_FAT_DIRTY_REFUSE) {
        (void)cairn_why_fail(why, CAIRN_ECORRUPT, "write to a volume that was not unmounted");
        cairn_why_hint(why,
                       "`cairn check --repair` mends it; it can be read as it is; --dirty, or "
                       "CAIRN_FAT_DIRTY_WRITE, writes to it all the same");
        return CAIRN_ECORRUPT;
    }
    fs->read_only = policy == CAIRN_FAT_DIRTY_READ_ONLY;
    cairn_log(&fat_log, CAIRN_LOG_WARNING, "%s: not unmounted last time, mounted %s", fs->dev->name,
              fs->read_only ? "read-only" : "for writing all the same");
    return CAIRN_OK;
}

enum cairn_err cairn_fat_mount(struct cairn_fat **out, struct cairn_blk *dev,
                               const struct cairn_fat_options *options, void *mem, size_t mem_bytes,
                               struct cairn_why *why)
{
    static const struct cairn_fat_options none;
    struct cairn_arena arena, scratch;
    struct budget budget;
    if (!options) options = &none;
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
    err = options_apply(fs, options, why);
    if (err) return err;
    err = budget_plan(mem_bytes, fat_cache_page_bytes(&fs->geo), &budget);
    if (!err) err = parts_init(fs, &arena, &budget);
    if (err) return cairn_why_fail(why, err, "mount in %zu bytes of memory", mem_bytes);
    fat_space_init(fs);
    err = fat_state_read(fs, why);
    if (!err) err = dirty_decide(fs, options->on_dirty, why);
    if (!err) err = root_init(fs, why);
    if (err) return err;
    cairn_lock_init(&fs->lock);
    cairn_cond_init(&fs->io_done);
    *out = fs;
    return CAIRN_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Nothing more can be done for a volume that does not take its last changes than to say so on it.
 */
static void error_leave(struct cairn_fat *fs)
{
    if (!fs->io_failed || fs->read_only) return;
    enum cairn_err err = fat_mark(fs, true, NULL);
    if (err) cairn_log(&fat_log, CAIRN_LOG_WARNING, "%s: error bit not set", fs->dev->name);
}

enum cairn_err cairn_fat_unmount(struct cairn_fat *fs, struct cairn_why *why)
{
    fat_enter(fs);
    if (fat_nodes_are_loose(fs)) fat_litter(fs, "unmounted with open files", CAIRN_EBUSY);
    enum cairn_err err = fat_settle(fs, why);
    if (err) error_leave(fs);
    cairn_log(&fat_log, CAIRN_LOG_INFO, "%s: %llu syncs, %llu flushes, %llu drains", fs->dev->name,
              (unsigned long long)fs->syncs, (unsigned long long)fs->flushes,
              (unsigned long long)fs->drains);
    cairn_lock_drop(&fs->lock);
    cairn_cond_destroy(&fs->io_done);
    cairn_lock_destroy(&fs->lock);
    return err;
}

const struct cairn_fat_geometry *cairn_fat_geometry(const struct cairn_fat *fs)
{
    return &fs->geo;
}

bool cairn_fat_is_read_only(const struct cairn_fat *fs)
{
    return fs->read_only;
}

struct cairn_blk *cairn_fat_blk(const struct cairn_fat *fs)
{
    return fs->dev;
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
