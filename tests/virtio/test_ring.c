/* SPDX-License-Identifier: ISC */
/* Index arithmetic where it wraps, against counting one by one; and the rings' bookkeeping. */
#include "units.h"
#include <block/virtio/virtq.h>
#include <stdlib.h>
#include <string.h>

/* All distances from the event to the two counts near the ends of 16 bits. */
START_TEST(events_wrap)
{
    uint32_t wrong = 0;
    for (uint32_t old = 0; old <= 0xffff; old += old == 40 ? 0xffff - 80 : 1)
        for (uint16_t moved = 0; moved <= 70; moved++)
            for (int32_t from = -80; from <= 80; from++) {
                uint16_t event = (uint16_t)(old + (uint32_t)from), now = (uint16_t)(old + moved);
                bool passed = from >= 0 && from < moved;
                wrong += blk_virtq_event_passed(event, now, (uint16_t)old) != passed;
            }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* Every event that there is, against `moved` places that end at a place: by going there. */
static uint32_t packed_wrong(uint16_t size, uint32_t start, uint32_t moved)
{
    static bool passed[2][32768];
    uint16_t at = (uint16_t)(start % size);
    bool lap = start >= size;
    uint32_t wrong = 0;
    memset(passed, 0, sizeof passed);
    for (uint32_t i = 0; i < moved; i++) {
        passed[lap][at] = true;
        blk_virtq_packed_step(&at, &lap, 1, size);
    }
    for (uint32_t event = 0; event < 2u * size; event++) {
        uint16_t word = (uint16_t)(event % size | (event / size) << 15);
        wrong += blk_virtq_packed_event_passed(word, at, lap, (uint16_t)moved, size) !=
                 passed[event / size][event % size];
    }
    return wrong;
}

START_TEST(packed_events_wrap)
{
    static const uint16_t sizes[] = { 1, 2, 3, 4, 7, 8, 16 };
    uint16_t size = sizes[_i];
    for (uint32_t start = 0; start < 2u * size; start++)
        for (uint32_t moved = 0; moved <= size; moved++)
            ck_assert_uint_eq(packed_wrong(size, start, moved), 0);
}
END_TEST

/* The largest ring, whose places take all of 15 bits. */
START_TEST(packed_events_of_the_largest_ring)
{
    for (uint32_t start = 0; start < 65536; start += 8191)
        for (uint32_t moved = 0; moved <= 32768; moved += 4096)
            ck_assert_uint_eq(packed_wrong(32768, start, moved), 0);
}
END_TEST

/* Many places at once are as many single ones. */
START_TEST(steps_wrap)
{
    for (uint32_t start = 0; start < 16; start++)
        for (uint16_t descs = 0; descs <= 8; descs++) {
            uint16_t at = start % 8, one_at = at;
            bool lap = start >= 8, one_lap = lap;
            blk_virtq_packed_step(&at, &lap, descs, 8);
            for (uint16_t i = 0; i < descs; i++)
                blk_virtq_packed_step(&one_at, &one_lap, 1, 8);
            ck_assert(at == one_at && lap == one_lap);
        }
}
END_TEST

struct ring {
    struct blk_virtq q;
    uint8_t *dma, *mem;
};

static void ring_open(struct ring *ring, uint64_t features, uint16_t size, uint16_t table_descs)
{
    struct blk_virtq_shape shape = { size, table_descs, features };
    size_t bytes = blk_virtq_mem(&shape);
    struct cairn_arena arena;
    ring->dma = calloc(1, blk_virtq_dma_mem(&shape));
    ring->mem = calloc(1, bytes);
    cairn_arena_init(&arena, ring->mem, bytes);
    blk_virtq_init(&ring->q, &shape, &arena, ring->dma, 0x1000);
}

static void ring_close(struct ring *ring)
{
    free(ring->dma);
    free(ring->mem);
}

/* The device says "used": split rings only, whose layout is simple. */
static void use(struct blk_virtq *q, uint16_t count, uint32_t id, uint32_t bytes)
{
    cairn_le32_put(q->device + 4 + 8 * (count % q->size), id);
    cairn_le32_put(q->device + 8 + 8 * (count % q->size), bytes);
    cairn_le16_put(q->device + 2, (uint16_t)(count + 1));
}

static const struct blk_virtq_seg pair[] = { { 0x2000, 16, false }, { 0x3000, 512, true } };

/* One chain to the device and back. */
static bool goes_round(struct blk_virtq *q, uint16_t count)
{
    uint16_t id = blk_virtq_next_id(q), got = 0;
    uint32_t bytes = 0;
    blk_virtq_add(q, pair, 2);
    bool wanted = blk_virtq_publish(q);
    bool early = blk_virtq_poll(q, &got, &bytes) != BLK_VIRTQ_NOTHING;
    use(q, count, id, count % 512);
    bool came = blk_virtq_ready(q) && blk_virtq_poll(q, &got, &bytes) == BLK_VIRTQ_CHAIN;
    return wanted && !early && came && got == id && bytes == count % 512;
}

/* 70,000 chains: the counts wrap, ids and descriptors come back. */
START_TEST(counts_wrap)
{
    struct ring ring;
    uint32_t wrong = 0;
    ring_open(&ring, _i ? CAIRN_VIRTIO_F_IN_ORDER : 0, 8, 0);
    for (uint32_t i = 0; i < 70000; i++)
        wrong += !goes_round(&ring.q, (uint16_t)i);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_int_eq(ring.q.free_descs, 8);
    ring_close(&ring);
}
END_TEST

/* All that a ring holds at once, used the last first, lap after lap; and an interrupt that is asked
 * for with the last of them. */
static uint32_t lap_wrong(struct blk_virtq *q, uint16_t *ids, uint16_t first)
{
    uint16_t got;
    uint32_t bytes, wrong = 0;
    for (uint32_t i = 0; i < q->size; i++) {
        ids[i] = blk_virtq_next_id(q);
        blk_virtq_add(q, pair, 2);
    }
    (void)blk_virtq_publish(q);
    wrong += blk_virtq_fits(q, 1) || blk_virtq_arm(q, q->size);
    wrong += cairn_le16(q->driver + 4 + 2 * q->size) != (uint16_t)(first + q->size - 1);
    for (uint32_t i = 0; i < q->size; i++)
        use(q, (uint16_t)(first + i), ids[q->size - 1 - i], 1);
    wrong += blk_virtq_used(q) != q->size || !blk_virtq_arm(q, q->size);
    for (uint32_t i = 0; i < q->size; i++)
        wrong += blk_virtq_poll(q, &got, &bytes) != BLK_VIRTQ_CHAIN || got != ids[q->size - 1 - i];
    return wrong + (blk_virtq_poll(q, &got, &bytes) != BLK_VIRTQ_NOTHING);
}

START_TEST(rings_of_extreme_sizes_go_round)
{
    static const uint16_t sizes[] = { 1, 2, CAIRN_VIRTIO_QUEUE_SIZE_MAX };
    static uint16_t ids[CAIRN_VIRTIO_QUEUE_SIZE_MAX];
    struct ring ring;
    ring_open(&ring, CAIRN_VIRTIO_F_EVENT_IDX, sizes[_i], 2);
    for (uint32_t lap = 0; lap < 5; lap++)
        ck_assert_uint_eq(lap_wrong(&ring.q, ids, (uint16_t)(lap * sizes[_i])), 0);
    ring_close(&ring);
}
END_TEST

START_TEST(full_means_full)
{
    struct ring ring;
    ring_open(&ring, _i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, 8, _i & 2 ? 4 : 0);
    uint16_t fit = _i & 2 ? 8 : 4;
    for (uint16_t i = 0; i < fit; i++) {
        ck_assert(blk_virtq_fits(&ring.q, 2));
        blk_virtq_add(&ring.q, pair, 2);
    }
    ck_assert(!blk_virtq_fits(&ring.q, 1));
    ck_assert_int_eq(blk_virtq_publish(&ring.q), true);
    ck_assert_int_eq(blk_virtq_publish(&ring.q), false);
    blk_virtq_abandon(&ring.q);
    ck_assert_int_eq(ring.q.free_descs, 8);
    ring_close(&ring);
}
END_TEST

/* One entry stands for three chains: those before it were used whole. */
START_TEST(in_order_skips)
{
    struct ring ring;
    uint16_t ids[3], id;
    uint32_t bytes;
    ring_open(&ring, CAIRN_VIRTIO_F_IN_ORDER, 8, 0);
    for (int i = 0; i < 3; i++) {
        ids[i] = blk_virtq_next_id(&ring.q);
        blk_virtq_add(&ring.q, pair, 2);
    }
    (void)blk_virtq_publish(&ring.q);
    use(&ring.q, 0, ids[2], 7);
    cairn_le16_put(ring.q.device + 2, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(blk_virtq_poll(&ring.q, &id, &bytes), BLK_VIRTQ_CHAIN);
        ck_assert(id == ids[i] && bytes == (i == 2 ? 7 : 512));
    }
    ck_assert_int_eq(blk_virtq_poll(&ring.q, &id, &bytes), BLK_VIRTQ_NOTHING);
    ring_close(&ring);
}
END_TEST

static enum blk_virtq_got poll_after(uint32_t id, uint16_t count)
{
    struct ring ring;
    uint16_t got;
    uint32_t bytes;
    ring_open(&ring, 0, 8, 0);
    blk_virtq_add(&ring.q, pair, 2);
    (void)blk_virtq_publish(&ring.q);
    use(&ring.q, 0, id, 1);
    cairn_le16_put(ring.q.device + 2, count);
    enum blk_virtq_got result = blk_virtq_poll(&ring.q, &got, &bytes);
    ck_assert(result != BLK_VIRTQ_BROKEN || ring.q.fault);
    ring_close(&ring);
    return result;
}

START_TEST(lies_are_found)
{
    ck_assert_int_eq(poll_after(0, 1), BLK_VIRTQ_CHAIN);
    ck_assert_int_eq(poll_after(1, 1), BLK_VIRTQ_BROKEN); /* the chain's second descriptor */
    ck_assert_int_eq(poll_after(8, 1), BLK_VIRTQ_BROKEN);
    ck_assert_int_eq(poll_after(UINT32_MAX, 1), BLK_VIRTQ_BROKEN);
    ck_assert_int_eq(poll_after(0x10000, 1), BLK_VIRTQ_BROKEN); /* 0, if 16 bits were looked at */
    ck_assert_int_eq(poll_after(0, 2), BLK_VIRTQ_BROKEN);
    ck_assert_int_eq(poll_after(0, 0xffff), BLK_VIRTQ_BROKEN);
}
END_TEST

/* IN_ORDER: up to a chain that was added, but not published. */
START_TEST(chains_are_not_used_before_their_time)
{
    struct ring ring;
    uint16_t first, second, id;
    uint32_t bytes;
    ring_open(&ring, CAIRN_VIRTIO_F_IN_ORDER, 8, 0);
    first = blk_virtq_next_id(&ring.q);
    blk_virtq_add(&ring.q, pair, 2);
    (void)blk_virtq_publish(&ring.q);
    second = blk_virtq_next_id(&ring.q);
    blk_virtq_add(&ring.q, pair, 2);
    use(&ring.q, 0, second, 1);
    ck_assert_int_eq(blk_virtq_poll(&ring.q, &id, &bytes), BLK_VIRTQ_CHAIN);
    ck_assert_uint_eq(id, first);
    ck_assert_int_eq(blk_virtq_poll(&ring.q, &id, &bytes), BLK_VIRTQ_BROKEN);
    ring_close(&ring);
}
END_TEST

TCase *tcase_ring(void)
{
    TCase *tcase = tcase_create("ring");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, events_wrap);
    tcase_add_loop_test(tcase, packed_events_wrap, 0, 7);
    tcase_add_test(tcase, packed_events_of_the_largest_ring);
    tcase_add_test(tcase, steps_wrap);
    tcase_add_loop_test(tcase, counts_wrap, 0, 2);
    tcase_add_loop_test(tcase, rings_of_extreme_sizes_go_round, 0, 3);
    tcase_add_loop_test(tcase, full_means_full, 0, 4);
    tcase_add_test(tcase, in_order_skips);
    tcase_add_test(tcase, lies_are_found);
    tcase_add_test(tcase, chains_are_not_used_before_their_time);
    return tcase;
}
