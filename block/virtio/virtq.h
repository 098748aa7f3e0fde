/* SPDX-License-Identifier: ISC */
/*
 * Virtqueues, split and packed (virtio 1.3, sections 2.7 and 2.8), as the driver sees them: chains
 * of memory go to the device, and come back with a count of bytes.
 *
 * The device can write to the rings at any time, so nothing is read back from them but what it is
 * to say: which chain it used, and how much it wrote. All else is kept in memory that it cannot
 * reach, and what it says is held against that.
 *
 * Threads: one adds, publishes, arms and polls at a time. used, ready and disarm belong to the one
 * that polls, and may run beside one that adds, publishes and arms.
 */
#ifndef CAIRN_BLOCK_VIRTIO_VIRTQ_H
#define CAIRN_BLOCK_VIRTIO_VIRTQ_H

#include <cairn/arena.h>
#include <cairn/bytes.h>
#include <cairn/virtio.h>

#define BLK_VIRTQ_NONE 0xffffu /* no id */
#define BLK_VIRTQ_DESC_BYTES 16u
#define BLK_VIRTQ_ALIGN 64u /* parts of a ring share no cache line */

/* One piece of a chain. */
struct blk_virtq_seg {
    uint64_t address; /* as the device sees it */
    uint32_t bytes;
    bool device_writes; /* these follow those that the device reads */
};

enum blk_virtq_got {
    BLK_VIRTQ_NOTHING,
    BLK_VIRTQ_CHAIN,
    BLK_VIRTQ_BROKEN /* the device broke the rules: `fault` says which */
};

/* What is known of the chain with this id. */
struct blk_virtq_slot {
    uint32_t room;  /* bytes that the device may write */
    uint16_t descs; /* descriptors in the ring; 0: the device does not have it */
    uint16_t last;  /* the last id that it holds, by `next` */
};

struct blk_virtq;

/* What split and packed rings do differently. */
struct blk_virtq_kind {
    /* Put a chain into the ring, invisible yet; fills descs and last of its slot. */
    void (*put)(struct blk_virtq *q, uint16_t id, const struct blk_virtq_seg *segs, uint16_t count);
    /* Make all that was put visible. True: the device wants to be told. */
    bool (*publish)(struct blk_virtq *q);
    /* As blk_virtq_used. */
    uint16_t (*used)(const struct blk_virtq *q);
    /* What it used, when ready. False: impossible. */
    bool (*read)(struct blk_virtq *q, uint32_t *id, uint32_t *bytes);
    /* The chain of this slot is done with. */
    void (*retire)(struct blk_virtq *q, const struct blk_virtq_slot *slot);
    void (*arm)(struct blk_virtq *q, uint16_t wanted);
    void (*disarm)(struct blk_virtq *q);
    /* The place of the next chain, for NOTIFICATION_DATA: 15 bits and the wrap counter, or 16. */
    uint16_t (*place)(const struct blk_virtq *q);
};

extern const struct blk_virtq_kind blk_virtq_split, blk_virtq_packed;

struct blk_virtq {
    const struct blk_virtq_kind *kind;
    uint16_t size; /* descriptors, a power of two */
    bool event_idx, in_order;
    const char *fault;

    /* Ids that are free are a list in which the one that was freed first comes first: a device that
     * uses chains in order thus gets descriptors in the order of the ring, as IN_ORDER asks. A
     * split ring's ids are its descriptors, so that a chain of it takes several. */
    uint16_t free_descs, free_first, free_last;
    uint16_t *next;
    struct blk_virtq_slot *slots;
    uint16_t *order; /* ids as they were added, by count */

    /* Counts of chains, which wrap: done <= published <= added. */
    uint16_t added, published, done;
    uint16_t skip_to;    /* IN_ORDER: chains up to this one are used, or BLK_VIRTQ_NONE */
    uint32_t skip_bytes; /* and what was written into it */

    uint8_t *desc, *driver, *device; /* the parts of the ring */
    uint64_t desc_address, driver_address, device_address;
    uint8_t *tables; /* indirect: one a slot */
    uint64_t tables_address;
    uint16_t table_descs; /* of a table; 0: no indirect descriptors */

    /* Packed only: the next descriptor to fill and to find used, and their laps. */
    uint16_t avail_at, used_at;
    bool avail_lap, used_lap;
    uint16_t batch_at, batch_flags; /* the first that is not published, and its flags */
    uint16_t batch_descs;
};

/* How a queue is to be. */
struct blk_virtq_shape {
    uint16_t size;
    uint16_t table_descs; /* longest chain by an indirect table; 0: none */
    uint64_t features;    /* CAIRN_VIRTIO_F_ that were taken */
};

