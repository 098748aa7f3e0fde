/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("fat codecs");
    suite_add_tcase(suite, codec_boot_tests());
    suite_add_tcase(suite, codec_dirent_tests());
    suite_add_tcase(suite, codec_long_tests());
    suite_add_tcase(suite, codec_name_tests());
    suite_add_tcase(suite, codec_short_tests());
    suite_add_tcase(suite, codec_time_tests());
    suite_add_tcase(suite, format_tests());
    suite_add_tcase(suite, geometry_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
