/* SPDX-License-Identifier: ISC */
/*
 * A key-value store in one block of memory of the caller's. It has all that the interface has:
 * batches, views and snapshots cost what is changed behind them. A view never lags. What goes gives
 * its memory back at once, but for what views and snapshots still show.
 *
 * Changes that find no memory say CAIRN_ENOSPC. Removing needs none, unless a batch, a view or a
 * snapshot shows what lies around; for that a little is kept.
 *
 * A batch takes each key in each order, also with CAIRN_KV_SORTED, and is read as it is.
 */
#ifndef CAIRN_KV_MEM_H
#define CAIRN_KV_MEM_H

#include <cairn/clock.h>
#include <cairn/kv.h>

CAIRN_BEGIN

#define CAIRN_KV_MEM_LEAST 8192u /* bytes */

/* Zeros are the defaults. */
struct cairn_kv_mem_options {
    const char *name;               /* for explanations; NULL: "memory" */
    struct cairn_clock_wall *clock; /* of last_modified; NULL: the platform's */
};

/* An empty store in mem. mem, the clock and the name stay the caller's, and outlive the store.
 * options may be NULL. CAIRN_ENOMEM: bytes is below CAIRN_KV_MEM_LEAST. */
CAIRN_API enum cairn_err cairn_kv_mem_open(struct cairn_kv **kv,
                                           const struct cairn_kv_mem_options *options, void *mem,
                                           size_t bytes, struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_kv_mem_usage {
    size_t bytes; /* of memory for entries and values, but for what the store itself needs */
    size_t free_bytes;
};
/* Of a store that cairn_kv_mem_open gave. */
CAIRN_API void cairn_kv_mem_usage(struct cairn_kv *kv, struct cairn_kv_mem_usage *usage);

CAIRN_END

#endif
