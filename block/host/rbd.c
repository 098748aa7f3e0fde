/* SPDX-License-Identifier: ISC */
/* Opening an RBD image: cluster, pool, image, and the lock that keeps other writers out. */
#include "rbd.h"

#include "remote.h"
#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <cairn/text.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_rbd, base) == 0, "a device embeds its base first");

#define CONNECT_MS 10000u
#define STALL_MS 60000u
#define SECTOR_BYTES 512u
#define PREFERRED_BYTES_MAX (1u << 30)

static const struct cairn_blk_rbd_options options_default;

static enum cairn_err open_fail(struct cairn_why *why, int result, const char *what,
                                const char *name)
{
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(-result), "%s%s", what, name);
    cairn_why_os(why, -result);
    return err;
}

/* A time limit of the cluster's own, in its seconds. */
static int limit_set(const struct blk_rbd *link, const char *option, uint32_t ms)
{
    char text[16];
    struct cairn_text out;
    cairn_text_init(&out, text, sizeof text);
    cairn_text_u64(&out, cairn_div_up(ms, 1000));
    return link->api->rados_conf_set(link->cluster, option, text);
}

/* What goes wrong we say ourselves; and without limits librados waits for ever. */
static int conf_set(const struct blk_rbd *link, const struct cairn_blk_rbd_options *options)
{
    uint32_t connect_ms = options->connect_ms ? options->connect_ms : CONNECT_MS;
    uint32_t stall_ms = options->stall_ms ? options->stall_ms : STALL_MS;
    int result = link->api->rados_conf_set(link->cluster, "log_to_stderr", "false");
    if (!result) result = link->api->rados_conf_set(link->cluster, "err_to_stderr", "false");
    if (!result) result = limit_set(link, "client_mount_timeout", connect_ms);
    if (!result) result = limit_set(link, "rados_mon_op_timeout", connect_ms);
    return result ? result : limit_set(link, "rados_osd_op_timeout", stall_ms);
}

static enum cairn_err cluster_open(struct blk_rbd *link, const struct blk_rbd_name *name,
                                   const struct cairn_blk_rbd_options *options,
                                   struct cairn_why *why)
{
    const struct blk_rbd_api *api = link->api;
    int result = api->rados_create(&link->cluster, name->id);
    if (result) {
        link->cluster = NULL;
        return open_fail(why, result, "librados", "");
    }
    result = api->rados_conf_read_file(link->cluster, name->conf);
    if (result) {
        enum cairn_err err = open_fail(why, result, "the cluster's configuration ",
                                       name->conf ? name->conf : "(ceph.conf)");
        cairn_why_hint(why, "name it, as in rbd:pool/image?conf=/etc/ceph/ceph.conf");
        return err;
    }
    result = api->rados_conf_parse_env(link->cluster, NULL);
    if (!result) result = conf_set(link, options);
    if (result) return open_fail(why, result, "set up the cluster's configuration", "");
    result = api->rados_connect(link->cluster);
    if (!result) return CAIRN_OK;
    enum cairn_err err = open_fail(why, result, "connect to the cluster", "");
    cairn_why_hint(why, "`ceph -s` with the same configuration and user says more");
    return err;
}

static enum cairn_err pool_open(struct blk_rbd *link, const struct blk_rbd_name *name,
                                struct cairn_why *why)
{
    int result = link->api->rados_ioctx_create(link->cluster, name->pool, &link->pool);
    if (!result) {
        if (name->space) link->api->rados_ioctx_set_namespace(link->pool, name->space);
        return CAIRN_OK;
    }
    link->pool = NULL;
    enum cairn_err err = open_fail(why, result, "pool ", name->pool);
    cairn_why_hint(why, "`ceph osd pool ls` lists those there are");
    return err;
}

/* Another writer would take the lock over as soon as it writes, unless we hold on to it. */
static enum cairn_err image_lock(struct blk_rbd *link, struct cairn_why *why)
{
    uint64_t features = 0;
    int result = link->api->rbd_get_features(link->image, &features);
    if (result || !(features & RBD_FEATURE_EXCLUSIVE_LOCK)) return CAIRN_OK;
    result = link->api->rbd_lock_acquire(link->image, RBD_LOCK_MODE_EXCLUSIVE);
    if (!result) return CAIRN_OK;
    if (result == -EROFS || result == -EBUSY || result == -EAGAIN) result = -EBUSY;
    enum cairn_err err = open_fail(why, result, "lock for writing", "");
    cairn_why_hint(why,
                   "another client writes to the image; `rbd lock ls` and `rbd status` name it");
    return err;
}

static enum cairn_err image_open(struct blk_rbd *link, const struct blk_rbd_name *name, bool write,
                                 struct cairn_why *why)
{
    const struct blk_rbd_api *api = link->api;
    if (write && name->snapshot)
        return cairn_why_fail(why, CAIRN_EROFS, "a snapshot is for reading only");
    int result =
        write ? api->rbd_open(link->pool, name->image, &link->image, NULL)
              : api->rbd_open_read_only(link->pool, name->image, &link->image, name->snapshot);
    if (!result) return write ? image_lock(link, why) : CAIRN_OK;
    link->image = NULL;
    const char *snapshot = name->snapshot ? name->snapshot : "";
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(-result), "image %s%s%s",
                                        name->image, *snapshot ? "@" : "", snapshot);
    cairn_why_os(why, -result);
    if (err == CAIRN_ENOENT)
        cairn_why_hint(why,
                       "`rbd ls %s` lists the images, `rbd snap ls` their snapshots; "
                       "`rbd create --size 1G` makes one",
                       name->pool);
    if (err == CAIRN_ETIMEDOUT)
        cairn_why_hint(why, "`ceph -s` says how the cluster is; are its OSDs up?");
    return err;
}

