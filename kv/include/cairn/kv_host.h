/* SPDX-License-Identifier: ISC */
/*
 * A native store for hosted programs: its memory is allocated, and a thread of its own brings
 * changes into the tree, so that a call that changes something seldom waits for more than its own
 * commit. Link cairn-kv-host.
 */
#ifndef CAIRN_KV_HOST_H
#define CAIRN_KV_HOST_H

#include <cairn/kv_native.h>

CAIRN_BEGIN

#define CAIRN_KV_HOST_MEM_BYTES ((size_t)64 << 20)

struct cairn_kv_host_options {
    struct cairn_kv_native_options native; /* `stepped`, `due` and `due_ctx` are set here */
    size_t mem_bytes; /* 0: CAIRN_KV_HOST_MEM_BYTES; pages of it are taken as they are needed */
};

/* Open the store on dev, which stays the caller's and outlives it. Use it as any store of
 * cairn_kv_native_open, but do not step it; cairn_kv_close ends the thread first. What fails in the
 * background is an error of the device, which the next change reports. options NULL: the defaults.
 * Errors are those of cairn_kv_native_open; CAIRN_ENOMEM also: no memory, or no thread. */
CAIRN_API enum cairn_err cairn_kv_host_open(struct cairn_kv **kv, struct cairn_blk *dev,
                                            const struct cairn_kv_host_options *options,
                                            struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
