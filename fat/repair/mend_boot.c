/* SPDX-License-Identifier: ISC */
/* Boot sector, its backup, FSInfo. The boot sector and its backup change together; the byte that
 * says whether the volume is in use is not theirs to change. */
#include "menders.h"

#define TOTAL_16 19u
#define TOTAL_32 32u
#define FSINFO_FIELD 48u
#define BACKUP_FIELD 50u
#define SIGNATURE 510u
#define FSINFO_COUNTS 488u
#define FSINFO_USUAL 1u
#define BACKUP_USUAL 6u
#define FAT32_LEAST 65525u
#define PUTS 8u
#define BYTES 2048u

/* ---- helpers ------------------------------------------------------------------------------- */

static uint64_t backup_at(const struct fat_check *c)
{
    return fat_check_sector_at(c, c->geometry.backup_boot);
}

/* A field in the boot sector and its backup. */
static void field_put(struct fat_check *c, uint32_t offset, const void *bytes, uint32_t len)
{
    memcpy(c->boot + offset, bytes, len);
    fat_mend_put(c, offset, bytes, len, FAT_STAGE_FREE);
    if (c->geometry.backup_boot) fat_mend_put(c, backup_at(c) + offset, bytes, len, FAT_STAGE_FREE);
}

/* The boot sector that was decoded, to `at`, but for its state. */
static void boot_put(struct fat_check *c, uint64_t at, enum fat_stage stage)
{
    uint32_t state = cairn_fat_boot_state_offset(c->geometry.type);
    fat_mend_put(c, at, c->boot, state, stage);
    fat_mend_put(c, at + state + 1, c->boot + state + 1, (uint32_t)sizeof c->boot - state - 1,
                 stage);
}

/* Sectors in all, in that of the two fields that is in use. */
static void total_encode(uint8_t *boot, uint32_t total)
{
    if (cairn_le16(boot + TOTAL_16))
        cairn_le16_put(boot + TOTAL_16, (uint16_t)total);
    else
        cairn_le32_put(boot + TOTAL_32, total);
}

/* Would it be the same volume, with fewer or more clusters? */
static bool total_fits(const struct fat_check *c, uint64_t total)
{
    struct cairn_fat_geometry geometry;
    uint8_t boot[sizeof c->boot];
    bool is_signed;
    if (total > UINT32_MAX || (cairn_le16(c->boot + TOTAL_16) && total > UINT16_MAX)) return false;
    memcpy(boot, c->boot, sizeof boot);
    total_encode(boot, (uint32_t)total);
    if (cairn_fat_boot_decode(boot, &geometry, &is_signed, NULL)) return false;
    if (geometry.type != c->geometry.type) return false;
    return geometry.type != CAIRN_FAT32 || geometry.cluster_count >= FAT32_LEAST ||
           c->geometry.cluster_count < FAT32_LEAST;
}

static bool total_put(struct fat_check *c, uint64_t total)
{
    uint8_t boot[sizeof c->boot];
    if (!total_fits(c, total) || !fat_mend_room(c, PUTS, BYTES)) return false;
    memcpy(boot, c->boot, sizeof boot);
    total_encode(boot, (uint32_t)total);
    field_put(c, TOTAL_16, boot + TOTAL_16, 2);
    field_put(c, TOTAL_32, boot + TOTAL_32, 4);
    return true;
}

/* May a reserved sector be used: is nothing in it? */
static bool sector_is_empty(struct fat_check *c, uint32_t sector)
{
    const uint8_t *bytes = fat_check_view(c, &c->mend->window, fat_check_sector_at(c, sector),
                                          c->geometry.sector_bytes);
    for (uint32_t i = 0; i < c->geometry.sector_bytes; i++)
        if (bytes[i]) return false;
    return true;
}

/* ---- boot sector --------------------------------------------------------------------------- */

bool fat_mend_boot_lost(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (c->has_backup) fat_mend_say(c, "its backup is used instead");
    return false;
}

/* Nothing is looked at as it says: that would mend what is not broken. */
bool fat_mend_boot_doubt(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct fat_mend *mend = c->mend;
    (void)cluster, (void)a, (void)b;
    mend->err = cairn_why_fail(mend->why, CAIRN_EINVAL,
                               "the boot sector contradicts what is on the volume");
    cairn_why_hint(mend->why, "a repair would go by it, and writes nothing; restore it first");
    return false;
}

bool fat_mend_boot_dead(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    boot_put(c, 0, FAT_STAGE_NEW);
    fat_mend_say(c, "the boot sector is restored from it");
    return false;
}

bool fat_mend_boot_signature(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const uint8_t right[2] = { 0x55, 0xAA };
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    field_put(c, SIGNATURE, right, sizeof right);
    fat_mend_say(c, "it ends in 55AA");
    return false;
}

/* What is behind the device's end is nowhere; chains that went there are cut in the same pass.
 * Where the volume cannot end there, since it would be of another type, they stay as they are:
 * whoever makes the device larger has them again. */
bool fat_mend_boot_size(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint64_t total = b / c->geometry.sector_bytes;
    (void)cluster, (void)a;
    c->mend->size_stays = !total_put(c, total);
    if (!c->mend->size_stays)
        fat_mend_say(c, "the volume ends where its device does, with %llu sectors",
                     (unsigned long long)total);
    return false;
}

