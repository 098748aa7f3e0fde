/* SPDX-License-Identifier: ISC */
/* What cp, extract and build share: policies, their notices, and progress. */
#ifndef CAIRN_TOOLS_COPY_H
#define CAIRN_TOOLS_COPY_H

#include "args.h"
#include "out.h"
#include "progress.h"

/* For what FAT cannot store. */
struct tool_policies {
    enum cairn_image_policy on_symlink, on_special, on_name, on_large;
};

/* Four options that stand in a verb's table in this order. */
#define TOOL_ON_SYMLINK                                                                            \
    {                                                                                              \
        "on-symlink", 0, "error|skip|follow", "symbolic links in the source (error)"               \
    }
#define TOOL_ON_SPECIAL                                                                            \
    {                                                                                              \
        "on-special", 0, "error|skip", "FIFOs, sockets, devices (error)"                           \
    }
#define TOOL_ON_NAME                                                                               \
    {                                                                                              \
        "on-name", 0, "error|skip|map", "names FAT refuses, or takes for one (error)"              \
    }
#define TOOL_ON_LARGE                                                                              \
    {                                                                                              \
        "on-large", 0, "error|skip", "files over 4 GiB - 1 (error)"                                \
    }

/* The values of the four options from `first` on. False after a message. */
bool tool_policies_take(const struct tool_args *args, uint32_t first,
                        struct tool_policies *policies);

/* A context for callbacks of copying and building. */
struct tool_copy {
    struct tool_progress progress;
    bool quiet;         /* no notices but errors */
    const char *source; /* goes before the paths of notices */
};
void tool_copy_notice(void *ctx, enum cairn_image_policy taken, const char *path, const char *text);
bool tool_copy_progress(void *ctx, uint64_t done, uint64_t total);

/* Which of the two a failed copy is about: what only writing meets is the destination's. */
const char *tool_copy_blame(const char *source, const char *dest, enum cairn_err err);

/* As tool_fail, with a hint at the options when policies are what stopped it. Silent when the user
 * did: the signal says it. */
enum tool_status tool_copy_fail(struct tool_copy *copy, const char *place, enum cairn_err err,
                                struct cairn_why *why);

#endif
