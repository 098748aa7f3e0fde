/* SPDX-License-Identifier: ISC */
/* Opening an NBD export: what its server says of it. */
#include "nbd.h"

#include "remote.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_nbd, base) == 0, "a device embeds its base first");

#define CONNECTIONS 4u
#define CONNECT_MS 10000u
#define STALL_MS 60000u
#define PIECE_BYTES 262144u     /* smaller commands cost more, larger ones overlap less */
#define PAYLOAD_MAX (32u << 20) /* what every server takes that does not say otherwise */
#define PREFERRED_BYTES 4096u   /* of a server that does not say */
#define SECTOR_BYTES 512u       /* what a disk behind a server writes whole */

static const struct cairn_blk_nbd_options options_default;

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static bool copy_text(char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

static void link_free(struct blk_nbd *link)
{
    for (uint32_t i = 0; i < link->conn_count; i++)
        blk_nbd_conn_free(link->conns[i]);
    cairn_lock_destroy(&link->lock);
    free(link->uri);
    free(link->tls_certificates);
    free(link->tls_psk_file);
    free(link);
}

static struct blk_nbd *link_make(struct cairn_blk_nbd *nbd, const char *uri,
                                 const struct cairn_blk_nbd_options *options)
{
    struct blk_nbd *link = calloc(1, sizeof *link);
    if (!link) return NULL;
    cairn_lock_init(&link->lock);
    link->dev = &nbd->base;
    link->conn_max = 1;
    link->connect_ms = (int)cairn_min_u64(or_else(options->connect_ms, CONNECT_MS), INT32_MAX);
    link->stall_ms = (int)cairn_min_u64(or_else(options->stall_ms, STALL_MS), INT32_MAX);
    if (copy_text(&link->uri, uri) &&
        copy_text(&link->tls_certificates, options->tls_certificates) &&
        copy_text(&link->tls_psk_file, options->tls_psk_file))
        return link;
    link_free(link);
    return NULL;
}

/* A size that the server asks for, or what holds when it says nothing. */
static uint64_t size_asked(const struct blk_nbd *link, int kind, uint64_t otherwise)
{
    int64_t bytes = link->api->get_block_size(link->conns[0]->handle, kind);
    return bytes > 0 ? (uint64_t)bytes : otherwise;
}

static enum cairn_blk_cap native_if(int can, enum cairn_blk_cap otherwise)
{
    return can > 0 ? CAIRN_BLK_NATIVE : otherwise;
}

/* The largest power of two up to value, which is not 0. */
static uint64_t pow2_below(uint64_t value)
{
    while (value & (value - 1))
        value &= value - 1;
    return value;
}

static void info_caps(const struct blk_nbd *link, struct cairn_blk_info *info)
{
    const struct blk_nbd_api *api = link->api;
    struct nbd_handle *handle = link->conns[0]->handle;
    info->flush = native_if(api->can_flush(handle), CAIRN_BLK_ABSENT);
    info->fua = native_if(api->can_fua(handle), CAIRN_BLK_EMULATED);
    info->discard = native_if(api->can_trim(handle), CAIRN_BLK_ABSENT);
    info->zero = native_if(api->can_zero(handle), CAIRN_BLK_EMULATED);
    info->extents =
        native_if(api->can_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION), CAIRN_BLK_ABSENT);
    info->discard_bytes = info->discard == CAIRN_BLK_NATIVE ? info->block_bytes : 0;
    info->zero_bytes = info->zero == CAIRN_BLK_NATIVE ? info->block_bytes : 0;
    info->durability =
        info->flush == CAIRN_BLK_NATIVE ? CAIRN_BLK_DURABLE_MEDIA : CAIRN_BLK_DURABLE_NONE;
}

/* Block size and length, as the server and the options want them. */
static enum cairn_err info_shape(const struct blk_nbd *link, uint32_t block_bytes, uint64_t bytes,
                                 struct cairn_blk_info *info, struct cairn_why *why)
{
    uint64_t least = size_asked(link, LIBNBD_SIZE_MINIMUM, 1);
    if (block_bytes && block_bytes < least)
        return cairn_why_fail(why, CAIRN_EINVAL,
                              "blocks of %lu bytes: the server takes no less than %llu",
                              (unsigned long)block_bytes, (unsigned long long)least);
    if (least > BLK_BYTES_MAX)
        return cairn_why_fail(why, CAIRN_ENOTSUP, "the server has blocks of %llu bytes: too large",
                              (unsigned long long)least);
    info->block_bytes = or_else(block_bytes, (uint32_t)cairn_max_u64(least, SECTOR_BYTES));
    info->block_count = bytes / info->block_bytes;
    return blk_shape_check(info->block_bytes, info->block_count, why);
}

