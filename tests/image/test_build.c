/* SPDX-License-Identifier: ISC */
/* The units of a build, in the order of its steps; and of undo files. */
#include "folder.h"
#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(scan_suite());
    srunner_add_suite(runner, plan_suite());
    srunner_add_suite(runner, write_suite());
    srunner_add_suite(runner, undo_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
