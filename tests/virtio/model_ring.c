/* SPDX-License-Identifier: ISC */
/* The device's side of split and packed rings (virtio 1.3, sections 2.7 and 2.8). */
#include "model.h"
#include <cairn/bytes.h>

#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define AVAIL 0x80
#define USED 0x8000

static uint16_t load16(const uint8_t *at)
{
    uint16_t value = __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_SEQ_CST);
    return cairn_le16((const uint8_t *)&value);
}

static void store16(uint8_t *at, uint16_t value)
{
    uint16_t raw;
    cairn_le16_put((uint8_t *)&raw, value);
    __atomic_store_n((uint16_t *)(void *)at, raw, __ATOMIC_SEQ_CST);
}

static bool is_packed(const struct model *model)
{
    return model_takes(model, CAIRN_VIRTIO_F_PACKED);
}

static uint8_t *part(const struct model *model, uint64_t address, uint64_t bytes)
{
    uint8_t *memory = model_memory(model, address, bytes);
    if (!model_rule(model, memory != NULL, "rings lie in reach")) return NULL;
    return memory;
}

static uint8_t *desc_of(const struct model *model, const struct model_queue *q, uint32_t at)
{
    uint8_t *ring = part(model, q->desc, q->size * 16u);
    return ring ? ring + 16u * at : NULL;
}

static uint8_t *driver_of(const struct model *model, const struct model_queue *q)
{
    return part(model, q->driver, is_packed(model) ? 4 : 6u + 2u * q->size);
}

static uint8_t *device_of(const struct model *model, const struct model_queue *q)
{
    return part(model, q->device, is_packed(model) ? 4 : 6u + 8u * q->size);
}

/* One descriptor's memory, appended to the chain. */
static bool chain_add(const struct model *model, struct model_chain *chain, const uint8_t *desc,
                      uint16_t flags)
{
    uint64_t address = cairn_le64(desc);
    uint32_t bytes = cairn_le32(desc + 8);
    bool writable = flags & WRITE;
    if (!model_rule(model, chain->count < sizeof chain->segs / sizeof *chain->segs, "chains end"))
        return false;
    uint8_t *data = model_memory(model, address, bytes);
    bool fine =
        model_rule(model, data && bytes, "segments are memory in reach") &&
        model_rule(model, writable || !chain->count || !chain->segs[chain->count - 1].writable,
                   "what is read comes first");
    if (!fine) return false;
    chain->segs[chain->count++] = (struct model_seg){ data, bytes, writable };
    return true;
}

static bool chain_table(const struct model *model, const struct model_queue *q,
                        struct model_chain *chain, const uint8_t *desc)
{
    uint32_t bytes = cairn_le32(desc + 8), count = bytes / 16;
    const uint8_t *table = model_memory(model, cairn_le64(desc), bytes);
    bool fine =
        model_rule(model, model_takes(model, CAIRN_VIRTIO_F_INDIRECT), "tables are taken") &&
        model_rule(model, table && count && !(bytes % 16), "tables are whole") &&
        model_rule(model, count <= q->size, "no chain is longer than its queue");
    for (uint32_t i = 0; fine && i < count; i++) {
        const uint8_t *entry = table + 16 * i;
        uint16_t flags = cairn_le16(entry + (is_packed(model) ? 14 : 12));
        if (!is_packed(model))
            fine = model_rule(model,
                              !!(flags & NEXT) == (i + 1 < count) &&
                                  (i + 1 == count || cairn_le16(entry + 14) == i + 1),
                              "a table's entries follow each other");
        fine = fine && model_rule(model, !(flags & INDIRECT), "tables do not nest") &&
               chain_add(model, chain, entry, flags);
    }
    return fine;
}

static bool split_take(struct model *model, struct model_queue *q, struct model_chain *chain)
{
    const uint8_t *avail = driver_of(model, q);
    if (!avail || load16(avail + 2) == q->avail) return false;
    uint16_t behind = (uint16_t)(load16(avail + 2) - q->avail);
    if (!model_rule(model, behind <= q->size, "no more chains than descriptors")) return false;
    uint16_t at = load16(avail + 4 + 2 * (q->avail % q->size));
    chain->id = at;
    for (uint32_t hops = 0;; hops++) {
        if (!model_rule(model, at < q->size && hops < q->size, "chains lie in the table"))
            return false;
        const uint8_t *desc = desc_of(model, q, at);
        if (!desc) return false;
        uint16_t flags = cairn_le16(desc + 12), next = cairn_le16(desc + 14);
        bool added = flags & INDIRECT ? chain_table(model, q, chain, desc)
                                      : chain_add(model, chain, desc, flags);
        if (!added) return false;
        chain->descs++;
        if (!(flags & NEXT)) break;
        bool ordered = !model_takes(model, CAIRN_VIRTIO_F_IN_ORDER) || next == (at + 1) % q->size;
        if (!model_rule(model, ordered, "IN_ORDER takes descriptors in order")) return false;
        at = next;
    }
    q->avail++;
    return true;
}

static void step(uint16_t *at, bool *lap, uint16_t size)
{
    if (++*at < size) return;
    *at = 0;
    *lap = !*lap;
}

static bool packed_is_avail(const struct model_queue *q, uint16_t flags)
{
    return !!(flags & AVAIL) == q->avail_lap && !!(flags & USED) != q->avail_lap;
}

