/* SPDX-License-Identifier: ISC */
/* The faults of the volume as a whole: boot sector, FSInfo, FAT, label. */
#include "damage_plant.h"

/* Fields of the boot sector, in it and in its backup. */
static void boot_put32(struct sample *s, uint32_t offset, uint32_t value)
{
    cairn_le32_put(s->bytes + offset, value);
    if (s->geometry.backup_boot)
        cairn_le32_put(sample_sector(s, s->geometry.backup_boot) + offset, value);
}

static void boot_put16(struct sample *s, uint32_t offset, uint16_t value)
{
    cairn_le16_put(s->bytes + offset, value);
    if (s->geometry.backup_boot)
        cairn_le16_put(sample_sector(s, s->geometry.backup_boot) + offset, value);
}

void damage_boot(struct sample *s)
{
    memset(s->bytes, 0, 512);
}

/* A boot sector that can be used, but whose FATs are elsewhere. */
void damage_boot_wrong(struct sample *s)
{
    cairn_le16_put(s->bytes + 14, (uint16_t)(s->geometry.reserved_sectors + 2));
}

void damage_boot_signature(struct sample *s)
{
    boot_put16(s, 510, 0);
}

void damage_backup_missing(struct sample *s)
{
    boot_put16(s, 50, 0);
}

void damage_backup_differs(struct sample *s)
{
    sample_sector(s, s->geometry.backup_boot)[3] ^= 0xFF;
}

void damage_fsinfo_missing(struct sample *s)
{
    boot_put16(s, 48, 0xFFFF);
}

void damage_fsinfo_magic(struct sample *s)
{
    memset(sample_sector(s, s->geometry.fsinfo_sector), 0, 512);
}

static uint8_t *fsinfo(const struct sample *s)
{
    return sample_sector(s, s->geometry.fsinfo_sector);
}

void damage_fsinfo_free(struct sample *s)
{
    cairn_le32_put(fsinfo(s) + 488, 17);
}

void damage_fsinfo_unset(struct sample *s)
{
    cairn_le32_put(fsinfo(s) + 488, CAIRN_FAT_FSINFO_UNKNOWN);
}

void damage_fsinfo_next(struct sample *s)
{
    cairn_le32_put(fsinfo(s) + 492, s->last + 7);
}

void damage_size(struct sample *s)
{
    s->size -= 64u << 10;
}

/* More sectors than before, on a device that has them; the FAT is as it was. */
void damage_fat_small(struct sample *s)
{
    uint32_t more = 512 * s->geometry.cluster_sectors;
    s->size += (size_t)more * s->geometry.sector_bytes;
    boot_put32(s, 32, s->geometry.total_sectors + more);
}

void damage_few_clusters(struct sample *s)
{
    s->geometry.cluster_count = 60000;
    s->last = 60001;
    boot_put32(s, 32, s->geometry.data_start + 60000 * s->geometry.cluster_sectors);
}

void damage_dirty(struct sample *s)
{
    s->bytes[cairn_fat_boot_state_offset(s->geometry.type)] |= 1;
}

static void state_bit_clear(struct sample *s, uint32_t bit)
{
    for (uint32_t copy = 0; copy < s->geometry.fat_count; copy++)
        sample_fat(s, copy, 2)[-1] &= (uint8_t) ~(s->geometry.type == CAIRN_FAT32 ? bit >> 4 : bit);
}

void damage_dirty_fat(struct sample *s)
{
    state_bit_clear(s, 0x80);
}

void damage_error_bit(struct sample *s)
{
    uint32_t at = cairn_fat_boot_state_offset(s->geometry.type);
    s->bytes[at] |= 2;
    if (s->geometry.backup_boot) sample_sector(s, s->geometry.backup_boot)[at] |= 2;
}

void damage_error_bit_fat(struct sample *s)
{
    state_bit_clear(s, 0x40);
}

void damage_fat_media(struct sample *s)
{
    for (uint32_t copy = 0; copy < s->geometry.fat_count; copy++)
        sample_fat(s, copy, 0)[0] ^= 0x01;
}

/* The bits that say clean stay. */
void damage_fat_reserved(struct sample *s)
{
    sample_link(s, 1, s->geometry.type == CAIRN_FAT32 ? 0x0C000002 : 0xC002);
}

void damage_fats_differ(struct sample *s)
{
    uint32_t cluster = s->files[SAMPLE_A].start;
    fatent_put(s->geometry.type, sample_fat(s, 1, cluster), cluster, FATENT_END);
}

void damage_fat_range(struct sample *s)
{
    sample_link(s, s->last, 1);
}

void damage_fat_nibble(struct sample *s)
{
    uint32_t cluster = s->files[SAMPLE_A].start;
    for (uint32_t copy = 0; copy < s->geometry.fat_count; copy++)
        sample_fat(s, copy, cluster)[3] |= 0x10;
}

/* The root directory's volume entry is its first. */
void damage_label_differs(struct sample *s)
{
    sample_root_slot(s, 0)[0] = 'X';
}

void damage_label_boot_only(struct sample *s)
{
    sample_root_slot(s, 0)[0] = FAT_SLOT_FREE;
}

void damage_label_illegal(struct sample *s)
{
    uint32_t at = cairn_fat_boot_label_offset(s->geometry.type);
    sample_root_slot(s, 0)[2] = '*';
    s->bytes[at + 2] = '*';
    if (s->geometry.backup_boot) sample_sector(s, s->geometry.backup_boot)[at + 2] = '*';
}

void damage_label_extra(struct sample *s)
{
    fat_label_slot(sample_root_end(s), (const uint8_t *)"SECOND     ", 0, 0);
}

void damage_label_extra_dir(struct sample *s)
{
    fat_label_slot(sample_dir_slot(s, SAMPLE_SUB, 3), (const uint8_t *)"LOST       ", 0, 0);
}
