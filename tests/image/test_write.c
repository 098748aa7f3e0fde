/* SPDX-License-Identifier: ISC */
/* Writing: the same bytes every time, and nothing but the old image when it fails. */
#include "folder.h"
#include <image/tree.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct folder folder;
static struct cairn_image_tree *tree;
static struct cairn_image_plan *plan;

static void setup(void)
{
    folder_make(&folder);
    tree = NULL;
    plan = NULL;
}

static void teardown(void)
{
    cairn_image_plan_free(plan);
    cairn_image_tree_free(tree);
    folder_remove(&folder);
}

static void put_some(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        folder_put(&folder, names[i], "contents");
}

static void scan_and_plan(void)
{
    ck_assert_int_eq(folder_scan(&folder, CAIRN_IMAGE_ERROR, &tree), CAIRN_OK);
    plan = folder_plan(&folder, tree, NULL);
}

static enum cairn_err write_image(const char *name)
{
    return cairn_image_write(plan, folder_path(&folder, name), NULL, NULL, &folder.why);
}

static void assert_same_images(struct folder *a, struct folder *b, const char *name)
{
    size_t a_bytes, b_bytes;
    char *x = folder_slurp(a, name, &a_bytes), *y = folder_slurp(b, name, &b_bytes);
    ck_assert_uint_eq(a_bytes, b_bytes);
    ck_assert_int_eq(memcmp(x, y, a_bytes), 0);
    free(x);
    free(y);
}

START_TEST(order_zone_and_umask_leave_no_trace)
{
    static const char *const forth[] = { "a.txt", "b/long name of a file", "b/c/x", "Z" };
    static const char *const back[] = { "Z", "b/c/x", "b/long name of a file", "a.txt" };
    struct folder other;
    put_some(forth, 4);
    folder_build(&folder, NULL, "image");
    folder_make(&other);
    mode_t mask = umask(0);
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    for (size_t i = 0; i < 4; i++)
        folder_put(&other, back[i], "contents");
    folder_build(&other, NULL, "image");
    assert_same_images(&folder, &other, "image");
    umask(mask);
    folder_remove(&other);
}
END_TEST

