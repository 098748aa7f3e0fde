/* SPDX-License-Identifier: ISC */
/* Sorted batches of the native store: what they hold, refuse, and leave behind. */
#include <cairn/blk_mem.h>
#include <cairn/kv_check.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (8u << 20)
#define MEM_BYTES (2u << 20)
#define BIG_BYTES 200000u

static uint8_t disk[DISK_BYTES], mem[MEM_BYTES], big[BIG_BYTES], seen[BIG_BYTES];
static struct cairn_blk_mem dev;
static struct cairn_kv *kv;
static struct cairn_kv_batch batch;

static void setup(void)
{
    memset(disk, 0, sizeof disk);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 13 + i / 4096);
    ck_assert(!cairn_blk_mem_open(&dev, disk, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&dev.base, NULL, mem, sizeof mem, NULL));
    ck_assert(!cairn_kv_native_open(&kv, &dev.base, NULL, mem, sizeof mem, NULL));
}

/* Closes the store: a check finds nothing in it. */
static void teardown(void)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    ck_assert(!cairn_kv_close(kv, NULL));
    ck_assert(!cairn_kv_check_begin(&check, &dev.base, NULL, mem, sizeof mem, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR], 0);
    ck_assert(result.map_checked);
    ck_assert(!cairn_blk_close(&dev.base, NULL));
}

static void begin(void)
{
    ck_assert_int_eq(cairn_kv_batch_begin(&batch, kv, CAIRN_KV_SORTED, NULL), CAIRN_OK);
}

static void put(struct cairn_kv *to, const char *key, size_t bytes, enum cairn_err expect)
{
    enum cairn_err err = cairn_kv_set(to, cairn_kv_key(key), big, bytes, 0, NULL);
    ck_assert_msg(err == expect, "%s: %s", key, cairn_err_name(err));
}

static void holds(const char *key, size_t bytes)
{
    size_t done = 0;
    enum cairn_err err = cairn_kv_get(kv, cairn_kv_key(key), 0, seen, sizeof seen, &done, NULL);
    ck_assert_msg(!err && done == bytes, "%s: %s, %zu", key, cairn_err_name(err), done);
    ck_assert(memcmp(seen, big, bytes) == 0);
}

static bool has(const char *key)
{
    enum cairn_kv_kind kind;
    ck_assert_int_eq(cairn_kv_exists(kv, cairn_kv_key(key), &kind, NULL), CAIRN_OK);
    return kind != CAIRN_KV_NONE;
}

static uint64_t free_pages(void)
{
    struct cairn_kv_native_usage usage;
    for (unsigned i = 0; i < 10; i++) { /* what was freed comes back a few generations later */
        ck_assert(!cairn_kv_set(kv, cairn_kv_key("zz"), "x", 1, 0, NULL));
        ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    }
    ck_assert(!cairn_kv_native_usage(kv, &usage, NULL));
    return usage.free_pages;
}

static const size_t sizes[] = { 0, 3, 1015, 1016, 5000, 65536, 65537, BIG_BYTES };

/* All forms of values, in the root and in dictionaries, beside and in the place of others. */
START_TEST(all_forms)
{
    char key[16];
    put(kv, "a3", BIG_BYTES, CAIRN_OK);
    put(kv, "old/b", 5000, CAIRN_OK);
    begin();
    for (unsigned i = 0; i < CAIRN_COUNT(sizes); i++) {
        snprintf(key, sizeof key, "a%u", i);
        put(&batch.kv, key, sizes[i], CAIRN_OK);
    }
    ck_assert(!cairn_kv_make(&batch.kv, cairn_kv_key("sub"), NULL));
    put(&batch.kv, "old/b", 7, CAIRN_OK);
    put(&batch.kv, "old/c", 70000, CAIRN_OK);
    put(&batch.kv, "sub/x", 9, CAIRN_OK);
    put(&batch.kv, "sub/z/y", 10, CAIRN_OK);
    ck_assert(!has("a4") && !has("sub"));
    holds("a3", BIG_BYTES);
    ck_assert_int_eq(cairn_kv_commit(&batch, CAIRN_KV_LATER, NULL), CAIRN_OK);
    for (unsigned i = 0; i < CAIRN_COUNT(sizes); i++) {
        snprintf(key, sizeof key, "a%u", i);
        holds(key, sizes[i]);
    }
    holds("old/b", 7);
    holds("old/c", 70000);
    holds("sub/x", 9);
    holds("sub/z/y", 10);
}
END_TEST

