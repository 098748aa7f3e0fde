/* SPDX-License-Identifier: ISC */
/* The driver with servers and machines of QEMU's: one case for each file. */
#ifndef CAIRN_TESTS_VIRTIO_TEST_BEDS_H
#define CAIRN_TESTS_VIRTIO_TEST_BEDS_H

#include <check.h>

TCase *tcase_beds(void);
TCase *tcase_vhost(void);
TCase *tcase_vhost_liars(void);

#define ck_ok(err) ck_assert_int_eq((err), CAIRN_OK)

#endif
