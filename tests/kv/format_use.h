/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_KV_FORMAT_USE_H
#define CAIRN_TESTS_KV_FORMAT_USE_H

#include "kv/native/format.h"

/* Call every function that looks into a page which kvn_node_check found fine: a sanitizer says
 * whether one leaves the page. False: something does not agree with something else. */
bool format_node_use(const uint8_t *page);

#endif
