/* SPDX-License-Identifier: ISC */
/* Scans: what is found, what is refused, and that all of it is told at once. */
#include "folder.h"
#include <image/tree.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct folder folder;
static struct cairn_image_tree *tree;

static void setup(void)
{
    folder_make(&folder);
    tree = NULL;
}

static void teardown(void)
{
    cairn_image_tree_free(tree);
    folder_remove(&folder);
}

static void put_special(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/source/sock", folder.base);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    ck_assert_int_eq(mkfifo(folder_path(&folder, "source/fifo"), 0644), 0);
    ck_assert_int_eq(symlink("nowhere", folder_path(&folder, "source/link")), 0);
}

static void put_bad_names(void)
{
    folder_put(&folder, "what?.txt", "");
    folder_put(&folder, "trail. ", "");
    folder_put(&folder, "README", "");
    folder_put(&folder, "readme", "");
    folder_put(&folder, "latin\xe9", "");
    folder_put(&folder, "tab\there", "");
}

START_TEST(everything_is_reported_at_once)
{
    put_special();
    put_bad_names();
    folder_put(&folder, "fine/CON", "");
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_ERROR, &tree), CAIRN_ECANCELED);
    ck_assert(folder_noticed(&folder, "error fifo: a FIFO"));
    ck_assert(folder_noticed(&folder, "error sock: a socket"));
    ck_assert(folder_noticed(&folder, "error link: a symbolic link"));
    ck_assert(folder_noticed(&folder, "error what?.txt: FAT has no names with '?'"));
    ck_assert(folder_noticed(&folder, "error trail. : FAT has no names that end in ' '"));
    ck_assert(folder_noticed(&folder, "error readme: FAT takes it for the same name as 'README'"));
    ck_assert(folder_noticed(&folder, "error latin"));
    ck_assert(folder_noticed(&folder, "error tab"));
    ck_assert_uint_eq(folder.notices, 8);
    ck_assert_ptr_null(tree);
}
END_TEST

START_TEST(skipping_leaves_out_and_tells)
{
    put_special();
    put_bad_names();
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_SKIP, &tree), CAIRN_OK);
    ck_assert_uint_eq(folder.notices, 8);
    ck_assert_uint_eq(tree->count, 2);
    ck_assert_str_eq(tree->nodes[1].name, "README");
}
END_TEST

START_TEST(mapping_makes_names_legal_and_unique)
{
    put_bad_names();
    folder_put(&folder, "what_.txt", "");
    folder_put(&folder, "what*.txt", "");
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_MAP, &tree), CAIRN_OK);
    ck_assert(folder_noticed(&folder, "map what*.txt: stored as 'what_~2.txt'"));
    ck_assert(folder_noticed(&folder, "map what?.txt: stored as 'what_~3.txt'"));
    ck_assert(folder_noticed(&folder, "map readme: stored as 'readme~2'"));
    ck_assert(folder_noticed(&folder, "map latin\xe9: stored as 'latin_'"));
    ck_assert(folder_noticed(&folder, "map trail. : stored as 'trail._'"));
    ck_assert_uint_eq(tree->count, 9);
}
END_TEST

START_TEST(many_names_that_map_alike_stay_cheap)
{
    for (int i = 0; i < 2000; i++) {
        char name[64];
        snprintf(name, sizeof name, "%c%c%c", "*?<>|\":\\"[i % 8], 1 + i / 8 % 31, 1 + i / 248);
        folder_put(&folder, name, "");
    }
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_MAP, &tree), CAIRN_OK);
    ck_assert_uint_eq(tree->count, 2001);
}
END_TEST

START_TEST(large_files_are_refused)
{
    folder_put(&folder, "fits", "");
    folder_put(&folder, "large", "");
    ck_assert_int_eq(truncate(folder_path(&folder, "source/large"), INT64_C(1) << 32), 0);
    ck_assert_int_eq(truncate(folder_path(&folder, "source/fits"), (INT64_C(1) << 32) - 1), 0);
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_ERROR, &tree), CAIRN_ECANCELED);
    ck_assert_uint_eq(folder.notices, 1);
    ck_assert(folder_noticed(&folder, "error large: larger than 4 GiB - 1"));
}
END_TEST

START_TEST(links_are_followed_but_not_round)
{
    folder_put(&folder, "sub/file", "text");
    ck_assert_int_eq(symlink("sub/file", folder_path(&folder, "source/link")), 0);
    ck_assert_int_eq(symlink("sub", folder_path(&folder, "source/twin")), 0);
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_FOLLOW, &tree), CAIRN_OK);
    ck_assert_uint_eq(tree->count, 6);
    cairn_image_tree_free(tree);
    tree = NULL;
    ck_assert_int_eq(symlink("..", folder_path(&folder, "source/sub/up")), 0);
    ck_assert_int_eq(symlink("nowhere", folder_path(&folder, "source/lost")), 0);
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_FOLLOW, &tree), CAIRN_ECANCELED);
    ck_assert(folder_noticed(&folder, "error sub/up: a link to a folder that it stands in"));
    ck_assert(folder_noticed(&folder, "error lost: a symbolic link to nothing"));
}
END_TEST

START_TEST(paths_may_be_longer_than_the_system_takes)
{
    char name[201];
    int home = open(".", O_RDONLY | O_DIRECTORY);
    memset(name, 'd', 200);
    name[200] = '\0';
    ck_assert_int_eq(chdir(folder.path), 0);
    for (int i = 0; i < 30; i++) {
        ck_assert_int_eq(mkdir(name, 0755), 0);
        ck_assert_int_eq(chdir(name), 0);
    }
    close(open("leaf", O_CREAT | O_WRONLY, 0644));
    ck_assert_int_eq(fchdir(home), 0);
    close(home);
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_ERROR, &tree), CAIRN_OK);
    ck_assert_uint_eq(tree->count, 32);
    ck_assert_str_eq(tree->nodes[31].name, "leaf");
    char *path = img_tree_path(tree, 31, true, NULL);
    ck_assert_uint_eq(strlen(path), 30 * 201 + 4);
    free(path);
}
END_TEST

Suite *scan_suite(void)
{
    Suite *suite = suite_create("image/scan");
    TCase *tests = tcase_create("scan");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, everything_is_reported_at_once);
    tcase_add_test(tests, skipping_leaves_out_and_tells);
    tcase_add_test(tests, mapping_makes_names_legal_and_unique);
    tcase_add_test(tests, many_names_that_map_alike_stay_cheap);
    tcase_add_test(tests, large_files_are_refused);
    tcase_add_test(tests, links_are_followed_but_not_round);
    tcase_add_test(tests, paths_may_be_longer_than_the_system_takes);
    suite_add_tcase(suite, tests);
    return suite;
}
