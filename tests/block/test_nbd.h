/* SPDX-License-Identifier: ISC */
/* The units of the NBD device. */
#ifndef CAIRN_TESTS_TEST_NBD_H
#define CAIRN_TESTS_TEST_NBD_H

#include "nbd_server.h"
#include <cairn/blk_nbd.h>
#include <check.h>

TCase *tcase_nbd(void);      /* with a server that does its work */
TCase *tcase_nbd_lost(void); /* with one that does not, or that goes away */

#define ck_ok(err) ck_assert_int_eq((err), CAIRN_OK)

#endif
