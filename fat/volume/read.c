/* SPDX-License-Identifier: ISC */
/* Reading files: whole sectors straight into the caller's memory, ragged ends through the cache. */
#include "ops.h"

/* Bytes from spot on that no cached page holds, at most spot->bytes. */
static uint64_t uncached(struct cairn_fat *fs, const struct fat_spot *spot)
{
    uint32_t sectors;
    if (!fs->cache.data_pages) return spot->bytes;
    uint64_t at = fat_page_first(fs, spot->sector, &sectors), start = spot->sector;
    uint64_t end = spot->sector + cairn_div_up(spot->in_sector + spot->bytes, fs->geo.sector_bytes);
    for (; at < end; at += fs->cache.page_sectors) {
        struct fat_page *page = fat_page_peek(fs, at);
        if (!page) continue;
        fat_page_drop(page);
        if (at <= start) return 0;
        return cairn_min_u64(spot->bytes, (at - start) * fs->geo.sector_bytes - spot->in_sector);
    }
    return spot->bytes;
}

/* Copy what one page holds from spot on. */
static enum cairn_err read_page(struct cairn_fat *fs, const struct fat_spot *spot, uint8_t *buf,
                                size_t *bytes, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_data_page(fs, spot->sector, false, &page, &at, why);
    if (err) return err;
    uint64_t left = (page->key + page->sectors - spot->sector) * fs->geo.sector_bytes;
    *bytes = (size_t)cairn_min_u64(spot->bytes, left - spot->in_sector);
    memcpy(buf, at + spot->in_sector, *bytes);
    fat_page_drop(page);
    return CAIRN_OK;
}

/* One step of a read: a page's part copied, or a run of sectors put into io. */
static enum cairn_err read_step(struct fat_io *io, uint64_t offset, uint8_t *buf, size_t left,
                                size_t *bytes, struct cairn_why *why)
{
    struct cairn_fat *fs = io->file->fs;
    struct fat_spot spot;
    enum cairn_err err = fat_file_spot(io->file, offset, left, &spot, why);
    if (err) return err;
    if (!spot.bytes)
        return fat_corrupt(fs, why, "the chain from cluster %u ends before its file does",
                           io->file->entry.start);
    uint64_t direct = uncached(fs, &spot);
    direct &= ~(uint64_t)(fs->geo.sector_bytes - 1);
    if (spot.in_sector || !direct || ((uintptr_t)buf & (fs->dev->info.mem_align - 1)))
        return read_page(fs, &spot, buf, bytes, why);
    *bytes = (size_t)direct;
    return fat_io_add(io, CAIRN_BLK_READ, spot.sector, buf, *bytes, why);
}

static enum cairn_err read_steps(struct cairn_fat_node *file, uint64_t offset, uint8_t *buf,
                                 size_t bytes, size_t *done, struct cairn_why *why)
{
    struct fat_io io;
    io.file = file;
    io.count = 0;
    enum cairn_err err = CAIRN_OK;
    size_t at = 0;
    while (at < bytes && !err) {
        size_t step = 0;
        err = read_step(&io, offset + at, buf + at, bytes - at, &step, why);
        at += step;
    }
    enum cairn_err ran = fat_io_run(&io);
    if (err || ran) return err ? err : ran;
    *done = at;
    return CAIRN_OK;
}

/* Are all the bytes whole sectors of one run, none of them in the cache? Then where. */
static bool read_is_plain(struct cairn_fat_node *file, uint64_t offset, const void *buf,
                          size_t bytes, struct fat_spot *spot)
{
    struct cairn_fat *fs = file->fs;
    uint64_t ragged = (offset | bytes) & (fs->geo.sector_bytes - 1);
    if (ragged || fs->cache.data_pages || (uintptr_t)buf & (fs->dev->info.mem_align - 1))
        return false;
    return !fat_file_spot(file, offset, bytes, spot, NULL) && spot->bytes == bytes;
}

static enum cairn_err read_plain(struct cairn_fat_node *file, const struct fat_spot *spot,
                                 void *buf, size_t bytes, size_t *done, struct cairn_why *why)
{
    struct cairn_fat *fs = file->fs;
    cairn_lock_drop(&fs->lock);
    enum cairn_err err =
        cairn_blk_read(fs->dev, fat_block(fs, spot->sector), bytes >> fs->block_shift, buf, why);
    fat_enter(fs);
    if (!err) *done = bytes;
    return err;
}

static enum cairn_err read_locked(struct cairn_fat_node *file, uint64_t offset, void *buf,
                                  size_t bytes, size_t *done, struct cairn_why *why)
{
    struct fat_spot spot;
    if (fat_node_is_dir(file)) return cairn_why_fail(why, CAIRN_EISDIR, "read a directory");
    if (offset >= file->entry.size || !bytes) return CAIRN_OK;
    bytes = (size_t)cairn_min_u64(bytes, file->entry.size - offset);
    if (read_is_plain(file, offset, buf, bytes, &spot))
        return read_plain(file, &spot, buf, bytes, done, why);
    return read_steps(file, offset, buf, bytes, done, why);
}

enum cairn_err cairn_fat_read(struct cairn_fat_node *file, uint64_t offset, void *buf, size_t bytes,
                              size_t *done, struct cairn_why *why)
{
    *done = 0;
    fat_enter(file->fs);
    fat_io_begin(file, false);
    enum cairn_err err = read_locked(file, offset, buf, bytes, done, why);
    fat_io_end(file);
    return fat_leave(file->fs, err);
}

enum cairn_err cairn_fat_where(struct cairn_fat_node *file, uint64_t offset,
                               struct cairn_fat_run *run, struct cairn_why *why)
{
    struct fat_spot spot;
    if (offset >> file->fs->cluster_shift >= file->fs->geo.cluster_count) return CAIRN_ENOENT;
    fat_enter(file->fs);
    enum cairn_err err = fat_file_spot(file, offset, CAIRN_FAT_FILE_MAX, &spot, why);
    if (!err && !spot.bytes) err = CAIRN_ENOENT;
    if (!err) {
        *run = (struct cairn_fat_run){ .offset = offset,
                                       .bytes = spot.bytes,
                                       .sector = spot.sector,
                                       .sector_byte = spot.in_sector };
    }
    return fat_leave(file->fs, err);
}
