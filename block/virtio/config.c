/* SPDX-License-Identifier: ISC */
/* The configuration of virtio-blk (section 5.2.4), and what kind of device follows from it. */
#include "blk.h"

#define CONFIG_BYTES 60u
#define GENERATION_TRIES 16
#define SECTOR_BYTES 512u
#define PREFERRED_BYTES_MIN 4096u
#define PREFERRED_BYTES_MAX (1u << 20)
#define SEG_BYTES_MAX (1u << 30) /* where the device sets no limit */
#define PHYSICAL_EXP_MAX 15u

/* What is read, and in which widths: a device may refuse accesses that split a field, and has only
 * the fields of its features. */
static const struct {
    uint64_t feature; /* that it needs; 0: none */
    uint8_t offset, bytes;
} fields[] = {
    { 0, 0, 8 },
    { BLK_VIRTIO_F_SIZE_MAX, 8, 4 },
    { BLK_VIRTIO_F_SEG_MAX, 12, 4 },
    { BLK_VIRTIO_F_BLK_SIZE, 20, 4 },
    { BLK_VIRTIO_F_TOPOLOGY, 24, 1 },
    { BLK_VIRTIO_F_TOPOLOGY, 28, 4 },
    { BLK_VIRTIO_F_MQ, 34, 2 },
    { BLK_VIRTIO_F_DISCARD, 36, 4 },
    { BLK_VIRTIO_F_DISCARD, 40, 4 },
    { BLK_VIRTIO_F_DISCARD, 44, 4 },
    { BLK_VIRTIO_F_WRITE_ZEROES, 48, 4 },
    { BLK_VIRTIO_F_WRITE_ZEROES, 52, 4 },
    { BLK_VIRTIO_F_WRITE_ZEROES, 56, 1 },
};

static void config_decode(const uint8_t *raw, struct blk_virtio_config *config)
{
    *config = (struct blk_virtio_config){
        .capacity_sectors = cairn_le64(raw),
        .size_max = cairn_le32(raw + 8),
        .seg_max = cairn_le32(raw + 12),
        .blk_size = cairn_le32(raw + 20),
        .physical_exp = raw[24],
        .opt_io_blocks = cairn_le32(raw + 28),
        .num_queues = cairn_le16(raw + 34),
        .discard_sectors_max = cairn_le32(raw + 36),
        .discard_segs_max = cairn_le32(raw + 40),
        .discard_sectors_align = cairn_le32(raw + 44),
        .zero_sectors_max = cairn_le32(raw + 48),
        .zero_segs_max = cairn_le32(raw + 52),
        .may_unmap = raw[56],
    };
}

