/* SPDX-License-Identifier: ISC */
/*
 * Making an empty volume. Four steps, each with a flush behind it, so that a cut leaves the old
 * volume whole, or none, or the new one whole:
 *   1. zeros over the old boot sector;
 *   2. zeros over everything in front of the clusters and over FAT32's root directory;
 *   3. first sectors of the FATs, FSInfo, the label;
 *   4. the boot sectors.
 */
#include "../codec/boot.h"
#include "../codec/dirent.h"
#include "../codec/fatent.h"

#define SCRATCH_LEAST 65536u
#define WRITES_MAX 8u /* FATs, FSInfo and its backup, label */

/* Sectors that one step writes, in one batch. */
struct batch {
    struct cairn_blk *dev;
    const struct cairn_fat_geometry *geometry;
    uint8_t *memory; /* WRITES_MAX sectors, aligned as the device wants */
    struct cairn_blk_req reqs[WRITES_MAX];
    struct cairn_blk_seg segs[WRITES_MAX];
    size_t count;
    struct cairn_why *why;
};

static uint32_t blocks_per_sector(const struct batch *batch)
{
    return batch->geometry->sector_bytes / cairn_blk_info(batch->dev)->block_bytes;
}

/* A zeroed sector to fill, which goes to sector number `sector`. */
static uint8_t *batch_add(struct batch *batch, uint32_t sector)
{
    uint32_t bytes = batch->geometry->sector_bytes, per_sector = blocks_per_sector(batch);
    struct cairn_blk_seg *seg = &batch->segs[batch->count];
    *seg = (struct cairn_blk_seg){ .data = batch->memory + batch->count * bytes, .bytes = bytes };
    batch->reqs[batch->count++] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                                          .block = (uint64_t)sector * per_sector,
                                                          .count = per_sector,
                                                          .segs = seg,
                                                          .seg_count = 1,
                                                          .why = batch->why };
    return memset(seg->data, 0, bytes);
}

static enum cairn_err batch_write(struct batch *batch)
{
    enum cairn_err err = cairn_blk_submit(batch->dev, batch->reqs, batch->count);
    batch->count = 0;
    if (err) return err;
    return cairn_blk_flush(batch->dev, batch->why);
}

/* ---- the steps --------------------------------------------------------------------------- */

static enum cairn_err zero(struct batch *batch, uint64_t sectors)
{
    uint64_t blocks = sectors * blocks_per_sector(batch);
    enum cairn_err err = cairn_blk_zero(batch->dev, 0, blocks, batch->why);
    if (err) return err;
    return cairn_blk_flush(batch->dev, batch->why);
}

static enum cairn_err zero_front(struct batch *batch)
{
    const struct cairn_fat_geometry *g = batch->geometry;
    uint64_t sectors = g->data_start;
    if (g->type == CAIRN_FAT32) sectors += g->cluster_sectors;
    enum cairn_err err = zero(batch, 1);
    if (err) return err;
    return zero(batch, sectors);
}

static void put_entry(enum cairn_fat_type type, uint8_t *fat, uint32_t cluster, uint32_t value)
{
    fatent_put(type, fat + fatent_offset(type, cluster), cluster, value);
}

/* Entry 0 repeats the media byte; in entry 1 "clean" and "no errors" are bits that are set, as all
 * bits of an end mark are. */
static void add_fats(struct batch *batch)
{
    const struct cairn_fat_geometry *g = batch->geometry;
    for (uint32_t i = 0; i < g->fat_count; i++) {
        uint8_t *fat = batch_add(batch, g->reserved_sectors + i * g->fat_sectors);
        put_entry(g->type, fat, 0, (FATENT_END & ~0xFFu) | g->media);
        put_entry(g->type, fat, 1, FATENT_END);
        if (g->type == CAIRN_FAT32) put_entry(g->type, fat, g->root_cluster, FATENT_END);
    }
}

