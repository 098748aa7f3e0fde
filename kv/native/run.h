/* SPDX-License-Identifier: ISC */
/* New pages of the tree on their way to the device: adjacent ones go in one request. */
#ifndef CAIRN_KV_NATIVE_RUN_H
#define CAIRN_KV_NATIVE_RUN_H

#include "fill.h"
#include "merge.h"

struct kvn_run_out {
    struct kvn_merge_job *job;
    uint8_t *bytes; /* of pages [first, first + used) */
    uint32_t pages; /* that bytes has room for */
    uint64_t first; /* of the pages that were allocated, `got` of them */
    uint32_t got, used;
    uint32_t want; /* how many to allocate next: a small merge shall not take many */
};

void kvn_run_init(struct kvn_run_out *run, struct kvn_merge_job *job, uint8_t *bytes,
                  uint32_t pages);
/* Give fill a page of the device, and complete it; *pointer is to it. Writes what has gathered when
 * that is a whole run, the lock dropped. */
enum cairn_err kvn_run_add(struct kvn_run_out *run, struct kvn_fill *fill, uint8_t level,
                           struct kvn_pointer *pointer, struct cairn_why *why) CAIRN_MUST_USE;
/* Write what has gathered, and free what was allocated and is not needed. */
enum cairn_err kvn_run_end(struct kvn_run_out *run, struct cairn_why *why) CAIRN_MUST_USE;

#endif
