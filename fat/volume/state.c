/* SPDX-License-Identifier: ISC */
/* What the volume says of itself: the dirty and the error bit, in the boot sector and in FAT[1],
 * and FSInfo. FAT12 has only those of the boot sector. */
#include "table.h"

/* The highest byte of FAT[1] has them too, upside down: bits 15 and 14, or 27 and 26. */
static uint32_t table_bit(enum cairn_fat_type type, uint32_t state)
{
    uint32_t dirty = type == CAIRN_FAT32 ? 0x08 : 0x80;
    return (state & FAT_BOOT_DIRTY ? dirty : 0) | (state & FAT_BOOT_ERROR ? dirty >> 1 : 0);
}

/* The page of the FAT's first sector, pinned, and that byte. */
static enum cairn_err table_state(struct cairn_fat *fs, struct fat_page **page, uint8_t **at,
                                  struct cairn_why *why)
{
    enum cairn_err err = fat_page_get(fs, fat_table_start(fs), page, at, why);
    if (!err) *at += 2 * fatent_bytes(fs->geo.type) - 1;
    return err;
}

void fat_litter(struct cairn_fat *fs, const char *what, enum cairn_err err)
{
    fs->stays_dirty = true;
    cairn_log(&fat_log, CAIRN_LOG_WARNING, "%s: %s (%s): the volume stays marked dirty",
              fs->dev->name, what, cairn_err_text(err));
}

/* ---- FSInfo ---------------------------------------------------------------------------------- */

static bool has_fsinfo(const struct cairn_fat *fs)
{
    return fs->geo.fsinfo_sector && fs->geo.fsinfo_sector < fs->geo.reserved_sectors;
}

static enum cairn_err fsinfo_read(struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_fsinfo info;
    struct fat_page *page;
    uint8_t *at;
    if (!has_fsinfo(fs)) return CAIRN_OK;
    enum cairn_err err = fat_page_get(fs, fs->geo.fsinfo_sector, &page, &at, why);
    if (err) return err;
    cairn_fat_fsinfo_decode(at, &info);
    fat_page_drop(page);
    if (!info.valid) return CAIRN_OK;
    if (fat_cluster_valid(fs, info.next_free)) fs->space.next = info.next_free;
    if (!fs->stays_dirty && info.free_clusters <= fs->geo.cluster_count)
        fs->space.free = info.free_clusters;
    return CAIRN_OK;
}

/* Flushed before the volume is marked clean: a clean volume's FSInfo is believed. */
static enum cairn_err fsinfo_write(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    struct cairn_fat_fsinfo info;
    if (!has_fsinfo(fs)) return CAIRN_OK;
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

/* ---- the two bits ---------------------------------------------------------------------------- */

enum cairn_err fat_state_read(struct cairn_fat *fs, struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    if (fs->geo.type != CAIRN_FAT12) {
        enum cairn_err err = table_state(fs, &page, &at, why);
        if (err) return err;
        if (!(*at & table_bit(fs->geo.type, FAT_BOOT_DIRTY))) fs->geo.state |= FAT_BOOT_DIRTY;
        if (!(*at & table_bit(fs->geo.type, FAT_BOOT_ERROR))) fs->geo.state |= FAT_BOOT_ERROR;
        fat_page_drop(page);
    }
    fs->stays_dirty = fs->geo.state & FAT_BOOT_DIRTY;
    return fsinfo_read(fs, why);
}

static enum cairn_err mark_table(struct cairn_fat *fs, uint32_t set, uint32_t clear,
                                 struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    if (fs->geo.type == CAIRN_FAT12) return CAIRN_OK;
    enum cairn_err err = table_state(fs, &page, &at, why);
    if (err) return err;
    *at = (uint8_t)((*at & ~table_bit(fs->geo.type, set)) | table_bit(fs->geo.type, clear));
    fat_page_touch(fs, page, FAT_STAGE_NEW);
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err mark_boot(struct cairn_fat *fs, uint32_t set, uint32_t clear,
                                struct cairn_why *why)
{
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_page_get(fs, 0, &page, &at, why);
    if (err) return err;
    at += cairn_fat_boot_state_offset(fs->geo.type);
    *at = (uint8_t)((*at & ~clear) | set);
    fat_page_touch(fs, page, FAT_STAGE_NEW);
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err mark_write(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = fat_cache_write_free(fs, why);
    return err ? err : fat_flush(fs, why);
}

/* The boot sector, which alone has the moving bit, is the first to say dirty and the last to say
 * clean when that counts: so none is ever dirty without it. */
enum cairn_err fat_mark(struct cairn_fat *fs, bool dirty, struct cairn_why *why)
{
    uint32_t error = fs->io_failed ? FAT_BOOT_ERROR : 0;
    uint32_t set = error | (dirty ? FAT_BOOT_DIRTY : 0);
    uint32_t clear = dirty ? 0 : FAT_BOOT_DIRTY;
    uint32_t moving = dirty && fs->moving ? FAT_BOOT_MOVING : 0;
    enum cairn_err err = CAIRN_OK;
    if (!dirty) err = mark_table(fs, set, clear, why);
    if (!err && !dirty && fs->moving) err = mark_write(fs, why);
    if (!err) err = mark_boot(fs, set | moving, clear | (FAT_BOOT_MOVING & ~moving), why);
    if (!err && dirty && fs->moving) err = mark_write(fs, why);
    if (!err && dirty) err = mark_table(fs, set, clear, why);
    return err ? err : mark_write(fs, why);
}

enum cairn_err fat_settle(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = fat_sync(fs, why);
    bool is_due = fs->marked_dirty || (fs->io_failed && !fs->read_only);
    if (err || !is_due) return err;
    err = fsinfo_write(fs, why);
    if (err) return err;
    fs->marked_dirty = false; /* whatever becomes of the bit: the next change sets it again first */
    return fs->stays_dirty && !fs->io_failed ? CAIRN_OK : fat_mark(fs, fs->stays_dirty, why);
}
