/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_TESTS_KV_TREE_UNITS_H
#define CAIRN_TESTS_KV_TREE_UNITS_H

#include <check.h>

#include "tree_rig.h"

TCase *tree_tape_units(void);
TCase *tree_merge_units(void);
TCase *tree_pool_units(void);

#endif
