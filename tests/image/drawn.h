/* SPDX-License-Identifier: ISC */
/* A tree of files drawn from a tape: made on the host, and known again wherever it comes out. */
#ifndef CAIRN_TESTS_DRAWN_H
#define CAIRN_TESTS_DRAWN_H

#include <tape/tape.h>

#define DRAWN_NODES 128
#define DRAWN_NAME_BYTES 256  /* what the host takes, with NUL */
#define DRAWN_PATH_BYTES 3072 /* leaves room for the folders above */

struct drawn_node {
    char path[DRAWN_PATH_BYTES]; /* from the root of the tree, "a/b" */
    bool is_directory;
    bool read_only; /* files only */
    bool is_sparse; /* a hole, and a few bytes at the end */
    uint32_t size;
    int64_t modified_s; /* even, as FAT stores it */
};

/* Parents before what is in them. No two names of a directory differ by case only. */
struct drawn {
    size_t count;
    struct drawn_node nodes[DRAWN_NODES];
};

void drawn_tree(struct drawn *tree, struct tape *tape);

/* Make it in an empty folder; backwards: the same tree, its entries made in the other order. */
void drawn_make(const struct drawn *tree, const char *folder, bool backwards);

/* Is the folder this tree, and nothing else? Names, kinds, contents, times, write permission. */
bool drawn_is(const struct drawn *tree, const char *folder, struct tape *tape);

#endif
