/* SPDX-License-Identifier: ISC */
#include "faulty.h"

#include "block/impl.h"
#include <sched.h>
#include <string.h>

#define OUTWARD 8u

static struct faulty *faulty_of(struct cairn_blk *dev)
{
    return (struct faulty *)dev;
}

/* ---- data ------------------------------------------------------------------------------------ */

/* Do a batch request by request, but for those of which `skip` says that they are done already. */
static enum cairn_err submit_but(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count,
                                 bool (*skip)(const struct cairn_blk_req *req))
{
    for (size_t i = 0; i < count; i++)
        if (!skip(&reqs[i])) blk_send_part(dev, dev->below, reqs, i, i + 1);
    return blk_first_failure(reqs, count, CAIRN_OK);
}

static bool is_write_of_three(const struct cairn_blk_req *req)
{
    return req->op == CAIRN_BLK_WRITE && req->count == 3;
}

static enum cairn_err drop_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return submit_but(dev, reqs, count, is_write_of_three);
}

static bool is_long_fua(const struct cairn_blk_req *req)
{
    return (req->flags & CAIRN_BLK_FUA) && req->seg_count > 2;
}

static enum cairn_err fua_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return submit_but(dev, reqs, count, is_long_fua);
}

static enum cairn_err some_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return blk_layer_submit(dev, reqs, count > 256 ? 256 : count);
}

static enum cairn_err unaligned_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                       size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; reqs[i].op == CAIRN_BLK_READ && j < reqs[i].seg_count; j++)
            if ((uintptr_t)reqs[i].segs[j].data % 64 && reqs[i].segs[j].bytes)
                *(uint8_t *)reqs[i].segs[j].data ^= 1;
    return err;
}

static void odd_info(struct cairn_blk_info *info)
{
    info->atomic_bytes = 3;
}

/* As a layer does that forgets to restore the array when a request fails. */
static enum cairn_err array_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    for (size_t i = 0; err && i < count; i++)
        reqs[i].block++;
    return err;
}

static enum cairn_err array_always_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                          size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    reqs[count - 1].flags = 0;
    return err;
}

/* ---- the front ------------------------------------------------------------------------------- */

static enum cairn_err accept(struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reqs[i].status = CAIRN_OK;
    return CAIRN_OK;
}

static enum cairn_err wrap_front(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    bool wrapped = reqs[0].block + reqs[0].count <= dev->info.block_count;
    enum cairn_err err = cairn_blk_submit(dev, reqs, count);
    return err == CAIRN_ERANGE && wrapped ? accept(reqs, count) : err;
}

static enum cairn_err sum_front(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < reqs[0].seg_count; i++)
        bytes += reqs[0].segs[i].bytes;
    enum cairn_err err = cairn_blk_submit(dev, reqs, count);
    bool fits = bytes == reqs[0].count * dev->info.block_bytes;
    return err == CAIRN_EINVAL && fits ? accept(reqs, count) : err;
}

static enum cairn_err overlap_front(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum cairn_err err = cairn_blk_submit(dev, &reqs[i], 1);
        if (err) return err;
    }
    return CAIRN_OK;
}

static void readonly_info(struct cairn_blk_info *info)
{
    info->read_only = true;
}

static enum cairn_err zero_front(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    dev->info.read_only = reqs[0].op != CAIRN_BLK_ZERO;
    enum cairn_err err = cairn_blk_submit(dev, reqs, count);
    dev->info.read_only = true;
    return err;
}

/* It refuses, but only when it is done. */
static enum cairn_err late_front(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    dev->info.read_only = false;
    enum cairn_err err = cairn_blk_submit(dev, reqs, count);
    dev->info.read_only = true;
    return err ? err : cairn_blk_submit(dev, reqs, count);
}

/* ---- begin, threads -------------------------------------------------------------------------- */

static enum cairn_err one_begin(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    (void)count;
    faulty_of(dev)->begun = reqs;
    return CAIRN_OK;
}

static enum cairn_err one_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return faulty_of(dev)->begun == reqs ? blk_layer_submit(dev, reqs, count) : CAIRN_OK;
}

/* What failed meanwhile is forgotten. */
static enum cairn_err silent_finish(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    return err ? accept(reqs, count) : CAIRN_OK;
}

