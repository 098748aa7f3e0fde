/* SPDX-License-Identifier: ISC */
#include "test_layout.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(layout_suite());
    srunner_add_suite(runner, layout_cut_suite());
    srunner_add_suite(runner, layout_faults_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
