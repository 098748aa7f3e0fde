/* SPDX-License-Identifier: ISC */
/*
 * A page of the tree while it is being filled, entry by entry, in ascending order of keys. It has
 * the page's format from the first one on, so that kvn_node_* read it; what belongs to its place
 * (kvn_fill_seal) comes last.
 */
#ifndef CAIRN_KV_NATIVE_FILL_H
#define CAIRN_KV_NATIVE_FILL_H

#include "format.h"

struct kvn_fill {
    uint8_t *bytes;
    uint32_t page_bytes;
    uint32_t begin; /* of the lowest entry */
    /* What it goes by in the page above: above all keys before it, not above its own. */
    uint32_t low_bytes;
    uint8_t low[KVN_KEY_MAX];
};

/* An empty page in bytes. */
void kvn_fill_init(struct kvn_fill *fill, uint8_t *bytes, uint32_t page_bytes);
void kvn_fill_clear(struct kvn_fill *fill);
void kvn_fill_low_set(struct kvn_fill *fill, struct kvn_slice low);
uint32_t kvn_fill_count(const struct kvn_fill *fill);
/* Bytes of the page that are in use. */
uint32_t kvn_fill_used(const struct kvn_fill *fill);

/* Is key above the last one? Of an empty page, yes. */
bool kvn_fill_ascends(const struct kvn_fill *fill, struct kvn_slice key);
/* Add an entry behind the others; false: it does not fit in, and nothing was done. When keys have
 * less in common than before, their prefix gets shorter, and the entries longer. */
bool kvn_fill_add(struct kvn_fill *fill, struct kvn_slice key, struct kvn_slice value);

/* The shortest key that is above all of `left` and not above `key`, which is; returns its length;
 * out has KVN_KEY_MAX bytes. */
uint32_t kvn_fill_between(const struct kvn_fill *left, struct kvn_slice key, uint8_t *out);
/* Move entries from the end of left to the beginning of right, as many as make them about equal.
 * Not when right has no room for them once its prefix is shorter. spare is a page, and changes
 * places with right's. right's low is set to its first key. */
void kvn_fill_balance(struct kvn_fill *left, struct kvn_fill *right, uint8_t **spare);

/* Complete the page; head's count is the page's own. */
void kvn_fill_seal(struct kvn_fill *fill, const struct kvn_node_head *head);

#endif
