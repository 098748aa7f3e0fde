/* SPDX-License-Identifier: ISC */
/* Writing files: whole pages straight from the caller's memory, ragged ends through the cache. */
#include "ops.h"

/* Does the page that begins at this file offset hold anything of the file yet? */
static bool page_is_new(const struct cairn_fat_node *file, uint64_t page_offset)
{
    return page_offset >= file->entry.size && page_offset >= file->written;
}

static void note_written(struct cairn_fat_node *file, uint64_t end)
{
    if (end > file->written) file->written = end;
}

/* Put bytes, or zeros, into the page that spot is in. */
static enum cairn_err write_page(struct cairn_fat_node *file, const struct fat_spot *spot,
                                 uint64_t offset, const uint8_t *buf, size_t *bytes,
                                 struct cairn_why *why)
{
    struct cairn_fat *fs = file->fs;
    uint32_t sectors;
    uint64_t first = fat_page_first(fs, spot->sector, &sectors);
    uint64_t before = (spot->sector - first) * fs->geo.sector_bytes + spot->in_sector;
    struct fat_page *page = fat_page_peek(fs, first);
    uint8_t *at;
    bool fresh = !page && page_is_new(file, offset - before);
    if (page) fat_page_drop(page);
    enum cairn_err err = fat_data_page(fs, first, fresh, &page, &at, why);
    if (err) return err;
    *bytes = (size_t)cairn_min_u64(spot->bytes, fs->cache.page_bytes - before);
    if (buf)
        memcpy(at + before, buf, *bytes);
    else
        memset(at + before, 0, *bytes);
    fat_page_touch(fs, page, FAT_STAGE_NEW);
    fat_page_drop(page);
    note_written(file, offset + *bytes);
    return CAIRN_OK;
}

/* Whole pages at spot, or 0: it begins inside a page, or less than a page is left. */
static uint64_t whole_pages(const struct cairn_fat *fs, const struct fat_spot *spot)
{
    uint32_t sectors;
    if (spot->in_sector || fat_page_first(fs, spot->sector, &sectors) != spot->sector) return 0;
    return spot->bytes & ~(uint64_t)(fs->cache.page_bytes - 1);
}

static enum cairn_err write_step(struct fat_io *io, uint64_t offset, const uint8_t *buf,
                                 size_t left, size_t *bytes, struct cairn_why *why)
{
    struct cairn_fat *fs = io->file->fs;
    struct fat_spot spot;
    enum cairn_err err = fat_file_spot(io->file, offset, left, &spot, why);
    if (err) return err;
    if (!spot.bytes) return fat_corrupt(fs, why, "a chain ends before what was allocated to it");
    uint64_t direct = whole_pages(fs, &spot);
    if (!direct || ((uintptr_t)buf & (fs->dev->info.mem_align - 1)))
        return write_page(io->file, &spot, offset, buf, bytes, why);
    *bytes = (size_t)direct;
    if (fs->cache.data_pages) fat_cache_forget(fs, spot.sector, direct / fs->geo.sector_bytes);
    note_written(io->file, offset + direct);
    union {
        const uint8_t *from;
        void *plain; /* a request's memory is only read by a write */
    } data = { .from = buf };
    return fat_io_add(io, CAIRN_BLK_WRITE, spot.sector, data.plain, *bytes, why);
}

/* Zero whole pages on the device, others in the cache. */
static enum cairn_err zero_step(struct cairn_fat_node *file, uint64_t offset, uint64_t left,
                                uint64_t *bytes, struct cairn_why *why)
{
    struct cairn_fat *fs = file->fs;
    struct fat_spot spot;
    enum cairn_err err = fat_file_spot(file, offset, left, &spot, why);
    if (err) return err;
    if (!spot.bytes) return fat_corrupt(fs, why, "a chain ends before what was allocated to it");
    *bytes = whole_pages(fs, &spot);
    if (!*bytes) {
        size_t part = 0;
        err = write_page(file, &spot, offset, NULL, &part, why);
        *bytes = part;
        return err;
    }
    uint64_t sectors = *bytes / fs->geo.sector_bytes;
    note_written(file, offset + *bytes);
    fat_cache_forget(fs, spot.sector, sectors);
    fat_wrote(fs, sectors);
    return cairn_blk_zero(fs->dev, fat_block(fs, spot.sector), fat_block(fs, sectors), why);
}

enum cairn_err fat_file_zero(struct cairn_fat_node *file, uint64_t from, uint64_t to,
                             struct cairn_why *why)
{
    while (from < to) {
        uint64_t bytes = 0;
        enum cairn_err err = zero_step(file, from, to - from, &bytes, why);
        if (err) return err;
        from += bytes;
    }
    return CAIRN_OK;
}

/* Clusters for [0, end); with CAIRN_ENOSPC, *end is how far there are some, if that is any use to a
 * write at offset: else the chain stays as it was. */
