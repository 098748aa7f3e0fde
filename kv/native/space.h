/* SPDX-License-Identifier: ISC */
/*
 * Which pages are in use. A bitmap page a group, each with eight homes that it goes round; an index
 * over them when there are many (kv/FORMAT.md, "Free space").
 *
 * Two questions: the bitmap pages say what the next checkpoint will have in use. What must not be
 * allocated is more: what one of the last `keep` + 1 generations has in use, which a cut may bring
 * back, and what was freed in the generation that is being built. It is known of the group alone
 * that the search is in: its older homes are read when the search comes to it.
 *
 * The search goes round the store once a generation, and leaves a group when nothing in it is free
 * any more. So what was allocated and freed again in one generation, which the log may still speak
 * of, lies behind the search, and nobody has to remember it.
 *
 * Invariants:
 * 1. What is in use by a generation that may come back is not allocated.
 * 2. A home is written only when no generation that may come back leads to it.
 * 3. Allocating needs no page: homes are computed.
 * 4. No page that the log speaks of is allocated twice in one generation, whatever is closed and
 * opened meanwhile; but where replaying made the search jump over groups and no other has room.
 * 5. The page of the index above a page that is in memory is in memory.
 * All calls are made under the store's lock and keep it, also over their reads and writes. After an
 * error of the device the free space is to be opened anew.
 */
#ifndef CAIRN_KV_NATIVE_SPACE_H
#define CAIRN_KV_NATIVE_SPACE_H

#include <cairn/arena.h>

#include "format.h"

/* A bitmap or index page in memory; private to space*.c. */
struct kvn_space_slot {
    uint8_t *page;
    uint64_t number;
    struct kvn_home home; /* where it is on the device */
    uint64_t free;        /* pages under it that are free, as it is in memory */
    uint32_t next;        /* of its hash chain */
    uint32_t kids;        /* pages in memory that this one leads to */
    uint8_t level;
    bool used, dirty, recent, pinned;
};

struct kvn_space {
    struct cairn_blk *dev;
    struct kvn_super
        shape; /* geometry and the top of the index; `generation` is the newest durable */
    uint32_t keep;
    struct kvn_space_slot *slots;
    uint32_t *buckets;
    uint32_t slot_count, bucket_mask, hand;
    uint8_t *busy;            /* of the group that the search is in: what must not be allocated */
    uint8_t *scratch;         /* one page */
    bool busy_known;          /* what `busy` has is of `group` */
    bool written;             /* between kvn_space_write and kvn_space_committed */
    uint64_t group;           /* where the search is, */
    uint64_t start;           /* and where it began in this generation */
    uint64_t jumped_to;       /* where replaying made it go on; start: nowhere */
    uint64_t early;           /* where it begins in the next generation: hidden pages are there, */
    bool is_early;            /* if there are any */
    uint64_t at;              /* page of the group behind the last one allocated */
    uint64_t free_now;        /* pages that the next checkpoint has free, in all */
    uint64_t held;            /* of these, those freed in the last keep + 1 generations */
    uint64_t passed;          /* of these, those in groups behind the search, at most */
    uint64_t freed[KVN_RING]; /* by generation mod 8: pages freed while it was built */
};

/* Memory: a sixteenth of what arena has left, at least six pages. keep: 1 to 6. */
enum cairn_err kvn_space_init(struct kvn_space *space, struct cairn_arena *arena,
                              struct cairn_blk *dev, const struct kvn_super *super, uint32_t keep,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* All that was allocated and freed since the newest generation is as it was then. */
void kvn_space_forget(struct kvn_space *space, const struct kvn_super *super);

/* Nothing was allocated or freed yet, and generations up to this one will not come back: the next
 * is the one after it. */
void kvn_space_skip(struct kvn_space *space, uint64_t generation);

/* Up to `want` adjacent pages that may be had, in use from now on: *first, *got (at least 1). What
 * is written together lies together; a run as long as want is preferred within the group at hand.
 * CAIRN_ENOSPC: there is none in this generation. CAIRN_ECORRUPT: a page of the bitmap or its index
 * is not what it was. */
enum cairn_err kvn_space_alloc(struct kvn_space *space, uint32_t want, uint64_t *first,
                               uint32_t *got, struct cairn_why *why) CAIRN_MUST_USE;
/* In use no longer, from the next generation on. CAIRN_ECORRUPT: they are not in use, or always
 * are. */
enum cairn_err kvn_space_free(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* The last pages that kvn_space_alloc gave were not needed: nothing was written to them, nothing
 * speaks of them. They are free at once. */
enum cairn_err kvn_space_undo(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Pages that belong to the generation after the one that is to be written: not in use for
 * kvn_space_write. They are marked again right behind kvn_space_committed; nothing is allocated
 * between. */
enum cairn_err kvn_space_hide(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* In use, whether they were or not: what is hidden, and, when replaying, all pages that the log
 * speaks of, before anything is allocated or freed. (A checkpoint amid replaying so has the pages
 * of what comes behind it in use already, and a second cut does not lose them.) */
enum cairn_err kvn_space_mark(struct kvn_space *space, uint64_t first, uint32_t count,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Is the page in use? */
enum cairn_err kvn_space_in_use(struct kvn_space *space, uint64_t page, bool *in_use,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Write all that changed for the generation after shape.generation, and put into super what it says
 * of free space: index, free_pages, freed, search_group. The caller flushes, writes super, flushes,
 * and then says so: */
enum cairn_err kvn_space_write(struct kvn_space *space, struct kvn_super *super,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* the generation is durable. Reads the older homes of the group at hand; if that fails, pages come
 * free later. */
void kvn_space_committed(struct kvn_space *space, uint64_t generation);
/* The store has more pages now: the last group's further pages, and new groups, are free. A log
 * must not speak of them before a superblock does: the caller makes a checkpoint first. */
enum cairn_err kvn_space_grow(struct kvn_space *space, uint64_t pages,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Pages that could be allocated now, or less. */
uint64_t kvn_space_room(const struct kvn_space *space);

#endif
