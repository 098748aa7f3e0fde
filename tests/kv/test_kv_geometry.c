/* SPDX-License-Identifier: ISC */
/* Devices from 1 MiB to 16 TiB, of each size of block and page: made, used, checked, grown. */
#include <cairn/kv_check.h>
#include <cairn/kv_native.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sparse.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define MEM_BYTES (8u << 20)
#define LONG_BYTES 200000u

static uint8_t *mem, value[LONG_BYTES], seen[LONG_BYTES];
static struct sparse dev;
static struct cairn_kv *kv;
static struct cairn_why why;

static enum cairn_err make(uint64_t bytes, uint32_t block, uint32_t page)
{
    struct cairn_kv_native_format_options options = { .page_bytes = page,
                                                      .log_bytes = bytes < GIB ? 0 : 2 * MIB };
    cairn_why_clear(&why);
    sparse_open_blocks(&dev, bytes / block, block);
    return cairn_kv_native_format(&dev.base, &options, mem, MEM_BYTES, &why);
}

static void store_open(uint32_t page)
{
    ck_assert(
        !cairn_kv_native_open(&kv, &dev.base, NULL, mem, cairn_kv_native_mem_least(page), NULL));
}

static void store_close(void)
{
    ck_assert(!cairn_kv_close(kv, NULL));
}

static void sound(void)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    ck_assert(!cairn_kv_check_begin(&check, &dev.base, NULL, mem, MEM_BYTES, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR], 0);
}

static enum cairn_err put(unsigned number, size_t bytes)
{
    char key[16];
    sprintf(key, "%06u", number);
    value[0] = (uint8_t)number;
    return cairn_kv_set(kv, cairn_kv_key(key), value, bytes, 0, NULL);
}

static void holds(unsigned number, size_t bytes)
{
    char key[16];
    size_t done = 0;
    sprintf(key, "%06u", number);
    value[0] = (uint8_t)number;
    ck_assert(!cairn_kv_get(kv, cairn_kv_key(key), 0, seen, sizeof seen, &done, NULL));
    ck_assert(done == bytes && memcmp(seen, value, bytes) == 0);
}

static size_t size_of(unsigned number)
{
    static const size_t sizes[] = { 30, 700, 5000, 1, 20000 };
    return sizes[number % 5];
}

static uint64_t pages_of(void)
{
    struct cairn_kv_native_usage usage;
    ck_assert(!cairn_kv_native_usage(kv, &usage, NULL));
    return usage.geometry.pages;
}

/* A few of each size, a long one where there is room, and one that goes. */
static void use(unsigned from, bool is_roomy)
{
    for (unsigned i = from; i < from + 10; i++)
        ck_assert(!put(i, size_of(i)));
    if (!is_roomy) return;
    ck_assert(!put(from + 10, LONG_BYTES));
    holds(from + 10, LONG_BYTES);
    char key[16];
    sprintf(key, "%06u", from + 10);
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key(key), NULL));
}

static void all_hold(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        holds(i, size_of(i));
}

static void try_out(uint64_t bytes, uint64_t more, uint32_t block, uint32_t page)
{
    enum cairn_err err = make(bytes, block, page);
    ck_assert_msg(!err, "%llu bytes, blocks of %u, pages of %u: %s", (unsigned long long)bytes,
                  block, page, why.what);
    store_open(page);
    ck_assert_uint_eq(pages_of(), bytes / page);
    use(0, bytes / page > 256);
    store_close();
    sound();
    sparse_grow(&dev, (bytes + more) / block);
    store_open(page);
    all_hold(10);
    ck_assert(!cairn_kv_native_grow(kv, NULL));
    ck_assert_uint_eq(pages_of(), (bytes + more) / page);
    use(10, true);
    all_hold(20);
    store_close();
    sound();
    store_open(page);
    all_hold(20);
    store_close();
    sparse_close(&dev);
}

/* Each pair of sizes. The first device is the smallest that there can be. */
START_TEST(each_geometry)
{
    uint32_t block = UINT32_C(512) << _i;
    for (uint32_t page = block < 4096 ? 4096 : block; page <= 65536; page *= 2) {
        uint64_t least = 64 * (uint64_t)page < MIB ? MIB : 64 * (uint64_t)page;
        ck_assert_int_eq(make(least - block, block, page), CAIRN_EINVAL);
        sparse_close(&dev);
        try_out(least, 12 * (uint64_t)page + least, block, page);
        try_out(33 * MIB + 3 * (uint64_t)block, 200 * MIB, block, page);
        try_out(130 * GIB, 70 * GIB, block, page);
    }
}
END_TEST

START_TEST(largest)
{
    static const uint32_t pages[] = { 4096, 16384, 65536 };
    try_out(16 * TIB - GIB, GIB, 512, pages[_i]);
}
END_TEST

static void setup(void)
{
    mem = malloc(MEM_BYTES);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 31 + i / 256);
}

static void teardown(void)
{
    free(mem);
}

int main(void)
{
    Suite *suite = suite_create("kv-geometry");
    TCase *tcase = tcase_create("geometry");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, each_geometry, 0, 8);
    tcase_add_loop_test(tcase, largest, 0, 3);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
