/* SPDX-License-Identifier: ISC */
/*
 * Does a boot sector that can be used fit what is on the volume? One wrong byte in it moves FATs,
 * root or clusters, and whoever mends the volume as it then looks destroys it. So a FAT32's boot
 * sector is weighed against its backup; and where two FATs begin elsewhere, or no directory is
 * where it should be, the boot sector is doubted, and nothing is mended.
 */
#include "check.h"

#define FAT_BEGIN_BYTES 512u  /* by which two FATs are known to be copies */
#define SEARCH_SECTORS 2048u  /* where FATs begin, but those of large FAT32s */
#define SLACK_ENTRIES 16384u  /* that a FAT may have beyond what its clusters need */
#define DIRS_LEAST 2u         /* directories that speak against a boot sector */
#define ROOT_BYTES_MOST 4096u /* of the root, that are looked at */

static const uint8_t *sector_view(struct fat_check *c, const struct cairn_fat_geometry *g,
                                  uint64_t sector, uint32_t bytes)
{
    return fat_check_view(c, &c->dir_window, sector * g->sector_bytes, bytes);
}

/* Entry 0 is a media byte and ones, entry 1 an end mark: as any type's first three bytes say. */
static bool is_fat_begin(const uint8_t *bytes)
{
    return bytes[0] >= 0xF0 && bytes[1] == 0xFF && bytes[2] >= 0xF8;
}

static uint64_t copy_sector(const struct cairn_fat_geometry *g, uint32_t copy)
{
    return g->reserved_sectors + (uint64_t)copy * g->fat_sectors;
}

static bool fat_begins(struct fat_check *c, const struct cairn_fat_geometry *g, uint64_t sector)
{
    return is_fat_begin(sector_view(c, g, sector, FAT_BEGIN_BYTES));
}

/* ---- directories --------------------------------------------------------------------------- */

/* What the root's first entries say. */
struct root_says {
    uint32_t good, bad;        /* entries that make sense, and that make none */
    uint32_t at_home, strange; /* directories that begin where they should, and where they cannot */
};

/* Its "." says where a directory begins. Where there is none, but some entry, or nothing, that may
 * be a directory all the same. */
static void dir_ask(struct fat_check *c, const struct cairn_fat_geometry *g, uint32_t start,
                    struct root_says *says)
{
    struct fat_dirent dot;
    uint64_t sector = g->data_start + (uint64_t)(start - 2) * g->cluster_sectors;
    const uint8_t *slot = fat_check_view(c, &c->head, sector * g->sector_bytes, 2 * FAT_SLOT_BYTES);
    fat_dirent_decode(slot, g->type, &dot);
    bool is_dot = fat_check_dot_kind(slot) == 0;
    says->at_home += is_dot && dot.start == start;
    says->strange +=
        is_dot ? dot.start != start : slot[0] != FAT_SLOT_END && fat_check_slot_is_nonsense(slot);
}

static void root_slot(struct fat_check *c, const struct cairn_fat_geometry *g, const uint8_t *slot,
                      struct root_says *says)
{
    struct fat_dirent entry;
    bool is_good = !fat_check_slot_is_nonsense(slot) && fat_check_dot_kind(slot) == 2;
    says->good += is_good;
    says->bad += !is_good;
    fat_dirent_decode(slot, g->type, &entry);
    if (!is_good || !(entry.attributes & CAIRN_FAT_DIRECTORY) || entry.start < 2) return;
    if (entry.attributes & CAIRN_FAT_VOLUME || entry.start > g->cluster_count + 1) return;
    dir_ask(c, g, entry.start, says);
}

static struct root_says root_ask(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    struct root_says says = { 0 };
    bool is_32 = g->type == CAIRN_FAT32;
    uint64_t sector = is_32 ? g->data_start + (uint64_t)(g->root_cluster - 2) * g->cluster_sectors
                            : g->root_start;
    uint32_t bytes = is_32 ? g->cluster_bytes : g->root_entries * FAT_SLOT_BYTES;
    if (bytes > ROOT_BYTES_MOST) bytes = ROOT_BYTES_MOST;
    const uint8_t *slots = sector_view(c, g, sector, bytes);
    for (uint32_t i = 0; i < bytes && slots[i] != FAT_SLOT_END; i += FAT_SLOT_BYTES)
        if (slots[i] != FAT_SLOT_FREE) root_slot(c, g, slots + i, &says);
    return says;
}

/* ---- FAT32: boot sector or backup ---------------------------------------------------------- */

/* Neither too small for the clusters, nor much too large. */
static bool fat_fits(const struct cairn_fat_geometry *g)
{
    uint64_t room = (g->total_sectors - g->data_start) / g->cluster_sectors;
    uint64_t entries = (uint64_t)g->fat_sectors * g->sector_bytes / 4;
    return entries >= room + 2 && entries <= room + room / 8 + SLACK_ENTRIES;
}

/* How much on the volume is where this says. */
static uint32_t weigh(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    struct root_says says = root_ask(c, g);
    uint32_t weight = fat_fits(g);
    weight += (uint64_t)g->total_sectors * g->sector_bytes <= c->dev_bytes;
    weight += fat_begins(c, g, copy_sector(g, 0));
    weight += fat_begins(c, g, copy_sector(g, 1)) == (g->fat_count > 1);
    weight += says.good >= says.bad;
    weight += says.at_home > says.strange;
    return weight;
}

