/* SPDX-License-Identifier: ISC */
/* The one place where requests are checked: ranges, flags, segments, overlap, read-only, poison. */
#include "../impl.h"

static const char *const op_names[] = { "read", "write", "discard", "zero" };

static const uint32_t op_flags[] = {
    [CAIRN_BLK_READ] = 0,
    [CAIRN_BLK_WRITE] = CAIRN_BLK_FUA,
    [CAIRN_BLK_DISCARD] = 0,
    [CAIRN_BLK_ZERO] = CAIRN_BLK_NO_UNMAP,
};

const char *blk_op_name(enum cairn_blk_op op)
{
    return (size_t)op < CAIRN_COUNT(op_names) ? op_names[op] : "unknown operation";
}

enum cairn_err blk_shape_check(uint32_t block_bytes, uint64_t block_count, struct cairn_why *why)
{
    if (!cairn_is_pow2(block_bytes) || block_bytes < BLK_BYTES_MIN || block_bytes > BLK_BYTES_MAX)
        return cairn_why_fail(why, CAIRN_EINVAL,
                              "blocks of %lu bytes: a power of two from 512 to 65536 is needed",
                              (unsigned long)block_bytes);
    if (block_count > (BLK_DEVICE_BYTES_MAX - 1) / block_bytes)
        return cairn_why_fail(why, CAIRN_EINVAL, "a device of %llu blocks of %lu bytes: too large",
                              (unsigned long long)block_count, (unsigned long)block_bytes);
    return CAIRN_OK;
}

enum cairn_err blk_poison(const struct cairn_blk *dev)
{
    int32_t poison = 0;
    for (dev = dev->target; !poison; dev = dev->below->target) {
        poison = __atomic_load_n(&dev->poison, __ATOMIC_ACQUIRE);
        if (!dev->below) break;
    }
    return (enum cairn_err)poison;
}

enum cairn_err blk_first_failure(const struct cairn_blk_req *reqs, size_t count, enum cairn_err err)
{
    for (size_t i = 0; i < count; i++)
        if (reqs[i].status) return reqs[i].status;
    return err;
}

bool blk_why_is_first(const struct cairn_blk_req *reqs, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (reqs[i].status && reqs[i].why == reqs[at].why) return false;
    return true;
}

enum cairn_err blk_req_fail(const struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t at,
                            enum cairn_err err, int32_t os, const char *detail)
{
    struct cairn_blk_req *req = &reqs[at];
    req->status = err;
    if (!req->why || !blk_why_is_first(reqs, at)) return err;
    const char *op = blk_op_name(req->op);
    err = detail ? cairn_why_fail(req->why, err, "%s: %s", op, detail)
                 : cairn_why_fail(req->why, err, "%s", op);
    cairn_why_block(req->why, req->block);
    cairn_why_os(req->why, os);
    cairn_why_via(req->why, dev->name);
    return err;
}

/* Each segment is whole blocks at an aligned address, and together they are the request's blocks.
 * The product cannot wrap: the range was checked against a device below 2^63 bytes. */
static const char *segs_fault(const struct cairn_blk_info *info, const struct cairn_blk_req *req)
{
    uint64_t left = req->count * info->block_bytes;
    for (uint32_t i = 0; i < req->seg_count; i++) {
        const struct cairn_blk_seg *seg = &req->segs[i];
        if (seg->bytes & (info->block_bytes - 1))
            return "a segment is not a whole number of blocks";
        if ((uintptr_t)seg->data & (info->mem_align - 1)) return "a segment's address is unaligned";
        if (seg->bytes && !seg->data) return "a segment has no memory";
        if (seg->bytes > left) return "the segments are longer than the request";
        left -= seg->bytes;
    }
    return left ? "the segments are shorter than the request" : NULL;
}

/* What only requests that change the device must meet. */
static enum cairn_err change_check(const struct cairn_blk *dev, const struct cairn_blk_req *req,
                                   const char **fault)
{
    *fault = NULL;
    if (dev->info.read_only) return CAIRN_EROFS;
    bool absent = (req->op == CAIRN_BLK_DISCARD && dev->info.discard == CAIRN_BLK_ABSENT) ||
                  (req->op == CAIRN_BLK_ZERO && dev->info.zero == CAIRN_BLK_ABSENT) ||
                  ((req->flags & CAIRN_BLK_FUA) && dev->info.fua == CAIRN_BLK_ABSENT);
    if (absent) return CAIRN_ENOTSUP;
    *fault = "an earlier flush failed, open the device anew";
    return blk_poison(dev);
}

