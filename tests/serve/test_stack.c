/* SPDX-License-Identifier: ISC */
/* What is served, opened and closed without a server; and addresses. */
#include <check.h>
#include <fcntl.h>
#include <serve/stack.h>
#include <serve/uri.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cairn-test-XXXXXX";
static struct serve_stack stack;
static struct cairn_why why;

static void folder_make(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    int fd = open("disk.img", O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
    close(fd);
}

static void folder_remove(void)
{
    (void)unlink("disk.img");
    (void)unlink("log");
    (void)rmdir(folder);
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
}

START_TEST(all_layers_stand_on_each_other)
{
    struct serve_options options = {
        .place = "disk.img", .write = true, .stats = true, .sim = "error=write:2", .trace = "log"
    };
    uint8_t block[512] = "x";
    struct cairn_blk_counts counts;
    struct stat stat_log;
    ck_assert_int_eq(serve_stack_open(&stack, &options, &why), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_write(stack.dev, 3, 1, block, &why), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_write(stack.dev, 3, 1, block, &why), CAIRN_EIO);
    cairn_blk_stats_read(&stack.stats, &counts);
    ck_assert_uint_eq(counts.of[CAIRN_BLK_WRITE].errors, 1);
    ck_assert_int_eq(serve_stack_close(&stack, &why), CAIRN_OK);
    ck_assert_int_eq(stat("log", &stat_log), 0);
    ck_assert_int_eq(stat_log.st_size, 3 * 512); /* its head, one entry, one block */
}
END_TEST

static enum cairn_err opening(struct serve_options options)
{
    enum cairn_err checked = serve_options_check(&options, &why);
    enum cairn_err err = serve_stack_open(&stack, &options, &why);
    ck_assert_int_eq(checked, err);
    if (!err) ck_assert_int_eq(serve_stack_close(&stack, &why), CAIRN_OK);
    return err;
}

START_TEST(what_cannot_be_served_is_refused)
{
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img" }), CAIRN_OK);
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img:/" }), CAIRN_OK);
    ck_assert_int_eq(opening((struct serve_options){ .place = "none" }), CAIRN_ENOENT);
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img:1" }), CAIRN_ENOENT);
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img:/a" }), CAIRN_EINVAL);
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img", .sim = "x" }),
                     CAIRN_EINVAL);
    ck_assert_int_eq(opening((struct serve_options){ .place = "disk.img", .trace = "disk.img" }),
                     CAIRN_EEXIST);
}
END_TEST

static void ck_uri(struct serve_address address, const char *wanted)
{
    char uri[SERVE_URI_BYTES];
    ck_assert_int_eq(serve_uri(&address, uri, &why), CAIRN_OK);
    ck_assert_str_eq(uri, wanted);
}

START_TEST(addresses_are_as_clients_write_them)
{
    ck_uri((struct serve_address){ .host = "localhost", .port = 10809 }, "nbd://localhost/");
    ck_uri((struct serve_address){ .host = "::1", .port = 1, .export_name = "a?b" },
           "nbd://[::1]:1/a%3Fb");
    ck_uri((struct serve_address){ .socket = "/run/a b&c", .tls = true },
           "nbds+unix:///?socket=/run/a%20b%26c");
    char uri[SERVE_URI_BYTES], name[SERVE_URI_BYTES];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    struct serve_address address = { .host = "h", .port = 1, .export_name = name };
    ck_assert_int_eq(serve_uri(&address, uri, &why), CAIRN_ENAMETOOLONG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("serve");
    TCase *tests = tcase_create("stack");
    tcase_add_checked_fixture(tests, folder_make, folder_remove);
    tcase_add_test(tests, all_layers_stand_on_each_other);
    tcase_add_test(tests, what_cannot_be_served_is_refused);
    tcase_add_test(tests, addresses_are_as_clients_write_them);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