/* Between the two lines another thread comes. */
static enum cairn_err shared_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct faulty *faulty = faulty_of(dev);
    for (size_t i = 0; i < count; i++) {
        struct cairn_blk_req req = reqs[i];
        __atomic_store_n(&faulty->block, req.block, __ATOMIC_RELAXED);
        sched_yield();
        req.block = __atomic_load_n(&faulty->block, __ATOMIC_RELAXED);
        bool fits = cairn_range_fits(req.block, req.count, dev->info.block_count);
        reqs[i].status = fits ? blk_send(dev->below, &req, 1) : CAIRN_EIO;
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}

/* A counter that no lock guards. */
static enum cairn_err race_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    faulty_of(dev)->block += count;
    return blk_layer_submit(dev, reqs, count);
}

/* ---- zeros and space ------------------------------------------------------------------------- */

/* Requests of this operation round outward, to what the device below would like best. */
static enum cairn_err outward(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count,
                              enum cairn_blk_op op)
{
    for (size_t i = 0; i < count; i++) {
        struct cairn_blk_req req = reqs[i];
        if (req.op == op) {
            req.block -= req.block % OUTWARD;
            req.count = (reqs[i].block + req.count + OUTWARD - 1) / OUTWARD * OUTWARD - req.block;
            req.count = cairn_min_u64(req.count, dev->info.block_count - req.block);
        }
        reqs[i].status = blk_send(dev->below, &req, 1);
    }
    return blk_first_failure(reqs, count, CAIRN_OK);
}

static enum cairn_err zero_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    return outward(dev, reqs, count, CAIRN_BLK_ZERO);
}

static enum cairn_err discard_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    return outward(dev, reqs, count, CAIRN_BLK_DISCARD);
}

static enum cairn_err hole_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                   struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                   struct cairn_why *why)
{
    enum cairn_err err = blk_layer_extents(dev, block, count, extents, cap, used, why);
    if (*used == 1) extents[0].data = false;
    return err;
}

/* Without an end where the caller's room ends. */
static enum cairn_err short_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                    struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                    struct cairn_why *why)
{
    if (cap > 1) return blk_layer_extents(dev, block, count, extents, cap, used, why);
    extents[0] = (struct cairn_blk_extent){ block, count + 1, true };
    *used = 1;
    return CAIRN_OK;
}

/* Only larger sizes reach the device below, where nothing was cut off. */
static enum cairn_err keep_resize(struct cairn_blk *dev, uint64_t block_count,
                                  struct cairn_why *why)
{
    if (block_count <= dev->below->info.block_count) return CAIRN_OK;
    return cairn_blk_resize(dev->below, block_count, why);
}

static const void *first_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    (void)block;
    return cairn_blk_borrow(dev->below, 0, count);
}

/* ---- failures -------------------------------------------------------------------------------- */

static enum cairn_err swallow_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = blk_layer_flush(dev, why);
    return err == CAIRN_EIO ? CAIRN_OK : err;
}

static enum cairn_err no_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)dev;
    (void)why;
    return CAIRN_OK;
}

/* Flushing goes on by a way of its own, past what poisons. */
static enum cairn_err again_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = dev->below->ops->flush(dev->below, why);
    if (!err) return CAIRN_OK;
    cairn_why_via(why, dev->name);
    return dev->below->ops->flush(dev->below, NULL);
}

static enum cairn_err success_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    return err ? accept(reqs, count) : CAIRN_OK;
}

static enum cairn_err blame_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    for (size_t i = 0; err && i < count; i++)
        reqs[i].status = err;
    return err;
}

static enum cairn_err stop_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    enum cairn_err err = CAIRN_OK;
    for (size_t i = 0; !err && i < count; i++) {
        blk_send_part(dev, dev->below, reqs, i, i + 1);
        err = reqs[i].status;
    }
    return err;
}

static enum cairn_err unsigned_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                      size_t count)
{
    return blk_send(dev->below, reqs, count);
}

static enum cairn_err misplaced_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                       size_t count)
{
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    for (size_t i = 0; err && i < count; i++)
        if (reqs[i].status && reqs[i].why) reqs[i].why->block += OUTWARD;
    return err;
}

/* ---- the list -------------------------------------------------------------------------------- */

