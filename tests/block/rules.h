/* SPDX-License-Identifier: ISC */
/* The rules that each BLOCK device keeps. */
#ifndef CAIRN_TESTS_RULES_H
#define CAIRN_TESTS_RULES_H

#include "rig.h"

struct rule {
    const char *name;
    bool (*applies)(struct rig *rig);
    bool (*holds)(struct rig *rig, struct tape *tape); /* afterwards model and device agree */
};

extern const struct rule rules[];
extern const size_t rule_count;

/* Reads, writes, zeroes and discards in batches of up to 64 (rules_data.c). */
bool rule_data(struct rig *rig, struct tape *tape);

#endif
