/* SPDX-License-Identifier: ISC */
/* The boot sector: decode without trust, encode. */
#include "boot.h"

#include <cairn/bytes.h>

/* Fields by offset (fatgen103, "Boot Sector and BPB"). */
#define OEM 3u
#define SECTOR_BYTES 11u
#define CLUSTER_SECTORS 13u
#define RESERVED_SECTORS 14u
#define FAT_COUNT 16u
#define ROOT_ENTRIES 17u
#define TOTAL_16 19u
#define MEDIA 21u
#define FAT_SECTORS_16 22u
#define SECTORS_PER_TRACK 24u
#define HEADS 26u
#define HIDDEN_SECTORS 28u
#define TOTAL_32 32u
#define FAT_SECTORS_32 36u
#define EXTENDED_FLAGS 40u
#define VERSION 42u
#define ROOT_CLUSTER 44u
#define FSINFO_SECTOR 48u
#define BACKUP_BOOT 50u
#define SIGNATURE 510u

#define TAIL_16 36u /* where the fields that both kinds have again begin */
#define TAIL_32 64u
/* Offsets in the tail. */
#define DRIVE 0u
#define STATE 1u
#define TAIL_SIGNATURE 2u
#define VOLUME_ID 3u
#define LABEL 7u
#define TYPE_TEXT 18u
#define TAIL_BYTES 26u

#define TAIL_HAS_ID 0x28u    /* the volume id follows */
#define TAIL_HAS_LABEL 0x29u /* the label and the type's text, too */
#define MIRROR_OFF 0x80u     /* in EXTENDED_FLAGS, with the number of the active copy */
#define NO_SECTOR 0xFFFFu
#define DIRENT_BYTES 32u

/* ---- decode ------------------------------------------------------------------------------ */

static enum cairn_err bad(struct cairn_why *why, const char *field, uint64_t value)
{
    (void)cairn_why_fail(why, CAIRN_EINVAL, "boot sector: %s is %llu", field,
                         (unsigned long long)value);
    cairn_why_hint(why, "this is no FAT volume, or its boot sector is damaged");
    return CAIRN_EINVAL;
}

static uint32_t tail_offset(enum cairn_fat_type type)
{
    return type == CAIRN_FAT32 ? TAIL_32 : TAIL_16;
}

static void decode_fields(const uint8_t *s, struct cairn_fat_geometry *g)
{
    memcpy(g->oem, s + OEM, sizeof g->oem);
    g->sector_bytes = cairn_le16(s + SECTOR_BYTES);
    g->cluster_sectors = s[CLUSTER_SECTORS];
    g->cluster_bytes = g->sector_bytes * g->cluster_sectors;
    g->reserved_sectors = cairn_le16(s + RESERVED_SECTORS);
    g->fat_count = s[FAT_COUNT];
    g->root_entries = cairn_le16(s + ROOT_ENTRIES);
    g->media = s[MEDIA];
    g->sectors_per_track = cairn_le16(s + SECTORS_PER_TRACK);
    g->heads = cairn_le16(s + HEADS);
    g->hidden_sectors = cairn_le32(s + HIDDEN_SECTORS);
    g->total_sectors = cairn_le16(s + TOTAL_16);
    if (g->total_sectors == 0) g->total_sectors = cairn_le32(s + TOTAL_32);
    g->fat_sectors = cairn_le16(s + FAT_SECTORS_16);
}

/* A sector of the reserved region, or 0 when it is said not to exist or cannot. */
static uint16_t reserved_sector(const struct cairn_fat_geometry *g, uint16_t sector)
{
    return sector == NO_SECTOR || sector >= g->reserved_sectors ? 0 : sector;
}

static void decode_fields_32(const uint8_t *s, struct cairn_fat_geometry *g)
{
    uint16_t flags = cairn_le16(s + EXTENDED_FLAGS);
    g->fat_sectors = cairn_le32(s + FAT_SECTORS_32);
    g->active_only = flags & MIRROR_OFF;
    g->active_fat = g->active_only ? flags & 15u : 0;
    g->version = cairn_le16(s + VERSION);
    g->root_cluster = cairn_le32(s + ROOT_CLUSTER);
    g->fsinfo_sector = reserved_sector(g, cairn_le16(s + FSINFO_SECTOR));
    g->backup_boot = reserved_sector(g, cairn_le16(s + BACKUP_BOOT));
    if (g->backup_boot == g->fsinfo_sector) g->backup_boot = 0; /* one sector is not both */
}

/* Drive, state, id and label: the fields that the last byte before them vouches for. */
static void decode_tail(const uint8_t *tail, struct cairn_fat_geometry *g)
{
    g->drive = tail[DRIVE];
    g->state = tail[STATE] & (FAT_BOOT_DIRTY | FAT_BOOT_ERROR | FAT_BOOT_MOVING);
    bool has_label = tail[TAIL_SIGNATURE] == TAIL_HAS_LABEL;
    if (has_label || tail[TAIL_SIGNATURE] == TAIL_HAS_ID)
        g->volume_id = cairn_le32(tail + VOLUME_ID);
    if (has_label)
        memcpy(g->label, tail + LABEL, sizeof g->label);
    else
        memset(g->label, ' ', sizeof g->label);
}

