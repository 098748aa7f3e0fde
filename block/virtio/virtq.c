/* SPDX-License-Identifier: ISC */
/* What both kinds of ring share: who has which chain, and what is believed of the device. */
#include "virtq.h"

#define EVENT_BYTES 4u /* a packed ring's event structure */

static size_t part(size_t bytes)
{
    return (size_t)cairn_round_up(bytes, BLK_VIRTQ_ALIGN);
}

static bool is_packed(const struct blk_virtq_shape *shape)
{
    return shape->features & CAIRN_VIRTIO_F_PACKED;
}

/* The driver's and the device's part of the ring. */
static size_t driver_bytes(const struct blk_virtq_shape *shape)
{
    return part(is_packed(shape) ? EVENT_BYTES : 6u + 2u * shape->size);
}

static size_t device_bytes(const struct blk_virtq_shape *shape)
{
    return part(is_packed(shape) ? EVENT_BYTES : 6u + 8u * shape->size);
}

size_t blk_virtq_mem(const struct blk_virtq_shape *shape)
{
    size_t slot = sizeof(struct blk_virtq_slot) + 2 * sizeof(uint16_t);
    return shape->size * slot + BLK_VIRTQ_ALIGN;
}

size_t blk_virtq_dma_mem(const struct blk_virtq_shape *shape)
{
    size_t tables = (size_t)shape->size * part(shape->table_descs * BLK_VIRTQ_DESC_BYTES);
    return part(shape->size * BLK_VIRTQ_DESC_BYTES) + driver_bytes(shape) + device_bytes(shape) +
           tables;
}

/* Descriptors, then the driver's part, the device's, tables: each on cache lines of its own. */
static void place_parts(struct blk_virtq *q, const struct blk_virtq_shape *shape, uint8_t *dma,
                        uint64_t address)
{
    size_t driver = part(shape->size * BLK_VIRTQ_DESC_BYTES);
    size_t device = driver + driver_bytes(shape);
    size_t tables = device + device_bytes(shape);
    q->desc = dma;
    q->driver = dma + driver;
    q->device = dma + device;
    q->tables = dma + tables;
    q->desc_address = address;
    q->driver_address = address + driver;
    q->device_address = address + device;
    q->tables_address = address + tables;
}

void blk_virtq_init(struct blk_virtq *q, const struct blk_virtq_shape *shape,
                    struct cairn_arena *mem, uint8_t *dma, uint64_t address)
{
    uint16_t size = shape->size;
    *q = (struct blk_virtq){
        .kind = is_packed(shape) ? &blk_virtq_packed : &blk_virtq_split,
        .size = size,
        .event_idx = shape->features & CAIRN_VIRTIO_F_EVENT_IDX,
        .in_order = shape->features & CAIRN_VIRTIO_F_IN_ORDER,
        .free_descs = size,
        .free_last = (uint16_t)(size - 1),
        .slots = cairn_arena_array(mem, size, sizeof *q->slots, _Alignof(struct blk_virtq_slot)),
        .next = cairn_arena_array(mem, size, sizeof *q->next, _Alignof(uint16_t)),
        .order = cairn_arena_array(mem, size, sizeof *q->order, _Alignof(uint16_t)),
        .skip_to = BLK_VIRTQ_NONE,
        .table_descs = shape->table_descs,
        .avail_lap = true,
        .used_lap = true,
    };
    place_parts(q, shape, dma, address);
    memset(dma, 0, blk_virtq_dma_mem(shape));
    for (uint16_t i = 0; i < size; i++)
        q->next[i] = (uint16_t)(i + 1);
    q->next[size - 1] = BLK_VIRTQ_NONE;
    q->kind->disarm(q);
}

/* What the device may say to have written into a chain. Pieces are bounded so that it fits. */
static uint32_t room_of(const struct blk_virtq_seg *segs, uint16_t count)
{
    uint32_t room = 0;
    for (uint16_t i = 0; i < count; i++)
        if (segs[i].device_writes) room += segs[i].bytes;
    return room;
}

