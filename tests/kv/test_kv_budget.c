/* SPDX-License-Identifier: ISC */
/* A store with little memory: all that is promised works from the least on, in small steps. */
#include <cairn/blk_mem.h>
#include <cairn/kv_check.h>
#include <cairn/kv_native.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (32u << 20)
#define KEYS 4000u
#define LONG_BYTES 300000u
#define EACH_BYTES 100u /* that a change takes beside names and records */

static uint8_t *disk, *mem;
static uint8_t value[LONG_BYTES], seen[LONG_BYTES];
static struct cairn_blk_mem dev;
static struct cairn_kv *kv;
static size_t budget;
static uint8_t version_of[KEYS]; /* 0: there is none */

static void value_fill(unsigned key, uint8_t version, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        value[i] = (uint8_t)(key * 31 + version * 7 + i + i / 256);
}

static size_t size_of(unsigned key, uint8_t version)
{
    static const size_t sizes[] = { 40, 0, 130, 900, 17, 7000 };
    return sizes[(key + version) % 6];
}

static struct cairn_kv_key key_at(char *text, unsigned key)
{
    sprintf(text, "d%u/key-%05u", key % 3, key);
    return cairn_kv_key(text);
}

static void store_open(void)
{
    struct cairn_why why;
    cairn_why_clear(&why);
    enum cairn_err err = cairn_kv_native_open(&kv, &dev.base, NULL, mem, budget, &why);
    ck_assert_msg(!err, "%zu bytes: %s", budget, why.what);
}

static void store_close(void)
{
    ck_assert(!cairn_kv_close(kv, NULL));
}

static void store_make(uint32_t page_bytes, size_t bytes)
{
    struct cairn_kv_native_format_options options = { .page_bytes = page_bytes };
    budget = bytes;
    memset(version_of, 0, sizeof version_of);
    ck_assert(!cairn_blk_mem_open(&dev, disk, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&dev.base, &options, mem, budget, NULL));
    store_open();
}

static void sound(void)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    struct cairn_why why;
    cairn_why_clear(&why);
    enum cairn_err err = cairn_kv_check_begin(&check, &dev.base, NULL, mem, budget, &why);
    ck_assert_msg(!err, "check with %zu bytes: %s", budget, why.what);
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR], 0);
}

static void put(struct cairn_kv *into, unsigned key, uint8_t version)
{
    char text[32];
    struct cairn_why why;
    size_t bytes = size_of(key, version);
    cairn_why_clear(&why);
    value_fill(key, version, bytes);
    enum cairn_err err = cairn_kv_set(into, key_at(text, key), value, bytes, 0, &why);
    ck_assert_msg(!err, "%zu bytes of memory, key %u: %s", budget, key, why.what);
    version_of[key] = version;
}

static void holds(unsigned key)
{
    char text[32];
    size_t done = 0;
    uint8_t version = version_of[key];
    size_t bytes = size_of(key, version);
    enum cairn_err err = cairn_kv_get(kv, key_at(text, key), 0, seen, sizeof seen, &done, NULL);
    ck_assert_int_eq(err, version ? CAIRN_OK : CAIRN_ENOENT);
    if (!version) return;
    value_fill(key, version, bytes);
    ck_assert(done == bytes && memcmp(seen, value, bytes) == 0);
}

static void all_hold(void)
{
    for (unsigned key = 0; key < KEYS; key++)
        holds(key);
}

/* What a change counts of what a batch may have, at most. */
static size_t weight(unsigned key, uint8_t version)
{
    size_t bytes = size_of(key, version);
    return EACH_BYTES + 32 + (bytes > kv->info.inline_max ? 600 : bytes);
}

/* Batches as large as is promised. */
static void fill_in_batches(uint8_t version, unsigned step)
{
    size_t log_bytes = DISK_BYTES / 16, most = (budget < log_bytes ? budget : log_bytes) / 32;
    for (unsigned key = 0; key < KEYS;) {
        struct cairn_kv_batch batch;
        ck_assert(!cairn_kv_batch_begin(&batch, kv, 0, NULL));
        for (size_t sum = 0; key < KEYS && sum + weight(key, version) <= most; key += step) {
            sum += weight(key, version);
            put(&batch.kv, key, version);
        }
        ck_assert(!cairn_kv_commit(&batch, 0, NULL));
    }
}

static void long_value(void)
{
    size_t done = 0;
    struct cairn_kv_key key = cairn_kv_key("long");
    value_fill(1, 1, LONG_BYTES);
    ck_assert(!cairn_kv_set(kv, key, value, LONG_BYTES, 0, NULL));
    memset(value + 70001, 0x5a, 100000);
    ck_assert(!cairn_kv_write(kv, key, 70001, value + 70001, 100000, NULL));
    ck_assert(!cairn_kv_get(kv, key, 0, seen, sizeof seen, &done, NULL));
    ck_assert(done == LONG_BYTES && memcmp(seen, value, LONG_BYTES) == 0);
    ck_assert(!cairn_kv_remove(kv, key, NULL));
}

static void dictionary_gone(void)
{
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("d1"), NULL));
    for (unsigned key = 1; key < KEYS; key += 3)
        version_of[key] = 0;
}

static void use(void)
{
    fill_in_batches(1, 1);
    long_value();
    all_hold();
    for (unsigned key = 0; key < KEYS; key += 17)
        put(kv, key, 2);
    store_close();
    sound();
    store_open();
    dictionary_gone();
    fill_in_batches(3, 7);
    all_hold();
    store_close();
    sound();
    store_open();
    all_hold();
    store_close();
}

/* The least, a page more, and so on, then twice as much each time. */
START_TEST(each_budget)
{
    static const uint32_t pages[] = { 4096, 8192, 65536 };
    for (unsigned i = 0; i < sizeof pages / sizeof *pages; i++) {
        size_t least = cairn_kv_native_mem_least(pages[i]);
        if (_i == 8 && pages[i] == 65536) continue;
        size_t more = _i < 5 ? (size_t)_i * 4096 : (least << (_i - 4)) - least;
        if (least + more > (16u << 20)) continue;
        store_make(pages[i], least + more);
        use();
    }
}
END_TEST

static void setup(void)
{
    disk = calloc(1, DISK_BYTES);
    mem = malloc(16u << 20);
}

static void teardown(void)
{
    free(disk);
    free(mem);
}

/* Below the least: an error that says what it takes. */
START_TEST(too_little)
{
    struct cairn_why why;
    for (uint32_t page = 4096; page <= 65536; page *= 2) {
        store_make(page, cairn_kv_native_mem_least(page));
        store_close();
        cairn_why_clear(&why);
        enum cairn_err err = cairn_kv_native_open(&kv, &dev.base, NULL, mem,
                                                  cairn_kv_native_mem_least(page) - 1, &why);
        char figure[32];
        sprintf(figure, "%zu KiB", cairn_kv_native_mem_least(page) >> 10);
        ck_assert_int_eq(err, CAIRN_ENOMEM);
        ck_assert_ptr_nonnull(strstr(why.hint, figure));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-budget");
    TCase *tcase = tcase_create("budget");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, each_budget, 0, 9);
    tcase_add_test(tcase, too_little);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