/* The fields that stand for themselves. */
static enum cairn_err check_fields(const struct cairn_fat_geometry *g, struct cairn_why *why)
{
    if (!cairn_is_pow2(g->sector_bytes) || g->sector_bytes < 512 || g->sector_bytes > 4096)
        return bad(why, "bytes per sector", g->sector_bytes);
    if (!cairn_is_pow2(g->cluster_sectors))
        return bad(why, "sectors per cluster", g->cluster_sectors);
    if (g->reserved_sectors == 0) return bad(why, "reserved sectors", 0);
    if (g->fat_count == 0 || g->fat_count > 4) return bad(why, "number of FATs", g->fat_count);
    if (g->media != 0xF0 && g->media < 0xF8) return bad(why, "media", g->media);
    if (g->fat_sectors == 0) return bad(why, "sectors per FAT", 0);
    if (g->root_entries * DIRENT_BYTES % g->sector_bytes != 0)
        return bad(why, "root directory entries", g->root_entries);
    if (g->total_sectors == 0) return bad(why, "sectors in all", 0);
    return CAIRN_OK;
}

static uint32_t clusters_max(enum cairn_fat_type type)
{
    if (type == CAIRN_FAT12) return CAIRN_FAT_CLUSTERS_MAX_12;
    return type == CAIRN_FAT16 ? CAIRN_FAT_CLUSTERS_MAX_16 : CAIRN_FAT_CLUSTERS_MAX_32;
}

/* Where the regions are. They may not fit, so 64 bits. */
static enum cairn_err derive_regions(struct cairn_fat_geometry *g, struct cairn_why *why)
{
    uint64_t root_start = g->reserved_sectors + (uint64_t)g->fat_sectors * g->fat_count;
    uint32_t root_sectors = g->root_entries * DIRENT_BYTES / g->sector_bytes;
    uint64_t data_start = root_start + root_sectors;
    if (data_start + g->cluster_sectors > g->total_sectors)
        return bad(why, "sectors in all, too few for one cluster,", g->total_sectors);
    g->data_start = (uint32_t)data_start;
    g->cluster_count = (g->total_sectors - g->data_start) / g->cluster_sectors;
    if (g->type == CAIRN_FAT32) return CAIRN_OK;
    g->root_start = (uint32_t)root_start;
    g->root_sectors = root_sectors;
    if (g->root_sectors == 0) return bad(why, "root directory entries", 0);
    g->type = g->cluster_count > CAIRN_FAT_CLUSTERS_MAX_12 ? CAIRN_FAT16 : CAIRN_FAT12;
    return CAIRN_OK;
}

/* Clusters that the FAT has no entry for cannot be used: as if they were not there. */
static enum cairn_err limit_clusters(struct cairn_fat_geometry *g, struct cairn_why *why)
{
    uint64_t entries = (uint64_t)g->fat_sectors * g->sector_bytes * 8 / g->type;
    if (entries < 3) return bad(why, "sectors per FAT", g->fat_sectors);
    g->cluster_count = (uint32_t)cairn_min_u64(g->cluster_count, entries - 2);
    if (g->cluster_count > clusters_max(g->type))
        return bad(why, "clusters, too many for its type,", g->cluster_count);
    return CAIRN_OK;
}

static enum cairn_err check_32(const struct cairn_fat_geometry *g, struct cairn_why *why)
{
    if (g->root_entries != 0) return bad(why, "root directory entries of a FAT32", g->root_entries);
    if (g->root_cluster < 2 || g->root_cluster - 2 >= g->cluster_count)
        return bad(why, "root directory's cluster", g->root_cluster);
    if (g->active_fat >= g->fat_count) return bad(why, "active FAT", g->active_fat);
    return CAIRN_OK;
}

enum cairn_err cairn_fat_boot_decode(const uint8_t *sector, struct cairn_fat_geometry *geometry,
                                     bool *signed_out, struct cairn_why *why)
{
    struct cairn_fat_geometry g = { .type = CAIRN_FAT16 };
    *signed_out = cairn_le16(sector + SIGNATURE) == 0xAA55;
    decode_fields(sector, &g);
    if (g.fat_sectors == 0) {
        g.type = CAIRN_FAT32;
        decode_fields_32(sector, &g);
    }
    decode_tail(sector + tail_offset(g.type), &g);
    enum cairn_err err = check_fields(&g, why);
    if (err) return err;
    err = derive_regions(&g, why);
    if (err) return err;
    err = limit_clusters(&g, why);
    if (err) return err;
    if (g.type == CAIRN_FAT32) err = check_32(&g, why);
    if (err) return err;
    *geometry = g;
    return CAIRN_OK;
}

/* ---- encode ------------------------------------------------------------------------------ */

/* Who starts a computer from this volume reads a sentence and presses a key: 16-bit x86 that finds
 * itself wherever the BIOS put it.
 *      call 1f; 1: pop si; push cs; pop ds; add si, message - 1b; cld
 *   2: lodsb; test al, al; jz 3f; mov ah, 0x0E; mov bx, 7; int 0x10; jmp 2b
 *   3: xor ah, ah; int 0x16; int 0x19; 4: jmp 4b */
