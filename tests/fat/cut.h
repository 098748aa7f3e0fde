/* SPDX-License-Identifier: ISC */
/* Power goes at an event (a request or a flush) of a script, and each sector that was not flushed
 * is lost, kept or torn: all ways of that where they are few, seeded ones where they are many. */
#ifndef CAIRN_TESTS_FAT_CUT_H
#define CAIRN_TESTS_FAT_CUT_H

#include "rig.h"
#include "script.h"

struct cut {
    struct rig rig;
    struct script script;
    struct cairn_blk_mem after; /* the device when power is back */
    uint8_t *after_bytes;
    uint32_t *blocks; /* that were not flushed */
    uint32_t count;
    uint8_t *old;       /* their stable contents */
    void *mem;          /* for mounting afterwards, and for check */
    enum cairn_err err; /* what the script, or the mount, ended with */
    uint64_t events;    /* that there were */
    char what[2048];    /* is wrong */
};

struct cut *cut_new(void);
void cut_free(struct cut *cut);

enum cut_outcome {
    CUT_ENDED, /* the script came to its end before the event */
    CUT_HELD,  /* whatever way it went, all that had to survive did */
    CUT_BROKEN /* not: `what` says what is wrong */
};

/* Run the steps on a fresh volume until power goes, and look at all the ways. */
enum cut_outcome cut_at(struct cut *cut, const struct rig_shape *shape,
                        const struct script_step *steps, uint64_t event);

#endif
