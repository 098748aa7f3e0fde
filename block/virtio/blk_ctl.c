/* SPDX-License-Identifier: ISC */
/* Questions to the device itself: flush, serial number, lifetime; and its cache. */
#include "blk.h"

_Static_assert(CAIRN_BLK_VIRTIO_SERIAL_BYTES <= BLK_VIRTIO_ANSWER_BYTES_MAX, "answers fit a slot");
_Static_assert(BLK_VIRTIO_ANSWER + BLK_VIRTIO_ANSWER_BYTES_MAX <= BLK_VIRTIO_SLOT_BYTES, "too");

/* Like a request of a batch, but that it is explained in its own words. */
static void ask_locked(struct cairn_blk_virtio *dev, struct blk_virtio_batch *batch, uint32_t type,
                       uint32_t answer_bytes)
{
    struct blk_virtio_queue *q = batch->queue;
    while (!blk_virtio_broken(dev) && !blk_virtq_fits(&q->ring, answer_bytes ? 3 : 2)) {
        blk_virtio_queue_kick(dev, q);
        blk_virtio_queue_wait(dev, q, 1);
    }
    if (blk_virtio_broken(dev)) {
        blk_virtio_fail_broken(dev, batch, 0);
        return;
    }
    blk_virtio_queue_ask(batch, type, answer_bytes);
    blk_virtio_batch_wait(dev, batch);
}

static enum cairn_err ask(struct cairn_blk_virtio *dev, uint32_t type, const char *what,
                          uint8_t *answer, uint32_t answer_bytes, struct cairn_why *why)
{
    struct cairn_blk_req req = { .why = why };
    struct blk_virtio_batch batch = { .reqs = &req, .what = what, .answer = answer };
    batch.queue = blk_virtio_queue_pick(dev);
    cairn_lock_take(&batch.queue->lock);
    ask_locked(dev, &batch, type, answer_bytes);
    cairn_lock_drop(&batch.queue->lock);
    return req.status;
}

enum cairn_err blk_virtio_usable(const struct cairn_blk_virtio *dev, const char *what,
                                 struct cairn_why *why)
{
    struct cairn_blk_req req = { .why = why };
    const struct blk_virtio_batch batch = { .reqs = &req, .what = what };
    if (blk_virtio_broken(dev)) blk_virtio_fail_broken(dev, &batch, 0);
    return req.status;
}

static enum cairn_err needs(const struct cairn_blk_virtio *dev, uint64_t feature, const char *what,
                            struct cairn_why *why)
{
    if (dev->virtio->taken & feature) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOTSUP, "%s: the device does not offer it", what);
    cairn_why_via(why, dev->base.name);
    return err;
}

enum cairn_err blk_virtio_flush(struct cairn_blk *base, struct cairn_why *why)
{
    if (base->info.read_only) return CAIRN_OK; /* nothing was written, and some refuse it */
    return ask(blk_virtio_of(base), BLK_VIRTIO_T_FLUSH, "flush", NULL, 0, why);
}

enum cairn_err cairn_blk_virtio_serial(struct cairn_blk_virtio *dev,
                                       char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1],
                                       struct cairn_why *why)
{
    uint8_t answer[CAIRN_BLK_VIRTIO_SERIAL_BYTES];
    enum cairn_err err = ask(dev, BLK_VIRTIO_T_GET_ID, "serial number", answer, sizeof answer, why);
    if (err) return err;
    memcpy(serial, answer, sizeof answer); /* ends in NUL only when it is shorter */
    serial[sizeof answer] = '\0';
    return CAIRN_OK;
}

enum cairn_err cairn_blk_virtio_lifetime(struct cairn_blk_virtio *dev,
                                         struct cairn_blk_virtio_lifetime *lifetime,
                                         struct cairn_why *why)
{
    uint8_t answer[6]; /* exactly: a device may refuse other lengths */
    enum cairn_err err = needs(dev, BLK_VIRTIO_F_LIFETIME, "lifetime", why);
    if (!err) err = ask(dev, BLK_VIRTIO_T_GET_LIFETIME, "lifetime", answer, sizeof answer, why);
    if (err) return err;
    lifetime->pre_eol = cairn_le16(answer);
    lifetime->slc = cairn_le16(answer + 2);
    lifetime->mlc = cairn_le16(answer + 4);
    return CAIRN_OK;
}

/* Flushed after the switch: writes that completed before it are not stable by it (section 5.2.6.2),
 * and those that complete after it are. */
enum cairn_err cairn_blk_virtio_cache_set(struct cairn_blk_virtio *dev, bool write_back,
                                          struct cairn_why *why)
{
    struct cairn_virtio *virtio = dev->virtio;
    uint8_t mode = write_back, said = 0; /* devices that keep their own mode do so silently */
    enum cairn_err err = needs(dev, BLK_VIRTIO_F_CONFIG_WCE, "set the cache's mode", why);
    if (!err) err = blk_virtio_usable(dev, "set the cache's mode", why);
    if (err) return err;
    err = virtio->ops->config_write(virtio, BLK_VIRTIO_CONFIG_WCE, &mode, 1, why);
    if (!err) err = virtio->ops->config_read(virtio, BLK_VIRTIO_CONFIG_WCE, &said, 1, why);
    if (!err && said != mode)
        err = cairn_why_fail(why, CAIRN_EIO, "set the cache's mode: the device keeps its own");
    if (err) {
        cairn_why_via(why, dev->base.name);
        return err;
    }
    return write_back ? CAIRN_OK : cairn_blk_flush(&dev->base, why);
}
