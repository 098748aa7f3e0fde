/* SPDX-License-Identifier: ISC */
#include "tree_units.h"

int main(void)
{
    Suite *suite = suite_create("kv tree");
    suite_add_tcase(suite, tree_pool_units());
    suite_add_tcase(suite, tree_merge_units());
    suite_add_tcase(suite, tree_tape_units());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