START_TEST(a_new_image_has_the_mode_of_a_new_file)
{
    struct stat st;
    mode_t mask = umask(027);
    folder_put(&folder, "a", "text");
    folder_build(&folder, NULL, "image");
    ck_assert_int_eq(stat(folder_path(&folder, "image"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(chmod(folder_path(&folder, "image"), 0604), 0);
    folder_build(&folder, NULL, "image");
    ck_assert_int_eq(stat(folder_path(&folder, "image"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0604);
    umask(mask);
}
END_TEST

START_TEST(links_to_an_image_are_followed)
{
    struct stat st;
    folder_put(&folder, "a", "text");
    folder_build(&folder, NULL, "real");
    ck_assert_int_eq(symlink("real", folder_path(&folder, "link")), 0);
    folder_build(&folder, NULL, "link");
    ck_assert_int_eq(lstat(folder_path(&folder, "link"), &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

/* The write must fail with ESTALE, name the file, and leave the old image alone. */
static void assert_stale(const char *name)
{
    FILE *old = fopen(folder_path(&folder, "image"), "w");
    ck_assert_int_ge(fputs("old", old), 0);
    ck_assert_int_eq(fclose(old), 0);
    ck_assert_int_eq(write_image("image"), CAIRN_ESTALE);
    ck_assert_str_eq(folder.why.path, name);
    size_t bytes;
    char *data = folder_slurp(&folder, "image", &bytes);
    ck_assert_str_eq(data, "old");
    free(data);
}

START_TEST(a_file_that_changes_is_an_error)
{
    folder_put(&folder, "d/a", "before");
    scan_and_plan();
    FILE *file = fopen(folder_path(&folder, "source/d/a"), "w");
    ck_assert_int_ge(fputs("behind", file), 0); /* the same length, another time */
    ck_assert_int_eq(fclose(file), 0);
    assert_stale("d/a");
}
END_TEST

START_TEST(a_file_that_shrinks_is_an_error)
{
    folder_put(&folder, "a", "before");
    scan_and_plan();
    folder_put(&folder, "a", "be");
    assert_stale("a");
}
END_TEST

START_TEST(a_file_that_vanishes_is_an_error)
{
    folder_put(&folder, "a", "before");
    scan_and_plan();
    unlink(folder_path(&folder, "source/a"));
    assert_stale("a");
}
END_TEST

START_TEST(a_fifo_in_place_of_a_file_does_not_hang)
{
    folder_put(&folder, "a", "before");
    scan_and_plan();
    unlink(folder_path(&folder, "source/a"));
    ck_assert_int_eq(mkfifo(folder_path(&folder, "source/a"), 0644), 0);
    ck_assert_int_eq(write_image("image"), CAIRN_ESTALE);
    ck_assert_str_eq(folder.why.path, "a");
}
END_TEST

START_TEST(a_large_file_that_changes_is_an_error)
{
    folder_put(&folder, "a", "");
    ck_assert_int_eq(truncate(folder_path(&folder, "source/a"), 1 << 20), 0);
    scan_and_plan();
    ck_assert_int_eq(truncate(folder_path(&folder, "source/a"), 300000), 0);
    assert_stale("a");
}
END_TEST

START_TEST(the_image_is_not_part_of_its_source)
{
    folder_put(&folder, "a", "text");
    folder_build(&folder, NULL, "source/image");
    scan_and_plan();
    ck_assert_int_eq(write_image("source/image"), CAIRN_EINVAL);
    ck_assert_str_eq(folder.why.path, "image");
}
END_TEST

START_TEST(holes_stay_holes)
{
    struct stat st;
    folder_put(&folder, "sparse", "start");
    ck_assert_int_eq(truncate(folder_path(&folder, "source/sparse"), 100 << 20), 0);
    folder_build(&folder, NULL, "image");
    ck_assert_int_eq(stat(folder_path(&folder, "image"), &st), 0);
    ck_assert_int_gt(st.st_size, 100 << 20);
    ck_assert_int_lt(st.st_blocks * 512, 1 << 20);
}
END_TEST

START_TEST(a_full_target_says_so)
{
    folder_put(&folder, "a", "text");
    scan_and_plan();
    ck_assert_int_eq(cairn_image_write(plan, "/dev/full", NULL, NULL, &folder.why), CAIRN_ENOSPC);
}
END_TEST

START_TEST(a_reader_that_leaves_is_a_broken_pipe)
{
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    folder_put(&folder, "a", "text");
    scan_and_plan();
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq(cairn_image_write_fd(plan, ends[1], NULL, NULL, &folder.why), CAIRN_EPIPE);
    close(ends[1]);
}
END_TEST

static bool kill_at_once(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx, (void)done, (void)total;
    return raise(SIGKILL) == 0;
}

static uint32_t entries_in(const char *path)
{
    uint32_t count = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(dir);
    return count;
}

/* A kill in the middle: the image has no name yet, so there is nothing to clean up. */
START_TEST(a_killed_build_leaves_nothing)
{
    folder_put(&folder, "a", "text");
    scan_and_plan();
    const char *image = folder_path(&folder, "image");
    struct cairn_image_write_options options = { .progress = kill_at_once };
    pid_t child = fork();
    if (child == 0) _exit(cairn_image_write(plan, image, &options, NULL, NULL) == CAIRN_OK);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_uint_eq(entries_in(folder.base), 1); /* the source */
}
END_TEST

static bool stop_at_once(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx, (void)done, (void)total;
    return false;
}

START_TEST(stopping_leaves_nothing)
{
    struct cairn_image_write_options options = { .progress = stop_at_once };
    folder_put(&folder, "a", "text");
    scan_and_plan();
    const char *image = folder_path(&folder, "image");
    ck_assert_int_eq(cairn_image_write(plan, image, &options, NULL, &folder.why), CAIRN_ECANCELED);
    ck_assert_int_ne(access(image, F_OK), 0);
}
END_TEST

START_TEST(a_pipe_gets_what_a_file_gets)
{
    folder_put(&folder, "sub/a", "text");
    folder_put(&folder, "b", "");
    ck_assert_int_eq(truncate(folder_path(&folder, "source/b"), 3000000), 0);
    scan_and_plan();
    ck_assert_int_eq(write_image("image"), CAIRN_OK);
    int fd = open(folder_path(&folder, "stream"), O_CREAT | O_WRONLY, 0644);
    ck_assert_int_eq(cairn_image_write_fd(plan, fd, NULL, NULL, &folder.why), CAIRN_OK);
    close(fd);
    size_t a_bytes, b_bytes;
    char *a = folder_slurp(&folder, "image", &a_bytes);
    char *b = folder_slurp(&folder, "stream", &b_bytes);
    ck_assert_uint_eq(a_bytes, b_bytes);
    ck_assert_int_eq(memcmp(a, b, a_bytes), 0);
    free(a);
    free(b);
}
END_TEST

Suite *write_suite(void)
{
    Suite *suite = suite_create("image/write");
    TCase *tests = tcase_create("write");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, order_zone_and_umask_leave_no_trace);
    tcase_add_test(tests, a_new_image_has_the_mode_of_a_new_file);
    tcase_add_test(tests, links_to_an_image_are_followed);
    tcase_add_test(tests, a_file_that_changes_is_an_error);
    tcase_add_test(tests, a_file_that_shrinks_is_an_error);
    tcase_add_test(tests, a_file_that_vanishes_is_an_error);
    tcase_add_test(tests, a_fifo_in_place_of_a_file_does_not_hang);
    tcase_add_test(tests, a_large_file_that_changes_is_an_error);
    tcase_add_test(tests, the_image_is_not_part_of_its_source);
    tcase_add_test(tests, holes_stay_holes);
    tcase_add_test(tests, a_full_target_says_so);
    tcase_add_test(tests, a_reader_that_leaves_is_a_broken_pipe);
    tcase_add_test(tests, a_killed_build_leaves_nothing);
    tcase_add_test(tests, stopping_leaves_nothing);
    tcase_add_test(tests, a_pipe_gets_what_a_file_gets);
    suite_add_tcase(suite, tests);
    return suite;
}
