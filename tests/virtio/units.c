/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <stdlib.h>

int main(void)
{
    TCase *(*const cases[])(void) = { tcase_ring, tcase_data, tcase_disk,   tcase_bad,
                                      tcase_open, tcase_bus,  tcase_threads };
    Suite *suite = suite_create("virtio");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        suite_add_tcase(suite, cases[i]());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
