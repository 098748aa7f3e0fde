/* SPDX-License-Identifier: ISC */
/*
 * The packed ring (virtio 1.3, section 2.8): one ring of descriptors, which the device overwrites
 * with what it used. Two bits of each tell whose it is, against a counter that each side flips at
 * the end of each lap.
 */
#include "virtq.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define DESC_AVAIL 0x80u
#define DESC_USED 0x8000u
#define DESC_FLAGS 14u /* where they stand */

#define EVENT_PLACE 0u
#define EVENT_FLAGS 2u
#define EVENT_ENABLE 0u
#define EVENT_DISABLE 1u
#define EVENT_AT_PLACE 2u

static uint8_t *desc_at(const struct blk_virtq *q, uint16_t at)
{
    return q->desc + at * BLK_VIRTQ_DESC_BYTES;
}

/* All but the flags. */
static void desc_put(uint8_t *desc, uint64_t address, uint32_t bytes, uint16_t id)
{
    cairn_le64_put(desc, address);
    cairn_le32_put(desc + 8, bytes);
    cairn_le16_put(desc + 12, id);
}

/* The next descriptor of the ring. The device must not see the first of a batch before all others
 * are there, so that one's flags wait for publish. */
static void ring_put(struct blk_virtq *q, uint64_t address, uint32_t bytes, uint16_t id,
                     uint32_t flags)
{
    uint8_t *desc = desc_at(q, q->avail_at);
    flags |= q->avail_lap ? DESC_AVAIL : DESC_USED;
    desc_put(desc, address, bytes, id);
    if (q->batch_descs) {
        blk_virtq_prepare(desc + DESC_FLAGS, (uint16_t)flags);
    } else {
        q->batch_at = q->avail_at;
        q->batch_flags = (uint16_t)flags;
    }
    q->batch_descs++;
    blk_virtq_packed_step(&q->avail_at, &q->avail_lap, 1, q->size);
}

static uint32_t seg_flags(const struct blk_virtq_seg *seg)
{
    return seg->device_writes ? DESC_WRITE : 0;
}

/* Ids in tables are reserved, and NEXT is not used there: the length tells (section 2.8.7). */
static void put_table(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs,
                      uint16_t count)
{
    size_t offset = blk_virtq_table_offset(q, id);
    uint8_t *table = q->tables + offset;
    for (uint16_t i = 0; i < count; i++) {
        uint8_t *desc = table + i * BLK_VIRTQ_DESC_BYTES;
        desc_put(desc, segs[i].address, segs[i].bytes, 0);
        cairn_le16_put(desc + DESC_FLAGS, (uint16_t)seg_flags(&segs[i]));
    }
    ring_put(q, q->tables_address + offset, count * BLK_VIRTQ_DESC_BYTES, id, DESC_INDIRECT);
}

static void packed_put(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs,
                       uint16_t count)
{
    q->slots[id].last = id;
    q->slots[id].descs = q->table_descs ? 1 : count;
    if (q->table_descs) {
        put_table(q, id, segs, count);
        return;
    }
    for (uint16_t i = 0; i < count; i++)
        ring_put(q, segs[i].address, segs[i].bytes, id,
                 seg_flags(&segs[i]) | (i + 1 == count ? 0 : DESC_NEXT));
}

static bool packed_publish(struct blk_virtq *q)
{
    blk_virtq_store(desc_at(q, q->batch_at) + DESC_FLAGS, q->batch_flags);
    uint16_t moved = q->batch_descs;
    q->batch_descs = 0;
    uint16_t wish = blk_virtq_load(q->device + EVENT_FLAGS) & 3u;
    if (wish == EVENT_DISABLE) return false;
    if (wish != EVENT_AT_PLACE || !q->event_idx) return true;
    uint16_t event = blk_virtq_load(q->device + EVENT_PLACE);
    return blk_virtq_packed_event_passed(event, q->avail_at, q->avail_lap, moved, q->size);
}

/* Both bits have the value of the lap: used, and in this lap. */
static uint16_t packed_used(const struct blk_virtq *q)
{
    uint16_t flags = blk_virtq_load(desc_at(q, q->used_at) + DESC_FLAGS);
    bool avail = flags & DESC_AVAIL, used = flags & DESC_USED;
    return avail == used && used == q->used_lap;
}

static bool packed_read(struct blk_virtq *q, uint32_t *id, uint32_t *bytes)
{
    const uint8_t *desc = desc_at(q, q->used_at);
    *bytes = blk_virtq_load32(desc + 8);
    *id = blk_virtq_load(desc + 12);
    return true;
}

/* A chain's place is as long as what it took, though only its first descriptor was written. */
static void packed_retire(struct blk_virtq *q, const struct blk_virtq_slot *slot)
{
    blk_virtq_packed_step(&q->used_at, &q->used_lap, slot->descs, q->size);
}

static void packed_arm(struct blk_virtq *q, uint16_t wanted)
{
    (void)wanted;
    if (q->event_idx) {
        uint16_t lap = q->used_lap ? 0x8000u : 0;
        blk_virtq_prepare(q->driver + EVENT_PLACE, (uint16_t)(q->used_at | lap));
    }
    blk_virtq_store(q->driver + EVENT_FLAGS, q->event_idx ? EVENT_AT_PLACE : EVENT_ENABLE);
}

static void packed_disarm(struct blk_virtq *q)
{
    blk_virtq_store(q->driver + EVENT_FLAGS, EVENT_DISABLE);
}

static uint16_t packed_place(const struct blk_virtq *q)
{
    return (uint16_t)(q->avail_at | (q->avail_lap ? 0x8000u : 0));
}

const struct blk_virtq_kind blk_virtq_packed = {
    .put = packed_put,
    .publish = packed_publish,
    .used = packed_used,
    .read = packed_read,
    .retire = packed_retire,
    .arm = packed_arm,
    .disarm = packed_disarm,
    .place = packed_place,
};