/* Bytes of private memory, and of memory that the device sees, at any alignment of 64. */
size_t blk_virtq_mem(const struct blk_virtq_shape *shape);
size_t blk_virtq_dma_mem(const struct blk_virtq_shape *shape);

/* An empty queue. dma is zeroed; address is the device's for it. Interrupts are disarmed. */
void blk_virtq_init(struct blk_virtq *q, const struct blk_virtq_shape *shape,
                    struct cairn_arena *mem, uint8_t *dma, uint64_t address);

/* Is there room for a chain of so many? */
static inline bool blk_virtq_fits(const struct blk_virtq *q, uint16_t count)
{
    return (q->table_descs ? 1 : count) <= q->free_descs;
}

/* The id that the next chain will have; only when one fits. */
static inline uint16_t blk_virtq_next_id(const struct blk_virtq *q)
{
    return q->free_first;
}

/* Add a chain that fits: count at least 1, and with tables at most table_descs. */
void blk_virtq_add(struct blk_virtq *q, const struct blk_virtq_seg *segs, uint16_t count);

/* Give the device all that was added. True: it wants to be notified. */
bool blk_virtq_publish(struct blk_virtq *q);

/* The upper half of a notification with NOTIFICATION_DATA. */
uint16_t blk_virtq_place(const struct blk_virtq *q);

/* The next chain that the device used. bytes is what it says to have written, at most the chain's
 * room. */
enum blk_virtq_got blk_virtq_poll(struct blk_virtq *q, uint16_t *id, uint32_t *bytes);

/* How many chains were used and not polled yet, at a glance; of a packed ring 1 stands for any. */
uint16_t blk_virtq_used(const struct blk_virtq *q);
/* Will poll get something, at a glance? */
bool blk_virtq_ready(const struct blk_virtq *q);

/* Ask for an interrupt when so many chains are used that were not polled yet; a packed ring is
 * asked for the next. True: they are already, so none may come. */
bool blk_virtq_arm(struct blk_virtq *q, uint16_t wanted);
void blk_virtq_disarm(struct blk_virtq *q);

/* Does the device have the chain with this id? */
static inline bool blk_virtq_has(const struct blk_virtq *q, uint16_t id)
{
    return q->slots[id].descs != 0;
}

/* Forget all chains that the device has: it was reset, and the queue is not used again. */
void blk_virtq_abandon(struct blk_virtq *q);

/* Pure arithmetic of the rings. */

/* Section 2.7.7.2: is `event` among the places old ... now - 1, counted with wrapping? */
static inline bool blk_virtq_event_passed(uint16_t event, uint16_t now, uint16_t old)
{
    return (uint16_t)(now - event - 1u) < (uint16_t)(now - old);
}

/* The same on a packed ring: places are descriptors, and each lap of the ring flips a counter.
 * `moved` descriptors were filled up to the place `at` of lap `lap`; event is 15 bits of place and
 * the lap above them (section 2.8.10). */
static inline bool blk_virtq_packed_event_passed(uint16_t event, uint16_t at, bool lap,
                                                 uint16_t moved, uint16_t size)
{
    uint16_t place = event & 0x7fffu;
    bool same_lap = (event >> 15) == (lap ? 1u : 0u);
    if (!same_lap) place = (uint16_t)(place - size);
    return blk_virtq_event_passed(place, at, (uint16_t)(at - moved));
}

/* Go `descs` places on. */
static inline void blk_virtq_packed_step(uint16_t *at, bool *lap, uint16_t descs, uint16_t size)
{
    uint32_t to = (uint32_t)*at + descs;
    if (to >= size) {
        to -= size;
        *lap = !*lap;
    }
    *at = (uint16_t)to;
}

/* Where the indirect table of a chain begins. */
static inline size_t blk_virtq_table_offset(const struct blk_virtq *q, uint16_t id)
{
    return id * (size_t)cairn_round_up(q->table_descs * BLK_VIRTQ_DESC_BYTES, BLK_VIRTQ_ALIGN);
}

/* Access to what the device reads or writes at the same time: aligned, little-endian, one access.
 */

static inline uint16_t blk_virtq_le16(uint16_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap16(value);
#else
    return value;
#endif
}

static inline uint16_t blk_virtq_load(const uint8_t *at)
{
    return blk_virtq_le16(__atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_SEQ_CST));
}

/* What was written before something that blk_virtq_load saw; read once, for it may change. */
static inline uint32_t blk_virtq_load32(const uint8_t *at)
{
    uint32_t value = __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_RELAXED);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static inline void blk_virtq_store(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)at, blk_virtq_le16(value), __ATOMIC_SEQ_CST);
}

/* Before others see it by a later blk_virtq_store. */
static inline void blk_virtq_prepare(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)(void *)at, blk_virtq_le16(value), __ATOMIC_RELAXED);
}

#endif