/* A value that was just set grows, piece by piece, through all forms, and gets its time. */
START_TEST(growing)
{
    struct cairn_kv_stat stat;
    struct cairn_kv_key key = cairn_kv_key("m");
    begin();
    put(&batch.kv, "a", 5, CAIRN_OK);
    put(&batch.kv, "m", 100, CAIRN_OK);
    for (size_t at = 100; at < BIG_BYTES; at += 700) {
        size_t bytes = BIG_BYTES - at < 700 ? BIG_BYTES - at : 700;
        ck_assert(!cairn_kv_write(&batch.kv, key, at, big + at, bytes, NULL));
    }
    ck_assert(!cairn_kv_time_set(&batch.kv, key, 12345, NULL));
    put(&batch.kv, "n", 6, CAIRN_OK);
    ck_assert_int_eq(cairn_kv_commit(&batch, 0, NULL), CAIRN_OK);
    holds("m", BIG_BYTES);
    holds("n", 6);
    ck_assert(!cairn_kv_stat(kv, key, &stat, NULL));
    ck_assert_int_eq(stat.modified_ns, 12345);
}
END_TEST

START_TEST(refused)
{
    begin();
    put(&batch.kv, "m", 5, CAIRN_OK);
    put(&batch.kv, "k", 6, CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_remove(&batch.kv, cairn_kv_key("m"), NULL), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_allocate(&batch.kv, cairn_kv_key("q"), 9, NULL), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_rename(&batch.kv, cairn_kv_key("m"), cairn_kv_key("o"), 0, NULL),
                     CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_set(kv, cairn_kv_key("x"), "x", 1, 0, NULL), CAIRN_EBUSY);
    /* A value may have been there, whose pages nobody would find any more. */
    ck_assert_int_eq(cairn_kv_make(&batch.kv, cairn_kv_key("l"), NULL), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_make(&batch.kv, cairn_kv_key("m"), NULL), CAIRN_EEXIST);
    put(&batch.kv, "l/a", 3, CAIRN_EINVAL);
    ck_assert(!cairn_kv_make(&batch.kv, cairn_kv_key("n"), NULL));
    put(&batch.kv, "n", 3, CAIRN_EISDIR);
    ck_assert_int_eq(
        cairn_kv_set(&batch.kv, cairn_kv_key("n"), "x", 1, CAIRN_KV_REPLACE_DICTIONARY, NULL),
        CAIRN_EINVAL);
    put(&batch.kv, "p", 7, CAIRN_OK);
    ck_assert_int_eq(cairn_kv_commit(&batch, 0, NULL), CAIRN_OK);
    holds("m", 5);
    holds("p", 7);
    ck_assert(!has("k"));
}
END_TEST

static void fill(unsigned count, enum cairn_err *err)
{
    char key[16];
    begin();
    *err = CAIRN_OK;
    for (unsigned i = 0; i < count && !*err; i++) {
        snprintf(key, sizeof key, "%08u", i);
        size_t bytes = i % 50 == 49 ? 70000 : i % 10 == 9 ? 6000 : 200;
        *err = cairn_kv_set(&batch.kv, cairn_kv_key(key), big, bytes, 0, NULL);
    }
}

/* A batch that is given up, early or when the store is full, leaves it as before, with its room. */
START_TEST(given_up)
{
    enum cairn_err err;
    put(kv, "00000007", 5000, CAIRN_OK);
    uint64_t before = free_pages();
    fill(1000, &err);
    ck_assert_int_eq(err, CAIRN_OK);
    cairn_kv_abort(&batch);
    ck_assert_uint_eq(free_pages(), before);
    fill(100000, &err);
    ck_assert_int_eq(err, CAIRN_ENOSPC);
    cairn_kv_abort(&batch);
    ck_assert_uint_eq(free_pages(), before);
    holds("00000007", 5000);
    ck_assert(!has("00000008"));
    fill(1000, &err);
    ck_assert_int_eq(cairn_kv_commit(&batch, 0, NULL), CAIRN_OK);
    holds("00000007", 200);
    holds("00000999", 70000);
}
END_TEST

/* What was in it before there was no more space can be committed; then the store is full. */
START_TEST(full)
{
    enum cairn_err err;
    fill(100000, &err);
    ck_assert_int_eq(err, CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_kv_commit(&batch, 0, NULL), CAIRN_OK);
    holds("00000008", 200);
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("00000049"), NULL));
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("00000099"), NULL));
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("00000149"), NULL));
    for (unsigned i = 0; i < 4; i++)
        ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    put(kv, "more", 60000, CAIRN_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-bulk");
    TCase *tcase = tcase_create("sorted");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, all_forms);
    tcase_add_test(tcase, growing);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, given_up);
    tcase_add_test(tcase, full);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
