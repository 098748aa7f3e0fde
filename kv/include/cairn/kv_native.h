/* SPDX-License-Identifier: ISC */
/*
 * The native key-value store: a copy-on-write B+tree with a log of intents, on a BLOCK device. The
 * format is kv/FORMAT.md.
 *
 * A store lives in one block of memory that the caller gives at open: its pages, its changes that
 * are not yet in the tree, and its log buffer share that budget. Nothing is allocated afterwards.
 *
 * A commit is one write to the log and one flush, for all threads that wait for one. When the log
 * or the memory for changes is half full, a checkpoint brings the changes into the tree: in steps,
 * of which calls that change something do as many as they must, or a thread of the caller's all of
 * them (cairn_kv_native_step).
 */
#ifndef CAIRN_KV_NATIVE_H
#define CAIRN_KV_NATIVE_H

#include <cairn/blk.h>
#include <cairn/clock.h>
#include <cairn/kv.h>

CAIRN_BEGIN

#define CAIRN_KV_LABEL_BYTES 64u                         /* of a store's label, UTF-8, with NUL */
#define CAIRN_KV_NATIVE_MEM_LEAST (UINT32_C(256) << 10)  /* bytes, for pages of 4 KiB */
#define CAIRN_KV_NATIVE_DEVICE_LEAST (UINT32_C(1) << 20) /* bytes of the smallest device */

/* Zeros are the defaults. */
struct cairn_kv_native_format_options {
    uint8_t uuid[16];    /* all zeros: hashed from label, geometry and `made_ns` */
    const char *label;   /* NULL: none */
    int64_t made_ns;     /* wall clock; the root's first time of last change */
    uint32_t page_bytes; /* 4096 to 65536, a power of two, not below the device's block; 0: 4096, or
                            the device's block when that is larger */
    uint64_t log_bytes;  /* 0: a sixteenth of the device, 128 KiB (16 blocks, if larger) to
                           64 MiB */
};

/* Make an empty store on the whole device; what was there is lost. mem is for the time of the call,
 * at least 4 pages. The same options make the same bytes. CAIRN_EINVAL: the options, or a device
 * below CAIRN_KV_NATIVE_DEVICE_LEAST. */
CAIRN_API enum cairn_err
cairn_kv_native_format(struct cairn_blk *dev, const struct cairn_kv_native_format_options *options,
                       void *mem, size_t mem_bytes, struct cairn_why *why) CAIRN_MUST_USE;

/* What a superblock tells of its store. */
struct cairn_kv_native_geometry {
    uint8_t uuid[16];
    char label[CAIRN_KV_LABEL_BYTES];
    uint32_t version;
    uint32_t page_bytes;
    uint64_t pages; /* of the store */
    uint64_t log_bytes;
    uint64_t generation; /* of the checkpoint that this superblock is of */
};

/* Is bytes[0..4096), the first ones of a device, the beginning of a store? Pure. CAIRN_EINVAL: not
 * a store. CAIRN_ENOTSUP: one of a newer format. CAIRN_ECORRUPT: one whose first superblock is
 * damaged (opening may find others). */
CAIRN_API enum cairn_err cairn_kv_native_probe(const void *bytes,
                                               struct cairn_kv_native_geometry *geometry,
                                               struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_kv_native_options {
    bool read_only; /* nothing is written, not even what replaying the log would */
    bool lazy;      /* changes outside of batches are durable with a later commit, or sync */
    bool stepped;   /* somebody calls cairn_kv_native_step: calls that change something wait for it
                       rather than do the work themselves */
    void (*due)(void *ctx); /* of a stepped store: there is something for cairn_kv_native_step to
                               do. Called within other calls; must not call the store. NULL: none */
    void *due_ctx;
    uint32_t keep; /* older generations whose pages are not reused, 1 to 6, for devices whose flush
                      lies: so many checkpoints back a consistent state is found, and, where this is
                      more than 1, taken for the newest, though something that was durable is gone.
                      0: 1, or 6 where the device promises no durability; a state that lacks
                      something is CAIRN_ECORRUPT then */
    struct cairn_clock_wall *clock; /* of last_modified; NULL: the platform's */
};

/* The least memory for a store of such pages: 64 of them, CAIRN_KV_NATIVE_MEM_LEAST for pages of
 * 4 KiB (three quarters of that to read only). A batch has room for a 32nd of the memory, or a 32nd
 * of the log where that is less: names, short values and what the store notes of each 64 KiB of
 * long ones, all changes of the batch together, a hundred bytes more for each (a change outside of
 * a batch is a batch of its own). What is more may fit as well; CAIRN_ENOMEM: it did not, and the
 * batch is as it was before. */
CAIRN_API size_t cairn_kv_native_mem_least(uint32_t page_bytes);

/* A good size of the memory for a store that is to hold `bytes` of keys and values all in memory.
 */
CAIRN_API size_t cairn_kv_native_mem_good(const struct cairn_blk *dev, uint64_t bytes);

/* Open the store on dev. dev and mem stay the caller's, also when this fails, and outlive the
 * store. The newest consistent state is found, and the log behind it replayed. CAIRN_EINVAL    not
 * a store; the why says what was found instead CAIRN_ENOTSUP   a newer format, or one of its
 * features CAIRN_ECORRUPT  no consistent state is left, or the log has
 * lost what was acknowledged CAIRN_ENOMEM    mem_bytes is below
 * cairn_kv_native_mem_least for its pages CAIRN_ERANGE    the device is smaller than the store */
CAIRN_API enum cairn_err cairn_kv_native_open(struct cairn_kv **kv, struct cairn_blk *dev,
                                              const struct cairn_kv_native_options *options,
                                              void *mem, size_t mem_bytes,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* The calls below are for stores that cairn_kv_native_open gave. */

/* Do a bounded piece of what a checkpoint, a removed dictionary or a removed snapshot leaves to do.
 * *more: there is more that can be done now. */
CAIRN_API enum cairn_err cairn_kv_native_step(struct cairn_kv *kv, bool *more,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* Bring all that is committed into the tree, durably, and make the log empty. */
CAIRN_API enum cairn_err cairn_kv_native_checkpoint(struct cairn_kv *kv,
                                                    struct cairn_why *why) CAIRN_MUST_USE;

/* Take what the device has become larger by (cairn_blk_resize, a partition that grew): more room,
 * while readers go on. The geometry in the usage tells what came of it; fewer than eight pages more
 * are left. Crash-safe: the store has its old size or the new one. CAIRN_EROFS; CAIRN_EINVAL: more
 * pages than a store can have. */
CAIRN_API enum cairn_err cairn_kv_native_grow(struct cairn_kv *kv,
                                              struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_kv_native_usage {
    struct cairn_kv_native_geometry geometry;
    uint64_t entries;                /* of the tree: values, dictionaries, chunks */
    uint64_t tree_pages, data_pages; /* in use: of the tree, of values outside of it */
    uint64_t free_pages;             /* for values, but for what is reserved */
    uint64_t log_used_bytes;
    uint32_t depth; /* levels of the tree; 0: it is empty */
    uint64_t commits, flushes, log_writes, log_bytes_written; /* since open */
    uint64_t checkpoints, pages_written, pages_read, page_hits;
    uint64_t replayed_ops; /* at open */
    uint64_t fell_back;    /* at open: newer generations that were not consistent */
};
CAIRN_API enum cairn_err cairn_kv_native_usage(struct cairn_kv *kv,
                                               struct cairn_kv_native_usage *usage,
                                               struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
