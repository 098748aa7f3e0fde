/* SPDX-License-Identifier: ISC */
/* Layers that hold data themselves, under another size. */
#include "units.h"
#include <cairn/blk_cache.h>
#include <cairn/blk_layers.h>
#include <cairn/blk_mem.h>
#include <cairn/blk_mirror.h>
#include <cairn/blk_overlay.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 100u /* at first; there is memory for twice as many */
#define CAPACITY (2 * BLOCKS)

static uint8_t bytes[3][CAPACITY * 512], memory[256 << 10], data[CAPACITY * 512];
static const uint8_t zeros[CAPACITY * 512];
static struct cairn_blk_mem mems[3];
static struct cairn_why why;

/* A device of memory that grows. */
static struct cairn_blk *open_mem(size_t i, uint64_t capacity)
{
    memset(bytes[i], 'o', sizeof bytes[i]);
    ck_ok(cairn_blk_mem_open(&mems[i], bytes[i], 512, capacity, NULL));
    ck_ok(cairn_blk_resize(&mems[i].base, BLOCKS, NULL));
    return &mems[i].base;
}

static void write_all(struct cairn_blk *dev)
{
    memset(data, 'n', sizeof data);
    ck_ok(cairn_blk_write(dev, 0, dev->info.block_count, data, NULL));
}

/* Blocks up to `old` are as they were written, zeros behind. */
static void expect(struct cairn_blk *dev, uint64_t old)
{
    static uint8_t back[CAPACITY * 512];
    uint64_t count = dev->info.block_count;
    memset(data, 'n', sizeof data);
    ck_ok(cairn_blk_read(dev, 0, count, back, NULL));
    ck_assert_mem_eq(back, data, old * 512);
    ck_assert_mem_eq(back + old * 512, zeros, (count - old) * 512);
}

/* 59 ends within a page. */
START_TEST(cut_pages_do_not_come_back)
{
    struct cairn_blk_cache cache;
    struct cairn_blk *below = open_mem(0, CAPACITY);
    ck_ok(cairn_blk_cache_open(&cache, below, NULL, memory, sizeof memory, NULL));
    write_all(&cache.base);
    ck_ok(cairn_blk_resize(&cache.base, 59, NULL));
    ck_assert_uint_eq(below->info.block_count, 59);
    ck_ok(cairn_blk_resize(&cache.base, CAPACITY, NULL));
    expect(&cache.base, 59);
    ck_ok(cairn_blk_flush(&cache.base, NULL));
    expect(below, 59);
    ck_assert_int_eq(cairn_blk_resize(&cache.base, CAPACITY + 1, &why), CAIRN_ENOSPC);
    ck_assert_str_eq(why.via, "cache/mem");
    ck_ok(cairn_blk_close(&cache.base, NULL));
}
END_TEST

/* The second leg, which is larger, must not show what lies behind its end. */
START_TEST(legs_grow_together_or_not_at_all)
{
    struct cairn_blk_mirror mirror;
    struct cairn_blk *legs[] = { open_mem(0, CAPACITY), open_mem(1, CAPACITY - 1) };
    ck_ok(cairn_blk_resize(legs[1], BLOCKS + 20, NULL));
    memset(bytes[1], 'x', sizeof bytes[1]);
    ck_ok(cairn_blk_mirror_open(&mirror, legs, 2, NULL, memory, sizeof memory, NULL));
    write_all(&mirror.base);
    ck_assert_int_eq(cairn_blk_resize(&mirror.base, CAPACITY, &why), CAIRN_ENOSPC);
    ck_assert_str_eq(why.via, "mirror/mem");
    ck_assert_uint_eq(legs[0]->info.block_count, BLOCKS);
    ck_ok(cairn_blk_resize(&mirror.base, CAPACITY - 1, NULL));
    expect(legs[0], BLOCKS);
    expect(legs[1], BLOCKS);
    ck_ok(cairn_blk_resize(&mirror.base, 33, NULL));
    expect(legs[1], 33);
    ck_assert_uint_eq(cairn_blk_mirror_failed(&mirror), 0);
    ck_ok(cairn_blk_close(&mirror.base, NULL));
}
END_TEST

static struct cairn_blk_overlay overlay;

static void open_overlay(size_t more)
{
    struct cairn_blk *below = open_mem(0, CAPACITY), *store = open_mem(1, CAPACITY);
    size_t bytes_needed = cairn_blk_overlay_mem(below, store);
    ck_ok(cairn_blk_overlay_open(&overlay, below, store, memory, bytes_needed + more, NULL));
}

START_TEST(overlays_size_is_committed)
{
    open_overlay(64);
    write_all(&overlay.base);
    ck_ok(cairn_blk_resize(&overlay.base, 70, NULL));
    ck_ok(cairn_blk_resize(&overlay.base, 150, NULL));
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 150);
    expect(&overlay.base, 70);
    ck_assert_uint_eq(mems[0].base.info.block_count, BLOCKS);
    ck_ok(cairn_blk_overlay_commit(&overlay, NULL));
    ck_assert_uint_eq(cairn_blk_overlay_changed(&overlay), 0);
    ck_assert_uint_eq(mems[0].base.info.block_count, 150);
    expect(&mems[0].base, 70);
    expect(&overlay.base, 70);
    ck_ok(cairn_blk_resize(&overlay.base, 20, NULL));
    ck_ok(cairn_blk_overlay_commit(&overlay, NULL));
    ck_assert_uint_eq(mems[0].base.info.block_count, 20);
    ck_ok(cairn_blk_close(&overlay.base, NULL));
}
END_TEST

/* Also where the map has been smaller than that of the device below meanwhile. */
START_TEST(overlays_size_is_forgotten)
{
    open_overlay(64);
    write_all(&mems[0].base);
    ck_ok(cairn_blk_resize(&overlay.base, 10, NULL));
    ck_ok(cairn_blk_resize(&overlay.base, 30, NULL));
    expect(&overlay.base, 10);
    ck_ok(cairn_blk_overlay_discard(&overlay, NULL));
    ck_assert_uint_eq(overlay.base.info.block_count, BLOCKS);
    expect(&overlay.base, BLOCKS);
    ck_ok(cairn_blk_close(&overlay.base, NULL));
}
END_TEST

START_TEST(overlays_memory_bounds_it)
{
    open_overlay(0);
    ck_ok(cairn_blk_resize(&overlay.base, 128, NULL));
    ck_assert_int_eq(cairn_blk_resize(&overlay.base, CAPACITY, &why), CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(why.what, "no memory for their map"));
    ck_assert_str_eq(why.via, "overlay");
    ck_ok(cairn_blk_close(&overlay.base, NULL));
    open_overlay(64);
    ck_assert_int_eq(cairn_blk_resize(&overlay.base, CAPACITY + 1, &why), CAIRN_ENOSPC);
    ck_assert_str_eq(why.via, "overlay/mem");
    ck_ok(cairn_blk_close(&overlay.base, NULL));
}
END_TEST

TCase *tcase_resize(void)
{
    TCase *tcase = tcase_create("resize");
    tcase_add_test(tcase, cut_pages_do_not_come_back);
    tcase_add_test(tcase, legs_grow_together_or_not_at_all);
    tcase_add_test(tcase, overlays_size_is_committed);
    tcase_add_test(tcase, overlays_size_is_forgotten);
    tcase_add_test(tcase, overlays_memory_bounds_it);
    return tcase;
}
