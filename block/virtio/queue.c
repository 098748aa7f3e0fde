/* SPDX-License-Identifier: ISC */
/*
 * One queue of virtio-blk: adding, announcing, waiting, completing, giving up.
 *
 * Of the threads that wait on a queue one leads: it alone looks at what the device used, without
 * the lock while there is nothing, and completes whatever comes, for all. When it has seen
 * something it lets go, and who still waits leads next. Chains are announced before the lock is
 * dropped, so no thread waits for what the device does not know of.
 */
#include "blk.h"
#include <cairn/clock.h>
#include <cairn/log.h>

#define SLICE_NS (100 * (uint64_t)CAIRN_NS_PER_MS) /* of sleep, between looks at the status */
#define DOZE_NS UINT64_C(20000)                    /* where no interrupt wakes */

static const struct cairn_log_source log_virtio = { "block.virtio", CAIRN_LOG_WARNING };

const char blk_virtio_unstopped[] =
    "see the host's log; the device does not complete a reset, so it may still write to memory "
    "that it was given";

enum cairn_err blk_virtio_broken(const struct cairn_blk_virtio *dev)
{
    return (enum cairn_err)__atomic_load_n(&dev->broken, __ATOMIC_ACQUIRE);
}

enum cairn_err blk_virtio_stop(struct cairn_virtio *virtio)
{
    enum cairn_err err = virtio->ops->reset(virtio, NULL);
    if (err) cairn_log(&log_virtio, CAIRN_LOG_ERROR, "%s: %s", virtio->name, blk_virtio_unstopped);
    return err;
}

/* The device is reset before anybody learns of it: then it touches no memory of theirs. */
static void give_up(struct cairn_blk_virtio *dev, enum cairn_err err, const char *text)
{
    cairn_lock_take(&dev->lock);
    if (!blk_virtio_broken(dev)) {
        bool stopped = !blk_virtio_stop(dev->virtio);
        dev->broken_text = text;
        dev->broken_hint = stopped ? "the device was reset: open it anew, and see the host's log"
                                   : blk_virtio_unstopped;
        __atomic_store_n(&dev->broken, (int32_t)err, __ATOMIC_RELEASE);
        cairn_log(&log_virtio, CAIRN_LOG_ERROR, "%s: given up: %s", dev->base.name, text);
    }
    cairn_lock_drop(&dev->lock);
}

void blk_virtio_fail(const struct cairn_blk_virtio *dev, const struct blk_virtio_batch *batch,
                     size_t at, enum cairn_err err, const char *text, const char *hint)
{
    struct cairn_blk_req *req = &batch->reqs[at];
    if (req->status) return;
    if (batch->what) {
        req->status = cairn_why_fail(req->why, err, "%s: %s", batch->what, text);
        cairn_why_via(req->why, dev->base.name);
    } else {
        req->status = blk_req_fail(&dev->base, batch->reqs, at, err, 0, text);
    }
    if (hint && blk_why_is_first(batch->reqs, at)) cairn_why_hint(req->why, "%s", hint);
}

void blk_virtio_fail_broken(const struct cairn_blk_virtio *dev,
                            const struct blk_virtio_batch *batch, size_t at)
{
    blk_virtio_fail(dev, batch, at, blk_virtio_broken(dev), dev->broken_text, dev->broken_hint);
}

static uint16_t queue_wanted(const struct blk_virtio_queue *q)
{
    return __atomic_load_n(&q->wanted, __ATOMIC_RELAXED);
}

/* Others have come, and want to hear of the next use, while the leader waits for more, maybe
 * asleep. Before their chains are published, so that none is used unheard. */
static void leader_hurry(struct blk_virtio_queue *q)
{
    if (!q->has_leader || queue_wanted(q) == 1) return;
    __atomic_store_n(&q->wanted, 1, __ATOMIC_RELAXED);
    for (uint32_t tries = 0; tries < q->ring.size; tries++) /* for as often as a device may count */
        if (!blk_virtq_arm(&q->ring, (uint16_t)(blk_virtq_used(&q->ring) + 1))) return;
}

