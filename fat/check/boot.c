/* SPDX-License-Identifier: ISC */
/* Boot sector, its backup, FSInfo, dirty and error bits. */
#include "check.h"

#define STATE_DIRTY 1u
#define STATE_ERROR 2u
#define FAT32_LEAST 65525u

/* The backup of a volume of sectors of this size, if one is there; where nothing else speaks for
 * it, it has to be signed. */
static bool backup_try(struct fat_check *c, uint32_t sector_bytes, bool signed_only)
{
    struct cairn_fat_geometry *geometry = &c->geometry;
    bool is_signed;
    const uint8_t *sector = fat_check_view(
        c, &c->dir_window, (uint64_t)FAT_CHECK_BACKUP * sector_bytes, sizeof c->boot);
    if (cairn_fat_boot_decode(sector, geometry, &is_signed, NULL)) return false;
    if (geometry->type != CAIRN_FAT32 || (signed_only && !is_signed)) return false;
    if (geometry->sector_bytes != sector_bytes || geometry->backup_boot != FAT_CHECK_BACKUP)
        return false;
    memcpy(c->boot, sector, sizeof c->boot);
    return true;
}

static bool backup_find(struct fat_check *c, bool signed_only)
{
    for (uint32_t bytes = 512; bytes <= 4096; bytes *= 2)
        if (backup_try(c, bytes, signed_only)) return true;
    return false;
}

/* Tell that the boot sector is not used, and why. */
static void boot_tell(struct fat_check *c, const char *what, bool has_backup)
{
    c->has_backup = has_backup;
    fat_check_remark(c, "%s", what);
    fat_check_find_at(c, CAIRN_FAT_FAULT_BOOT, 0, 0, 0);
    if (has_backup) fat_check_find_at(c, CAIRN_FAT_FAULT_BACKUP_USED, FAT_CHECK_BACKUP, 0, 0);
}

/* The boot sector can be used: but is its backup right? */
static void backup_weigh(struct fat_check *c)
{
    const struct cairn_fat_geometry boot = c->geometry;
    uint8_t bytes[sizeof c->boot];
    memcpy(bytes, c->boot, sizeof bytes);
    if (boot.type == CAIRN_FAT32 && backup_find(c, false) &&
        fat_check_backup_fits_better(c, &boot, &c->geometry)) {
        boot_tell(c, "its backup fits what is on the volume, it does not", true);
        return;
    }
    c->geometry = boot;
    memcpy(c->boot, bytes, sizeof bytes);
}

static void signature_check(struct fat_check *c)
{
    const uint8_t *last = c->boot + sizeof c->boot - 2;
    if (last[0] == 0x55 && last[1] == 0xAA) return;
    fat_check_find_at(c, CAIRN_FAT_FAULT_BOOT_SIGNATURE, 0, (uint64_t)last[0] << 8 | last[1], 0);
}

enum cairn_err fat_check_boot_read(struct fat_check *c, struct cairn_why *why)
{
    struct cairn_why own = { 0 };
    bool is_signed;
    memcpy(c->boot, fat_check_view(c, &c->dir_window, 0, sizeof c->boot), sizeof c->boot);
    enum cairn_err err = cairn_fat_boot_decode(c->boot, &c->geometry, &is_signed, &own);
    if (err)
        boot_tell(c, own.what, backup_find(c, true));
    else
        backup_weigh(c);
    if (!err || c->has_backup) {
        signature_check(c);
        return CAIRN_OK;
    }
    (void)cairn_why_fail(why, err, "%s", own.what);
    cairn_why_hint(why, "no FAT volume begins here, or its boot sector and backup are lost");
    return err;
}

