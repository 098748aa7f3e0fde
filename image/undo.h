/* SPDX-License-Identifier: ISC */
/*
 * The undo file: a header of 512 bytes, then records of one size. Numbers are little-endian.
 *
 *   header   0 "CAIRNUND"             8 version, 1               12 bytes of a block
 *           16 flags: 1 finished     20 rounds                   24 records
 *           32 bytes of the device   40 the volume's first byte  48 bytes of the volume
 *           56 XXH3-128 of all records, low half first           72 zeros
 *          508 CRC-32 of the 508 bytes before
 *   record   0 block of the volume    8 round, from 1            12 zeros
 *           16 the block before the round, then the block after it
 *
 *   (1) The header is written anew behind each round, when its records are on the disk, and is on
 *       the disk before the round's first write to the image. What lies behind the records that it
 *       counts belongs to a round that wrote nothing.
 *   (2) A record's `before` is the block's content when its round begins: what the newest earlier
 *       record of the block has as `after`.
 *   (3) Rounds do not decrease from record to record, and a round has one record a block.
 *
 * So a block as it was is `before` of its first record, and as the repair left it, `after` of its
 * last. In the last round of a repair that did not finish, a block may be anything between, since
 * it goes to the disk in several stages; but bytes that no round changes are as they were, except
 * for the byte that says that the volume is in use.
 */
#ifndef CAIRN_IMAGE_UNDO_PRIVATE_H
#define CAIRN_IMAGE_UNDO_PRIVATE_H

#include <cairn/checksum.h>
#include <cairn/image_undo.h>

#define IMG_UNDO_HEADER_BYTES 512u
#define IMG_UNDO_RECORD_HEAD 16u

struct img_undo_header {
    uint32_t block_bytes;
    bool finished;
    uint32_t rounds;
    uint64_t records;
    uint64_t device_bytes, volume_at, volume_bytes;
    struct cairn_hash128 hash;
};

/* What identifies an open image in the header; the rest is 0. */
struct img_undo_header img_undo_header_of(struct cairn_image *image);

void img_undo_header_encode(const struct img_undo_header *header,
                            uint8_t bytes[IMG_UNDO_HEADER_BYTES]);
/* CAIRN_ECORRUPT, CAIRN_ENOTSUP. All numbers are then in range and consistent. */
enum cairn_err img_undo_header_decode(struct img_undo_header *header,
                                      const uint8_t bytes[IMG_UNDO_HEADER_BYTES],
                                      struct cairn_why *why) CAIRN_MUST_USE;

/* cairn_image_undo_begin for a volume of which the header is to say `of`. */
enum cairn_err img_undo_begin(struct cairn_image_undo **undo, const char *path,
                              const struct img_undo_header *of,
                              struct cairn_why *why) CAIRN_MUST_USE;

static inline size_t img_undo_record_bytes(uint32_t block_bytes)
{
    return IMG_UNDO_RECORD_HEAD + 2 * (size_t)block_bytes;
}

/* cairn_image_undo_apply on an open file and a device; like: what the header must say of it. */
enum cairn_err img_undo_apply(int fd, uint64_t file_bytes, struct cairn_blk *dev,
                              const struct img_undo_header *like,
                              struct cairn_image_undo_result *result,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
