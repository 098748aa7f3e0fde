/* SPDX-License-Identifier: ISC */
/*
 * The device below with blocks of another size. Requests of whole blocks of the device below are
 * scaled and passed on as a batch; others are cut, and their pieces of a block are read, changed
 * and written back under the lock.
 */
#include <cairn/blk_layers.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_resized, base) == 0, "a device embeds its base first");

static struct cairn_blk_resized *resized_of(struct cairn_blk *dev)
{
    return (struct cairn_blk_resized *)dev;
}

/* A request as bytes, and how far it is done. */
struct walk {
    struct cairn_blk_resized *dev;
    const struct cairn_blk_req *req;
    struct cairn_why *why;    /* the request's, unless an earlier one has explained itself there */
    uint64_t at, end;         /* bytes of the device */
    struct blk_cursor memory; /* of reads and writes */
};

static uint32_t below_bytes(const struct cairn_blk_resized *dev)
{
    return dev->base.below->info.block_bytes;
}

/* Go on by so many bytes. */
static void walk_advance(struct walk *walk, uint64_t bytes)
{
    walk->at += bytes;
    if (walk->req->seg_count) blk_cursor_skip(&walk->memory, bytes);
}

static enum cairn_err below_do(struct walk *walk, enum cairn_blk_op op, uint64_t bytes,
                               uint8_t *data)
{
    struct cairn_blk_seg seg = { data, (size_t)bytes };
    struct cairn_blk_req req = { .op = op,
                                 .block = walk->at / below_bytes(walk->dev),
                                 .count = bytes / below_bytes(walk->dev),
                                 .why = walk->why };
    /* Reading before a write takes none of the write's flags. */
    if (op == walk->req->op) req.flags = walk->req->flags;
    if (data) {
        req.segs = &seg;
        req.seg_count = 1;
    }
    return blk_layer_submit(&walk->dev->base, &req, 1);
}

/* Whole blocks, straight from or to the caller's memory. */
static enum cairn_err walk_whole(struct walk *walk, uint8_t *data, uint64_t bytes)
{
    enum cairn_err err = below_do(walk, walk->req->op, bytes, data);
    walk_advance(walk, bytes);
    return err;
}

/* Between the request's memory, wherever it lies, and so many bytes of a block. */
static void walk_copy(struct walk *walk, uint8_t *block, uint64_t bytes)
{
    if (walk->req->seg_count)
        blk_cursor_copy(&walk->memory, walk->req->op, block, (size_t)bytes);
    else
        memset(block, 0, (size_t)bytes);
    walk->at += bytes;
}

/* Read the block, unless all of it is new, change what the request says, write it back. `inside` is
 * where in the block. */
static enum cairn_err bounce_piece(struct walk *walk, uint64_t inside, uint64_t bytes)
{
    uint32_t unit = below_bytes(walk->dev);
    uint8_t *bounce = walk->dev->bounce;
    struct walk block = *walk;
    block.at -= inside;
    bool is_read = walk->req->op == CAIRN_BLK_READ;
    enum cairn_err err = CAIRN_OK;
    if (is_read || bytes < unit) err = below_do(&block, CAIRN_BLK_READ, unit, bounce);
    if (err) return err;
    walk_copy(walk, bounce + inside, bytes);
    return is_read ? CAIRN_OK : below_do(&block, CAIRN_BLK_WRITE, unit, bounce);
}

/* What the request has of one block: in one piece, as a block that is written twice may tear. A
 * discard of a part leaves it: its contents may be anything, also what they were. */
static enum cairn_err walk_piece(struct walk *walk)
{
    uint64_t inside = walk->at % below_bytes(walk->dev);
    uint64_t bytes = cairn_min_u64(walk->end - walk->at, below_bytes(walk->dev) - inside);
    if (walk->req->op == CAIRN_BLK_DISCARD) {
        walk_advance(walk, bytes);
        return CAIRN_OK;
    }
    cairn_lock_take(&walk->dev->lock);
    enum cairn_err err = bounce_piece(walk, inside, bytes);
    cairn_lock_drop(&walk->dev->lock);
    return err;
}

