/* SPDX-License-Identifier: ISC */
/* What is FAT's about a store on FAT; the rest is the contract's. */
#include <cairn/blk_mem.h>
#include <cairn/bytes.h>
#include <cairn/kv_fat.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES ((size_t)2 << 20)

static struct cairn_blk_mem dev;
static struct cairn_fat *fs;
static struct cairn_kv *kv;
static uint8_t disk[DISK_BYTES], fs_mem[1 << 20] __attribute__((aligned(64)));
static uint8_t kv_mem[CAIRN_KV_FAT_MEM_LEAST] __attribute__((aligned(16)));

static struct cairn_kv_key key(const char *text)
{
    return cairn_kv_key(text);
}

static enum cairn_err opened(enum cairn_fat_dirty_policy on_dirty)
{
    const struct cairn_fat_options mount = { .on_dirty = on_dirty };
    const struct cairn_kv_fat_options options = { .copy_max = 4096 };
    ck_assert_int_eq(cairn_fat_mount(&fs, &dev.base, &mount, fs_mem, sizeof fs_mem, NULL),
                     CAIRN_OK);
    return cairn_kv_fat_open(&kv, fs, key(""), &options, kv_mem, sizeof kv_mem, NULL);
}

static void fresh(void)
{
    static uint8_t scratch[1 << 16];
    const struct cairn_fat_format_options shape = { .cluster_bytes = 512 };
    struct cairn_fat_geometry geometry;
    memset(disk, 0, sizeof disk);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, disk, 512, DISK_BYTES / 512, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_format(&dev.base, &shape, scratch, sizeof scratch, &geometry, NULL),
                     CAIRN_OK);
    ck_assert_int_eq(opened(CAIRN_FAT_DIRTY_REFUSE), CAIRN_OK);
}

static void closed(void)
{
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_unmount(fs, NULL), CAIRN_OK);
}

static void put(const char *name, const char *text)
{
    ck_assert_int_eq(cairn_kv_set(kv, key(name), text, strlen(text), 0, NULL), CAIRN_OK);
}

static bool is_in_volume(const char *path)
{
    struct cairn_fat_node *node;
    if (cairn_fat_walk(fs, path, strlen(path), &node, NULL)) return false;
    cairn_fat_release(node);
    return true;
}

static uint64_t free_clusters(void)
{
    struct cairn_fat_usage usage;
    ck_assert_int_eq(cairn_fat_usage(fs, &usage, NULL), CAIRN_OK);
    return usage.free_clusters;
}

START_TEST(names_are_told_apart_by_bytes)
{
    enum cairn_kv_kind kind;
    fresh();
    put("a long name", "1");
    ck_assert_int_eq(cairn_kv_exists(kv, key("A long name"), &kind, NULL), CAIRN_OK);
    ck_assert_int_eq(kind, CAIRN_KV_NONE);
    ck_assert_int_eq(cairn_kv_set(kv, key("A long name"), "", 0, 0, NULL), CAIRN_EEXIST);
    ck_assert_int_eq(cairn_kv_set(kv, key("ALONGN~1"), "", 0, 0, NULL), CAIRN_EEXIST);
    ck_assert_int_eq(cairn_kv_remove(kv, key("ALONGN~1"), NULL), CAIRN_OK);
    ck_assert(is_in_volume("a long name"));
    ck_assert_int_eq(cairn_kv_rename(kv, key("a long name"), key("A Long Name"), 0, NULL),
                     CAIRN_OK);
    ck_assert_int_eq(cairn_kv_exists(kv, key("A Long Name"), &kind, NULL), CAIRN_OK);
    ck_assert_int_eq(kind, CAIRN_KV_VALUE);
    closed();
}
END_TEST

START_TEST(names_that_fat_refuses_are_absent)
{
    static const char *const names[] = { "a:b", "a.", "a ", ".", "..", "\x01", "kv-TEMP.$$$" };
    enum cairn_kv_kind kind;
    fresh();
    for (size_t i = 0; i < CAIRN_COUNT(names); i++) {
        ck_assert_int_eq(cairn_kv_set(kv, key(names[i]), "", 0, 0, NULL), CAIRN_EINVAL);
        ck_assert_int_eq(cairn_kv_exists(kv, key(names[i]), &kind, NULL), CAIRN_OK);
        ck_assert_int_eq(kind, CAIRN_KV_NONE);
        ck_assert_int_eq(cairn_kv_remove(kv, key(names[i]), NULL), CAIRN_OK);
    }
    ck_assert_int_eq(cairn_kv_set(kv, key("\xFF"), "", 0, 0, NULL), CAIRN_EILSEQ);
    closed();
}
END_TEST

