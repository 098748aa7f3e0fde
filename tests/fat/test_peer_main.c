/* SPDX-License-Identifier: ISC */
#include "test_peer.h"

#include <stdlib.h>

int main(void)
{
    Suite *suite = suite_create("fat-peer");
    suite_add_tcase(suite, peer_name_tests());
    suite_add_tcase(suite, peer_dir_tests());
    suite_add_tcase(suite, peer_file_tests());
    suite_add_tcase(suite, peer_volume_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
