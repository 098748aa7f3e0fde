/* SPDX-License-Identifier: ISC */
/*
 * A store filled to its last page, by each kind of change: what does not fit changes nothing, what
 * was there is there, removing succeeds, and then all room is as in a new store.
 */
#include <cairn/blk_mem.h>
#include <cairn/kv_check.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (2u << 20)
#define MEM_BYTES (512u << 10)
#define VALUE_MAX 300000u
#define RESERVED_BYTES 100000u
#define PATH_BYTES 300u

static uint8_t disk[DISK_BYTES], mem[MEM_BYTES], value[VALUE_MAX], spare[CAIRN_KV_DIGEST_MEM];
static struct cairn_blk_mem dev;
static struct cairn_kv *kv;

static void store_open(void)
{
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev.base, NULL, mem, sizeof mem, NULL), CAIRN_OK);
}

static void store_reopen(void)
{
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
    store_open();
}

/* Nothing is wrong with it; pages that nothing has. */
static uint64_t sound(void)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    ck_assert(!cairn_kv_check_begin(&check, &dev.base, NULL, mem, sizeof mem, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR], 0);
    return result.free_pages;
}

static struct cairn_hash128 digest_now(void)
{
    struct cairn_hash128 digest;
    ck_assert(!cairn_kv_digest(kv, cairn_kv_key(""), &digest, spare, sizeof spare, NULL));
    return digest;
}

static uint64_t free_now(void)
{
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
    uint64_t pages = sound();
    store_open();
    return pages;
}

/* What was removed is reclaimed, and what older generations had is free. */
static void settle(void)
{
    for (int i = 0; i < 4; i++) {
        bool more = true;
        ck_assert_int_eq(cairn_kv_set(kv, cairn_kv_key("x"), "", 0, 0, NULL), CAIRN_OK);
        ck_assert_int_eq(cairn_kv_remove(kv, cairn_kv_key("x"), NULL), CAIRN_OK);
        ck_assert_int_eq(cairn_kv_native_checkpoint(kv, NULL), CAIRN_OK);
        while (more)
            ck_assert_int_eq(cairn_kv_native_step(kv, &more, NULL), CAIRN_OK);
    }
}

/* ---- kinds of change ------------------------------------------------------------------------- */

static struct cairn_kv_key numbered(char *path, const char *prefix, unsigned number)
{
    sprintf(path, "%s%06u", prefix, number);
    return cairn_kv_key(path);
}

/* A name as long as one may be. */
static struct cairn_kv_key stretched(char *path, unsigned number)
{
    memset(path, 'n', CAIRN_KV_SEGMENT_MAX);
    path[sprintf(path, "%06u", number)] = 'n';
    return (struct cairn_kv_key){ path, CAIRN_KV_SEGMENT_MAX };
}

static enum cairn_err put(const char *prefix, unsigned number, size_t bytes)
{
    char path[PATH_BYTES];
    return cairn_kv_set(kv, numbered(path, prefix, number), value, bytes, 0, NULL);
}

static enum cairn_err put_small(unsigned number)
{
    return put("small", number, 100);
}

static enum cairn_err put_page(unsigned number)
{
    return put("page", number, 4096);
}

static enum cairn_err put_large(unsigned number)
{
    return put("large", number, VALUE_MAX);
}

static enum cairn_err put_beneath(unsigned number)
{
    return put(number % 2 ? "a/b/" : "c/d/", number, 7000);
}

static enum cairn_err append(unsigned number)
{
    return cairn_kv_write(kv, cairn_kv_key("long"), number * UINT64_C(5000), value, 5000, NULL);
}

static enum cairn_err reserve(unsigned number)
{
    char path[PATH_BYTES];
    return cairn_kv_allocate(kv, numbered(path, "reserved", number), RESERVED_BYTES, NULL);
}

static enum cairn_err make(unsigned number)
{
    char path[PATH_BYTES];
    return cairn_kv_make(kv, stretched(path, number), NULL);
}

/* A name that becomes longer. */
static enum cairn_err lengthen(unsigned number)
{
    char path[PATH_BYTES], longer[PATH_BYTES];
    enum cairn_err err = put("", number, 0);
    if (err) return err;
    return cairn_kv_rename(kv, numbered(path, "", number), stretched(longer, number), 0, NULL);
}

/* The same key again; what it had stays, in a snapshot. */
static enum cairn_err keep(unsigned number)
{
    char path[PATH_BYTES];
    enum cairn_err err = put("kept", 0, 20000 + number);
    if (err) return err;
    return cairn_kv_snapshot_make(kv, numbered(path, "", number), NULL);
}

static const struct kind {
    const char *name;
    enum cairn_err (*change)(unsigned number);
} kinds[] = { { "small values", put_small }, { "a page each", put_page },
              { "large values", put_large }, { "dictionaries", put_beneath },
              { "one long value", append },  { "reserved", reserve },
              { "long names", make },        { "renamed", lengthen },
              { "snapshots", keep } };

