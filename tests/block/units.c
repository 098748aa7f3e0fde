/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *temp_path(void)
{
    const char *dir = getenv("TMPDIR");
    char *path = malloc(256);
    snprintf(path, 256, "%s/cairn-unit-XXXXXX", dir ? dir : "/tmp");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return path;
}

int main(void)
{
    TCase *cases[] = { tcase_front(),      tcase_file(),      tcase_copy(),       tcase_sim(),
                       tcase_sim_cut(),    tcase_sim_parse(), tcase_trace(),      tcase_stats(),
                       tcase_cache(),      tcase_cache_cut(), tcase_cache_tape(), tcase_overlay(),
                       tcase_mirror(),     tcase_resize(),    tcase_part(),       tcase_part_edit(),
                       tcase_part_write(), tcase_names(),     tcase_threads() };
    Suite *suite = suite_create("block");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcase_set_timeout(cases[i], 60);
        suite_add_tcase(suite, cases[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
