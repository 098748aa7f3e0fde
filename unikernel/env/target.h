/* SPDX-License-Identifier: ISC */
/* What a target supplies, and where it hands over. */
#ifndef CAIRN_UNIKERNEL_TARGET_H
#define CAIRN_UNIKERNEL_TARGET_H

#include <cairn/env.h>

#define ENV_ARGS_MAX 64u

/* A target: where devices come from. */
struct env_target {
    /* The device of this name, with what it needs taken from the arena; stays the target's, which
     * closes it with `close`. CAIRN_ENODEV: there is none; its why says which there are. */
    enum cairn_err (*connect)(struct env_target *target, const struct cairn_env_device *device,
                              struct cairn_arena *arena, struct cairn_blk **blk,
                              struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*close)(struct env_target *target, struct cairn_blk *blk,
                            struct cairn_why *why) CAIRN_MUST_USE;
    struct cairn_arena arena; /* all memory there is for the application */
    int argc;
    const char *argv[ENV_ARGS_MAX + 1];
};

/* Connect all, run cairn_main, close all; the status to end with. */
int env_run(struct env_target *target);

/* The words of a command line, in place: split at spaces, "quotes" keep them together. Words that
 * begin with one of the prefixes, a NULL-ended list, are left out. */
void env_args_split(struct env_target *target, char *line, const char *const *without);

#endif
