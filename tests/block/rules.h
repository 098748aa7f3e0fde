/* SPDX-License-Identifier: ISC */
/* The rules that each BLOCK device keeps. */
#ifndef CAIRN_TESTS_RULES_H
#define CAIRN_TESTS_RULES_H

#include "rig.h"

struct rule {
    const char *name;
    const char *(*skip)(const struct rig *rig); /* why it says nothing about this stack; or NULL */
    bool (*holds)(struct rig *rig, struct tape *tape); /* afterwards model and device agree */
};

extern const struct rule rules[];
extern const size_t rule_count;

/* One of the rules, drawn, that say something about the stack. */
extern const struct rule rule_any;

/* Bytes that a request leaves in model: `data` of a write, zeros, what reads get after a discard.
 * A read must have got what is there. */
bool rule_follow(struct rig *rig, struct tape *tape, const struct cairn_blk_req *req,
                 const uint8_t *data);
/* The error and the explanation that the request must get from the top. */
bool rule_refused(struct rig *rig, struct tape *tape, struct cairn_blk_req req,
                  enum cairn_err expected);

/* rules_data.c: drawn batches up to 64 */
bool rule_data(struct rig *rig, struct tape *tape);
/* rules_batch.c: the size of batches, memory, the array */
bool rule_batch(struct rig *rig, struct tape *tape);
bool rule_align(struct rig *rig, struct tape *tape);
bool rule_array(struct rig *rig, struct tape *tape);
/* rules_refused.c: what the front never lets through, and what info may say */
bool rule_info(struct rig *rig, struct tape *tape);
bool rule_range(struct rig *rig, struct tape *tape);
bool rule_segments(struct rig *rig, struct tape *tape);
bool rule_overlap(struct rig *rig, struct tape *tape);
bool rule_readonly(struct rig *rig, struct tape *tape);
/* rules_begin.c: batches begun, threads */
bool rule_begin(struct rig *rig, struct tape *tape);
bool rule_threads(struct rig *rig, struct tape *tape);
/* rules_space.c: zeros, holes, sizes */
bool rule_zero(struct rig *rig, struct tape *tape);
bool rule_discard(struct rig *rig, struct tape *tape);
bool rule_extents(struct rig *rig, struct tape *tape);
bool rule_resize(struct rig *rig, struct tape *tape);
bool rule_borrow(struct rig *rig, struct tape *tape);
/* rules_fail.c: what a device in the stack fails */
bool rule_poison(struct rig *rig, struct tape *tape);
bool rule_status(struct rig *rig, struct tape *tape);
bool rule_names(struct rig *rig, struct tape *tape);
bool rule_cut(struct rig *rig, struct tape *tape);

#endif