static enum cairn_err info_ask(struct blk_nbd *link, const struct cairn_blk_nbd_options *options,
                               struct cairn_blk_info *info, struct cairn_why *why)
{
    int64_t bytes = link->bytes = link->api->get_size(link->conns[0]->handle);
    *info = (struct cairn_blk_info){ .read_only = !options->write,
                                     .max_bytes = BLK_DEVICE_BYTES_MAX - 1,
                                     .mem_align = 1,
                                     .atomic_bytes = SECTOR_BYTES };
    if (bytes < 0) return cairn_why_fail(why, CAIRN_EIO, "the server does not tell a size");
    if (options->write && link->api->is_read_only(link->conns[0]->handle))
        return cairn_why_fail(why, CAIRN_EROFS, "the server offers it for reading only");
    enum cairn_err err = info_shape(link, options->block_bytes, (uint64_t)bytes, info, why);
    if (err) return err;
    uint64_t preferred = pow2_below(size_asked(link, LIBNBD_SIZE_PREFERRED, PREFERRED_BYTES));
    preferred = cairn_min_u64(preferred, PIECE_BYTES);
    info->preferred_bytes = (uint32_t)cairn_max_u64(preferred, info->block_bytes);
    uint64_t most = cairn_min_u64(size_asked(link, LIBNBD_SIZE_MAXIMUM, PAYLOAD_MAX), PIECE_BYTES);
    link->piece_bytes = (uint32_t)cairn_max_u64(pow2_below(most), info->block_bytes);
    info_caps(link, info);
    return CAIRN_OK;
}

static enum cairn_err nbd_close_link(struct cairn_blk *dev, struct cairn_why *why)
{
    (void)why;
    struct cairn_blk_nbd *nbd = (struct cairn_blk_nbd *)dev;
    link_free(nbd->link);
    nbd->link = NULL;
    return CAIRN_OK;
}

static const struct cairn_blk_ops nbd_ops = {
    .submit = blk_nbd_submit,
    .begin = blk_nbd_begin,
    .finish = blk_nbd_finish,
    .flush = blk_nbd_flush,
    .extents = blk_nbd_extents,
    .close = nbd_close_link,
};

static enum cairn_err link_open(struct blk_nbd *link, const struct cairn_blk_nbd_options *options,
                                struct cairn_blk_info *info, struct cairn_why *why)
{
    enum cairn_err err = blk_nbd_api_load(&link->api, why);
    if (!err) err = blk_nbd_tls_check(link, why);
    if (!err) err = blk_nbd_connect(link, why);
    if (err) return err;
    err = info_ask(link, options, info, why);
    cairn_why_path(err ? why : NULL, link->uri, strlen(link->uri));
    bool several = link->api->can_multi_conn(link->conns[0]->handle) > 0;
    uint64_t wanted = or_else(options->connections, CONNECTIONS);
    if (several) link->conn_max = (uint32_t)cairn_min_u64(wanted, BLK_NBD_CONNECTIONS_MAX);
    return err;
}

enum cairn_err cairn_blk_nbd_open(struct cairn_blk_nbd *dev, const char *uri,
                                  const struct cairn_blk_nbd_options *options,
                                  struct cairn_why *why)
{
    struct cairn_blk_info info;
    if (!options) options = &options_default;
    *dev = (struct cairn_blk_nbd){ .link = link_make(dev, uri, options) };
    if (!dev->link) return cairn_why_fail(why, CAIRN_ENOMEM, "connect");
    enum cairn_err err = link_open(dev->link, options, &info, why);
    if (err) {
        link_free(dev->link);
        dev->link = NULL;
        return err;
    }
    blk_label_set(dev->label, sizeof dev->label, uri);
    cairn_blk_init(&dev->base, &nbd_ops, &info, dev->label, NULL);
    return CAIRN_OK;
}

const char *cairn_blk_nbd_version(void)
{
    return CAIRN_LIBNBD_VERSION;
}
