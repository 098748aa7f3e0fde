/* SPDX-License-Identifier: ISC */
/* The undo file's header: bytes to values and back. */
#include "undo.h"

#include <cairn/bytes.h>

#define VERSION 1u
#define FLAG_FINISHED 1u
#define CRC_AT 508u
#define BLOCK_BYTES_MIN 512u
#define BLOCK_BYTES_MAX 65536u

static const uint8_t magic[8] = { 'C', 'A', 'I', 'R', 'N', 'U', 'N', 'D' };

struct img_undo_header img_undo_header_of(struct cairn_image *image)
{
    const struct cairn_blk *dev = cairn_image_blk(image);
    return (struct img_undo_header){
        .block_bytes = dev->info.block_bytes,
        .device_bytes = cairn_blk_bytes(cairn_image_disk(image)),
        .volume_at = cairn_image_offset(image),
        .volume_bytes = cairn_blk_bytes(dev),
    };
}

void img_undo_header_encode(const struct img_undo_header *header,
                            uint8_t bytes[IMG_UNDO_HEADER_BYTES])
{
    memset(bytes, 0, IMG_UNDO_HEADER_BYTES);
    memcpy(bytes, magic, sizeof magic);
    cairn_le32_put(bytes + 8, VERSION);
    cairn_le32_put(bytes + 12, header->block_bytes);
    cairn_le32_put(bytes + 16, header->finished ? FLAG_FINISHED : 0);
    cairn_le32_put(bytes + 20, header->rounds);
    cairn_le64_put(bytes + 24, header->records);
    cairn_le64_put(bytes + 32, header->device_bytes);
    cairn_le64_put(bytes + 40, header->volume_at);
    cairn_le64_put(bytes + 48, header->volume_bytes);
    cairn_le64_put(bytes + 56, header->hash.low);
    cairn_le64_put(bytes + 64, header->hash.high);
    cairn_le32_put(bytes + CRC_AT, cairn_crc32(0, bytes, CRC_AT));
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    return len == 0;
}

/* Is it a header of ours, whole, and of a version that we know? */
static enum cairn_err frame_check(const uint8_t bytes[IMG_UNDO_HEADER_BYTES], struct cairn_why *why)
{
    if (is_zero(bytes, IMG_UNDO_HEADER_BYTES)) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ECORRUPT, "it holds nothing to take back");
        cairn_why_hint(why,
                       "a repair that is stopped before its first write to the image leaves such");
        return err;
    }
    if (memcmp(bytes, magic, sizeof magic) != 0) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ECORRUPT, "it is no undo file");
        cairn_why_hint(why, "name the file that --repair --undo wrote");
        return err;
    }
    if (cairn_le32(bytes + CRC_AT) != cairn_crc32(0, bytes, CRC_AT))
        return cairn_why_fail(why, CAIRN_ECORRUPT, "the undo file's header is damaged");
    if (cairn_le32(bytes + 8) != VERSION)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "the undo file has version %u, this knows %u",
                              cairn_le32(bytes + 8), VERSION);
    return CAIRN_OK;
}

static bool is_consistent(const struct img_undo_header *header)
{
    uint32_t block = header->block_bytes;
    if (!cairn_is_pow2(block) || block < BLOCK_BYTES_MIN || block > BLOCK_BYTES_MAX) return false;
    if (header->volume_bytes % block || header->device_bytes > INT64_MAX) return false;
    if (!cairn_range_fits(header->volume_at, header->volume_bytes, header->device_bytes))
        return false;
    return header->rounds > 0 && header->records >= header->rounds &&
           header->records <= INT64_MAX / img_undo_record_bytes(block) - 1;
}

enum cairn_err img_undo_header_decode(struct img_undo_header *header,
                                      const uint8_t bytes[IMG_UNDO_HEADER_BYTES],
                                      struct cairn_why *why)
{
    enum cairn_err err = frame_check(bytes, why);
    if (err) return err;
    *header = (struct img_undo_header){
        .block_bytes = cairn_le32(bytes + 12),
        .finished = cairn_le32(bytes + 16) & FLAG_FINISHED,
        .rounds = cairn_le32(bytes + 20),
        .records = cairn_le64(bytes + 24),
        .device_bytes = cairn_le64(bytes + 32),
        .volume_at = cairn_le64(bytes + 40),
        .volume_bytes = cairn_le64(bytes + 48),
        .hash = { cairn_le64(bytes + 56), cairn_le64(bytes + 64) },
    };
    bool flags_known = (cairn_le32(bytes + 16) & ~FLAG_FINISHED) == 0;
    if (flags_known && is_consistent(header)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "the undo file's header contradicts itself");
}
