/* SPDX-License-Identifier: ISC */
/*
 * sim: a layer that makes the device below it fail as real ones do, by a plan that is data.
 *
 * What reads see is on the device below at any time. sim remembers, in memory of the caller's, the
 * older versions of each block since the last flush: version 0 is what is durable, the last one
 * what reads see. A power cut leaves any of them of each block, or a mixture of them at the atomic
 * unit. A flush makes the newest durable; when memory for versions runs out, sim does the same by
 * itself, as a device does whose cache is full.
 *
 * Deterministic: the same calls under the same plan give the same results.
 */
#ifndef CAIRN_BLK_SIM_H
#define CAIRN_BLK_SIM_H

#include <cairn/blk.h>
#include <cairn/clock.h>
#include <cairn/sync.h>

CAIRN_BEGIN

/* ---- the plan -------------------------------------------------------------------------------- */

enum cairn_blk_fault {
    CAIRN_BLK_FAULT_ERROR, /* it fails without effect; a flush makes nothing durable */
    CAIRN_BLK_FAULT_TORN,  /* a change fails, and a drawn part of its atomic units took effect */
    CAIRN_BLK_FAULT_LOST,  /* a change succeeds, and was never done */
    CAIRN_BLK_FAULT_MISDIRECT, /* a change succeeds, and was done to other blocks */
    CAIRN_BLK_FAULT_STALE,     /* a read gives an older version of one block that has one */
    CAIRN_BLK_FAULT_ROT,       /* a drawn bit flips, before a read, after anything else */
    CAIRN_BLK_FAULT_LIE,       /* a flush succeeds, and nothing is durable */
    CAIRN_BLK_FAULT_CUT,       /* power goes: this and all that follow fail until restart */
    CAIRN_BLK_FAULT_DELAY      /* it takes longer; a batch as long as its slowest */
};
#define CAIRN_BLK_FAULTS (CAIRN_BLK_FAULT_DELAY + 1)

/* When in the request or flush power goes. */
enum cairn_blk_cut {
    CAIRN_BLK_CUT_BEFORE, /* it has no effect */
    CAIRN_BLK_CUT_HALF,   /* a drawn part of it has: atomic units of a change, blocks of a flush */
    CAIRN_BLK_CUT_AFTER   /* it is done, only the answer is lost */
};

/* What a rule is about: one bit for each enum cairn_blk_op, and flushes. */
#define CAIRN_BLK_ON_READ 1u
#define CAIRN_BLK_ON_WRITE 2u
#define CAIRN_BLK_ON_DISCARD 4u
#define CAIRN_BLK_ON_ZERO 8u
#define CAIRN_BLK_ON_FLUSH 16u
#define CAIRN_BLK_ON_CHANGE (CAIRN_BLK_ON_WRITE | CAIRN_BLK_ON_DISCARD | CAIRN_BLK_ON_ZERO)
#define CAIRN_BLK_ON_REQUEST (CAIRN_BLK_ON_READ | CAIRN_BLK_ON_CHANGE)
#define CAIRN_BLK_ON_ANY (CAIRN_BLK_ON_REQUEST | CAIRN_BLK_ON_FLUSH)

/* One kind of fault. A rule counts the requests and flushes that it is about from when the plan was
 * set, and hits the nth of them, then every `every`-th behind it, so many `times`. Zeros: each one,
 * always. */
struct cairn_blk_sim_rule {
    enum cairn_blk_fault fault;
    uint32_t on;           /* CAIRN_BLK_ON_* */
    uint64_t nth;          /* from 1; 0 is 1 */
    uint64_t every;        /* 0 is 1 */
    uint64_t times;        /* 0: for ever */
    uint32_t chance;       /* of 2^32, that it hits where it could; 0: it does */
    uint64_t block, count; /* only requests that touch these; flushes always; count 0: any. Of
                              ROT: the blocks that may rot; count 0: those of the request */
    enum cairn_err err;    /* of ERROR and TORN; CAIRN_OK stands for CAIRN_EIO */
    enum cairn_blk_cut cut;
    uint64_t value; /* DELAY: ns; MISDIRECT: so many blocks further on, 0: anywhere */
};

#define CAIRN_BLK_SIM_RULES 16u

/* What is on the device below as soon as power is gone. */
enum cairn_blk_sim_leaves {
    CAIRN_BLK_SIM_LEAVES_OPEN, /* what reads saw last; restart decides */
    CAIRN_BLK_SIM_LEAVES_LOST, /* what was durable */
    CAIRN_BLK_SIM_LEAVES_ANY   /* any version of each atomic unit, drawn */
};

struct cairn_blk_sim_plan {
    uint64_t seed;         /* of all that is drawn */
    uint32_t atomic_bytes; /* what never tears: a power of two, at most a block; 0 is 512 */
    enum cairn_blk_sim_leaves leaves;
    uint32_t rule_count;
    struct cairn_blk_sim_rule rules[CAIRN_BLK_SIM_RULES];
};

