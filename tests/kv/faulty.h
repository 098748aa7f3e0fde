/* SPDX-License-Identifier: ISC */
/*
 * Stores that break one rule of the contract, to see that the rule finds it: one function of a
 * store is another one, which as a rule calls the true one.
 */
#ifndef CAIRN_TESTS_KV_FAULTY_H
#define CAIRN_TESTS_KV_FAULTY_H

#include <cairn/kv.h>

struct fault {
    const char *rule; /* that finds it; NULL: it is none, and all rules hold */
    const char *what;
    struct cairn_kv_ops ops; /* what is not as it should be; else NULL */
    enum cairn_err (*set)(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why); /* of the front */
};

extern const struct fault faults[];
extern const size_t fault_count;

/* From now on the store has the fault, and so have its batches and views. */
void faulty_plant(struct cairn_kv *kv, const struct fault *fault);

#endif
