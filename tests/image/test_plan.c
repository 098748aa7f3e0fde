/* SPDX-License-Identifier: ISC */
/* Plans: aliases, sizes, ids. Numbers in comments are the invariants of image/plan.h. */
#include "folder.h"
#include <image/plan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct folder folder;
static struct cairn_image_tree *tree;

static void setup(void)
{
    folder_make(&folder);
    tree = img_tree_new();
    ck_assert_ptr_nonnull(tree);
}

static void teardown(void)
{
    cairn_image_tree_free(tree);
    folder_remove(&folder);
}

/* A file of the root, in memory only. */
static void add(const char *name, uint64_t size)
{
    char *kept = img_tree_keep(tree, name, strlen(name));
    struct img_node node = {
        .name = kept, .source_name = kept, .size = size, .name_len = (uint16_t)strlen(name)
    };
    ck_assert_ptr_nonnull(kept);
    ck_assert(img_tree_append(tree, &node));
    tree->nodes[0].first_child = 1;
    tree->nodes[0].child_count++;
}

static int by_alias(const void *a, const void *b)
{
    return memcmp(((const struct img_place *)a)->alias, ((const struct img_place *)b)->alias,
                  FAT_SHORT_BYTES);
}

static struct img_place *aliases(struct cairn_image_plan *plan)
{
    plan->tree = tree;
    plan->places = calloc(tree->count, sizeof *plan->places);
    ck_assert_int_eq(img_plan_aliases(plan, 0, &folder.why), CAIRN_OK);
    return plan->places;
}

static void assert_unique(struct img_place *places)
{
    qsort(places + 1, tree->count - 1, sizeof *places, by_alias);
    for (uint32_t i = 2; i < tree->count; i++)
        ck_assert_int_ne(memcmp(places[i].alias, places[i - 1].alias, FAT_SHORT_BYTES), 0);
}

/* (4), and that tails are not searched for: a quadratic search would take minutes. */
START_TEST(a_hundred_thousand_names_alike)
{
    struct cairn_image_plan plan = { 0 };
    for (int i = 0; i < 100000; i++) {
        char name[64];
        snprintf(name, sizeof name, "file number %d.txt", i);
        add(name, 0);
    }
    struct img_place *places = aliases(&plan);
    ck_assert_mem_eq(places[1].alias, "FILENU~1TXT", FAT_SHORT_BYTES);
    ck_assert_mem_eq(places[10].alias, "FILEN~10TXT", FAT_SHORT_BYTES);
    ck_assert_mem_eq(places[100000].alias, "F~100000TXT", FAT_SHORT_BYTES);
    assert_unique(places);
    free(places);
}
END_TEST

/* Bases that differ share the class of what is left in front of the tail. */
START_TEST(names_alike_at_the_front_only)
{
    struct cairn_image_plan plan = { 0 };
    for (int i = 0; i < 50000; i++) {
        char name[64];
        snprintf(name, sizeof name, "fil%05d.jpeg", i);
        add(name, 0);
    }
    struct img_place *places = aliases(&plan);
    assert_unique(places);
    free(places);
}
END_TEST

START_TEST(real_names_come_before_made_up_ones)
{
    struct cairn_image_plan plan = { 0 };
    add("file name 1.txt", 0);
    add("file name 2.txt", 0);
    add("FILENA~1.TXT", 0);
    add("filena~2.txt", 0);
    add("Filena~3.Txt", 0);
    struct img_place *places = aliases(&plan);
    ck_assert_mem_eq(places[1].alias, "FILENA~4TXT", FAT_SHORT_BYTES);
    ck_assert_mem_eq(places[2].alias, "FILENA~5TXT", FAT_SHORT_BYTES);
    ck_assert_mem_eq(places[3].alias, "FILENA~1TXT", FAT_SHORT_BYTES);
    ck_assert_uint_eq(places[3].long_slots, 0);
    ck_assert_mem_eq(places[4].alias, "FILENA~2TXT", FAT_SHORT_BYTES);
    ck_assert_uint_eq(places[4].long_slots, 0);
    ck_assert_uint_eq(places[4].case_bits, FAT_CASE_BASE | FAT_CASE_EXT);
    ck_assert_mem_eq(places[5].alias, "FILENA~3TXT", FAT_SHORT_BYTES);
    ck_assert_uint_eq(places[5].long_slots, 1);
    free(places);
}
END_TEST