/* Fields of features that were not taken stay 0, whatever the device has there. */
static enum cairn_err fields_read(struct cairn_virtio *virtio, uint8_t raw[CONFIG_BYTES],
                                  struct cairn_why *why)
{
    for (size_t i = 0; i < CAIRN_COUNT(fields); i++) {
        if ((fields[i].feature & virtio->taken) != fields[i].feature) continue;
        enum cairn_err err = virtio->ops->config_read(virtio, fields[i].offset,
                                                      raw + fields[i].offset, fields[i].bytes, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* The generation tells of changes between fields (section 2.5.1); one that never rests is hostile.
 */
enum cairn_err blk_virtio_config_load(struct cairn_virtio *virtio, struct blk_virtio_config *config,
                                      struct cairn_why *why)
{
    for (int i = 0; i < GENERATION_TRIES; i++) {
        uint8_t raw[CONFIG_BYTES] = { 0 };
        uint32_t before = virtio->ops->generation(virtio);
        enum cairn_err err = fields_read(virtio, raw, why);
        if (err) return err;
        config_decode(raw, config);
        if (virtio->ops->generation(virtio) == before) return CAIRN_OK;
    }
    return cairn_why_fail(why, CAIRN_EIO, "the configuration changes all the time");
}

uint64_t blk_virtio_block_count(const struct blk_virtio_config *config, uint32_t block_bytes)
{
    return config->capacity_sectors / (block_bytes / SECTOR_BYTES);
}

/* A block size that is none is the device's mistake in a hint; sectors always work. */
static uint32_t block_bytes_of(const struct blk_virtio_config *config)
{
    uint32_t bytes = config->blk_size;
    bool is_one = cairn_is_pow2(bytes) && bytes >= BLK_BYTES_MIN && bytes <= BLK_BYTES_MAX;
    return is_one ? bytes : SECTOR_BYTES;
}

/* What the device finds optimal, when that is a size to align to; at least a page, as hosts have.
 */
static uint32_t preferred_of(const struct blk_virtio_config *config, uint32_t block_bytes)
{
    uint64_t optimal = (uint64_t)config->opt_io_blocks * block_bytes;
    uint32_t exp = config->physical_exp < PHYSICAL_EXP_MAX ? config->physical_exp : 0;
    uint64_t preferred = (uint64_t)block_bytes << exp;
    if (cairn_is_pow2(optimal)) preferred = cairn_max_u64(preferred, optimal);
    preferred = cairn_max_u64(preferred, PREFERRED_BYTES_MIN);
    return (uint32_t)cairn_max_u64(cairn_min_u64(preferred, PREFERRED_BYTES_MAX), block_bytes);
}

/* Whole units of so many sectors, in bytes. */
static uint64_t range_bytes(uint64_t sectors_max, uint64_t unit_bytes)
{
    uint64_t bytes = sectors_max * SECTOR_BYTES;
    return bytes - bytes % unit_bytes;
}

/* Long discards are cut where the device's own units end, when these are whole blocks and fit. */
static uint32_t discard_unit(const struct blk_virtio_config *config, uint32_t block_bytes)
{
    uint64_t bytes = (uint64_t)config->discard_sectors_align * SECTOR_BYTES;
    bool is_unit = cairn_is_pow2(bytes) && bytes >= block_bytes && bytes <= PREFERRED_BYTES_MAX &&
                   bytes <= (uint64_t)config->discard_sectors_max * SECTOR_BYTES;
    return is_unit ? (uint32_t)bytes : block_bytes;
}

/* Also of a device that offers a limit and then says 0, as qemu-storage-daemon does. */
static uint32_t size_max_of(const struct blk_virtio_config *config)
{
    return config->size_max ? (uint32_t)cairn_min_u64(config->size_max, SEG_BYTES_MAX)
                            : SEG_BYTES_MAX;
}

/* A limit of 0, or one below a block, leaves nothing that could be asked for: the feature is as
 * good as absent. */
static void limits_apply(struct cairn_blk_virtio *dev, const struct blk_virtio_config *config,
                         uint32_t block_bytes)
{
    dev->seg_bytes_max = size_max_of(config);
    dev->discard_bytes_max =
        config->discard_segs_max
            ? range_bytes(config->discard_sectors_max, discard_unit(config, block_bytes))
            : 0;
    dev->zero_bytes_max =
        config->zero_segs_max ? range_bytes(config->zero_sectors_max, block_bytes) : 0;
    dev->may_unmap = config->may_unmap;
}

enum cairn_err blk_virtio_capacity_check(const struct blk_virtio_config *config,
                                         struct cairn_why *why)
{
    if (config->capacity_sectors < BLK_DEVICE_BYTES_MAX / SECTOR_BYTES) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "a capacity of %llu sectors: too large",
                          (unsigned long long)config->capacity_sectors);
}

/* Every block must fit one request of the device. */
static enum cairn_err shape_check(const struct cairn_blk_virtio *dev,
                                  const struct blk_virtio_config *config, uint32_t block_bytes,
                                  struct cairn_why *why)
{
    uint64_t segs = cairn_div_up(block_bytes, dev->seg_bytes_max);
    if (segs > dev->segs_max)
        return cairn_why_fail(
            why, CAIRN_ECORRUPT, "%u segments of %lu bytes do not hold a block of %lu",
            (unsigned)dev->segs_max, (unsigned long)dev->seg_bytes_max, (unsigned long)block_bytes);
    return blk_virtio_capacity_check(config, why);
}

/* Without FLUSH nothing says when a write is durable; but a device that offers it, and is refused,
 * must write through (section 5.2.6.2). */
static enum cairn_blk_durability durability_of(uint64_t offered)
{
    return offered & BLK_VIRTIO_F_FLUSH ? CAIRN_BLK_DURABLE_MEDIA : CAIRN_BLK_DURABLE_NONE;
}

enum cairn_err blk_virtio_config_apply(struct cairn_blk_virtio *dev,
                                       const struct blk_virtio_config *config, uint64_t offered,
                                       struct cairn_blk_info *info, struct cairn_why *why)
{
    uint64_t taken = dev->virtio->taken;
    uint32_t block_bytes = block_bytes_of(config);
    limits_apply(dev, config, block_bytes);
    enum cairn_err err = shape_check(dev, config, block_bytes, why);
    if (err) return err;
    bool discards = dev->discard_bytes_max, zeroes = dev->zero_bytes_max;
    *info = (struct cairn_blk_info){
        .block_bytes = block_bytes,
        .block_count = blk_virtio_block_count(config, block_bytes),
        .read_only = taken & BLK_VIRTIO_F_RO,
        .preferred_bytes = preferred_of(config, block_bytes),
        .max_bytes = BLK_DEVICE_BYTES_MAX - 1,
        .mem_align = 1,
        .atomic_bytes = SECTOR_BYTES,
        .discard_bytes = discards ? discard_unit(config, block_bytes) : 0,
        .zero_bytes = zeroes ? block_bytes : 0,
        .flush = taken & BLK_VIRTIO_F_FLUSH ? CAIRN_BLK_NATIVE : CAIRN_BLK_ABSENT,
        .fua = CAIRN_BLK_EMULATED,
        .discard = discards ? CAIRN_BLK_NATIVE : CAIRN_BLK_ABSENT,
        .zero = zeroes ? CAIRN_BLK_NATIVE : CAIRN_BLK_EMULATED,
        .durability = durability_of(offered),
    };
    return CAIRN_OK;
}