static const uint8_t boot_program[] = { 0xE8, 0x00, 0x00, 0x5E, 0x0E, 0x1F, 0x83, 0xC6,
                                        0x1D, 0xFC, 0xAC, 0x84, 0xC0, 0x74, 0x09, 0xB4,
                                        0x0E, 0xBB, 0x07, 0x00, 0xCD, 0x10, 0xEB, 0xF2,
                                        0x30, 0xE4, 0xCD, 0x16, 0xCD, 0x19, 0xEB, 0xFE };
static const char boot_message[] =
    "No system to start is on this volume.\r\nPress a key to try another.\r\n";

void cairn_fat_boot_reshape(const struct cairn_fat_geometry *g, uint8_t *s)
{
    bool is_32 = g->type == CAIRN_FAT32, fits_16 = !is_32 && g->total_sectors <= UINT16_MAX;
    cairn_le16_put(s + RESERVED_SECTORS, (uint16_t)g->reserved_sectors);
    cairn_le16_put(s + TOTAL_16, fits_16 ? (uint16_t)g->total_sectors : 0);
    cairn_le32_put(s + TOTAL_32, fits_16 ? 0 : g->total_sectors);
    cairn_le16_put(s + FAT_SECTORS_16, is_32 ? 0 : (uint16_t)g->fat_sectors);
    if (!is_32) return;
    cairn_le32_put(s + FAT_SECTORS_32, g->fat_sectors);
    cairn_le16_put(s + EXTENDED_FLAGS, g->active_only ? (uint16_t)(MIRROR_OFF | g->active_fat) : 0);
    cairn_le32_put(s + ROOT_CLUSTER, g->root_cluster);
}

static void encode_fields(const struct cairn_fat_geometry *g, uint8_t *s)
{
    memcpy(s + OEM, g->oem, sizeof g->oem);
    cairn_le16_put(s + SECTOR_BYTES, (uint16_t)g->sector_bytes);
    s[CLUSTER_SECTORS] = (uint8_t)g->cluster_sectors;
    s[FAT_COUNT] = (uint8_t)g->fat_count;
    cairn_le16_put(s + ROOT_ENTRIES, (uint16_t)g->root_entries);
    s[MEDIA] = g->media;
    cairn_le16_put(s + SECTORS_PER_TRACK, g->sectors_per_track);
    cairn_le16_put(s + HEADS, g->heads);
    cairn_le32_put(s + HIDDEN_SECTORS, g->hidden_sectors);
    cairn_fat_boot_reshape(g, s);
}

static void encode_fields_32(const struct cairn_fat_geometry *g, uint8_t *s)
{
    cairn_le16_put(s + VERSION, g->version);
    cairn_le16_put(s + FSINFO_SECTOR, g->fsinfo_sector ? g->fsinfo_sector : NO_SECTOR);
    cairn_le16_put(s + BACKUP_BOOT, g->backup_boot ? g->backup_boot : 0);
}

static void encode_tail(const struct cairn_fat_geometry *g, uint8_t *tail)
{
    const char *text = g->type == CAIRN_FAT32 ? "FAT32   " : "FAT16   ";
    if (g->type == CAIRN_FAT12) text = "FAT12   ";
    tail[DRIVE] = g->drive;
    tail[STATE] = g->state;
    tail[TAIL_SIGNATURE] = TAIL_HAS_LABEL;
    cairn_le32_put(tail + VOLUME_ID, g->volume_id);
    memcpy(tail + LABEL, g->label, sizeof g->label);
    memcpy(tail + TYPE_TEXT, text, TAIL_BYTES - TYPE_TEXT);
}

void cairn_fat_boot_encode(const struct cairn_fat_geometry *geometry, uint8_t *sector)
{
    uint32_t tail = tail_offset(geometry->type), program = tail + TAIL_BYTES;
    memset(sector, 0, geometry->sector_bytes);
    sector[0] = 0xEB; /* jmp to the program, nop */
    sector[1] = (uint8_t)(program - 2);
    sector[2] = 0x90;
    encode_fields(geometry, sector);
    if (geometry->type == CAIRN_FAT32) encode_fields_32(geometry, sector);
    encode_tail(geometry, sector + tail);
    memcpy(sector + program, boot_program, sizeof boot_program);
    memcpy(sector + program + sizeof boot_program, boot_message, sizeof boot_message);
    cairn_le16_put(sector + SIGNATURE, 0xAA55);
}

uint32_t cairn_fat_boot_state_offset(enum cairn_fat_type type)
{
    return tail_offset(type) + STATE;
}

uint32_t cairn_fat_boot_label_offset(enum cairn_fat_type type)
{
    return tail_offset(type) + LABEL;
}

bool cairn_fat_boot_has_label(const uint8_t *sector, enum cairn_fat_type type)
{
    return sector[tail_offset(type) + TAIL_SIGNATURE] == TAIL_HAS_LABEL;
}

uint32_t cairn_fat_boot_root_offset(void)
{
    return ROOT_CLUSTER;
}