void blk_virtq_add(struct blk_virtq *q, const struct blk_virtq_seg *segs, uint16_t count)
{
    uint16_t id = q->free_first;
    struct blk_virtq_slot *slot = &q->slots[id];
    slot->room = room_of(segs, count);
    q->kind->put(q, id, segs, count);
    q->free_first = q->next[slot->last];
    q->free_descs = (uint16_t)(q->free_descs - slot->descs);
    q->order[q->added & (q->size - 1u)] = id;
    q->added++;
}

bool blk_virtq_publish(struct blk_virtq *q)
{
    if (q->published == q->added) return false;
    bool wanted = q->kind->publish(q);
    q->published = q->added;
    return wanted;
}

uint16_t blk_virtq_place(const struct blk_virtq *q)
{
    return q->kind->place(q);
}

/* The list is already linked from the chain's first id to its last: only its ends are touched. */
static void give_back(struct blk_virtq *q, uint16_t id)
{
    struct blk_virtq_slot *slot = &q->slots[id];
    q->next[slot->last] = BLK_VIRTQ_NONE;
    if (q->free_first == BLK_VIRTQ_NONE)
        q->free_first = id;
    else
        q->next[q->free_last] = id;
    q->free_last = slot->last;
    q->free_descs = (uint16_t)(q->free_descs + slot->descs);
    slot->descs = 0;
}

static enum blk_virtq_got broken(struct blk_virtq *q, const char *fault)
{
    q->fault = fault;
    return BLK_VIRTQ_BROKEN;
}

static enum blk_virtq_got take(struct blk_virtq *q, uint16_t id)
{
    q->kind->retire(q, &q->slots[id]);
    q->done++;
    give_back(q, id);
    return BLK_VIRTQ_CHAIN;
}

/* IN_ORDER: one entry may stand for all chains up to its own, those before it wholly used (section
 * 2.7.9). They are handed out one by one. */
static enum blk_virtq_got take_oldest(struct blk_virtq *q, uint16_t *id, uint32_t *bytes)
{
    *id = q->order[q->done & (q->size - 1u)];
    bool is_last = *id == q->skip_to;
    *bytes = is_last ? q->skip_bytes : q->slots[*id].room;
    if (is_last) q->skip_to = BLK_VIRTQ_NONE;
    return take(q, *id);
}

enum blk_virtq_got blk_virtq_poll(struct blk_virtq *q, uint16_t *id, uint32_t *bytes)
{
    if (q->published == q->done) {
        if (q->skip_to == BLK_VIRTQ_NONE) return BLK_VIRTQ_NOTHING;
        return broken(q, "the device used a chain before it was given it");
    }
    if (q->skip_to != BLK_VIRTQ_NONE) return take_oldest(q, id, bytes);
    if (!q->kind->used(q)) return BLK_VIRTQ_NOTHING;
    uint32_t used;
    if (!q->kind->read(q, &used, bytes))
        return broken(q, "the device used more chains than it was given");
    if (used >= q->size || !blk_virtq_has(q, (uint16_t)used))
        return broken(q, "the device used a chain that it was not given");
    *id = (uint16_t)used;
    if (*bytes > q->slots[*id].room)
        return broken(q, "the device says that it wrote more than there was room for");
    if (!q->in_order) return take(q, *id);
    q->skip_to = *id;
    q->skip_bytes = *bytes;
    return take_oldest(q, id, bytes);
}

uint16_t blk_virtq_used(const struct blk_virtq *q)
{
    return q->kind->used(q);
}

bool blk_virtq_ready(const struct blk_virtq *q)
{
    return q->kind->used(q) != 0;
}

bool blk_virtq_arm(struct blk_virtq *q, uint16_t wanted)
{
    q->kind->arm(q, wanted);
    return q->kind->used(q) >= wanted;
}

void blk_virtq_disarm(struct blk_virtq *q)
{
    q->kind->disarm(q);
}

void blk_virtq_abandon(struct blk_virtq *q)
{
    for (uint16_t id = 0; id < q->size; id++)
        if (blk_virtq_has(q, id)) give_back(q, id);
    q->done = q->published = q->added;
    q->skip_to = BLK_VIRTQ_NONE;
}
