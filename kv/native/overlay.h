/* SPDX-License-Identifier: ISC */
/*
 * Changes that are not in the tree yet: an ordered map in memory from the tree's keys to versions
 * of their records, newest first. Its index (index.h) and its texts lie in pages of the pool.
 *
 * A version belongs to a commit, by number: whoever reads as of number n sees of each key the
 * newest version with a number up to n. Versions are staged in order; those behind a mark can be
 * taken back. Everything is under the store's lock.
 *
 * Cost: O(log n), about one cache miss a level; entries of one key are a list.
 */
#ifndef CAIRN_KV_NATIVE_OVERLAY_H
#define CAIRN_KV_NATIVE_OVERLAY_H

#include "index.h"
#include "pool.h"

struct kvn_version {
    struct kvn_version *older;  /* of the same key */
    struct kvn_version *staged; /* the one staged after it, of any key */
    struct kvn_entry *entry;
    uint64_t number; /* of its commit */
    uint16_t bytes;  /* of record */
    bool removed;    /* there is no record */
    uint8_t record[];
};

struct kvn_overlay {
    struct kvn_pool *pool;
    struct kvn_index index;
    uint32_t pages; /* of the pool, in use */
    uint64_t entries, versions, key_bytes, record_bytes;
    struct kvn_version *first_staged, *last_staged;
    void *text, *text_pages; /* private: where text goes, and all pages */
    uint32_t text_left;
};

/* Of the pages that may be taken of a pool, overlays leave so many to others. */
uint32_t kvn_overlay_spare(const struct kvn_pool *pool);
void kvn_overlay_init(struct kvn_overlay *overlay, struct kvn_pool *pool);
/* Give all pages back. */
void kvn_overlay_clear(struct kvn_overlay *overlay);

/* Stage one version; record NULL: removed. Key and record are copied. CAIRN_ENOMEM: the pool gives
 * no more pages; nothing is changed. */
enum cairn_err kvn_overlay_put(struct kvn_overlay *overlay, struct kvn_slice key,
                               const struct kvn_slice *record, uint64_t number,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* Take back all versions staged after `mark` (last_staged of before; NULL: all). Their memory comes
 * back with the overlay's only, but a batch that is taken back leaves none behind but keys without
 * versions. */
void kvn_overlay_undo(struct kvn_overlay *overlay, struct kvn_version *mark);

/* The newest version of key with a number up to `number`, or NULL. */
const struct kvn_version *kvn_overlay_find(const struct kvn_overlay *overlay, struct kvn_slice key,
                                           uint64_t number);

/* Where a walk over an overlay stands; zeroed before the first seek. While nothing comes, going on
 * is a step rather than a search. */
struct kvn_overlay_walk {
    const struct kvn_overlay *overlay;
    uint64_t changes;
    const struct kvn_entry *entry; /* what the last seek gave */
    const struct kvn_version *version;
    struct kvn_index_path path;
};

/* The first entry at or above key (behind: above it) that has a version with a number up to
 * `number`, which is walk->version then, and may be removed. NULL: none. Keys and numbers of one
 * walk over one overlay must not descend. */
const struct kvn_entry *kvn_overlay_seek(struct kvn_overlay_walk *walk,
                                         const struct kvn_overlay *overlay, struct kvn_slice key,
                                         bool behind, uint64_t number);

#endif
