/* SPDX-License-Identifier: ISC */
/*
 * One number for all that is in a store or a model of it: paths, kinds, sizes, times, bytes. What
 * is under "z" does not count (nor does it come and go): judges write there.
 */
#ifndef CAIRN_TESTS_KV_CRASH_PICTURE_H
#define CAIRN_TESTS_KV_CRASH_PICTURE_H

#include "../model.h"

#define PICTURE_VALUE_MAX (320u << 10)

uint64_t picture_of_model(const struct model *model);
enum cairn_err picture_of_store(struct cairn_kv *kv, uint64_t *picture, struct cairn_why *why);
/* The same, with the snapshot "s"; that there are others is an error. */
enum cairn_err picture_of_all(struct cairn_kv *kv, uint64_t *picture, struct cairn_why *why);
/* snapshot: its picture; 0: there is none. */
uint64_t picture_with(uint64_t picture, uint64_t snapshot);

#endif