void blk_virtio_queue_kick(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q)
{
    leader_hurry(q);
    if (!blk_virtq_publish(&q->ring)) return;
    uint32_t data = q->number;
    if (dev->virtio->taken & CAIRN_VIRTIO_F_NOTIFICATION_DATA)
        data |= (uint32_t)blk_virtq_place(&q->ring) << 16;
    dev->virtio->ops->notify(dev->virtio, q->number, data);
}

/* The status starts as what no device says, so that silence is not taken for success. */
static void slot_put(uint8_t *slot, uint32_t type, uint64_t sector)
{
    memset(slot, 0, BLK_VIRTIO_SLOT_BYTES);
    cairn_le32_put(slot, type);
    cairn_le64_put(slot + 8, sector);
    slot[BLK_VIRTIO_STATUS] = BLK_VIRTIO_S_NONE;
}

/* Discards and zeroes say where in a structure of their own, behind the header. */
static void range_put(uint8_t *slot, uint64_t sector, uint64_t bytes, bool unmap)
{
    cairn_le64_put(slot + BLK_VIRTIO_RANGE, sector);
    cairn_le32_put(slot + BLK_VIRTIO_RANGE + 8, (uint32_t)(bytes >> BLK_VIRTIO_SECTOR_SHIFT));
    cairn_le32_put(slot + BLK_VIRTIO_RANGE + 12, unmap ? 1 : 0);
}

/* The op of the next chain, and a header in its slot; who calls puts `segs` segments behind it. */
static struct blk_virtio_op *op_start(struct blk_virtio_queue *q, uint32_t type, uint64_t sector,
                                      uint64_t *address)
{
    uint16_t id = blk_virtq_next_id(&q->ring);
    *address = q->slots_address + (uint64_t)id * BLK_VIRTIO_SLOT_BYTES;
    slot_put(q->slots + (size_t)id * BLK_VIRTIO_SLOT_BYTES, type, sector);
    q->segs[0] = (struct blk_virtq_seg){ *address, BLK_VIRTIO_HEADER_BYTES, false };
    return &q->ops[id];
}

static void op_end(struct blk_virtio_queue *q, struct blk_virtio_op *op, uint64_t address)
{
    uint16_t segs = op->piece.segs;
    q->segs[segs + 1] = (struct blk_virtq_seg){ address + BLK_VIRTIO_STATUS, 1, true };
    blk_virtq_add(&q->ring, q->segs, (uint16_t)(segs + 2));
    op->batch->left++;
}

void blk_virtio_queue_add(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, size_t at,
                          uint32_t type, const struct blk_virtio_piece *piece)
{
    struct blk_virtio_queue *q = batch->queue;
    const struct cairn_blk_req *req = &batch->reqs[at];
    uint64_t byte = req->block * dev->base.info.block_bytes + piece->from.done, address;
    uint64_t sector = byte >> BLK_VIRTIO_SECTOR_SHIFT;
    bool is_range = req->op == CAIRN_BLK_DISCARD || req->op == CAIRN_BLK_ZERO;
    struct blk_virtio_op *op = op_start(q, type, is_range ? 0 : sector, &address);
    *op = (struct blk_virtio_op){ .batch = batch, .at = at, .piece = *piece };
    if (req->op == CAIRN_BLK_READ) op->expected = (uint32_t)piece->bytes;
    if (is_range) {
        bool unmap =
            req->op == CAIRN_BLK_ZERO && dev->may_unmap && !(req->flags & CAIRN_BLK_NO_UNMAP);
        range_put(q->slots + (address - q->slots_address), sector, piece->bytes, unmap);
        q->segs[1] =
            (struct blk_virtq_seg){ address + BLK_VIRTIO_RANGE, BLK_VIRTIO_RANGE_BYTES, false };
    }
    if (piece->bounce) {
        if (req->op == CAIRN_BLK_WRITE) blk_virtio_piece_copy(req, piece, false);
        q->bounce_used += (uint32_t)piece->bytes;
        q->bounce_pieces++;
    }
    op_end(q, op, address);
}

void blk_virtio_queue_ask(struct blk_virtio_batch *batch, uint32_t type, uint32_t answer_bytes)
{
    struct blk_virtio_queue *q = batch->queue;
    uint64_t address;
    struct blk_virtio_op *op = op_start(q, type, 0, &address);
    *op = (struct blk_virtio_op){ .batch = batch, .expected = answer_bytes };
    op->piece.segs = answer_bytes ? 1 : 0;
    if (answer_bytes)
        q->segs[1] = (struct blk_virtq_seg){ address + BLK_VIRTIO_ANSWER, answer_bytes, true };
    op_end(q, op, address);
}

