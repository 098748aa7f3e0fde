/* SPDX-License-Identifier: ISC */
/*
 * A layer that breaks one rule of the contract, to see that the rule finds it. Each fault is one
 * that a device, or the front, could have.
 */
#ifndef CAIRN_TESTS_FAULTY_H
#define CAIRN_TESTS_FAULTY_H

#include <cairn/blk.h>

struct fault {
    const char *name; /* of the layer in a stack: "faulty-drop" */
    const char *rule; /* that finds it; NULL: it is none, and all rules hold */
    const char *what;
    bool needs_tsan;                           /* nothing but ThreadSanitizer finds it */
    struct cairn_blk_ops ops;                  /* what is not as it should be; else NULL */
    void (*info)(struct cairn_blk_info *info); /* the same */
    enum cairn_err (*front)(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count);
};

extern const struct fault faults[];
extern const size_t fault_count;

const struct fault *fault_named(const char *name); /* NULL: no such fault */

struct faulty {
    struct cairn_blk base;
    struct cairn_blk_ops ops;
    const struct cairn_blk_req *begun; /* of a fault that knows one batch only */
    uint64_t block;                    /* of faults that threads meet */
};

void faulty_open(struct faulty *dev, struct cairn_blk *below, const struct fault *fault);

#endif
