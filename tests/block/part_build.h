/* SPDX-License-Identifier: ISC */
/* Partition tables written by hand into memory, so that tests can then break them. */
#ifndef CAIRN_TESTS_PART_BUILD_H
#define CAIRN_TESTS_PART_BUILD_H

#include <cairn/part.h>

struct disk {
    uint8_t *bytes;
    uint32_t block_bytes;
    uint64_t block_count;
};

/* An entry of the MBR or of a boot record in block `block`, and the 55 AA at its end. */
void disk_mbr_entry(struct disk *disk, uint64_t block, int slot, uint8_t type, uint32_t first,
                    uint32_t count);

/* A GPT with room for 128 entries, empty, both copies, and its protective MBR. */
void disk_gpt(struct disk *disk);

/* Fill an entry in both copies; name is ASCII. */
void disk_gpt_entry(struct disk *disk, uint32_t index, uint64_t first, uint64_t last,
                    const char *name);

/* Make the checksums of the copy whose header lies in `block` right for what it holds. Entries that
 * do not lie in the disk are left alone. */
void disk_gpt_sign(struct disk *disk, uint64_t block);

#endif
