/* SPDX-License-Identifier: ISC */
/*
 * BLOCK: an array of equal blocks, and what can be asked of it.
 *
 * A device is a struct of the caller's whose first member is `struct cairn_blk`. The functions here
 * are the only way in: they check every request once, without wrapping, and devices trust them.
 *
 * Ordering: requests of one batch are unordered. A request is complete when submit (or finish)
 * returns. cairn_blk_flush makes durable all that completed before it was called; nothing else
 * does, but a write with CAIRN_BLK_FUA. A flush that failed poisons the device: every later write,
 * discard, zero and flush fails with its error until the device is opened anew.
 *
 * Threads: hosted devices may be called from several threads at once; the caller orders requests
 * that overlap. A device is opened and closed by one thread.
 */
#ifndef CAIRN_BLK_H
#define CAIRN_BLK_H

#include <cairn/why.h>

CAIRN_BEGIN

struct cairn_blk;

enum cairn_blk_op {
    CAIRN_BLK_READ,
    CAIRN_BLK_WRITE,
    CAIRN_BLK_DISCARD, /* contents undefined afterwards */
    CAIRN_BLK_ZERO     /* reads as zeros afterwards */
};

/* Flags of a request. */
#define CAIRN_BLK_FUA 1u      /* a write: durable when complete (native or by a flush) */
#define CAIRN_BLK_NO_UNMAP 2u /* a zero: keep the space allocated */

/* A piece of memory. Its length is a whole number of blocks; its address has info.mem_align. */
struct cairn_blk_seg {
    void *data; /* only read from by writes */
    size_t bytes;
};

struct cairn_blk_req {
    enum cairn_blk_op op;
    uint32_t flags;
    uint64_t block;                   /* first block */
    uint64_t count;                   /* blocks; 0 is allowed and does nothing */
    const struct cairn_blk_seg *segs; /* reads and writes: count blocks in all; else NULL */
    uint32_t seg_count;
    uint32_t order;        /* scratch of the checked front; not the caller's */
    enum cairn_err status; /* out: this request's own result */
    struct cairn_why *why; /* or NULL; may be shared by the requests of one batch:
                              it then explains the first that failed */
};

/* How a device does a thing. */
enum cairn_blk_cap {
    CAIRN_BLK_ABSENT,   /* the call fails with CAIRN_ENOTSUP */
    CAIRN_BLK_EMULATED, /* done by other means: a zero by writing, FUA by a flush */
    CAIRN_BLK_NATIVE
};

/* What a flush that succeeded promises. */
enum cairn_blk_durability {
    CAIRN_BLK_DURABLE_NONE, /* nothing: memory, or a device without flush */
    CAIRN_BLK_DURABLE_HOST, /* survives this process, not the host's power */
    CAIRN_BLK_DURABLE_MEDIA /* survives power loss, as far as the host tells the truth */
};

struct cairn_blk_info {
    uint32_t block_bytes; /* a power of two, 512 to 65536 */
    uint64_t block_count; /* block_bytes * block_count < 2^63 */
    bool read_only;
    uint32_t preferred_bytes; /* transfers of this size and alignment are the efficient ones */
    uint64_t max_bytes;       /* of one request; the front splits nothing, devices do */
    uint32_t mem_align;       /* of segments, a power of two, 1 when any will do */
    uint32_t atomic_bytes;    /* a write this large and aligned to it is never torn */
    uint32_t discard_bytes;   /* granularity; 0 when absent */
    uint32_t zero_bytes;      /* granularity of a native zero; 0 when not native */
    enum cairn_blk_cap flush, fua, discard, zero, extents, resize, borrow;
    enum cairn_blk_durability durability;
};

/* A run of blocks that all hold data or all read as zeros. */
struct cairn_blk_extent {
    uint64_t block;
    uint64_t count;
    bool data;
};

/* The functions of an implementation. NULL where a capability is absent; close is always there, and
 * submit but in a layer that only renumbers blocks. The front has checked all arguments against
 * info before any of them is called, and has emulated what info calls emulated: a device meets no
 * zero that it said it emulates, and ignores CAIRN_BLK_FUA unless it is native. */
