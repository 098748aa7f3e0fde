/* SPDX-License-Identifier: ISC */
/* Boot sector, its backup and FSInfo: pure codecs. fatgen103, "Boot Sector and BPB", "FSInfo". */
#ifndef CAIRN_FAT_BOOT_PRIVATE_H
#define CAIRN_FAT_BOOT_PRIVATE_H

#include <cairn/fat_format.h>

/* Decode the boot sector in sector[0..512). Everything in geometry is then consistent (see there),
 * or CAIRN_EINVAL and `why` says which field has which value. Accepts what Linux vfat accepts: 55
 * AA may be missing (*signed_out says), FAT32 is by fat_sectors16 == 0, as Linux tells it, and a
 * FAT32 of few clusters is one. fat_count 1 to 4. */
enum cairn_err cairn_fat_boot_decode(const uint8_t *sector, struct cairn_fat_geometry *geometry,
                                     bool *signed_out, struct cairn_why *why) CAIRN_MUST_USE;

/* Encode a geometry into sector[0..sector_bytes), all of it, with a boot program that prints a
 * message and waits. What it asserts, decode rejects. */
void cairn_fat_boot_encode(const struct cairn_fat_geometry *geometry, uint8_t *sector);

/* The state byte: the last of them is our own; others leave it as it is. */
#define FAT_BOOT_DIRTY 1u
#define FAT_BOOT_ERROR 2u
#define FAT_BOOT_MOVING 4u /* with DIRTY: clusters are being moved, and nothing else is changed */
/* Its byte offset in the boot sector: 0x25 or 0x41. */
uint32_t cairn_fat_boot_state_offset(enum cairn_fat_type type);
/* Byte offset of the label in the boot sector: 0x2B or 0x47. */
uint32_t cairn_fat_boot_label_offset(enum cairn_fat_type type);
/* Is there one? Old sectors have their program there. */
bool cairn_fat_boot_has_label(const uint8_t *sector, enum cairn_fat_type type);

/* Byte offset of FAT32's root_cluster. */
uint32_t cairn_fat_boot_root_offset(void);

/* Write only what tells the shape into a boot sector: where the regions are and how large, the root
 * cluster, which FAT is active. All of it lies in the first 512 bytes. */
void cairn_fat_boot_reshape(const struct cairn_fat_geometry *geometry, uint8_t *sector);

#define CAIRN_FAT_FSINFO_UNKNOWN 0xFFFFFFFFu
struct cairn_fat_fsinfo {
    bool valid; /* all three signatures are there */
    uint32_t free_clusters;
    uint32_t next_free;
};
void cairn_fat_fsinfo_decode(const uint8_t *sector, struct cairn_fat_fsinfo *info);
/* The whole sector, zeros in the reserved bytes. */
void cairn_fat_fsinfo_encode(const struct cairn_fat_fsinfo *info, uint8_t *sector,
                             uint32_t sector_bytes);
/* Only the two counts, into a sector that has its signatures. */
void cairn_fat_fsinfo_update(const struct cairn_fat_fsinfo *info, uint8_t *sector);

#endif
