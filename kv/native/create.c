/* SPDX-License-Identifier: ISC */
/* Making an empty store: superblocks in both rings, the newest written last. */
#include <cairn/bytes.h>

#include <cairn/arena.h>

#include "format.h"

#define LOG_LEAST (UINT64_C(128) << 10)
#define LOG_BLOCKS_LEAST 16u /* each record takes whole ones */
#define LOG_MOST (UINT64_C(64) << 20)
#define PAGES_LEAST 64u

static enum cairn_err geometry(struct kvn_super *super, const struct cairn_blk *dev,
                               const struct cairn_kv_native_format_options *options,
                               struct cairn_why *why)
{
    uint32_t block = cairn_blk_info(dev)->block_bytes;
    uint64_t bytes = cairn_blk_bytes(dev);
    uint64_t log = options->log_bytes ? options->log_bytes : bytes / 16;
    super->page_bytes = options->page_bytes      ? options->page_bytes
                        : block < KVN_PAGE_LEAST ? KVN_PAGE_LEAST
                                                 : block;
    uint32_t page = super->page_bytes;
    if (page < KVN_PAGE_LEAST || page > KVN_PAGE_MOST || (page & (page - 1)) || page < block)
        return cairn_why_fail(why, CAIRN_EINVAL,
                              "a page of %u bytes: it is a power of two, 4096 to 65536, and no "
                              "smaller than the device's block",
                              page);
    if (bytes < CAIRN_KV_NATIVE_DEVICE_LEAST || bytes / page < PAGES_LEAST)
        return cairn_why_fail(why, CAIRN_EINVAL,
                              "the device is too small: a store takes 1 MiB and 64 pages");
    uint64_t least = LOG_BLOCKS_LEAST * (uint64_t)block;
    if (least < LOG_LEAST) least = LOG_LEAST;
    if (!options->log_bytes && log < least) log = least;
    if (!options->log_bytes && log > LOG_MOST) log = LOG_MOST;
    super->log_bytes = (log + page - 1) / page * page;
    super->pages = bytes / page;
    if (super->log_bytes < least || super->log_bytes > bytes / 2)
        return cairn_why_fail(why, CAIRN_EINVAL,
                              "the log takes 128 KiB (16 blocks, if larger) to half of the device");
    enum cairn_err err = kvn_geometry_check(super, why);
    if (err) cairn_why_hint(why, "with larger pages the log, and the store, may be larger");
    return err;
}

/* From what was asked for, so that the same options make the same bytes. */
static void uuid_make(struct kvn_super *super)
{
    uint8_t from[CAIRN_KV_LABEL_BYTES + 32];
    memcpy(from, super->label, CAIRN_KV_LABEL_BYTES);
    cairn_le64_put(from + CAIRN_KV_LABEL_BYTES, super->pages);
    cairn_le64_put(from + CAIRN_KV_LABEL_BYTES + 8, super->log_bytes);
    cairn_le64_put(from + CAIRN_KV_LABEL_BYTES + 16, super->page_bytes);
    cairn_le64_put(from + CAIRN_KV_LABEL_BYTES + 24, (uint64_t)super->made_ns);
    struct cairn_hash128 hash = cairn_hash128(from, sizeof from);
    cairn_le64_put(super->uuid, hash.low);
    cairn_le64_put(super->uuid + 8, hash.high);
    super->uuid[6] = (uint8_t)((super->uuid[6] & 0x0F) | 0x80); /* RFC 9562, version 8 */
    super->uuid[8] = (uint8_t)((super->uuid[8] & 0x3F) | 0x80);
}

static enum cairn_err label_take(struct kvn_super *super, const char *label, struct cairn_why *why)
{
    size_t bytes = 0;
    while (label && label[bytes])
        bytes++;
    if (bytes >= CAIRN_KV_LABEL_BYTES)
        return cairn_why_fail(why, CAIRN_EINVAL, "a label has at most %u bytes",
                              CAIRN_KV_LABEL_BYTES - 1);
    if (bytes) memcpy(super->label, label, bytes);
    return CAIRN_OK;
}

/* No record of the log and no home of a bitmap page of a store that was here: it may have had the
 * same UUID. */
static enum cairn_err past_forget(struct cairn_blk *dev, const struct kvn_super *super,
                                  struct cairn_why *why)
{
    uint64_t blocks = super->page_bytes / cairn_blk_info(dev)->block_bytes;
    uint64_t fanout = kvn_index_fanout(super->page_bytes);
    uint64_t count = kvn_groups(super);
    enum cairn_err err =
        cairn_blk_zero(dev, KVN_RING * blocks, super->log_bytes / super->page_bytes * blocks, why);
    for (uint32_t level = 0; level <= super->index_levels; level++) {
        for (uint64_t i = 0; i < count && !err; i++)
            err = cairn_blk_zero(dev, kvn_homes_page(super, level, i) * blocks, KVN_RING * blocks,
                                 why);
        count = (count + fanout - 1) / fanout;
    }
    return err;
}

/* Both rings: zeros but for the one superblock. What was a store before is none any more as soon as
 * the first ring is written, and the new one is one when the last slot is. */
static enum cairn_err rings_write(struct cairn_blk *dev, const struct kvn_super *super,
                                  uint8_t *page, struct cairn_why *why)
{
    uint64_t blocks = super->page_bytes / cairn_blk_info(dev)->block_bytes;
    uint64_t tail = super->pages - KVN_RING;
    enum cairn_err err = CAIRN_OK;
    memset(page, 0, super->page_bytes);
    for (uint64_t i = 0; i < KVN_RING && !err; i++) {
        err = cairn_blk_write(dev, i * blocks, blocks, page, why);
        if (!err) err = cairn_blk_write(dev, (tail + i) * blocks, blocks, page, why);
    }
    if (!err) err = past_forget(dev, super, why);
    if (!err) err = cairn_blk_flush(dev, why);
    if (err) return err;
    uint64_t slot = super->generation % KVN_RING;
    kvn_super_encode(page, super);
    err = cairn_blk_write(dev, (tail + slot) * blocks, blocks, page, why);
    if (!err) err = cairn_blk_write(dev, slot * blocks, blocks, page, why);
    return err ? err : cairn_blk_flush(dev, why);
}

enum cairn_err cairn_kv_native_format(struct cairn_blk *dev,
                                      const struct cairn_kv_native_format_options *options,
                                      void *mem, size_t mem_bytes, struct cairn_why *why)
{
    static const struct cairn_kv_native_format_options defaults;
    static const uint8_t no_uuid[16];
    struct kvn_super super;
    struct cairn_arena arena;
    if (!options) options = &defaults;
    memset(&super, 0, sizeof super);
    super.version = 1;
    super.generation = KVN_RING; /* in the first slot, where programs look for what this is */
    super.next_id = KVN_ID_FIRST + 1;
    super.log_seq = 1;
    super.made_ns = options->made_ns;
    enum cairn_err err = label_take(&super, options->label, why);
    if (!err) err = geometry(&super, dev, options, why);
    if (err) return err;
    memcpy(super.uuid, options->uuid, sizeof super.uuid);
    if (memcmp(super.uuid, no_uuid, sizeof no_uuid) == 0) uuid_make(&super);
    kvn_index_shape(&super);
    super.free_pages = super.pages - kvn_fixed_pages(&super);
    cairn_arena_init(&arena, mem, mem_bytes);
    uint8_t *page = cairn_arena_take(&arena, super.page_bytes, 4096);
    if (!page) return cairn_why_fail(why, CAIRN_ENOMEM, "formatting takes the memory of 4 pages");
    return rings_write(dev, &super, page, why);
}