struct cairn_blk_ops {
    /* Complete all requests, in any order; each status comes in as CAIRN_OK, those that fail get
     * theirs; return CAIRN_OK or one of the failures. Restores the array when it rewrites it for a
     * device below. */
    enum cairn_err (*submit)(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                             size_t count) CAIRN_MUST_USE;
    /* Start without waiting, and wait for what begin started. Both or neither; without them begin
     * is submit. */
    enum cairn_err (*begin)(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                            size_t count) CAIRN_MUST_USE;
    enum cairn_err (*finish)(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                             size_t count) CAIRN_MUST_USE;
    enum cairn_err (*flush)(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*extents)(struct cairn_blk *dev, uint64_t block, uint64_t count,
                              struct cairn_blk_extent *extents, size_t cap, size_t *used,
                              struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*resize)(struct cairn_blk *dev, uint64_t block_count,
                             struct cairn_why *why) CAIRN_MUST_USE;
    const void *(*borrow)(struct cairn_blk *dev, uint64_t block, uint64_t count);
    enum cairn_err (*close)(struct cairn_blk *dev, struct cairn_why *why) CAIRN_MUST_USE;
};

/* The base of every device. The implementation fills it through cairn_blk_init; callers only read
 * info (cairn_blk_info) and name. */
struct cairn_blk {
    const struct cairn_blk_ops *ops;
    struct cairn_blk_info info;
    const char *name;        /* for explanations: "disk.img", "partition 2" */
    struct cairn_blk *below; /* the next device of the stack, NULL at the bottom */
    /* Where requests go: to this device itself, or, of one that only renumbers blocks, to the first
     * one below that does more. Block n is block (n << target_shift) + target_first there. */
    struct cairn_blk *target;
    uint64_t target_first;
    uint32_t target_shift;
    int32_t poison; /* an enum cairn_err: what the failed flush said, or 0; atomic */
};

/* For implementations: fill the base. name must outlive the device, which is not to be moved while
 * it is open. */
CAIRN_API void cairn_blk_init(struct cairn_blk *dev, const struct cairn_blk_ops *ops,
                              const struct cairn_blk_info *info, const char *name,
                              struct cairn_blk *below);

static inline const struct cairn_blk_info *cairn_blk_info(const struct cairn_blk *dev)
{
    return &dev->info;
}

/* The primitive: all of a batch, complete when it returns. Each request's status is set; the
 * result is CAIRN_OK when all succeeded, else the status of the first, in the array's order, that
 * failed. Nothing is submitted when any request is malformed: those get their error, the others
 * CAIRN_ECANCELED.
 *   CAIRN_ERANGE   beyond the end              CAIRN_EINVAL  flags, segments, overlap in the batch
 *   CAIRN_EROFS    the device is read-only     CAIRN_ENOTSUP a discard where absent
 *   CAIRN_EIO ...  what the device says, or the poison of a failed flush */
CAIRN_API enum cairn_err cairn_blk_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                          size_t count) CAIRN_MUST_USE;

/* The same in two halves, so that the caller works meanwhile. Between the two, the requests, their
 * segments and their memory belong to the device. finish is called exactly once after a begin that
 * succeeded, with the same array; when begin fails, statuses are set and there is no finish. */
CAIRN_API enum cairn_err cairn_blk_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                         size_t count) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                          size_t count) CAIRN_MUST_USE;

/* One request of one segment: bytes must be count blocks. */
CAIRN_API enum cairn_err cairn_blk_read(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                        void *data, struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_write(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                         const void *data, struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_discard(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                           struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_blk_zero(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* Durable: all that completed before. CAIRN_OK also where info.flush is absent: look at
 * info.durability for what that means. A failure poisons the device. */
CAIRN_API enum cairn_err cairn_blk_flush(struct cairn_blk *dev,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* Which of [block, block+count) holds data: up to cap extents from block on, in order, adjacent,
 * merged; *used of them are filled; the last one may end before block+count when cap is reached.
 * A device that does not know says one extent of data. */
CAIRN_API enum cairn_err cairn_blk_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                           struct cairn_blk_extent *extents, size_t cap,
                                           size_t *used, struct cairn_why *why) CAIRN_MUST_USE;

/* Change the block count; new blocks read as zeros. Only of the top of a stack, with no request in
 * flight: a layer does not see that the device below it changes. CAIRN_ENOTSUP where absent,
 * CAIRN_EINVAL: too large, CAIRN_ENOSPC: more than there is room for. */
CAIRN_API enum cairn_err cairn_blk_resize(struct cairn_blk *dev, uint64_t block_count,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* A read-only view of the blocks without a copy, valid until the device is closed or resized, and
 * showing later writes; NULL where the device is not memory or the range is not inside it. */
CAIRN_API const void *cairn_blk_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count);

/* Close this device, not those below it. The struct is then the caller's again, also when closing
 * fails (an error that writing back met). Closing does not flush. */
CAIRN_API enum cairn_err cairn_blk_close(struct cairn_blk *dev,
                                         struct cairn_why *why) CAIRN_MUST_USE;

static inline uint64_t cairn_blk_bytes(const struct cairn_blk *dev)
{
    return dev->info.block_count * dev->info.block_bytes;
}

CAIRN_END

#endif
