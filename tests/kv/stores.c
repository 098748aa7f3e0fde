/* SPDX-License-Identifier: ISC */
/* The stores of the suite: each line here is a file that fills a `struct store`. */
#include "rig.h"

extern const struct store store_mem, store_fat, store_native, store_native_little,
    store_native_wide;

const struct store *const stores[] = { &store_mem, &store_fat, &store_native, &store_native_little,
                                       &store_native_wide };
const size_t store_count = sizeof stores / sizeof *stores;
