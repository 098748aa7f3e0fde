/* SPDX-License-Identifier: ISC */
#include "test_volume.h"

#include "volume_property.h"

#include <stdlib.h>

START_TEST(a_volume_is_a_tree)
{
    struct tape_options options = { .runs = 400, .bytes_max = 1024, .timeout_s = 20 };
    ck_assert(tape_run("volume_is_a_tree", volume_is_a_tree, &options));
}
END_TEST

static TCase *property_tests(void)
{
    TCase *tests = tcase_create("property");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_volume_is_a_tree);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("fat volume");
    suite_add_tcase(suite, volume_tests());
    suite_add_tcase(suite, volume_name_tests());
    suite_add_tcase(suite, volume_short_tests());
    suite_add_tcase(suite, volume_fault_tests());
    suite_add_tcase(suite, volume_review_tests());
    suite_add_tcase(suite, volume_thread_tests());
    suite_add_tcase(suite, volume_cut_tests());
    suite_add_tcase(suite, volume_policy_tests());
    suite_add_tcase(suite, property_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
