/* SPDX-License-Identifier: ISC */
/* The units of the native store's format, and what they share. */
#ifndef CAIRN_TESTS_KV_FORMAT_UNITS_H
#define CAIRN_TESTS_KV_FORMAT_UNITS_H

#include "format_use.h"
#include <check.h>

TCase *format_super_units(void);
TCase *format_place_units(void);
TCase *format_node_units(void);
TCase *format_record_units(void);
TCase *format_log_units(void);

/* A store of `pages` pages with all fields of its superblock set to something that is allowed. */
void format_super_fill(struct kvn_super *super, uint32_t page_bytes, uint64_t pages);

#endif
