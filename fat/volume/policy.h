/* SPDX-License-Identifier: ISC */
/* When the volume syncs of itself: after calls, by bounds, by time. */
#ifndef CAIRN_FAT_POLICY_H
#define CAIRN_FAT_POLICY_H

#include <cairn/fat.h>

struct fat_policy {
    enum cairn_fat_sync_policy sync;
    struct cairn_clock_mono *timer;
    uint64_t bytes_max, age_max_ns; /* 0: none */
    uint64_t idle_ns;

    uint64_t unflushed_bytes; /* written since the last flush */
    bool is_aging;            /* there may be changes that are not durable; only with age_max_ns */
    uint64_t oldest_ns;       /* when the oldest of them was made */
    uint64_t changes;         /* begun since mount */
    uint64_t changes_seen;    /* of them, by the last tick */
    uint64_t quiet_since_ns;  /* the tick that saw the last of them */
};

void fat_policy_init(struct fat_policy *policy, const struct cairn_fat_options *options);

/* Is one of the bounds reached? */
bool fat_policy_is_due(const struct cairn_fat *fs);
/* A change is about to be made. */
void fat_policy_note(struct fat_policy *policy);
/* All is durable. */
void fat_policy_settle(struct fat_policy *policy);

#endif