/* The plan under which nothing ever fails; a zeroed one is as good. */
CAIRN_API void cairn_blk_sim_plan_init(struct cairn_blk_sim_plan *plan);

/* One rule more, to be refined: the nth hit only, or, with nth 0, always. NULL: there are 16. */
CAIRN_API struct cairn_blk_sim_rule *cairn_blk_sim_plan_add(struct cairn_blk_sim_plan *plan,
                                                            enum cairn_blk_fault fault, uint32_t on,
                                                            uint64_t nth);

/* A plan from text: words with commas between them, each a rule NAME=FIELD:FIELD... or a setting.
 *   rules     error torn lost misdirect stale rot lie cut delay
 *   settings  seed=7  atomic=512  leaves=lost|any (lost is the default here)
 * Fields of a rule, in any order, each at most once:
 *   read write discard zero flush change any, several with + between: what it is about; by default
 *     all that the fault can hit
 *   5  the fifth;  5+  the fifth and all behind it;  /5  every fifth;  1%  0.5%  with this chance;
 *     by default each one; with several, those that are all of it
 *   @100+8  only blocks 100 to 107;  @100  only block 100
 *   ENOSPC  the error, of error and torn         5ms 10us 1s 100ns  how long, of delay
 *   before half after  when power goes, of cut
 * "seed=7,error=write:5,torn=write:9,lost=1%,rot=read:1000,cut=flush:2:half,delay=read:5ms".
 * CAIRN_EINVAL names the word and what may stand there. */
CAIRN_API enum cairn_err cairn_blk_sim_plan_parse(struct cairn_blk_sim_plan *plan, const char *text,
                                                  struct cairn_why *why) CAIRN_MUST_USE;

/* ---- the device ------------------------------------------------------------------------------ */

/* What goes on in it, and comes back with cairn_blk_sim_load. */
struct cairn_blk_sim_state {
    uint64_t requests, flushes, events; /* since open or restart; events are both */
    uint64_t delayed_ns;                /* in all */
    uint64_t overflows;                 /* times that memory for versions ran out */
    uint64_t random;
    uint64_t hash;
    uint64_t seen[CAIRN_BLK_SIM_RULES], hits[CAIRN_BLK_SIM_RULES]; /* by rule of the plan */
    uint32_t entry_count, slot_count, slot_free, unflushed;
    int32_t poison;
    bool is_cut;
};

struct cairn_blk_sim_options {
    uint32_t versions; /* older versions of blocks that there is memory for, at least 1 */
    uint32_t tracked;  /* different blocks that may ever be changed, when states are to be saved,
                          loaded and hashed; 0: they are not */
    struct cairn_clock_mono *clock; /* sleeps for delays; NULL: they are only added up */
};

struct cairn_blk_sim {
    struct cairn_blk base;
    struct cairn_blk_sim_plan plan;
    struct cairn_blk_sim_options options;
    struct cairn_blk_sim_state state;
    struct cairn_lock lock;        /* guards all that changes */
    uint32_t *buckets;             /* by hash of the block: entry + 1; a power of two of them */
    uint32_t bucket_mask;          /* their count - 1 */
    struct blk_sim_entry *entries; /* blocks that have versions; tracked ones stay */
    uint32_t *older;               /* by slot: the slot + 1 of the version before it, or free one */
    uint8_t *slots, *bases;        /* contents: of versions, and of tracked blocks at first */
    uint8_t *scratch;              /* two blocks */
    size_t stride;                 /* from one content to the next */
    uint64_t content_last;         /* number of the newest contents */
};

/* Bytes of memory for open; SIZE_MAX: more than there can be. One version a block of the device is
 * good for a device that is written over between two flushes. */
CAIRN_API size_t cairn_blk_sim_mem(const struct cairn_blk *below,
                                   const struct cairn_blk_sim_options *options);

/* below is changed through sim only while it is open, but see cairn_blk_sim_settle. plan: NULL for
 * one that never fails. info is that of below, with a flush and with atomic_bytes of the plan where
 * those are smaller; durability is that of the world it simulates: media.
 *   CAIRN_EINVAL atomic_bytes, no versions    CAIRN_ENOMEM mem is too small */
