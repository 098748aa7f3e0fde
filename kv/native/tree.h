/* SPDX-License-Identifier: ISC */
/* Reading a tree: one key, or a walk in order. A tree never changes; where its root is says which.
 */
#ifndef CAIRN_KV_NATIVE_TREE_H
#define CAIRN_KV_NATIVE_TREE_H

#include "pool.h"

struct kvn_tree {
    struct kvn_pool *pool;
    struct kvn_pointer root; /* page 0: empty */
    uint8_t depth;           /* levels; 0: empty */
};

/* A place in a tree: pages pinned from the root down. Zeroed is none. */
struct kvn_cursor {
    const struct kvn_tree *tree;
    struct kvn_frame *frame[KVN_DEPTH_MAX]; /* by level, 0 the leaf; NULL: not pinned */
    uint32_t at[KVN_DEPTH_MAX];
    uint32_t ahead, ahead_to; /* how many leaves to read at once; which of the parent's are read */
    bool end;
};

/* The record under key, in a pinned leaf that *frame is (to be let go by kvn_pool_put); *frame
 * NULL: there is none. Pins one page at a time beside it. */
enum cairn_err kvn_tree_find(const struct kvn_tree *tree, struct kvn_slice key,
                             struct kvn_frame **frame, struct kvn_slice *record,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* The first entry at or above key. With the cursor where it was: when key is in the same leaf,
 * nothing is read. cursor->end: there is none. */
enum cairn_err kvn_cursor_seek(struct kvn_cursor *cursor, const struct kvn_tree *tree,
                               struct kvn_slice key, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_cursor_next(struct kvn_cursor *cursor, struct cairn_why *why) CAIRN_MUST_USE;
/* The entry that it is at. out has KVN_KEY_MAX bytes. The record lies in the pinned leaf. */
uint32_t kvn_cursor_key(const struct kvn_cursor *cursor, uint8_t *out);
struct kvn_slice kvn_cursor_record(const struct kvn_cursor *cursor);
/* Let go of its pages. */
void kvn_cursor_close(struct kvn_cursor *cursor);

#endif