/* What is wrong with an answer; NULL: nothing. */
static const char *answer_fault(const struct blk_virtio_op *op, uint8_t status, uint32_t written,
                                enum cairn_err *err)
{
    *err = status == BLK_VIRTIO_S_UNSUPP ? CAIRN_ENOTSUP : CAIRN_EIO;
    if (status == BLK_VIRTIO_S_IOERR) return "the device reports an I/O error";
    if (status == BLK_VIRTIO_S_UNSUPP) return "the device does not know this request";
    if (status == BLK_VIRTIO_S_NONE) return "the device gave no status";
    if (status != BLK_VIRTIO_S_OK) return "the device gave a status that does not exist";
    if (written < op->expected && !op->batch->what)
        return "the device wrote less than was asked for";
    return NULL;
}

/* Bounce memory is handed out front to back, and free again when all of it came back: there is no
 * more to it, as it is for those who cannot do better. */
static void op_let_go(struct blk_virtio_queue *q, struct blk_virtio_op *op)
{
    op->batch->left--;
    if (op->piece.bounce && --q->bounce_pieces == 0) q->bounce_used = 0;
}

/* The status is read once: the device may change it while it is judged. */
static void op_complete(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q, uint16_t id,
                        uint32_t written)
{
    struct blk_virtio_op *op = &q->ops[id];
    const uint8_t *slot = q->slots + (size_t)id * BLK_VIRTIO_SLOT_BYTES;
    uint8_t status = __atomic_load_n(slot + BLK_VIRTIO_STATUS, __ATOMIC_RELAXED);
    enum cairn_err err;
    const char *fault = answer_fault(op, status, written, &err);
    if (fault)
        blk_virtio_fail(dev, op->batch, op->at, err, fault, NULL);
    else if (op->batch->answer)
        memcpy(op->batch->answer, slot + BLK_VIRTIO_ANSWER, op->expected);
    else if (op->piece.bounce && op->batch->reqs[op->at].op == CAIRN_BLK_READ)
        blk_virtio_piece_copy(&op->batch->reqs[op->at], &op->piece, true);
    op_let_go(q, op);
}

/* All that was used, whosever it is. */
static enum cairn_err queue_drain(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                                  const char **text)
{
    for (;;) {
        uint16_t id;
        uint32_t written;
        enum blk_virtq_got got = blk_virtq_poll(&q->ring, &id, &written);
        if (got == BLK_VIRTQ_NOTHING) return CAIRN_OK;
        *text = q->ring.fault;
        if (got == BLK_VIRTQ_BROKEN) return CAIRN_EIO;
        op_complete(dev, q, id, written);
    }
}

/* The device was reset: all it had fails. */
static void queue_abandon(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q)
{
    for (uint16_t id = 0; id < q->ring.size; id++) {
        struct blk_virtio_op *op = &q->ops[id];
        if (!blk_virtq_has(&q->ring, id)) continue;
        blk_virtio_fail_broken(dev, op->batch, op->at);
        op_let_go(q, op);
    }
    blk_virtq_abandon(&q->ring);
}

/* What a processor wants to hear in a loop that only looks. */
static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Ask to be woken. True: no need to. */
static bool queue_arm(struct blk_virtio_queue *q)
{
    cairn_lock_take(&q->lock);
    bool ready = blk_virtq_arm(&q->ring, queue_wanted(q));
    cairn_lock_drop(&q->lock);
    return ready;
}

/* Sleep for a while, or until an interrupt; spurious returns are fine. */
static enum cairn_err queue_sleep(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                                  uint64_t until)
{
    if (!dev->virtio->ops->wait) {
        cairn_clock_sleep(cairn_clock_mono_platform(), DOZE_NS);
        return CAIRN_OK;
    }
    enum cairn_err err = CAIRN_OK;
    if (!queue_arm(q)) err = dev->virtio->ops->wait(dev->virtio, q->number, until);
    blk_virtq_disarm(&q->ring);
    return err == CAIRN_ETIMEDOUT ? CAIRN_OK : err;
}

