/* SPDX-License-Identifier: ISC */
/*
 * Which pages are in use. A bitmap page a group, each with eight homes that it goes round; an index
 * over them when there are many (kv/FORMAT.md, "Free space").
 *
 * Two questions, two bits: `now` is what the next checkpoint will say; `busy` is what must not be
 * allocated: in use now, or in one of the last `keep` + 1 generations, which a cut may bring back.
 * Freeing clears `now` only. A page is loaded with all its homes, whose births tell which
 * generations they are of.
 *
 * Invariants:
 * 1. What is in use by a generation that may come back is not allocated.
 * 2. A home is written only when no generation that may come back leads to it.
 * 3. Allocating needs no page: homes are computed.
 * All calls are made under the store's lock and keep it, also over their reads and writes.
 */
#ifndef CAIRN_KV_NATIVE_SPACE_H
#define CAIRN_KV_NATIVE_SPACE_H

#include <cairn/arena.h>

#include "format.h"

struct kvn_space_slot; /* a bitmap or index page in memory; space.c */

struct kvn_space {
    struct cairn_blk *dev;
    struct kvn_super
        shape; /* geometry and the top of the index; `generation` is the newest durable */
    uint32_t keep;
    struct kvn_space_slot *slots;
    uint32_t slot_count, hand;
    uint64_t next;     /* where the search goes on */
    uint64_t free_now; /* pages whose `now` bit is clear, in all */
    uint64_t held;     /* of these, those that are busy still, as far as known: freed since the last
                          generations; what may be allocated is free_now - held, or more */
    uint64_t freed[8]; /* by generation mod 8: pages freed while it was built */
};

/* Memory: a sixteenth of what arena has left, at least what two bitmap pages and the index need. */
enum cairn_err kvn_space_init(struct kvn_space *space, struct cairn_arena *arena,
                              struct cairn_blk *dev, const struct kvn_super *super, uint32_t keep,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Up to `want` adjacent pages that are not busy, in use from now on: *first, *got (at least 1).
 * From where the last search ended, so that what is written together lies together; a run as long
 * as want is preferred within the group at hand. CAIRN_ENOSPC. CAIRN_ECORRUPT: a bitmap page has no
 * good home. */
enum cairn_err kvn_space_alloc(struct kvn_space *space, uint32_t want, uint64_t *first,
                               uint32_t *got, struct cairn_why *why) CAIRN_MUST_USE;
/* In use no longer, from the next generation on. CAIRN_ECORRUPT: they are not in use, or always
 * are. */
enum cairn_err kvn_space_free(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Replaying: busy, whether in use or not (a record of the log may come to have them in use); */
enum cairn_err kvn_space_hold(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* and in use. */
enum cairn_err kvn_space_mark(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Is the page in use (`now`)? */
enum cairn_err kvn_space_in_use(struct kvn_space *space, uint64_t page, bool *in_use,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Write all that changed for the generation after shape.generation, and put top and free_pages into
 * super. The caller flushes, writes super, flushes, and then says so: */
enum cairn_err kvn_space_write(struct kvn_space *space, struct kvn_super *super,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* the generation is durable. */
void kvn_space_committed(struct kvn_space *space, uint64_t generation);
/* The store has more pages now: the last group's further pages, and new groups, are free. */
enum cairn_err kvn_space_grow(struct kvn_space *space, uint64_t pages,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Pages that could be allocated now. */
uint64_t kvn_space_room(const struct kvn_space *space);

#endif
