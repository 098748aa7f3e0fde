/* SPDX-License-Identifier: ISC */
#include "ops.h"

static enum cairn_err name_refused(const struct fat_name *name, uint32_t bad, struct cairn_why *why)
{
    uint16_t unit = bad < name->len ? name->units[bad] : 0;
    if (unit == '.' || unit == ' ')
        (void)cairn_why_fail(why, CAIRN_EINVAL, "a FAT name cannot end in a dot or a space");
    else if ((unit & 0xF800u) == 0xD800)
        (void)cairn_why_fail(why, CAIRN_EINVAL, "the name has half a character in it (0x%X)", unit);
    else if (unit < 0x20 || unit == 0x7F)
        (void)cairn_why_fail(why, CAIRN_EINVAL, "a FAT name cannot hold character %u", unit);
    else
        (void)cairn_why_fail(why, CAIRN_EINVAL, "a FAT name cannot hold '%c'", unit);
    cairn_why_hint(why, "choose another name");
    return CAIRN_EINVAL;
}

enum cairn_err fat_name_parse(const char *utf8, size_t len, bool to_store, struct fat_name *name,
                              struct cairn_why *why)
{
    uint32_t bad;
    enum cairn_err err = fat_name_from_utf8(name, utf8, len);
    if (!err && to_store) {
        err = fat_name_check(name, &bad);
        if (err) err = name_refused(name, bad, why);
    } else if (err) {
        const char *what = err == CAIRN_EILSEQ         ? "the name is not UTF-8"
                           : err == CAIRN_ENAMETOOLONG ? "a FAT name has at most 255 characters"
                                                       : "the name is empty";
        (void)cairn_why_fail(why, err, "%s", what);
    }
    if (err) cairn_why_path(why, utf8, len);
    return err;
}

enum cairn_err fat_dir_check(const struct cairn_fat_node *dir, struct cairn_why *why)
{
    if (!fat_node_is_dir(dir)) return cairn_why_fail(why, CAIRN_ENOTDIR, "look into a file");
    if (dir->removed) return cairn_why_fail(why, CAIRN_ENOENT, "the directory was removed");
    return CAIRN_OK;
}

enum cairn_err fat_op_find(struct cairn_fat_node *dir, const struct fat_name *name,
                           struct fat_found *found, struct cairn_why *why)
{
    enum cairn_err err = fat_dir_find(dir, name, found, why);
    if (err != CAIRN_ENOENT || !why) return err;
    char utf8[CAIRN_FAT_NAME_BYTES];
    (void)cairn_why_fail(why, CAIRN_ENOENT, "find the name");
    cairn_why_path(why, utf8, fat_name_to_utf8(name, utf8));
    return CAIRN_ENOENT;
}

void fat_entry_init(struct cairn_fat *fs, uint8_t attributes, struct fat_dirent *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->attributes = attributes;
    fat_time_encode(cairn_clock_wall_now(fs->clock), fs->utc_offset_min, &entry->modified_date,
                    &entry->modified_time, &entry->created_tenths);
    entry->created_date = entry->accessed_date = entry->modified_date;
    entry->created_time = entry->modified_time;
}

void fat_dir_changed(struct cairn_fat_node *dir)
{
    if (dir->is_root || !fat_node_touch(dir)) return;
    enum cairn_err err = fat_node_store(dir, FAT_STAGE_ADD, NULL);
    if (err) cairn_log(&fat_log, CAIRN_LOG_WARNING, "time not set: %s", cairn_err_text(err));
}

void fat_io_begin(struct cairn_fat_node *node, bool alone)
{
    struct cairn_fat *fs = node->fs;
    fs->io_waiters++;
    while (node->io_alone || (alone && node->io))
        cairn_cond_wait(&fs->io_done, &fs->lock);
    fs->io_waiters--;
    node->io++;
    fs->io++;
    node->io_alone = alone;
}

void fat_io_end(struct cairn_fat_node *node)
{
    node->io_alone = false;
    node->fs->io--;
    if (--node->io == 0 && node->fs->io_waiters) cairn_cond_broadcast(&node->fs->io_done);
}

/* ---- data ------------------------------------------------------------------------------------ */

enum cairn_err fat_data_page(struct cairn_fat *fs, uint64_t sector, bool fresh,
                             struct fat_page **page, uint8_t **at, struct cairn_why *why)
{
    enum cairn_err err =
        fresh ? fat_page_fresh(fs, sector, page, at, why) : fat_page_get(fs, sector, page, at, why);
    if (err) return err;
    if (!(*page)->is_data) {
        fs->cache.data_pages++;
        fs->cache.data_taken++;
    }
    (*page)->is_data = true;
    return CAIRN_OK;
}

enum cairn_err fat_file_spot(struct cairn_fat_node *file, uint64_t offset, uint64_t max,
                             struct fat_spot *spot, struct cairn_why *why)
{
    const struct cairn_fat *fs = file->fs;
    uint32_t in_cluster = (uint32_t)offset & (fs->geo.cluster_bytes - 1), cluster, count;
    uint64_t want = (in_cluster + max + fs->geo.cluster_bytes - 1) >> fs->cluster_shift;
    spot->bytes = 0;
    enum cairn_err err =
        fat_chain_run(file, (uint32_t)(offset >> fs->cluster_shift),
                      (uint32_t)cairn_min_u64(want, fs->geo.cluster_count), &cluster, &count, why);
    if (err || !count) return err;
    spot->sector = fat_cluster_sector(fs, cluster) + (in_cluster >> fs->sector_shift);
    spot->in_sector = in_cluster & (fs->geo.sector_bytes - 1);
    spot->bytes = cairn_min_u64(max, ((uint64_t)count << fs->cluster_shift) - in_cluster);
    return CAIRN_OK;
}

enum cairn_err fat_io_run(struct fat_io *io)
{
    struct cairn_fat *fs = io->file->fs;
    uint32_t count = io->count;
    if (!count) return CAIRN_OK;
    io->count = 0;
    bool writes = io->reqs[0].op != CAIRN_BLK_READ;
    uint32_t taken = fs->cache.data_taken;
    cairn_lock_drop(&fs->lock);
    enum cairn_err err = cairn_blk_submit(fs->dev, io->reqs, count);
    cairn_lock_take(&fs->lock);
    for (uint32_t i = 0; writes && i < count; i++)
        fat_wrote(fs, io->reqs[i].count / fs->sector_blocks);
    for (uint32_t i = 0; writes && taken != fs->cache.data_taken && i < count; i++)
        fat_cache_forget(fs, io->reqs[i].block / fs->sector_blocks, /* read while it was written */
                         io->reqs[i].count / fs->sector_blocks);
    /* Requests of the volume are in order, but where a cluster comes twice. */
    if (err == CAIRN_EINVAL)
        return fat_corrupt(fs, io->reqs[0].why, "a file's chain comes back to its own clusters");
    return err;
}

enum cairn_err fat_io_add(struct fat_io *io, enum cairn_blk_op op, uint64_t sector, void *data,
                          size_t bytes, struct cairn_why *why)
{
    struct cairn_fat *fs = io->file->fs;
    io->segs[io->count] = (struct cairn_blk_seg){ .data = data, .bytes = bytes };
    io->reqs[io->count] = (struct cairn_blk_req){ .op = op,
                                                  .block = fat_block(fs, sector),
                                                  .count = bytes >> fs->block_shift,
                                                  .segs = &io->segs[io->count],
                                                  .seg_count = 1,
                                                  .why = why };
    io->count++;
    return io->count == FAT_IO_REQS ? fat_io_run(io) : CAIRN_OK;
}
