/* SPDX-License-Identifier: ISC */
/* A disk over vhost-user: the transport, the driver, and the memory of both. */
#include "remote.h"
#include "vhost_user.h"

#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(struct cairn_blk_vhost, disk) == 0, "a device embeds its base first");

#define CONNECT_MS 10000u
#define STALL_MS 60000u
#define BOUNCE_BYTES (4u << 20)
#define MEMORY_ALIGN 4096u
#define SCHEME "vhost-user:"

static const struct cairn_blk_vhost_options options_default;

static struct cairn_blk_virtio_options driver_options(const struct cairn_blk_vhost_options *options)
{
    struct cairn_blk_virtio_options driver = options->virtio;
    uint32_t stall_ms = options->stall_ms ? options->stall_ms : STALL_MS;
    driver.timeout_ns = stall_ms * UINT64_C(1000000);
    if (!driver.bounce_bytes) driver.bounce_bytes = BOUNCE_BYTES;
    return driver;
}

/* Shared memory: the driver's part first, then the caller's. */
static enum cairn_err memory_make(struct blk_vhost *link,
                                  const struct cairn_blk_virtio_options *driver,
                                  size_t memory_bytes, struct cairn_why *why)
{
    size_t own = cairn_blk_virtio_mem(driver);
    size_t shared = (size_t)cairn_round_up(cairn_blk_virtio_dma_mem(driver), MEMORY_ALIGN);
    link->mem = malloc(own);
    if (!link->mem || memory_bytes > PTRDIFF_MAX - shared)
        return cairn_why_fail(why, CAIRN_ENOMEM, "memory for the rings");
    enum cairn_err err = blk_vhost_link_memory(link, shared + memory_bytes, why);
    if (!err) cairn_arena_init(&link->spare, link->memory + shared, memory_bytes);
    return err;
}

static enum cairn_err link_open(struct cairn_blk_vhost *dev, const char *path,
                                const struct cairn_blk_vhost_options *options,
                                struct cairn_why *why)
{
    struct blk_vhost *link = dev->link;
    struct cairn_blk_virtio_options driver = driver_options(options);
    uint32_t connect_ms = options->connect_ms ? options->connect_ms : CONNECT_MS;
    enum cairn_err err = blk_vhost_link_connect(link, path, connect_ms, why);
    if (!err) err = memory_make(link, &driver, options->memory_bytes, why);
    if (!err) err = blk_vhost_start(link, why);
    if (err) return err;
    return cairn_blk_virtio_open(&dev->disk, &link->base, link->mem, cairn_blk_virtio_mem(&driver),
                                 link->memory, cairn_blk_virtio_dma_mem(&driver), &driver, why);
}

/* The driver's close, and then nobody uses the link any more. */
static enum cairn_err vhost_close(struct cairn_blk *base, struct cairn_why *why)
{
    struct cairn_blk_vhost *dev = (struct cairn_blk_vhost *)base;
    enum cairn_err err = dev->driver->close(base, why);
    blk_vhost_link_free(dev->link);
    dev->link = NULL;
    return err;
}

/* Who reads only needs no more. */
static enum cairn_err access_set(struct cairn_blk_vhost *dev, bool write, struct cairn_why *why)
{
    struct cairn_blk *base = &dev->disk.base;
    if (write && base->info.read_only) {
        enum cairn_err closed = dev->driver->close(base, NULL);
        (void)closed;
        return cairn_why_fail(why, CAIRN_EROFS, "the server offers it for reading only");
    }
    base->info.read_only = !write;
    return CAIRN_OK;
}

enum cairn_err cairn_blk_vhost_open(struct cairn_blk_vhost *dev, const char *path,
                                    const struct cairn_blk_vhost_options *options,
                                    struct cairn_why *why)
{
    if (!options) options = &options_default;
    if (!strncmp(path, SCHEME, strlen(SCHEME))) path += strlen(SCHEME);
    *dev = (struct cairn_blk_vhost){ .link = blk_vhost_link_make(dev->label) };
    if (!dev->link) return cairn_why_fail(why, CAIRN_ENOMEM, "connect");
    blk_label_set(dev->label, sizeof dev->label, path);
    enum cairn_err err = link_open(dev, path, options, why);
    if (!err) {
        dev->driver = dev->disk.base.ops;
        err = access_set(dev, options->write, why);
    }
    if (err) {
        cairn_why_path(why, path, strlen(path));
        blk_vhost_link_free(dev->link);
        dev->link = NULL;
        return err;
    }
    dev->ops = *dev->driver;
    dev->ops.close = vhost_close;
    dev->disk.base.ops = &dev->ops;
    return CAIRN_OK;
}

void *cairn_blk_vhost_memory(struct cairn_blk_vhost *dev, size_t bytes)
{
    return cairn_arena_take(&dev->link->spare, bytes, MEMORY_ALIGN);
}

uint64_t cairn_blk_vhost_kicks(const struct cairn_blk_vhost *dev)
{
    return __atomic_load_n(&dev->link->kicks, __ATOMIC_RELAXED);
}
