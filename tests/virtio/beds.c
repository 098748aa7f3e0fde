/* SPDX-License-Identifier: ISC */
#include "server.h"
#include "test_beds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED 77

/* In CI their packages are there, so that their absence is a failure. */
static int program_is_missing(const char *program)
{
    const char *ci = getenv("CI");
    printf("skip: there is no %s here (scripts/packages names its package)\n", program);
    return ci && !strcmp(ci, "true") ? EXIT_FAILURE : SKIPPED;
}

int main(void)
{
    static const char *const programs[] = { "qemu-storage-daemon", "qemu-system-x86_64" };
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!server_program_is_here(programs[i])) return program_is_missing(programs[i]);
    TCase *(*const cases[])(void) = { tcase_beds, tcase_vhost, tcase_vhost_liars };
    Suite *suite = suite_create("beds");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TCase *tcase = cases[i]();
        tcase_set_timeout(tcase, 60);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
