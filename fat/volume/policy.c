/* SPDX-License-Identifier: ISC */
#include "ops.h"

#define IDLE_NS (5 * (uint64_t)CAIRN_NS_PER_SEC)

void fat_policy_init(struct fat_policy *policy, const struct cairn_fat_options *options)
{
    *policy = (struct fat_policy){ .sync = options->sync,
                                   .timer = options->timer,
                                   .bytes_max = options->dirty_bytes_max,
                                   .age_max_ns = options->dirty_age_max_ns,
                                   .idle_ns = options->idle_ns ? options->idle_ns : IDLE_NS };
    if (!policy->timer) policy->timer = cairn_clock_mono_platform();
}

static uint64_t elapsed(const struct fat_policy *policy, uint64_t since_ns)
{
    return cairn_clock_mono_now(policy->timer) - since_ns;
}

bool fat_policy_is_due(const struct cairn_fat *fs)
{
    const struct fat_policy *policy = &fs->policy;
    uint64_t bytes = (uint64_t)fs->cache.dirty_pages * fs->cache.page_bytes;
    if (policy->bytes_max && bytes + policy->unflushed_bytes >= policy->bytes_max) return true;
    return policy->is_aging && elapsed(policy, policy->oldest_ns) >= policy->age_max_ns;
}

/* The clock is asked once a sync, and not at all without a bound for the age. */
void fat_policy_note(struct fat_policy *policy)
{
    policy->changes++;
    if (!policy->age_max_ns || policy->is_aging) return;
    policy->is_aging = true;
    policy->oldest_ns = cairn_clock_mono_now(policy->timer);
}

void fat_policy_settle(struct fat_policy *policy)
{
    policy->is_aging = false;
}

enum cairn_err fat_leave_changed(struct cairn_fat *fs, enum cairn_err err, struct cairn_why *why)
{
    enum cairn_err synced = CAIRN_OK;
    if (fs->policy.sync == CAIRN_FAT_SYNC_AT_ONCE) synced = fat_sync(fs, err ? NULL : why);
    return fat_leave(fs, err ? err : synced);
}

/* ---- by time --------------------------------------------------------------------------------- */

/* Has nothing changed for so long that the volume may be called clean? Not while a call is between
 * two of its steps, or clusters are held that no entry accounts for. */
static bool is_idle(struct cairn_fat *fs)
{
    struct fat_policy *policy = &fs->policy;
    if (policy->changes != policy->changes_seen) {
        policy->changes_seen = policy->changes;
        policy->quiet_since_ns = cairn_clock_mono_now(policy->timer);
    }
    if (!fs->marked_dirty || fs->io) return false;
    if (elapsed(policy, policy->quiet_since_ns) < policy->idle_ns) return false;
    return !fat_nodes_are_loose(fs);
}

enum cairn_err cairn_fat_tick(struct cairn_fat *fs, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    fat_enter(fs);
    if (fs->sync_failed || fat_policy_is_due(fs)) err = fat_sync(fs, why);
    if (!err && is_idle(fs)) err = fat_settle(fs, why);
    return fat_leave(fs, err);
}

enum cairn_err cairn_fat_sync(struct cairn_fat *fs, struct cairn_why *why)
{
    fat_enter(fs);
    return fat_leave(fs, fat_sync(fs, why));
}