static struct cairn_image_plan_summary planned(const struct cairn_image_plan_options *options)
{
    struct cairn_image_plan_summary summary;
    struct cairn_image_plan *plan = folder_plan(&folder, tree, options);
    cairn_image_plan_summary(plan, &summary);
    cairn_image_plan_free(plan);
    return summary;
}

/* (1), (2), (3) */
START_TEST(clusters_follow_each_other)
{
    add("a", 5000);
    add("b", 0);
    add("c", 4096);
    struct cairn_image_plan *plan = folder_plan(&folder, tree, NULL);
    ck_assert_int_eq(plan->geometry.type, CAIRN_FAT12);
    ck_assert_uint_eq(plan->places[0].first_cluster, 0);
    ck_assert_uint_eq(plan->places[1].first_cluster, 2);
    ck_assert_uint_eq(plan->places[1].clusters, 2);
    ck_assert_uint_eq(plan->places[2].first_cluster, 0);
    ck_assert_uint_eq(plan->places[3].first_cluster, 4);
    ck_assert_uint_eq(plan->used_clusters, 3);
    cairn_image_plan_free(plan);
}
END_TEST

START_TEST(the_smallest_volume_has_nothing_to_spare)
{
    static const uint64_t sizes[] = { 0, 1, 4096, 1u << 20, 17u << 20, 200u << 20, 4000u << 20 };
    char name[2] = "a";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++, name[0]++) {
        add(name, sizes[i]);
        struct cairn_image_plan_summary s = planned(NULL);
        ck_assert(s.clones);
        ck_assert_uint_eq(s.geometry.cluster_bytes, 4096);
        ck_assert_uint_eq(s.total_bytes % 4096, 0);
        ck_assert_uint_le(s.free_clusters, s.used_clusters < 100 ? 16 : 0);
    }
}
END_TEST

START_TEST(the_type_follows_the_count)
{
    add("a", 4000u * 4096u);
    ck_assert_int_eq(planned(NULL).geometry.type, CAIRN_FAT12);
    add("b", 1000u * 4096u);
    ck_assert_int_eq(planned(NULL).geometry.type, CAIRN_FAT16);
    add("c", 65000u * 4096u);
    struct cairn_image_plan_summary s = planned(NULL);
    ck_assert_int_eq(s.geometry.type, CAIRN_FAT32);
    ck_assert_uint_gt(s.geometry.cluster_count, CAIRN_FAT_CLUSTERS_MAX_16);
}
END_TEST

START_TEST(fat32_of_a_small_tree_is_valid)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN, .format.type = CAIRN_FAT32 };
    add("a", 100000);
    struct cairn_image_plan_summary s = planned(&options);
    ck_assert_int_eq(s.geometry.type, CAIRN_FAT32);
    ck_assert_uint_eq(s.geometry.cluster_bytes, 512);
    ck_assert_uint_gt(s.geometry.cluster_count, CAIRN_FAT_CLUSTERS_MAX_16);
    ck_assert_uint_lt(s.total_bytes, 36u << 20);
}
END_TEST

START_TEST(fat12_of_a_large_tree_takes_large_clusters)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN, .format.type = CAIRN_FAT12 };
    add("a", 100u << 20);
    struct cairn_image_plan_summary s = planned(&options);
    ck_assert_int_eq(s.geometry.type, CAIRN_FAT12);
    ck_assert_uint_eq(s.geometry.cluster_bytes, 32768);
}
END_TEST