static enum cairn_err walk_step(struct walk *walk)
{
    uint64_t unit = below_bytes(walk->dev), left = walk->end - walk->at;
    struct blk_cursor ahead = walk->memory;
    struct cairn_blk_seg seg = { NULL, 0 };
    if (walk->req->seg_count) seg = blk_cursor_next(&ahead, left);
    uint64_t bytes = seg.data ? seg.bytes : left;
    bool is_whole = walk->at % unit == 0 && bytes >= unit &&
                    ((uintptr_t)seg.data & (walk->dev->base.info.mem_align - 1)) == 0;
    return is_whole ? walk_whole(walk, seg.data, bytes / unit * unit) : walk_piece(walk);
}

static enum cairn_err submit_cut(struct cairn_blk_resized *dev, struct cairn_blk_req *reqs,
                                 size_t count)
{
    uint32_t block_bytes = dev->base.info.block_bytes;
    enum cairn_err first = CAIRN_OK;
    for (size_t i = 0; i < count; i++) {
        struct walk walk = { .dev = dev,
                             .req = &reqs[i],
                             .at = reqs[i].block * block_bytes,
                             .memory = { reqs[i].segs, 0 } };
        if (blk_why_is_first(reqs, i)) walk.why = reqs[i].why;
        walk.end = walk.at + reqs[i].count * block_bytes;
        while (walk.at < walk.end && !reqs[i].status)
            reqs[i].status = walk_step(&walk);
        if (!first) first = reqs[i].status;
    }
    return first;
}

static bool segs_are_whole(const struct cairn_blk_req *req, uint32_t unit)
{
    for (uint32_t i = 0; i < req->seg_count; i++)
        if (req->segs[i].bytes & (unit - 1)) return false;
    return true;
}

/* May the batch go down as it is, with other numbers? */
static bool batch_is_whole(const struct cairn_blk_resized *dev, const struct cairn_blk_req *reqs,
                           size_t count)
{
    uint64_t ratio = below_bytes(dev) / dev->base.info.block_bytes;
    for (size_t i = 0; i < count; i++)
        if ((reqs[i].block | reqs[i].count) & (ratio - 1) ||
            !segs_are_whole(&reqs[i], below_bytes(dev)))
            return false;
    return true;
}

/* Blocks of size `from` as blocks of size `to`. */
static void scale(struct cairn_blk_req *reqs, size_t count, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < count; i++) {
        reqs[i].block = reqs[i].block * from / to;
        reqs[i].count = reqs[i].count * from / to;
    }
}

static enum cairn_err smaller_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs,
                                     size_t count)
{
    struct cairn_blk_resized *resized = resized_of(dev);
    if (!batch_is_whole(resized, reqs, count)) return submit_cut(resized, reqs, count);
    scale(reqs, count, dev->info.block_bytes, below_bytes(resized));
    enum cairn_err err = blk_layer_submit(dev, reqs, count);
    scale(reqs, count, below_bytes(resized), dev->info.block_bytes);
    return err;
}

#define EXTENTS_AT_ONCE 16

static enum cairn_err resized_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                                      struct cairn_blk_extent *extents, size_t cap, size_t *used,
                                      struct cairn_why *why)
{
    uint64_t unit = dev->below->info.block_bytes;
    uint64_t at = block * dev->info.block_bytes / unit;
    uint64_t end = cairn_div_up((block + count) * dev->info.block_bytes, unit);
    struct blk_extents list;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    bool room = true;
    while (room && at < end) {
        struct cairn_blk_extent found[EXTENTS_AT_ONCE];
        size_t n;
        enum cairn_err err =
            blk_layer_extents(dev, at, end - at, found, CAIRN_COUNT(found), &n, why);
        if (err) return err;
        for (size_t i = 0; room && i < n; i++) {
            at = found[i].block + found[i].count;
            if (found[i].data) room = blk_extents_data(&list, found[i].block * unit, at * unit);
        }
    }
    if (room) blk_extents_end(&list);
    *used = list.used;
    return CAIRN_OK;
}

