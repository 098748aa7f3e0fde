/* SPDX-License-Identifier: ISC */
/*
 * The split ring (virtio 1.3, section 2.7): a table of descriptors, a ring of chains that the
 * driver made available, a ring of those that the device used.
 */
#include "virtq.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u

#define RING_FLAGS 0u
#define RING_IDX 2u
#define RING_ENTRIES 4u
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY 1u

/* Counts run freely; sizes are powers of two, so their low bits are places. */
static uint8_t *avail_entry(const struct blk_virtq *q, uint16_t count)
{
    return q->driver + RING_ENTRIES + 2u * (count & (q->size - 1u));
}

static uint8_t *used_entry(const struct blk_virtq *q, uint16_t count)
{
    return q->device + RING_ENTRIES + 8u * (count & (q->size - 1u));
}

/* Behind the entries: at which of the other's counts one wants to hear of it. */
static uint8_t *used_event(const struct blk_virtq *q)
{
    return q->driver + RING_ENTRIES + 2u * q->size;
}

static uint8_t *avail_event(const struct blk_virtq *q)
{
    return q->device + RING_ENTRIES + 8u * q->size;
}

static void desc_put(uint8_t *desc, uint64_t address, uint32_t bytes, uint32_t flags, uint16_t next)
{
    cairn_le64_put(desc, address);
    cairn_le32_put(desc + 8, bytes);
    cairn_le16_put(desc + 12, (uint16_t)flags);
    cairn_le16_put(desc + 14, next);
}

static void seg_put(uint8_t *desc, const struct blk_virtq_seg *seg, bool is_last, uint16_t next)
{
    uint32_t flags = (seg->device_writes ? DESC_WRITE : 0) | (is_last ? 0 : DESC_NEXT);
    desc_put(desc, seg->address, seg->bytes, flags, is_last ? 0 : next);
}

static void put_table(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs,
                      uint16_t count)
{
    size_t offset = blk_virtq_table_offset(q, id);
    uint8_t *table = q->tables + offset;
    for (uint16_t i = 0; i < count; i++)
        seg_put(table + i * BLK_VIRTQ_DESC_BYTES, &segs[i], i + 1 == count, (uint16_t)(i + 1));
    desc_put(q->desc + id * BLK_VIRTQ_DESC_BYTES, q->tables_address + offset,
             count * BLK_VIRTQ_DESC_BYTES, DESC_INDIRECT, 0);
    q->slots[id].last = id;
    q->slots[id].descs = 1;
}

/* Through the list of free ids, whose links are the chain's own. */
static void put_chain(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs,
                      uint16_t count)
{
    uint16_t at = id, last = id;
    for (uint16_t i = 0; i < count; i++) {
        seg_put(q->desc + at * BLK_VIRTQ_DESC_BYTES, &segs[i], i + 1 == count, q->next[at]);
        last = at;
        at = q->next[at];
    }
    q->slots[id].last = last;
    q->slots[id].descs = count;
}

static void split_put(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs,
                      uint16_t count)
{
    if (q->table_descs)
        put_table(q, id, segs, count);
    else
        put_chain(q, id, segs, count);
    blk_virtq_prepare(avail_entry(q, q->added), id);
}

/* The count is written before the device's wish is read, and the device does it the other way
 * round: one of the two sees the other (section 2.7.13.4). */
static bool split_publish(struct blk_virtq *q)
{
    blk_virtq_store(q->driver + RING_IDX, q->added);
    if (!q->event_idx) return !(blk_virtq_load(q->device + RING_FLAGS) & USED_NO_NOTIFY);
    return blk_virtq_event_passed(blk_virtq_load(avail_event(q)), q->added, q->published);
}

static uint16_t split_used(const struct blk_virtq *q)
{
    return (uint16_t)(blk_virtq_load(q->device + RING_IDX) - q->done);
}

/* One lie about the count makes all entries doubtful: the device is given up, not searched. */
static bool split_read(struct blk_virtq *q, uint32_t *id, uint32_t *bytes)
{
    uint16_t used = split_used(q);
    const uint8_t *entry = used_entry(q, q->done);
    *id = blk_virtq_load32(entry);
    *bytes = blk_virtq_load32(entry + 4);
    return used <= (uint16_t)(q->published - q->done);
}

/* The count of what is done is the place in the used ring. */
static void split_retire(struct blk_virtq *q, const struct blk_virtq_slot *slot)
{
    (void)q;
    (void)slot;
}

static void split_arm(struct blk_virtq *q, uint16_t wanted)
{
    if (q->event_idx)
        blk_virtq_store(used_event(q), (uint16_t)(q->done + wanted - 1));
    else
        blk_virtq_store(q->driver + RING_FLAGS, 0);
}

/* An event that lies behind does not come again before 65,535 more, and then it does no harm. */
static void split_disarm(struct blk_virtq *q)
{
    if (q->event_idx)
        blk_virtq_store(used_event(q), (uint16_t)(q->done - 1));
    else
        blk_virtq_store(q->driver + RING_FLAGS, AVAIL_NO_INTERRUPT);
}

static uint16_t split_place(const struct blk_virtq *q)
{
    return q->added;
}

const struct blk_virtq_kind blk_virtq_split = {
    .put = split_put,
    .publish = split_publish,
    .used = split_used,
    .read = split_read,
    .retire = split_retire,
    .arm = split_arm,
    .disarm = split_disarm,
    .place = split_place,
};