START_TEST(a_given_size_holds_or_says_what_is_missing)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN,
                                                .format.total_bytes = 8u << 20 };
    add("a", 7u << 20);
    ck_assert_uint_eq(planned(&options).total_bytes, 8u << 20);
    add("b", 2u << 20);
    struct cairn_image_plan *plan = NULL;
    ck_assert_int_eq(cairn_image_plan(&plan, tree, &options, &folder.why), CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(folder.why.what, "bytes too many"));
}
END_TEST

/* 1500 files of a byte: 6 MB in clusters of 4 KiB, 0.8 MB in clusters of 512. */
START_TEST(small_files_get_small_clusters_when_space_is_short)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN,
                                                .format.total_bytes = 2u << 20 };
    for (int i = 0; i < 1500; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        add(name, 1);
    }
    struct cairn_image_plan_summary s = planned(&options);
    ck_assert_uint_lt(s.geometry.cluster_bytes, 4096);
    ck_assert_uint_ge(s.geometry.root_entries, 1500);
}
END_TEST

START_TEST(free_space_is_added)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN, .free_bytes = 1u << 20 };
    add("a", 1);
    struct cairn_image_plan_summary s = planned(&options);
    ck_assert_uint_ge((uint64_t)s.free_clusters * s.geometry.cluster_bytes, 1u << 20);
}
END_TEST

START_TEST(too_many_slots_are_refused)
{
    for (int i = 0; i < 22000; i++) {
        char name[64];
        snprintf(name, sizeof name, "file number %d.txt", i);
        add(name, 0);
    }
    struct cairn_image_plan *plan = NULL;
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN };
    ck_assert_int_eq(cairn_image_plan(&plan, tree, &options, &folder.why), CAIRN_EFBIG);
}
END_TEST

static uint32_t volume_id(bool with_content)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN,
                                                .id_from_content = with_content };
    struct cairn_image_tree *scanned = NULL;
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_ERROR, &scanned), CAIRN_OK);
    struct cairn_image_plan *plan = folder_plan(&folder, scanned, &options);
    uint32_t id = plan->geometry.volume_id;
    cairn_image_plan_free(plan);
    cairn_image_tree_free(scanned);
    return id;
}

START_TEST(a_given_id_is_taken)
{
    struct cairn_image_plan_options options = { .now_ns = INT64_MIN,
                                                .id_given = true,
                                                .format.volume_id = 0x1234ABCD };
    add("a", 1);
    ck_assert_uint_eq(planned(&options).geometry.volume_id, 0x1234ABCD);
}
END_TEST

START_TEST(ids_follow_from_what_is_shown)
{
    folder_put(&folder, "a", "one");
    uint32_t id = volume_id(false), of_content = volume_id(true);
    ck_assert_uint_ne(id, of_content);
    folder_put(&folder, "a", "two");
    ck_assert_uint_eq(volume_id(false), id);
    ck_assert_uint_ne(volume_id(true), of_content);
    folder_put(&folder, "b", "");
    ck_assert_uint_ne(volume_id(false), id);
}
END_TEST

Suite *plan_suite(void)
{
    Suite *suite = suite_create("image/plan");
    TCase *tests = tcase_create("plan");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_hundred_thousand_names_alike);
    tcase_add_test(tests, names_alike_at_the_front_only);
    tcase_add_test(tests, real_names_come_before_made_up_ones);
    tcase_add_test(tests, clusters_follow_each_other);
    tcase_add_test(tests, the_smallest_volume_has_nothing_to_spare);
    tcase_add_test(tests, the_type_follows_the_count);
    tcase_add_test(tests, fat32_of_a_small_tree_is_valid);
    tcase_add_test(tests, fat12_of_a_large_tree_takes_large_clusters);
    tcase_add_test(tests, a_given_size_holds_or_says_what_is_missing);
    tcase_add_test(tests, small_files_get_small_clusters_when_space_is_short);
    tcase_add_test(tests, free_space_is_added);
    tcase_add_test(tests, too_many_slots_are_refused);
    tcase_add_test(tests, a_given_id_is_taken);
    tcase_add_test(tests, ids_follow_from_what_is_shown);
    suite_add_tcase(suite, tests);
    return suite;
}