static enum cairn_err resized_resize(struct cairn_blk *dev, uint64_t block_count,
                                     struct cairn_why *why)
{
    uint64_t bytes = block_count * dev->info.block_bytes;
    uint64_t unit = dev->below->info.block_bytes;
    if (bytes % unit)
        return cairn_why_fail(why, CAIRN_EINVAL, "resize: not a whole number of blocks of %llu",
                              (unsigned long long)unit);
    return cairn_blk_resize(dev->below, bytes / unit, why);
}

static const void *smaller_borrow(struct cairn_blk *dev, uint64_t block, uint64_t count)
{
    uint64_t unit = dev->below->info.block_bytes;
    uint64_t from = block * dev->info.block_bytes, to = from + count * dev->info.block_bytes;
    uint64_t first = from / unit;
    const uint8_t *view = cairn_blk_borrow(dev->below, first, cairn_div_up(to, unit) - first);
    return view ? view + (size_t)(from % unit) : NULL;
}

static enum cairn_err resized_close(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    cairn_lock_destroy(&resized_of(dev)->lock);
    return CAIRN_OK;
}

static const struct cairn_blk_ops larger_ops = {
    .flush = blk_layer_flush,
    .extents = resized_extents,
    .resize = resized_resize,
    .borrow = blk_route_borrow,
    .close = resized_close,
};

static const struct cairn_blk_ops smaller_ops = {
    .submit = smaller_submit,
    .flush = blk_layer_flush,
    .extents = resized_extents,
    .resize = resized_resize,
    .borrow = smaller_borrow,
    .close = resized_close,
};

size_t cairn_blk_blocksize_mem(const struct cairn_blk *below, uint32_t block_bytes)
{
    if (block_bytes >= below->info.block_bytes) return 0;
    return below->info.block_bytes + (below->info.mem_align - 1);
}

static struct cairn_blk_info resized_info(const struct cairn_blk *below, uint32_t block_bytes)
{
    struct cairn_blk_info info = below->info;
    info.block_bytes = block_bytes;
    info.block_count = cairn_blk_bytes(below) / block_bytes;
    info.preferred_bytes = (uint32_t)cairn_max_u64(info.preferred_bytes, block_bytes);
    /* Requests that are cut go below by its blocks. */
    if (block_bytes < below->info.block_bytes)
        info.atomic_bytes = (uint32_t)cairn_min_u64(info.atomic_bytes, below->info.block_bytes);
    return info;
}

/* The first address in mem that the device below can transfer to. */
static uint8_t *bounce_at(void *mem, uint32_t align)
{
    uintptr_t at = (uintptr_t)mem;
    return (uint8_t *)mem + (size_t)(cairn_round_up(at, align) - at);
}

enum cairn_err cairn_blk_blocksize_open(struct cairn_blk_resized *dev, struct cairn_blk *below,
                                        uint32_t block_bytes, void *mem, size_t mem_bytes,
                                        struct cairn_why *why)
{
    enum cairn_err err = blk_shape_check(block_bytes, 0, why);
    if (err) return err;
    size_t need = cairn_blk_blocksize_mem(below, block_bytes);
    if (mem_bytes < need)
        return cairn_why_fail(why, CAIRN_ENOMEM, "blocks of %lu bytes need %lu bytes of memory",
                              (unsigned long)block_bytes, (unsigned long)need);
    struct cairn_blk_info info = resized_info(below, block_bytes);
    cairn_lock_init(&dev->lock);
    dev->bounce = need ? bounce_at(mem, below->info.mem_align) : NULL;
    uint32_t ratio = block_bytes / below->info.block_bytes;
    if (need)
        cairn_blk_init(&dev->base, &smaller_ops, &info, "blocksize", below);
    else
        blk_init_renumbering(&dev->base, &larger_ops, &info, "blocksize", below, 0,
                             (uint32_t)__builtin_ctz(ratio));
    return CAIRN_OK;
}
