/* SPDX-License-Identifier: ISC */
#include "test_repair.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("fat-repair");
    suite_add_tcase(suite, repair_names_tests());
    suite_add_tcase(suite, repair_dirs_tests());
    suite_add_tcase(suite, repair_chain_tests());
    suite_add_tcase(suite, repair_each_tests());
    suite_add_tcase(suite, repair_orphan_tests());
    suite_add_tcase(suite, repair_cut_tests());
    suite_add_tcase(suite, repair_bounds_tests());
    suite_add_tcase(suite, repair_review_tests());
    suite_add_tcase(suite, repair_changes_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