bool fat_mend_boot_fat_small(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint64_t total = c->geometry.data_start + a * c->geometry.cluster_sectors;
    (void)cluster, (void)b;
    if (total_put(c, total))
        fat_mend_say(c, "the volume ends behind its last cluster, with %llu sectors",
                     (unsigned long long)total);
    return false;
}

/* Only where the device and the FAT have room for more. */
bool fat_mend_boot_few(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint64_t total = c->geometry.data_start + b * c->geometry.cluster_sectors;
    uint64_t entries = fat_check_sector_at(c, c->geometry.fat_sectors) / 4;
    (void)cluster, (void)a;
    if (fat_check_sector_at(c, total) > c->dev_bytes || b + 2 > entries) return false;
    if (total_put(c, total))
        fat_mend_say(c, "the volume grows to %llu clusters", (unsigned long long)b);
    return false;
}

/* ---- backup -------------------------------------------------------------------------------- */

bool fat_mend_backup_differs(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    boot_put(c, backup_at(c), FAT_STAGE_FREE);
    fat_mend_say(c, "it is written anew from the boot sector");
    return false;
}

bool fat_mend_backup_missing(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    struct cairn_fat_geometry *geometry = &c->geometry, other;
    const uint8_t field[2] = { BACKUP_USUAL, 0 };
    bool is_signed;
    (void)cluster, (void)a, (void)b;
    if (geometry->reserved_sectors <= BACKUP_USUAL || geometry->fsinfo_sector == BACKUP_USUAL)
        return false;
    const uint8_t *there = fat_check_view(c, &c->mend->window, fat_check_sector_at(c, BACKUP_USUAL),
                                          geometry->sector_bytes);
    bool is_old = cairn_fat_boot_decode(there, &other, &is_signed, NULL) == CAIRN_OK &&
                  (is_signed || other.volume_id == geometry->volume_id);
    if (!is_old && !sector_is_empty(c, BACKUP_USUAL)) return false;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    field_put(c, BACKUP_FIELD, field, sizeof field);
    geometry->backup_boot = BACKUP_USUAL;
    boot_put(c, backup_at(c), FAT_STAGE_FREE);
    fat_mend_say(c, "one is made in sector %u", BACKUP_USUAL);
    return false;
}

/* ---- FSInfo -------------------------------------------------------------------------------- */

static struct cairn_fat_fsinfo counts(const struct fat_check *c)
{
    return (struct cairn_fat_fsinfo){ .valid = true,
                                      .free_clusters = (uint32_t)c->result->free_clusters,
                                      .next_free = CAIRN_FAT_FSINFO_UNKNOWN };
}

static void fsinfo_write(struct fat_check *c, uint32_t sector)
{
    struct cairn_fat_fsinfo info = counts(c);
    uint8_t bytes[sizeof c->boot];
    cairn_fat_fsinfo_encode(&info, bytes, sizeof bytes);
    fat_mend_put(c, fat_check_sector_at(c, sector), bytes, sizeof bytes, FAT_STAGE_FREE);
}

bool fat_mend_fsinfo_missing(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    const uint8_t field[2] = { FSINFO_USUAL, 0 };
    struct cairn_fat_fsinfo info;
    (void)cluster, (void)a, (void)b;
    if (c->geometry.reserved_sectors <= FSINFO_USUAL || c->geometry.backup_boot == FSINFO_USUAL)
        return false;
    cairn_fat_fsinfo_decode(
        fat_check_view(c, &c->mend->window, fat_check_sector_at(c, FSINFO_USUAL), sizeof c->boot),
        &info);
    if (!info.valid && !sector_is_empty(c, FSINFO_USUAL)) return false;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    fsinfo_write(c, FSINFO_USUAL);
    field_put(c, FSINFO_FIELD, field, sizeof field);
    fat_mend_say(c, "one is made in sector %u", FSINFO_USUAL);
    return false;
}

bool fat_mend_fsinfo_magic(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (!fat_mend_room(c, PUTS, BYTES)) return false;
    fsinfo_write(c, c->geometry.fsinfo_sector);
    fat_mend_say(c, "it is written anew");
    return false;
}

static bool counts_put(struct fat_check *c, uint32_t offset, uint32_t value)
{
    uint8_t bytes[4];
    if (!fat_mend_room(c, 1, sizeof bytes)) return false;
    cairn_le32_put(bytes, value);
    fat_mend_put(c, fat_check_sector_at(c, c->geometry.fsinfo_sector) + FSINFO_COUNTS + offset,
                 bytes, sizeof bytes, FAT_STAGE_FREE);
    return true;
}

bool fat_mend_fsinfo_count(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)b;
    if (counts_put(c, 0, (uint32_t)a)) fat_mend_say(c, "it says so");
    return false;
}

bool fat_mend_fsinfo_next(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    (void)cluster, (void)a, (void)b;
    if (counts_put(c, 4, CAIRN_FAT_FSINFO_UNKNOWN)) fat_mend_say(c, "it says that it knows none");
    return false;
}
