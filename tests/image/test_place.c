/* SPDX-License-Identifier: ISC */
/* Places (docs/cli.md): which colon separates. */
#include <cairn/image.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

struct place_case {
    const char *text, *image, *part, *path;
    bool has_path;
};

static const struct place_case good[] = {
    { "disk.img", "disk.img", "", "", false },
    { "disk.img:/", "disk.img", "", "/", true },
    { "disk.img:/EFI/BOOT", "disk.img", "", "/EFI/BOOT", true },
    { "disk.img:1", "disk.img", "1", "", false },
    { "disk.img:1/EFI", "disk.img", "1", "/EFI", true },
    { "disk.img:label=DATA/x", "disk.img", "label=DATA", "/x", true },
    { "disk.img:label=MY DISK", "disk.img", "label=MY DISK", "", false },
    { "disk.img:uuid=1234-ABCD/", "disk.img", "uuid=1234-ABCD", "/", true },
    { "disk.img:type=esp/EFI", "disk.img", "type=esp", "/EFI", true },
    /* colons that separate nothing */
    { "a:b.img", "a:b.img", "", "", false },
    { "disk.img:", "disk.img:", "", "", false },
    { "12:30.txt", "12:30.txt", "", "", false },
    { "a:1x/y", "a:1x/y", "", "", false },
    { "a:labels=X", "a:labels=X", "", "", false },
    /* the last one that can, does */
    { "a:1", "a", "1", "", false },
    { "a:b:2/c", "a:b", "2", "/c", true },
    { "a:1:/x", "a:1", "", "/x", true },
    { "a:/b:c", "a", "", "/b:c", true },
    { "/tmp/x:y/disk.img:3/z", "/tmp/x:y/disk.img", "3", "/z", true },
    { "../disk.img:/x", "../disk.img", "", "/x", true },
    /* ./ is always a file of the host */
    { "./a:1", "./a:1", "", "", false },
    { "./disk.img:/x", "./disk.img:/x", "", "", false },
    { "./mem:64M", "./mem:64M", "", "", false },
    /* a scheme's own colons */
    { "mem:64M", "mem:64M", "", "", false },
    { "mem:64", "mem:64", "", "", false },
    { "mem:64M:/x", "mem:64M", "", "/x", true },
    { "nbd://host:10809/export", "nbd://host:10809/export", "", "", false },
    { "nbd://host:10809/export:1/EFI", "nbd://host:10809/export", "1", "/EFI", true },
    { "nbd://host:10809", "nbd://host:10809", "", "", false },
    { "nbd://host:10809/:/x", "nbd://host:10809/", "", "/x", true },
    { "nbd://[::1]:10809/export:1", "nbd://[::1]:10809/export", "1", "", false },
    { "nbds://host/export:label=DATA/x", "nbds://host/export", "label=DATA", "/x", true },
    { "nbd+unix:///export?socket=/run/x.sock", "nbd+unix:///export?socket=/run/x.sock", "", "",
      false },
    { "nbd+unix:///export?socket=/run/x.sock:1/EFI", "nbd+unix:///export?socket=/run/x.sock", "1",
      "/EFI", true },
    { "nbds+unix:///?socket=/run/x:/a", "nbds+unix:///?socket=/run/x", "", "/a", true },
    { "rbd:pool/image:/x", "rbd:pool/image", "", "/x", true },
    { "rbd:pool/image@snap:2/x", "rbd:pool/image@snap", "2", "/x", true },
    { "file:disk.img:1/EFI", "file:disk.img", "1", "/EFI", true },
    { "file:1", "file:1", "", "", false },
    { "direct:/dev/sdb:2", "direct:/dev/sdb", "2", "", false },
    { "direct:disk.img:/x", "direct:disk.img", "", "/x", true },
    { "uring:a:b.img:/x", "uring:a:b.img", "", "/x", true },
    { "./direct:disk.img", "./direct:disk.img", "", "", false },
    { "vhost-user:/run/disk.sock:2", "vhost-user:/run/disk.sock", "2", "", false },
    { "memory:/x", "memory", "", "/x", true },
};

START_TEST(place_is_cut_where_the_rules_say)
{
    const struct place_case *want = &good[_i];
    struct cairn_image_place place;
    struct cairn_why why = { 0 };
    ck_assert_int_eq(cairn_image_place_parse(want->text, &place, &why), CAIRN_OK);
    ck_assert_str_eq(place.image, want->image);
    ck_assert_str_eq(place.part, want->part);
    ck_assert_str_eq(place.path, want->path);
    ck_assert(place.has_path == want->has_path);
}
END_TEST

START_TEST(place_without_a_meaning_is_refused)
{
    static const char *const bad[] = { "", ":/x", ":1", "disk.img:label=", "disk.img:uuid=/x" };
    struct cairn_image_place place;
    struct cairn_why why = { 0 };
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++)
        ck_assert_int_eq(cairn_image_place_parse(bad[i], &place, &why), CAIRN_EINVAL);
    ck_assert_str_ne(why.what, "");
}
END_TEST

START_TEST(place_too_long_is_refused)
{
    static char text[10000];
    struct cairn_image_place place;
    memset(text, 'x', sizeof text - 1);
    ck_assert_int_eq(cairn_image_place_parse(text, &place, NULL), CAIRN_ENAMETOOLONG);
    memcpy(text, "d:/", 3);
    ck_assert_int_eq(cairn_image_place_parse(text, &place, NULL), CAIRN_ENAMETOOLONG);
    memcpy(text, "d:label=", 8);
    ck_assert_int_eq(cairn_image_place_parse(text, &place, NULL), CAIRN_ENAMETOOLONG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("place");
    TCase *tc = tcase_create("place");
    tcase_add_loop_test(tc, place_is_cut_where_the_rules_say, 0, (int)CAIRN_COUNT(good));
    tcase_add_test(tc, place_without_a_meaning_is_refused);
    tcase_add_test(tc, place_too_long_is_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