static enum cairn_err request_check(const struct cairn_blk *dev, const struct cairn_blk_req *req,
                                    const char **fault)
{
    *fault = "no such operation";
    if ((size_t)req->op >= CAIRN_COUNT(op_flags)) return CAIRN_EINVAL;
    *fault = "a flag that this operation does not have";
    if (req->flags & ~op_flags[req->op]) return CAIRN_EINVAL;
    *fault = "beyond the end of the device";
    if (!cairn_range_fits(req->block, req->count, dev->info.block_count)) return CAIRN_ERANGE;
    *fault = "segments where none belong";
    bool has_data = req->op == CAIRN_BLK_READ || req->op == CAIRN_BLK_WRITE;
    if (!has_data && req->seg_count) return CAIRN_EINVAL;
    *fault = has_data ? segs_fault(&dev->info, req) : NULL;
    if (*fault) return CAIRN_EINVAL;
    return req->op == CAIRN_BLK_READ ? CAIRN_OK : change_check(dev, req, fault);
}

/* Requests of a batch that come in the order of their blocks, as most do, need no sorting. */
static bool batch_is_sorted(const struct cairn_blk_req *reqs, size_t count)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (!reqs[i].count) continue;
        if (reqs[i].block < end) return false;
        end = reqs[i].block + reqs[i].count;
    }
    return true;
}

/* Heapsort of the indices in reqs[].order: no memory of its own, no bad input. */
static bool order_below(const struct cairn_blk_req *reqs, size_t a, size_t b)
{
    return reqs[reqs[a].order].block < reqs[reqs[b].order].block;
}

static void order_swap(struct cairn_blk_req *reqs, size_t a, size_t b)
{
    uint32_t order = reqs[a].order;
    reqs[a].order = reqs[b].order;
    reqs[b].order = order;
}

static void order_sift(struct cairn_blk_req *reqs, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && order_below(reqs, child, child + 1)) child++;
        if (!order_below(reqs, root, child)) return;
        order_swap(reqs, root, child);
        root = child;
    }
}

static void order_sort(struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reqs[i].order = (uint32_t)i;
    for (size_t i = count / 2; i-- > 0;)
        order_sift(reqs, i, count);
    for (size_t end = count; end-- > 1;) {
        order_swap(reqs, 0, end);
        order_sift(reqs, 0, end);
    }
}

/* Marks every request that starts inside another one. */
static enum cairn_err overlap_check(const struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                    size_t count)
{
    if (batch_is_sorted(reqs, count)) return CAIRN_OK;
    order_sort(reqs, count);
    enum cairn_err err = CAIRN_OK;
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = reqs[i].order;
        if (!reqs[at].count) continue;
        if (reqs[at].block < end)
            err = blk_req_fail(dev, reqs, at, CAIRN_EINVAL, 0, "overlaps another of its batch");
        end = cairn_max_u64(end, reqs[at].block + reqs[at].count);
    }
    return err;
}

static void batch_cancel(struct cairn_blk_req *reqs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!reqs[i].status) reqs[i].status = CAIRN_ECANCELED;
}

/* The status of the first that is malformed, not of the first in the array, which may be fine and
 * only cancelled. */
static enum cairn_err batch_refuse(struct cairn_blk_req *reqs, size_t count, enum cairn_err err)
{
    err = blk_first_failure(reqs, count, err);
    batch_cancel(reqs, count);
    return err;
}

enum cairn_err blk_batch_check(const struct cairn_blk *dev, struct cairn_blk_req *reqs,
                               size_t count)
{
    enum cairn_err err = CAIRN_OK;
    const char *fault;
    for (size_t i = 0; i < count; i++) {
        reqs[i].status = request_check(dev, &reqs[i], &fault);
        if (reqs[i].status) err = blk_req_fail(dev, reqs, i, reqs[i].status, 0, fault);
    }
    if (!err && (uint64_t)count >> 32)
        err = blk_req_fail(dev, reqs, 0, CAIRN_EINVAL, 0, "too many requests in one batch");
    if (!err && count > 1) err = overlap_check(dev, reqs, count);
    return err ? batch_refuse(reqs, count, err) : CAIRN_OK;
}
