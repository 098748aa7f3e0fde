/* SPDX-License-Identifier: ISC */
#include "test_damage.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("fat-damage");
    damage_check_tests(suite);
    damage_repair_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
