/* SPDX-License-Identifier: ISC */
/* The stores of the suite: each line here is a file that fills a `struct store`. */
#include "rig.h"

extern const struct store store_mem, store_fat, store_native, store_native_little,
    store_native_wide, store_native_keeping, store_native_lazy;

const struct store *const stores[] = { &store_mem,         &store_fat,
                                       &store_native,      &store_native_little,
                                       &store_native_wide, &store_native_keeping,
                                       &store_native_lazy };
const size_t store_count = sizeof stores / sizeof *stores;
