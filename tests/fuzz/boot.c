/* SPDX-License-Identifier: ISC */
/* A boot sector and FSInfo: what is accepted is consistent, and encodes to what decodes alike. */
#include "fuzz.h"

#include <fat/codec/boot.h>
#include <string.h>

static void require_consistent(const struct cairn_fat_geometry *g)
{
    uint64_t root = g->reserved_sectors + (uint64_t)g->fat_count * g->fat_sectors;
    uint64_t end = g->data_start + (uint64_t)g->cluster_count * g->cluster_sectors;
    uint64_t entries = (uint64_t)g->fat_sectors * g->sector_bytes * 8 / g->type;
    fuzz_require(root + g->root_sectors == g->data_start, "regions follow each other");
    fuzz_require(end <= g->total_sectors, "clusters lie inside");
    fuzz_require(g->cluster_count > 0 && g->cluster_count + 2 <= entries, "clusters have entries");
    fuzz_require(g->type != CAIRN_FAT12 || g->cluster_count <= CAIRN_FAT_CLUSTERS_MAX_12, "FAT12");
    fuzz_require(g->type != CAIRN_FAT16 || g->cluster_count <= CAIRN_FAT_CLUSTERS_MAX_16, "FAT16");
    if (g->type != CAIRN_FAT32) return;
    fuzz_require(g->root_cluster >= 2 && g->root_cluster - 2 < g->cluster_count, "root cluster");
    fuzz_require(g->active_fat < g->fat_count, "active FAT");
    fuzz_require(g->fsinfo_sector < g->reserved_sectors, "FSInfo");
    fuzz_require(g->backup_boot < g->reserved_sectors, "backup");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t sector[512] = { 0 }, first[4096], second[4096];
    struct cairn_fat_geometry geometry, again;
    struct cairn_fat_fsinfo info;
    struct cairn_why why;
    bool is_signed;
    memcpy(sector, bytes, len < sizeof sector ? len : sizeof sector);
    cairn_fat_fsinfo_decode(sector, &info);
    fuzz_require(info.valid || info.next_free == CAIRN_FAT_FSINFO_UNKNOWN, "FSInfo is doubted");
    if (cairn_fat_boot_decode(sector, &geometry, &is_signed, &why)) return 0;
    require_consistent(&geometry);
    cairn_fat_boot_encode(&geometry, first);
    fuzz_require(!cairn_fat_boot_decode(first, &again, &is_signed, &why), "encoded is accepted");
    fuzz_require(is_signed, "encoded is signed");
    cairn_fat_boot_encode(&again, second);
    fuzz_require(!memcmp(first, second, geometry.sector_bytes), "encoding is stable");
    return 0;
}