CAIRN_API enum cairn_err cairn_blk_sim_open(struct cairn_blk_sim *dev, struct cairn_blk *below,
                                            const struct cairn_blk_sim_options *options, void *mem,
                                            size_t mem_bytes, const struct cairn_blk_sim_plan *plan,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* Go on under another plan; its rules count from now. NULL: nothing fails from now on. The atomic
 * unit stays what open or restart made it. */
CAIRN_API void cairn_blk_sim_plan_set(struct cairn_blk_sim *dev,
                                      const struct cairn_blk_sim_plan *plan);
/* Two such plans: from now on the nth (from 1) of what `on` says, and `times` in all (0: all that
 * follow), fails with CAIRN_EIO; and power goes before the nth request or flush. */
CAIRN_API void cairn_blk_sim_fail(struct cairn_blk_sim *dev, uint32_t on, uint64_t nth,
                                  uint64_t times);
CAIRN_API void cairn_blk_sim_cut(struct cairn_blk_sim *dev, uint64_t nth);

/* All that reads see is durable, also what the caller did to the device below himself. What the
 * device below says, which is read only when tracked. */
CAIRN_API enum cairn_err cairn_blk_sim_settle(struct cairn_blk_sim *dev,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* ---- after a cut ----------------------------------------------------------------------------- */

/* One atomic unit of a block that was not flushed, of which one version is to be chosen. */
struct cairn_blk_sim_choice {
    uint64_t block;
    uint32_t unit, units; /* of the block */
    uint32_t versions;    /* 0, what was durable, to this one, the newest */
};
typedef uint32_t (*cairn_blk_sim_choose)(void *ctx, const struct cairn_blk_sim_choice *choice);

/* Choices for whole blocks: a torn one is new in its first half, and lost when it cannot tear. */
enum cairn_blk_sim_fate { CAIRN_BLK_SIM_LOST, CAIRN_BLK_SIM_KEPT, CAIRN_BLK_SIM_TORN };
CAIRN_API uint32_t cairn_blk_sim_fate_version(enum cairn_blk_sim_fate fate,
                                              const struct cairn_blk_sim_choice *choice);

/* Power comes back (it goes first, if it has not): `choose` (NULL: all is lost) says what is left
 * of each block in the order in which they were first changed, the counters start anew, nothing is
 * poisoned, and plan (NULL: nothing fails) is the next life's. What the device below says, which
 * may then hold anything; CAIRN_EINVAL: the plan's atomic_bytes. */
CAIRN_API enum cairn_err cairn_blk_sim_restart(struct cairn_blk_sim *dev,
                                               cairn_blk_sim_choose choose, void *ctx,
                                               const struct cairn_blk_sim_plan *plan,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* Older versions of the block: 0 when it is durable. */
CAIRN_API uint32_t cairn_blk_sim_versions(const struct cairn_blk_sim *dev, uint64_t block);
/* Go through the blocks that are not durable, from *cursor 0 on. false: there are no more. */
CAIRN_API bool cairn_blk_sim_unflushed(const struct cairn_blk_sim *dev, uint32_t *cursor,
                                       uint64_t *block);
/* Contents of a version of the block, 0 to cairn_blk_sim_versions, into data, which has the
 * alignment of the device. CAIRN_ERANGE: there is no such version; what the device below says. */
CAIRN_API enum cairn_err cairn_blk_sim_version(struct cairn_blk_sim *dev, uint64_t block,
                                               uint32_t version, void *data,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* All states that a cut may leave, one after the other: restart with cairn_blk_sim_way and the
 * struct, look, load the state before the cut again, and so on while next says so. */
struct cairn_blk_sim_ways {
    uint32_t *digits, *limits; /* the choices of this way, and how many there were of each */
    size_t cap, made, at;
    bool is_short; /* more choices than memory: of the others, the oldest is taken */
};
/* mem: 8 bytes a choice. */
CAIRN_API void cairn_blk_sim_ways_init(struct cairn_blk_sim_ways *ways, void *mem, size_t bytes);
CAIRN_API uint32_t cairn_blk_sim_way(void *ctx, const struct cairn_blk_sim_choice *choice);
CAIRN_API bool cairn_blk_sim_ways_next(struct cairn_blk_sim_ways *ways);

/* ---- states ---------------------------------------------------------------------------------- */

/* Keep all that sim and the device below hold in mem, and come back to it, any time and as often as
 * wanted; the plan stays what it is then. Costs grow with the blocks that were ever changed, and
 * writes with those that differ. When loading fails, reads may see blocks of either state, and it
 * may be called again.
 *   CAIRN_ENOTSUP  options.tracked is 0
 *   CAIRN_ENOMEM   mem is below cairn_blk_sim_save_mem, as it is now
 *   else what the device below says */
CAIRN_API size_t cairn_blk_sim_save_mem(const struct cairn_blk_sim *dev);
CAIRN_API enum cairn_err cairn_blk_sim_save(struct cairn_blk_sim *dev, void *mem, size_t mem_bytes,
                                            struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_sim_load(struct cairn_blk_sim *dev, const void *mem,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* A hash of all that is durable: 0 at open, the same for the same contents, kept as they change.
 * 0 without options.tracked. The shares of blocks, by cairn_blk_sim_share of their contents, add
 * up: the hash is the sum over changed blocks of the share now less that at open. */
CAIRN_API uint64_t cairn_blk_sim_hash(const struct cairn_blk_sim *dev);
CAIRN_API uint64_t cairn_blk_sim_share(uint64_t block, const void *data, size_t bytes);

CAIRN_END

#endif
