/* SPDX-License-Identifier: ISC */
/* What the devices behind a network share. Private to block/host. */
#ifndef CAIRN_BLK_REMOTE_H
#define CAIRN_BLK_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

/* A function of a library, and where in a struct of pointers its address goes. */
struct blk_symbol {
    const char *name;
    size_t offset;
};

/* Load a library for the process's life and fill functions. False: it is not on this machine, or
 * lacks one of them. Libraries are loaded when they are first needed: what they bring with them
 * takes longer to load than most of Cairn's commands run, and a machine without them keeps
 * everything else. */
bool blk_library_load(const char *soname, const struct blk_symbol *symbols, size_t count,
                      void *functions);

/* A device's label: name, or its end where it is too long. */
void blk_label_set(char *label, size_t cap, const char *name);

#endif
