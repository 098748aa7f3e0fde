/* SPDX-License-Identifier: ISC */
#include "format_units.h"

int main(void)
{
    Suite *suite = suite_create("kv format");
    suite_add_tcase(suite, format_super_units());
    suite_add_tcase(suite, format_place_units());
    suite_add_tcase(suite, format_node_units());
    suite_add_tcase(suite, format_record_units());
    suite_add_tcase(suite, format_log_units());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
