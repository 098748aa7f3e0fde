/* SPDX-License-Identifier: ISC */
#include "test_nbd.h"

#include <stdio.h>

#define SKIPPED 77

int main(void)
{
    if (!cairn_blk_nbd_version() || !nbd_server_is_here()) {
        printf("no libnbd in this build, or no nbdkit here\n");
        return SKIPPED;
    }
    Suite *suite = suite_create("nbd");
    TCase *cases[] = { tcase_nbd(), tcase_nbd_lost() };
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