static bool is_same_shape(const struct cairn_fat_geometry *a, const struct cairn_fat_geometry *b)
{
    return a->type == b->type && a->sector_bytes == b->sector_bytes &&
           a->cluster_sectors == b->cluster_sectors && a->fat_sectors == b->fat_sectors &&
           a->reserved_sectors == b->reserved_sectors && a->fat_count == b->fat_count &&
           a->total_sectors == b->total_sectors && a->root_cluster == b->root_cluster;
}

bool fat_check_backup_fits_better(struct fat_check *c, const struct cairn_fat_geometry *boot,
                                  const struct cairn_fat_geometry *backup)
{
    return !is_same_shape(boot, backup) && weigh(c, backup) > weigh(c, boot);
}

/* ---- doubts -------------------------------------------------------------------------------- */

/* A sector out of a larger piece, as all are looked at. */
static const uint8_t *sector_search(struct fat_check *c, const struct cairn_fat_geometry *g,
                                    uint64_t sector)
{
    uint64_t at = sector * g->sector_bytes, piece = at / FAT_CHECK_UNIT * FAT_CHECK_UNIT;
    return fat_check_view(c, &c->dir_window, piece, FAT_CHECK_UNIT) + (at - piece);
}

static bool is_claimed(const struct cairn_fat_geometry *g, uint64_t sector)
{
    for (uint32_t copy = 0; copy < g->fat_count; copy++)
        if (copy_sector(g, copy) == sector) return true;
    return false;
}

static bool fats_are_in_place(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    bool in_place = !fat_begins(c, g, copy_sector(g, g->fat_count));
    for (uint32_t copy = 0; copy < g->fat_count; copy++)
        in_place = in_place && fat_begins(c, g, copy_sector(g, copy));
    return in_place;
}

/* Two sectors that begin the same FAT, of which one should not. */
static bool fats_are_elsewhere(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    uint8_t first[FAT_BEGIN_BYTES];
    uint64_t at = 0;
    for (uint64_t sector = 1; sector < SEARCH_SECTORS; sector++) {
        const uint8_t *bytes = sector_search(c, g, sector);
        if (!is_fat_begin(bytes) || bytes[0] != g->media || bytes[2] != 0xFF) continue;
        bool is_copy = at && memcmp(first, bytes, sizeof first) == 0;
        if (is_copy && !(is_claimed(g, at) && is_claimed(g, sector))) {
            fat_check_remark(c, "FATs begin in sectors %llu and %llu", (unsigned long long)at,
                             (unsigned long long)sector);
            return true;
        }
        if (at) continue;
        memcpy(first, bytes, sizeof first);
        at = sector;
    }
    return false;
}

static bool no_dir_is_at_home(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    struct root_says says = root_ask(c, g);
    if (says.at_home > 0 || says.strange < DIRS_LEAST) return false;
    fat_check_remark(c, "none of %u directories is in its cluster", says.strange);
    return true;
}

/* Entries stand where a copy of the FAT should begin. */
static bool dir_is_in_fat(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    for (uint32_t copy = 1; copy < g->fat_count; copy++) {
        struct cairn_fat_geometry moved = *g;
        moved.root_start = (uint32_t)copy_sector(g, copy);
        if (fat_begins(c, g, moved.root_start)) continue;
        struct root_says says = root_ask(c, &moved);
        if (says.good == 0 || says.bad > 0) continue;
        fat_check_remark(c, "a directory begins in sector %u, where FAT %u should",
                         moved.root_start, copy);
        return true;
    }
    return false;
}

/* By its count of clusters it is of one type, by its name and its FAT's size of the other. */
static bool type_is_doubtful(struct fat_check *c, const struct cairn_fat_geometry *g)
{
    bool is_12 = g->type == CAIRN_FAT12;
    const uint8_t *name = c->boot + cairn_fat_boot_label_offset(g->type) + CAIRN_FAT_LABEL_BYTES;
    uint64_t room = (g->total_sectors - g->data_start) / g->cluster_sectors;
    uint64_t entries = (uint64_t)g->fat_sectors * g->sector_bytes * 8 / g->type;
    bool fits = is_12 ? entries <= room + room / 4 + 1024 : entries >= room + 2;
    if (fits || memcmp(name, is_12 ? "FAT16   " : "FAT12   ", 8) != 0) return false;
    fat_check_remark(c, "it names its type %.5s, but %llu clusters make it FAT%u",
                     (const char *)name, (unsigned long long)room, (uint32_t)g->type);
    return true;
}

bool fat_check_boot_is_doubtful(struct fat_check *c)
{
    const struct cairn_fat_geometry *g = &c->geometry;
    bool is_32 = g->type == CAIRN_FAT32;
    if (no_dir_is_at_home(c, g)) return true;
    if (!is_32 && (type_is_doubtful(c, g) || dir_is_in_fat(c, g))) return true;
    return !fats_are_in_place(c, g) && fats_are_elsewhere(c, g);
}