static void link_free(struct blk_rbd *link)
{
    if (link->image) (void)link->api->rbd_close(link->image);
    if (link->pool) link->api->rados_ioctx_destroy(link->pool);
    if (link->cluster) link->api->rados_shutdown(link->cluster);
    cairn_lock_destroy(&link->lock);
    free(link);
}

static enum cairn_err info_ask(const struct blk_rbd *link,
                               const struct cairn_blk_rbd_options *options,
                               struct cairn_blk_info *info, struct cairn_why *why)
{
    rbd_image_info_t stat;
    int result = link->api->rbd_stat(link->image, &stat, sizeof stat);
    if (result) return open_fail(why, result, "look at the image", "");
    uint32_t block_bytes = options->block_bytes ? options->block_bytes : SECTOR_BYTES;
    uint32_t object_bytes = (uint32_t)cairn_min_u64(stat.obj_size, PREFERRED_BYTES_MAX);
    *info = (struct cairn_blk_info){
        .block_bytes = block_bytes,
        .block_count = stat.size / block_bytes,
        .read_only = !options->write,
        .preferred_bytes = (uint32_t)cairn_max_u64(object_bytes, block_bytes),
        .max_bytes = BLK_DEVICE_BYTES_MAX - 1,
        .mem_align = 1,
        .atomic_bytes = SECTOR_BYTES,
        .discard_bytes = block_bytes,
        .zero_bytes = block_bytes,
        .flush = CAIRN_BLK_NATIVE,
        .fua = CAIRN_BLK_EMULATED,
        .discard = CAIRN_BLK_NATIVE,
        .zero = CAIRN_BLK_NATIVE,
        .extents = CAIRN_BLK_NATIVE,
        .resize = options->write ? CAIRN_BLK_NATIVE : CAIRN_BLK_ABSENT,
        .durability = CAIRN_BLK_DURABLE_MEDIA,
    };
    return blk_shape_check(block_bytes, info->block_count, why);
}

/* Closing gives the lock back. What was not flushed is librbd's to write. */
static enum cairn_err rbd_device_close(struct cairn_blk *dev, struct cairn_why *why)
{
    struct blk_rbd *link = ((struct cairn_blk_rbd *)dev)->link;
    int result = link->api->rbd_close(link->image);
    link->image = NULL;
    link_free(link);
    ((struct cairn_blk_rbd *)dev)->link = NULL;
    if (!result) return CAIRN_OK;
    enum cairn_err err = open_fail(why, result, "close", "");
    cairn_why_via(why, dev->name);
    return err;
}

static const struct cairn_blk_ops rbd_ops = {
    .submit = blk_rbd_submit,
    .begin = blk_rbd_begin,
    .finish = blk_rbd_finish,
    .flush = blk_rbd_flush,
    .extents = blk_rbd_extents,
    .resize = blk_rbd_resize,
    .close = rbd_device_close,
};

static enum cairn_err link_open(struct blk_rbd *link, const struct blk_rbd_name *name,
                                const struct cairn_blk_rbd_options *options,
                                struct cairn_blk_info *info, struct cairn_why *why)
{
    enum cairn_err err = blk_rbd_api_load(&link->api, why);
    if (!err) err = cluster_open(link, name, options, why);
    if (!err) err = pool_open(link, name, why);
    if (!err) err = image_open(link, name, options->write, why);
    return err ? err : info_ask(link, options, info, why);
}

enum cairn_err cairn_blk_rbd_open(struct cairn_blk_rbd *dev, const char *name,
                                  const struct cairn_blk_rbd_options *options,
                                  struct cairn_why *why)
{
    struct blk_rbd_name parts;
    struct cairn_blk_info info;
    if (!options) options = &options_default;
    enum cairn_err err = blk_rbd_name_parse(&parts, name, why);
    if (err) return err;
    *dev = (struct cairn_blk_rbd){ .link = calloc(1, sizeof *dev->link) };
    if (!dev->link) return cairn_why_fail(why, CAIRN_ENOMEM, "open the image");
    cairn_lock_init(&dev->link->lock);
    err = link_open(dev->link, &parts, options, &info, why);
    if (err) {
        cairn_why_path(why, name, strlen(name));
        link_free(dev->link);
        dev->link = NULL;
        return err;
    }
    blk_label_set(dev->label, sizeof dev->label, name);
    cairn_blk_init(&dev->base, &rbd_ops, &info, dev->label, NULL);
    return CAIRN_OK;
}

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, extra) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(extra)

const char *cairn_blk_rbd_version(void)
{
    return VERSION_TEXT(LIBRBD_VER_MAJOR, LIBRBD_VER_MINOR, LIBRBD_VER_EXTRA);
}