const struct fault faults[] = {
    { .name = "faulty-none", .what = "nothing" },
    { "faulty-drop", "data", "writes of three blocks are not done", .ops.submit = drop_submit },
    { "faulty-fua", "data", "durable writes of several segments are lost",
      .ops.submit = fua_submit },
    { "faulty-some", "batch", "256 requests of a batch are done", .ops.submit = some_submit },
    { "faulty-align", "align", "memory that is not aligned gets a wrong byte",
      .ops.submit = unaligned_submit },
    { "faulty-info", "info", "an atomic unit of three bytes", .info = odd_info },
    { "faulty-array", "array", "blocks stay changed when one fails", .ops.submit = array_submit },
    { "faulty-flags", "array", "the flags of a request are cleared",
      .ops.submit = array_always_submit },
    { "faulty-wrap", "range", "block + count wraps", .front = wrap_front },
    { "faulty-sum", "segments", "only the segments' sum is looked at", .front = sum_front },
    { "faulty-overlap", "overlap", "requests are checked one by one", .front = overlap_front },
    { "faulty-zeroes", "readonly", "zeroing a read-only device", .info = readonly_info,
      .front = zero_front },
    { "faulty-late", "readonly", "a change is refused when it is done", .info = readonly_info,
      .front = late_front },
    { "faulty-one", "begin", "only the last batch begun is known", .ops.begin = one_begin,
      .ops.finish = one_finish },
    { "faulty-silent", "begin", "finish forgets what failed", .ops.begin = one_begin,
      .ops.finish = silent_finish },
    { "faulty-shared", "threads", "a request is kept where all threads keep theirs",
      .ops.submit = shared_submit },
    { "faulty-race", "threads", "a counter without a lock", .needs_tsan = true,
      .ops.submit = race_submit },
    { "faulty-zero", "zero", "zeros round outward", .ops.submit = zero_submit },
    { "faulty-discard", "discard", "discards round outward", .ops.submit = discard_submit },
    { "faulty-hole", "extents", "a hole where data is", .ops.extents = hole_extents },
    { "faulty-cap", "extents", "too long when there is room for one",
      .ops.extents = short_extents },
    { "faulty-keep", "resize", "what was cut off comes back", .ops.resize = keep_resize },
    { "faulty-borrow", "borrow", "a view of other blocks", .ops.borrow = first_borrow },
    { "faulty-swallow", "poison", "a failed flush is a success", .ops.flush = swallow_flush },
    { "faulty-again", "poison", "a failed flush is tried again", .ops.flush = again_flush },
    { "faulty-success", "status", "no request fails", .ops.submit = success_submit },
    { "faulty-blame", "status", "one fails, all are blamed", .ops.submit = blame_submit },
    { "faulty-stop", "status", "what follows a failure is not done", .ops.submit = stop_submit },
    { "faulty-unsigned", "names", "no name is added", .ops.submit = unsigned_submit },
    { "faulty-place", "names", "another block is named", .ops.submit = misplaced_submit },
    { "faulty-noflush", "cut", "a flush does not go on", .ops.flush = no_flush },
};

const size_t fault_count = sizeof faults / sizeof *faults;

const struct fault *fault_named(const char *name)
{
    for (size_t i = 0; i < fault_count; i++)
        if (!strcmp(name, faults[i].name)) return &faults[i];
    return NULL;
}

/* ---- the layer as it should be --------------------------------------------------------------- */

static enum cairn_err honest_resize(struct cairn_blk *dev, uint64_t block_count,
                                    struct cairn_why *why)
{
    return cairn_blk_resize(dev->below, block_count, why);
}

static const struct cairn_blk_ops honest_ops = {
    .submit = blk_layer_submit,
    .flush = blk_layer_flush,
    .extents = blk_layer_extents,
    .resize = honest_resize,
    .borrow = blk_layer_borrow,
    .close = blk_close_nothing,
};

void faulty_open(struct faulty *dev, struct cairn_blk *below, const struct fault *fault)
{
    struct cairn_blk_info info = below->info;
    dev->ops = honest_ops;
    if (fault->ops.submit) dev->ops.submit = fault->ops.submit;
    if (fault->ops.begin) dev->ops.begin = fault->ops.begin;
    if (fault->ops.finish) dev->ops.finish = fault->ops.finish;
    if (fault->ops.flush) dev->ops.flush = fault->ops.flush;
    if (fault->ops.extents) dev->ops.extents = fault->ops.extents;
    if (fault->ops.resize) dev->ops.resize = fault->ops.resize;
    if (fault->ops.borrow) dev->ops.borrow = fault->ops.borrow;
    info.extents = CAIRN_BLK_NATIVE;
    if (fault->info) fault->info(&info);
    cairn_blk_init(&dev->base, &dev->ops, &info, "faulty", below);
    dev->begun = NULL;
    dev->block = 0;
}