/* The state byte changes with every mount and is not copied. */
static void backup_compare(struct fat_check *c)
{
    uint32_t state = cairn_fat_boot_state_offset(CAIRN_FAT32), differ = 0, first = 0;
    uint32_t sector = c->geometry.backup_boot;
    const uint8_t *backup =
        fat_check_view(c, &c->dir_window, fat_check_sector_at(c, sector), sizeof c->boot);
    for (uint32_t i = 0; i < sizeof c->boot; i++) {
        if (c->boot[i] == backup[i] || i == state) continue;
        if (differ++ == 0) first = i;
    }
    if (differ) fat_check_find_at(c, CAIRN_FAT_FAULT_BACKUP_DIFFERS, sector, differ, first);
}

void fat_check_boot(struct fat_check *c)
{
    const struct cairn_fat_geometry *geometry = &c->geometry;
    uint64_t bytes = fat_check_sector_at(c, geometry->total_sectors);
    uint64_t room = (geometry->total_sectors - geometry->data_start) / geometry->cluster_sectors;
    if (fat_check_boot_is_doubtful(c)) fat_check_find_at(c, CAIRN_FAT_FAULT_BOOT_DOUBT, 0, 0, 0);
    if (bytes > c->dev_bytes) fat_check_find_at(c, CAIRN_FAT_FAULT_SIZE, 0, bytes, c->dev_bytes);
    if (room > geometry->cluster_count)
        fat_check_find_at(c, CAIRN_FAT_FAULT_FAT_SMALL, 0, geometry->cluster_count, room);
    c->is_dirty = geometry->state & STATE_DIRTY;
    c->has_error = geometry->state & STATE_ERROR;
    if (geometry->type != CAIRN_FAT32) return;
    if (geometry->cluster_count < FAT32_LEAST)
        fat_check_find_at(c, CAIRN_FAT_FAULT_FEW_CLUSTERS, 0, geometry->cluster_count, FAT32_LEAST);
    if (geometry->backup_boot)
        backup_compare(c);
    else
        fat_check_find_at(c, CAIRN_FAT_FAULT_BACKUP_MISSING, 0, 0, 0);
}

void fat_check_state(struct fat_check *c)
{
    if (c->is_dirty) fat_check_find_at(c, CAIRN_FAT_FAULT_DIRTY, 0, 0, 0);
    if (c->has_error) fat_check_find_at(c, CAIRN_FAT_FAULT_ERROR_BIT, 0, 0, 0);
}

/* A next free that is not set, or one behind the last cluster, makes drivers begin anew; other
 * values make them fail. */
static void fsinfo_compare(struct fat_check *c, const struct cairn_fat_fsinfo *info)
{
    uint32_t sector = c->geometry.fsinfo_sector;
    uint64_t count = c->result->free_clusters;
    if (info->free_clusters == CAIRN_FAT_FSINFO_UNKNOWN)
        fat_check_find_at(c, CAIRN_FAT_FAULT_FSINFO_UNSET, sector, count, 0);
    else if (info->free_clusters != count)
        fat_check_find_at(c, CAIRN_FAT_FAULT_FSINFO_FREE, sector, count, info->free_clusters);
    if (info->next_free == CAIRN_FAT_FSINFO_UNKNOWN) return;
    if (info->next_free < 2 || info->next_free > c->last + 1)
        fat_check_find_at(c, CAIRN_FAT_FAULT_FSINFO_NEXT, sector, c->last, info->next_free);
}

void fat_check_fsinfo(struct fat_check *c)
{
    struct cairn_fat_fsinfo info;
    uint32_t sector = c->geometry.fsinfo_sector;
    if (c->geometry.type != CAIRN_FAT32) return;
    if (sector == 0) {
        fat_check_find_at(c, CAIRN_FAT_FAULT_FSINFO_MISSING, 0, 0, 0);
        return;
    }
    cairn_fat_fsinfo_decode(
        fat_check_view(c, &c->dir_window, fat_check_sector_at(c, sector), sizeof c->boot), &info);
    if (info.valid)
        fsinfo_compare(c, &info);
    else
        fat_check_find_at(c, CAIRN_FAT_FAULT_FSINFO_MAGIC, sector, 0, 0);
}