static uint64_t deadline_from(const struct cairn_blk_virtio *dev, uint64_t now)
{
    return now + cairn_min_u64(dev->timeout_ns, UINT64_MAX - now);
}

/* For what is wanted, as long as chains come and a while longer. True: it is there. Only more than
 * ever counts, so that a device cannot keep us here. */
static bool queue_look(const struct cairn_blk_virtio *dev, const struct blk_virtio_queue *q)
{
    uint16_t most = 0;
    for (uint32_t i = 0; i < dev->polls; i++) {
        uint16_t used = blk_virtq_used(&q->ring);
        if (used >= queue_wanted(q)) return true;
        if (used > most) {
            most = used;
            i = 0;
        }
        cpu_relax();
    }
    return false;
}

/* By the leader, without the lock: until what is wanted is used; or something is, when it wakes; or
 * nothing will be. */
static enum cairn_err queue_watch(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                                  const char **text)
{
    struct cairn_clock_mono *clock = cairn_clock_mono_platform();
    if (queue_look(dev, q)) return CAIRN_OK;
    /* Only now is a clock asked, and the device's status, which costs a hypervisor an exit. */
    uint64_t now = cairn_clock_mono_now(clock), deadline = deadline_from(dev, now);
    enum cairn_err err = CAIRN_OK;
    while (!err && !blk_virtio_broken(dev)) {
        *text = "the device wants to be reset";
        if (dev->virtio->ops->status(dev->virtio) & CAIRN_VIRTIO_NEEDS_RESET) return CAIRN_EIO;
        *text = "the device did not answer in time";
        if (now >= deadline) return CAIRN_ETIMEDOUT;
        *text = "the device, or the server that it is of, is gone";
        err = queue_sleep(dev, q, cairn_min_u64(deadline, now + SLICE_NS));
        if (blk_virtq_ready(&q->ring)) break;
        now = cairn_clock_mono_now(clock);
    }
    return err;
}

void blk_virtio_queue_wait(struct cairn_blk_virtio *dev, struct blk_virtio_queue *q,
                           uint16_t wanted)
{
    if (q->has_leader) {
        cairn_cond_wait(&q->used, &q->lock);
        return;
    }
    q->has_leader = true;
    __atomic_store_n(&q->wanted, wanted, __ATOMIC_RELAXED);
    cairn_lock_drop(&q->lock);
    const char *text = NULL;
    enum cairn_err err = queue_watch(dev, q, &text);
    cairn_lock_take(&q->lock);
    q->has_leader = false;
    if (!err && !blk_virtio_broken(dev)) err = queue_drain(dev, q, &text);
    if (err) give_up(dev, err, text);
    if (blk_virtio_broken(dev)) queue_abandon(dev, q);
    cairn_cond_broadcast(&q->used);
}

/* All that the device has, when a batch waits for nothing else: who completes chains one by one as
 * they come, or wakes for each, takes the ring's cache lines and maybe the processor from a device
 * that works on the next. */
static uint16_t uses_wanted(const struct blk_virtio_queue *q, const struct blk_virtio_batch *batch)
{
    uint16_t held = (uint16_t)(q->ring.published - q->ring.done);
    bool is_counted = q->ring.kind == &blk_virtq_split && !q->ring.in_order;
    return is_counted && batch->left == held ? held : 1;
}

/* What was used was all of others: a device that answers only those is given up too. No clock is
 * asked where a batch has the queue to itself. */
static void batch_passed_over(struct cairn_blk_virtio *dev, uint64_t *deadline)
{
    uint64_t now = cairn_clock_mono_now(cairn_clock_mono_platform());
    if (!*deadline)
        *deadline = deadline_from(dev, now);
    else if (now >= *deadline)
        give_up(dev, CAIRN_ETIMEDOUT, "the device did not answer in time");
}

void blk_virtio_batch_wait(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch)
{
    uint64_t deadline = 0;
    blk_virtio_queue_kick(dev, batch->queue);
    while (batch->left) {
        size_t left = batch->left;
        blk_virtio_queue_wait(dev, batch->queue, uses_wanted(batch->queue, batch));
        if (batch->left == left)
            batch_passed_over(dev, &deadline);
        else
            deadline = 0;
    }
}