static void add_fsinfo(struct batch *batch)
{
    const struct cairn_fat_geometry *g = batch->geometry;
    struct cairn_fat_fsinfo info = { .free_clusters = g->cluster_count - 1,
                                     .next_free = g->root_cluster };
    if (g->type != CAIRN_FAT32) return;
    cairn_fat_fsinfo_encode(&info, batch_add(batch, g->fsinfo_sector), g->sector_bytes);
    if (g->backup_boot == 0) return;
    uint32_t backup = (uint32_t)g->backup_boot + g->fsinfo_sector;
    cairn_fat_fsinfo_encode(&info, batch_add(batch, backup), g->sector_bytes);
}

static void add_label(struct batch *batch, const struct cairn_fat_format_options *options)
{
    const struct cairn_fat_geometry *g = batch->geometry;
    uint16_t date, time;
    uint8_t tenths;
    if (options->label[0] == 0) return;
    fat_time_encode(options->time_ns, options->utc_offset_min, &date, &time, &tenths);
    uint32_t root = g->type == CAIRN_FAT32 ? g->data_start : g->root_start;
    fat_label_slot(batch_add(batch, root), g->label, date, time);
}

static void add_boot(struct batch *batch)
{
    const struct cairn_fat_geometry *g = batch->geometry;
    cairn_fat_boot_encode(g, batch_add(batch, 0));
    if (g->backup_boot) cairn_fat_boot_encode(g, batch_add(batch, g->backup_boot));
}

/* ---- the whole --------------------------------------------------------------------------- */

static enum cairn_err plan_for(struct cairn_blk *dev,
                               const struct cairn_fat_format_options *options,
                               struct cairn_fat_geometry *geometry, struct cairn_why *why)
{
    const struct cairn_blk_info *info = cairn_blk_info(dev);
    struct cairn_fat_format_options o = *options;
    if (o.total_bytes == 0) o.total_bytes = cairn_blk_bytes(dev);
    if (o.sector_bytes == 0) o.sector_bytes = info->block_bytes;
    if (info->read_only) return cairn_why_fail(why, CAIRN_EROFS, "format");
    if (o.total_bytes > cairn_blk_bytes(dev))
        return cairn_why_fail(why, CAIRN_ERANGE, "format %llu bytes of a device of %llu",
                              (unsigned long long)o.total_bytes,
                              (unsigned long long)cairn_blk_bytes(dev));
    if (o.sector_bytes < info->block_bytes) {
        (void)cairn_why_fail(why, CAIRN_EINVAL, "format: sectors of %u bytes on blocks of %u",
                             o.sector_bytes, info->block_bytes);
        cairn_why_hint(why, "use larger sectors, or put the block-size layer between");
        return CAIRN_EINVAL;
    }
    return cairn_fat_geometry_plan(&o, geometry, why);
}

/* The first address in the scratch memory that the device takes. */
static enum cairn_err take_scratch(struct batch *batch, void *scratch, size_t scratch_bytes)
{
    uint32_t align = cairn_blk_info(batch->dev)->mem_align;
    size_t rest = align > 1 ? (uintptr_t)scratch % align : 0, skip = rest ? align - rest : 0;
    size_t need = skip + (size_t)WRITES_MAX * batch->geometry->sector_bytes;
    if (scratch_bytes < SCRATCH_LEAST || scratch_bytes < need) {
        (void)cairn_why_fail(batch->why, CAIRN_ENOMEM, "format needs %zu bytes of memory",
                             (size_t)cairn_max_u64(need, SCRATCH_LEAST));
        return CAIRN_ENOMEM;
    }
    batch->memory = (uint8_t *)scratch + skip;
    return CAIRN_OK;
}

enum cairn_err cairn_fat_format(struct cairn_blk *dev,
                                const struct cairn_fat_format_options *options, void *scratch,
                                size_t scratch_bytes, struct cairn_fat_geometry *geometry,
                                struct cairn_why *why)
{
    struct batch batch = { .dev = dev, .geometry = geometry, .why = why };
    enum cairn_err err = plan_for(dev, options, geometry, why);
    if (err) return err;
    err = take_scratch(&batch, scratch, scratch_bytes);
    if (err) return err;
    err = zero_front(&batch);
    if (err) return err;
    add_fats(&batch);
    add_fsinfo(&batch);
    add_label(&batch, options);
    err = batch_write(&batch);
    if (err) return err;
    add_boot(&batch);
    return batch_write(&batch);
}