static enum cairn_err write_room(struct cairn_fat_node *file, uint64_t offset, uint64_t *end,
                                 struct cairn_why *why)
{
    struct cairn_fat *fs = file->fs;
    enum cairn_err err = fat_chain_measure(file, why);
    if (err) return err;
    uint32_t before = file->clusters;
    err = fat_chain_grow(file, fat_clusters_for(fs, *end), why);
    if (err != CAIRN_ENOSPC) return err;
    *end = cairn_min_u64(*end, (uint64_t)file->clusters * fs->geo.cluster_bytes);
    if (*end > offset || file->clusters == before) return err;
    enum cairn_err cut = fat_chain_cut(file, before, why);
    return cut ? cut : err;
}

/* Bytes [offset, end) of buf into clusters that are there. */
static enum cairn_err write_data(struct cairn_fat_node *file, uint64_t offset, const uint8_t *buf,
                                 uint64_t end, struct cairn_why *why)
{
    struct fat_io io;
    io.file = file;
    io.count = 0;
    enum cairn_err err = CAIRN_OK;
    for (uint64_t at = offset; at < end && !err;) {
        size_t step = 0;
        err = write_step(&io, at, buf + (at - offset), (size_t)(end - at), &step, why);
        at += step;
    }
    enum cairn_err ran = fat_io_run(&io);
    return err ? err : ran;
}

/* The entry after a write up to `end`; as it was when that cannot be stored. */
static enum cairn_err write_store(struct cairn_fat_node *file, uint64_t end, struct cairn_why *why)
{
    struct fat_dirent before = file->entry;
    bool changed = fat_node_touch(file);
    if (end > file->entry.size) {
        file->entry.size = (uint32_t)end;
        changed = true;
    }
    if (!(file->entry.attributes & CAIRN_FAT_ARCHIVE)) changed = true;
    file->entry.attributes |= CAIRN_FAT_ARCHIVE;
    enum cairn_err err = changed ? fat_node_store(file, FAT_STAGE_ADD, why) : CAIRN_OK;
    if (err) file->entry = before;
    return err;
}

static enum cairn_err write_locked(struct cairn_fat_node *file, uint64_t offset, const uint8_t *buf,
                                   size_t bytes, size_t *done, struct cairn_why *why)
{
    *done = 0;
    if (fat_node_is_dir(file)) return cairn_why_fail(why, CAIRN_EISDIR, "write to a directory");
    if (!bytes) return CAIRN_OK;
    if (!cairn_range_fits(offset, bytes, CAIRN_FAT_FILE_MAX))
        return cairn_why_fail(why, CAIRN_EFBIG, "a FAT file has at most 4294967295 bytes");
    enum cairn_err err = fat_begin(file->fs, why);
    if (err) return err;
    uint64_t end = offset + bytes;
    enum cairn_err room = write_room(file, offset, &end, why);
    if (room && (room != CAIRN_ENOSPC || end <= offset)) return room;
    if (offset > file->entry.size) err = fat_file_zero(file, file->entry.size, offset, why);
    if (!err) err = write_data(file, offset, buf, end, why);
    if (!err) err = fat_begin(file->fs, why); /* others worked while the data moved */
    if (!err) err = write_store(file, end, why);
    if (err) return err;
    *done = (size_t)(end - offset);
    return room;
}

/* A write of whole pages within the file goes beside others. One that goes through the cache would
 * put the rest of its page back as it was before another that is under way. */
static bool write_is_alone(const struct cairn_fat_node *file, uint64_t offset, const void *buf,
                           size_t bytes)
{
    const struct cairn_fat *fs = file->fs;
    bool ragged = ((offset | bytes) & (fs->cache.page_bytes - 1)) != 0;
    bool unaligned = ((uintptr_t)buf & (fs->dev->info.mem_align - 1)) != 0;
    return ragged || unaligned || !cairn_range_fits(offset, bytes, file->entry.size);
}

/* The size may change while it waits. */
static void write_begin(struct cairn_fat_node *file, uint64_t offset, const void *buf, size_t bytes)
{
    bool alone = write_is_alone(file, offset, buf, bytes);
    fat_io_begin(file, alone);
    if (alone || !write_is_alone(file, offset, buf, bytes)) return;
    fat_io_end(file);
    fat_io_begin(file, true);
}

enum cairn_err cairn_fat_write(struct cairn_fat_node *file, uint64_t offset, const void *buf,
                               size_t bytes, size_t *done, struct cairn_why *why)
{
    fat_enter(file->fs);
    write_begin(file, offset, buf, bytes);
    enum cairn_err err = write_locked(file, offset, buf, bytes, done, why);
    fat_io_end(file);
    return fat_leave_changed(file->fs, err, why);
}

enum cairn_err fat_file_append(struct cairn_fat_node *file, const void *buf, size_t bytes,
                               uint64_t *at, size_t *done, struct cairn_why *why)
{
    fat_enter(file->fs);
    fat_io_begin(file, true);
    *at = file->entry.size;
    enum cairn_err err = write_locked(file, *at, buf, bytes, done, why);
    fat_io_end(file);
    return fat_leave_changed(file->fs, err, why);
}
