/* SPDX-License-Identifier: ISC */
/* The units of block/virtio: one case for each file. */
#ifndef CAIRN_TESTS_VIRTIO_UNITS_H
#define CAIRN_TESTS_VIRTIO_UNITS_H

#include <check.h>

TCase *tcase_ring(void);
TCase *tcase_data(void);
TCase *tcase_disk(void);
TCase *tcase_bad(void);
TCase *tcase_open(void);
TCase *tcase_bus(void);
TCase *tcase_threads(void);

#define ck_ok(err) ck_assert_int_eq((err), CAIRN_OK)

#endif