START_TEST(what_fails_leaves_no_dictionary)
{
    uint64_t before;
    fresh();
    put("x", "1");
    before = free_clusters();
    ck_assert_int_eq(cairn_kv_set(kv, key("n/m/b?d"), "1", 1, 0, NULL), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_allocate(kv, key("n/big"), DISK_BYTES, NULL), CAIRN_ENOSPC);
    ck_assert(!is_in_volume("n"));
    ck_assert_uint_eq(free_clusters(), before);
    closed();
    ck_assert_int_eq(opened(CAIRN_FAT_DIRTY_REFUSE), CAIRN_OK);
    ck_assert(!is_in_volume(CAIRN_KV_FAT_RESERVED));
    closed();
}
END_TEST

START_TEST(allocated_room_is_written_on_a_full_volume)
{
    static uint8_t rest[DISK_BYTES], byte;
    size_t done;
    fresh();
    put("first", "1");
    ck_assert_int_eq(cairn_kv_allocate(kv, key("room"), 3000, NULL), CAIRN_OK);
    put("rest", "");
    for (size_t bytes = sizeof rest / 2, at = 0; bytes >= 512; bytes /= 2)
        while (!cairn_kv_write(kv, key("rest"), at, rest, bytes, NULL))
            at += bytes;
    ck_assert_uint_eq(free_clusters(), 0);
    ck_assert_int_eq(cairn_kv_write(kv, key("room"), 1000, "xyz", 3, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_kv_get(kv, key("room"), 1001, &byte, 1, &done, NULL), CAIRN_OK);
    ck_assert_int_eq(byte, 'y');
    ck_assert_int_eq(cairn_kv_set(kv, key("more"), rest, 5000, 0, NULL), CAIRN_ENOSPC);
    ck_assert_int_eq(cairn_kv_remove(kv, key("rest"), NULL), CAIRN_OK);
    put("more", "1");
    closed();
}
END_TEST

START_TEST(deep_dictionaries_go_without_recursion)
{
    char path[512] = "d";
    uint64_t before;
    fresh();
    put("first", "1");
    ck_assert_int_eq(cairn_kv_sync(kv, NULL), CAIRN_OK);
    before = free_clusters();
    for (size_t i = 0; i < 100; i++) {
        strcat(path, "/x");
        put(path, "1");
        ck_assert_int_eq(cairn_kv_remove(kv, key(path), NULL), CAIRN_OK);
        ck_assert_int_eq(cairn_kv_make(kv, key(path), NULL), CAIRN_OK);
        strcat(path, "/v");
        put(path, "1");
        path[strlen(path) - 2] = '\0';
    }
    ck_assert_int_eq(cairn_kv_remove(kv, key("d"), NULL), CAIRN_OK);
    ck_assert_uint_eq(free_clusters(), before);
    closed();
}
END_TEST

/* As a crash would: something in the reserved directory, on a volume that is in use. */
static void crash_plant(void)
{
    struct cairn_fat_node *dir, *file, *root = cairn_fat_root(fs);
    if (cairn_fat_lookup(root, CAIRN_KV_FAT_RESERVED, strlen(CAIRN_KV_FAT_RESERVED), &dir, NULL))
        ck_assert_int_eq(
            cairn_fat_mkdir(root, CAIRN_KV_FAT_RESERVED, strlen(CAIRN_KV_FAT_RESERVED), &dir, NULL),
            CAIRN_OK);
    ck_assert_int_eq(cairn_fat_create(dir, "LEFT", 4, &file, NULL), CAIRN_OK);
    cairn_fat_release(file);
    cairn_fat_release(dir);
    cairn_fat_release(root);
    ck_assert_int_eq(cairn_fat_sync(fs, NULL), CAIRN_OK);
}

START_TEST(what_a_crash_left_goes_when_it_is_known_to_be_whole)
{
    static uint8_t crashed[DISK_BYTES];
    fresh();
    put("a", "1");
    crash_plant();
    memcpy(crashed, disk, sizeof disk); /* in use */
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_ENOTEMPTY);
    ck_assert_int_eq(cairn_fat_unmount(fs, NULL), CAIRN_OK);
    ck_assert_int_eq(opened(CAIRN_FAT_DIRTY_REFUSE), CAIRN_OK); /* which is unmounted */
    ck_assert(!is_in_volume(CAIRN_KV_FAT_RESERVED "/LEFT"));
    closed();
    memcpy(disk, crashed, sizeof disk);
    ck_assert_int_eq(opened(CAIRN_FAT_DIRTY_WRITE), CAIRN_ECORRUPT);
    ck_assert_int_eq(cairn_fat_unmount(fs, NULL), CAIRN_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv on FAT");
    TCase *tests = tcase_create("FAT");
    tcase_add_test(tests, names_are_told_apart_by_bytes);
    tcase_add_test(tests, names_that_fat_refuses_are_absent);
    tcase_add_test(tests, what_fails_leaves_no_dictionary);
    tcase_add_test(tests, allocated_room_is_written_on_a_full_volume);
    tcase_add_test(tests, deep_dictionaries_go_without_recursion);
    tcase_add_test(tests, what_a_crash_left_goes_when_it_is_known_to_be_whole);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
