/* SPDX-License-Identifier: ISC */
/* A script of operations on a volume, and what of it must survive when it is broken off. */
#ifndef CAIRN_TESTS_FAT_SCRIPT_H
#define CAIRN_TESTS_FAT_SCRIPT_H

#include <cairn/fat.h>

enum script_op {
    SCRIPT_END,
    SCRIPT_WRITE,   /* append so many bytes; makes the file */
    SCRIPT_CUT,     /* make it so short, if it is longer */
    SCRIPT_RESERVE, /* allocate so much */
    SCRIPT_REMOVE,
    SCRIPT_RENAME, /* to `to` */
    SCRIPT_MKDIR,
    SCRIPT_LABEL, /* path is the label */
    SCRIPT_SYNC
};

struct script_step {
    enum script_op op;
    const char *path;
    uint32_t bytes;
    const char *to;
};

#define SCRIPT_FILES 64u
#define SCRIPT_MOVES 4u

/* A file holds pattern bytes, which follow from its seed and their offset. */
struct script_file {
    const char *path;                /* NULL: this place is free */
    const char *moved[SCRIPT_MOVES]; /* where renames since the sync took it; NULL: no more */
    uint32_t size;
    uint8_t seed;
    bool open;    /* what it holds is not known: a step on it failed */
    bool touched; /* since the sync, by more than a rename */
};

struct script {
    struct script_file now[SCRIPT_FILES];
    struct script_file synced[SCRIPT_FILES]; /* as they were at the last sync that succeeded */
    bool renamed;                            /* something, since then */
    bool recased;                            /* to another case of the same name */
    bool labelled;
    enum cairn_fat_sync_policy sync; /* of the volume: what is synced without SCRIPT_SYNC */
    uint8_t seeds;
};

/* Run the steps; stops at the first that fails and returns its error. */
enum cairn_err script_run(struct script *script, struct cairn_fat *fs,
                          const struct script_step *steps, struct cairn_why *why);

/* Is everything there that was synced and not touched since? false: `what` names what is not. */
bool script_survives(const struct script *script, struct cairn_fat *fs, const char **what);

#endif