static bool packed_take(struct model *model, struct model_queue *q, struct model_chain *chain)
{
    const uint8_t *desc = desc_of(model, q, q->avail);
    if (!desc || !packed_is_avail(q, load16(desc + 14))) return false;
    for (uint16_t flags = NEXT; flags & NEXT;) {
        desc = desc_of(model, q, q->avail);
        flags = load16(desc + 14);
        bool fine = model_rule(model, packed_is_avail(q, flags), "chains are there as a whole") &&
                    model_rule(model, chain->descs < q->size, "chains end");
        if (!fine) return false;
        chain->id = cairn_le16(desc + 12);
        chain->descs++;
        fine = flags & INDIRECT ? chain_table(model, q, chain, desc)
                                : chain_add(model, chain, desc, flags);
        if (!fine) return false;
        step(&q->avail, &q->avail_lap, q->size);
    }
    return model_rule(model, chain->id < q->size, "buffer ids are below the queue's size");
}

bool model_ring_take(struct model *model, struct model_queue *q, struct model_chain *chain)
{
    chain->count = chain->descs = chain->id = 0;
    return is_packed(model) ? packed_take(model, q, chain) : split_take(model, q, chain);
}

/* Was any of the places from `old` on, up to the one before now, the one that was asked for? */
static bool split_wants(const struct model *model, const struct model_queue *q, uint16_t old)
{
    const uint8_t *avail = driver_of(model, q);
    if (!avail) return false;
    if (!model_takes(model, CAIRN_VIRTIO_F_EVENT_IDX)) return !(load16(avail) & 1);
    uint16_t event = load16(avail + 4 + 2 * q->size);
    for (; old != q->used; old++)
        if (old == event) return true;
    return false;
}

static bool packed_wants(const struct model *model, const struct model_queue *q, uint16_t at,
                         bool lap)
{
    const uint8_t *driver = driver_of(model, q);
    if (!driver) return false;
    uint16_t flags = load16(driver + 2) & 3, event = load16(driver);
    if (flags != 2) return flags == 0;
    do {
        if ((event & 0x7fff) == at && event >> 15 == lap) return true;
        step(&at, &lap, q->size);
    } while (at != q->used);
    return false;
}

static void raise_interrupt(struct model *model, bool wanted)
{
    if (!wanted) return;
    model->raised++;
    model->interrupts |= 1;
    pthread_cond_broadcast(&model->interrupt);
}

static void split_give(struct model *model, struct model_queue *q, uint32_t id, uint32_t bytes,
                       uint16_t chains)
{
    uint8_t *ring = device_of(model, q);
    if (!ring) return;
    uint16_t old = q->used;
    uint8_t *entry = ring + 4 + 8 * (q->used % q->size);
    cairn_le32_put(entry, id);
    cairn_le32_put(entry + 4, bytes);
    q->used = (uint16_t)(q->used + chains);
    uint16_t jump = model_lies(model, 24) ? (uint16_t)model_draw(model, 0xffff) : 0;
    store16(ring + 2, (uint16_t)(q->used + jump));
    raise_interrupt(model, split_wants(model, q, old));
}

static void packed_give(struct model *model, struct model_queue *q, uint32_t id, uint32_t bytes,
                        uint16_t descs)
{
    uint8_t *desc = desc_of(model, q, q->used);
    if (!desc) return;
    uint16_t at = q->used;
    bool lap = q->used_lap;
    cairn_le32_put(desc + 8, bytes);
    cairn_le16_put(desc + 12, (uint16_t)id);
    store16(desc + 14, lap ? AVAIL | USED : 0);
    for (uint16_t i = 0; i < descs; i++)
        step(&q->used, &q->used_lap, q->size);
    raise_interrupt(model, packed_wants(model, q, at, lap));
}

void model_ring_give(struct model *model, struct model_queue *q, uint32_t id, uint32_t bytes,
                     uint16_t chains, uint16_t descs)
{
    if (is_packed(model))
        packed_give(model, q, id, bytes, descs);
    else
        split_give(model, q, id, bytes, chains);
}

void model_ring_ask(struct model *model, struct model_queue *q)
{
    uint8_t *device = device_of(model, q);
    if (!device || !model_takes(model, CAIRN_VIRTIO_F_EVENT_IDX)) return;
    if (is_packed(model)) {
        store16(device, (uint16_t)(q->avail | (q->avail_lap ? 0x8000 : 0)));
        store16(device + 2, 2);
    } else {
        store16(device + 4 + 8 * q->size, q->avail);
    }
}

uint16_t model_ring_place(struct model *model, struct model_queue *q)
{
    if (!is_packed(model)) {
        const uint8_t *avail = driver_of(model, q);
        return avail ? load16(avail + 2) : 0;
    }
    struct model_queue ahead = *q;
    for (uint16_t i = 0; i < q->size; i++) {
        const uint8_t *desc = desc_of(model, q, ahead.avail);
        if (!desc || !packed_is_avail(&ahead, load16(desc + 14))) break;
        step(&ahead.avail, &ahead.avail_lap, q->size);
    }
    return (uint16_t)(ahead.avail | (ahead.avail_lap ? 0x8000 : 0));
}
