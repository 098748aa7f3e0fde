/* SPDX-License-Identifier: ISC */
/*
 * Repair in place: what can be made right of a native store without losing any of it. The map of
 * free space is built anew from what the tree, its snapshots and values have in use; a superblock
 * that one ring lost is taken from the other one; counts are set right; a state without a root is
 * given up for the one before it, which opening falls back to.
 *
 * What is damaged in the tree, in a value or amid the log stays as it is: nothing on the device has
 * it once more. Such a store is not written to at all when the map could not be told from it.
 *
 * Memory as of a check. A cut at any moment leaves the store as it was, or as it will be.
 */
#ifndef CAIRN_KV_REPAIR_H
#define CAIRN_KV_REPAIR_H

#include <cairn/kv_check.h>

CAIRN_BEGIN

struct cairn_kv_repair_options {
    /* Called for every finding, before anything is written; `action` is what is done about it,
     * NULL: nothing can be. Return false to stop (CAIRN_ECANCELED). */
    bool (*report)(void *ctx, const struct cairn_kv_finding *finding, const char *action);
    void *ctx;
    bool plan_only; /* write nothing */
    bool older; /* where no state has all that was durable: take the newest one that is whole, and
                   the log as far as it goes; what came later is lost */
};

struct cairn_kv_repair_result {
    struct cairn_kv_check_result before; /* as it was found */
    struct cairn_kv_check_result after;  /* of a plan, and where nothing was done: as before */
    uint64_t map_pages, supers;          /* written */
    uint64_t left; /* faults, minor and major, that nothing could be done about */
};

/* What a repair does about a fault, a static string; NULL: nothing. */
CAIRN_API const char *cairn_kv_repair_action(enum cairn_kv_fault fault);

/* Check, repair, check again. dev is not open as a store. CAIRN_EROFS: it cannot be written;
 * CAIRN_ECORRUPT: there is damage that hides what is in use, or the log lost records: nothing was
 * written. Else as of cairn_kv_check_begin, and of the device. */
CAIRN_API enum cairn_err cairn_kv_repair(struct cairn_blk *dev,
                                         const struct cairn_kv_repair_options *options, void *mem,
                                         size_t mem_bytes, struct cairn_kv_repair_result *result,
                                         struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