static unsigned repeat(enum cairn_err (*change)(unsigned number), unsigned from)
{
    enum cairn_err err;
    unsigned number = from;
    while (!(err = change(number)))
        number++;
    ck_assert_int_eq(err, CAIRN_ENOSPC);
    return number;
}

/* ---- full, and empty again ------------------------------------------------------------------- */

/* With ever smaller changes, until not even the smallest fits. */
static void fill_up(void)
{
    repeat(put_page, 0);
    repeat(put_small, 0);
    ck_assert_int_eq(cairn_kv_native_checkpoint(kv, NULL), CAIRN_OK);
    repeat(put_page, 10000);
    repeat(put_small, 10000);
}

static enum cairn_err bulk(void)
{
    struct cairn_kv_batch batch;
    char path[PATH_BYTES];
    enum cairn_err err = cairn_kv_batch_begin(&batch, kv, CAIRN_KV_SORTED, NULL);
    for (unsigned i = 0; !err && i < 1000; i++)
        err = cairn_kv_set(&batch.kv, numbered(path, "bulk", i), value, 5000, 0, NULL);
    cairn_kv_abort(&batch);
    return err;
}

/* What does not fit changes nothing, and shows after opening again neither. */
static void nothing_more(void)
{
    struct cairn_hash128 before = digest_now();
    ck_assert_int_eq(put("more", 1, VALUE_MAX), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_kv_allocate(kv, cairn_kv_key("more"), VALUE_MAX, NULL), CAIRN_ENOSPC);
    ck_assert_int_eq(bulk(), CAIRN_ENOSPC);
    struct cairn_hash128 after = digest_now();
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
    store_reopen();
    after = digest_now();
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
}

static void remove_each(void)
{
    static char names[4096];
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    struct cairn_kv_key first = cairn_kv_key("");
    ck_assert(!cairn_kv_list_begin(&list, kv, first, first, 0, names, sizeof names, NULL));
    for (;;) {
        ck_assert_int_eq(cairn_kv_list_next(&list, &entry, NULL), CAIRN_OK);
        if (!entry) break;
        struct cairn_kv_key key = { entry->name, entry->name_bytes };
        ck_assert_int_eq(cairn_kv_remove(kv, key, NULL), CAIRN_OK);
    }
}

static void snapshots_remove(unsigned count)
{
    char path[PATH_BYTES];
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(cairn_kv_snapshot_remove(kv, numbered(path, "", i), NULL), CAIRN_OK);
}

static void empty(const struct kind *kind, unsigned count, bool at_once)
{
    if (at_once)
        ck_assert_int_eq(cairn_kv_remove(kv, cairn_kv_key(""), NULL), CAIRN_OK);
    else
        remove_each();
    if (kind->change == keep) snapshots_remove(count);
}

/* Twice: what fitted fits again. */
START_TEST(each_kind)
{
    const struct kind *kind = &kinds[_i / 2];
    uint64_t fresh = free_now();
    unsigned first = 0;
    for (int round = 0; round < 2; round++) {
        unsigned count = repeat(kind->change, 0);
        fill_up();
        nothing_more();
        empty(kind, count, _i % 2);
        settle();
        ck_assert_uint_eq(free_now(), fresh);
        ck_assert_uint_ge(count, first);
        first = count;
    }
    printf("%s: %u, %llu pages free again\n", kind->name, first, (unsigned long long)fresh);
}
END_TEST

/* What was reserved can be written, however full the store is. */
START_TEST(reserved_is_written)
{
    char path[PATH_BYTES];
    unsigned count = repeat(reserve, 0);
    fill_up();
    for (unsigned number = 0; number < count; number++)
        for (uint64_t at = 0; at < RESERVED_BYTES; at += 5000)
            ck_assert_int_eq(
                cairn_kv_write(kv, numbered(path, "reserved", number), at, value, 5000, NULL),
                CAIRN_OK);
}
END_TEST

/* A sorted batch that does not fit leaves nothing, not even pages in use. */
START_TEST(bulk_leaves_nothing)
{
    uint64_t fresh = free_now();
    struct cairn_hash128 before = digest_now();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(bulk(), CAIRN_ENOSPC);
    struct cairn_hash128 after = digest_now();
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
    settle();
    ck_assert_uint_eq(free_now(), fresh);
}
END_TEST

static void setup(void)
{
    struct cairn_kv_native_format_options options = { .log_bytes = 128u << 10 };
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 31 + i / 256);
    ck_assert(!cairn_blk_mem_open(&dev, disk, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&dev.base, &options, mem, sizeof mem, NULL));
    store_open();
    settle();
}

static void teardown(void)
{
    (void)free_now();
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
}

int main(void)
{
    Suite *suite = suite_create("kv-full");
    TCase *tcase = tcase_create("full");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, each_kind, 0, (int)(2 * sizeof kinds / sizeof *kinds));
    tcase_add_test(tcase, reserved_is_written);
    tcase_add_test(tcase, bulk_leaves_nothing);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
