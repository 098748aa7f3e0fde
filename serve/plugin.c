/* SPDX-License-Identifier: ISC */
/*
 * nbdkit-cairn-plugin: a stack of devices over NBD.
 *
 *     nbdkit cairn disk.img
 *     nbdkit cairn disk.img:2 write=true sim=error=write:5 trace=log
 *
 * The device is opened once, behind the fork, and all connections share it.
 */
#define NBDKIT_API_VERSION 2
#include "bytes.h"
#include "report.h"
#include "stack.h"

#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <nbdkit-plugin.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define PREFERRED_BYTES_LEAST 4096u
#define TRANSFER_BYTES_MAX (32u << 20)
#define EXTENTS_AT_ONCE 512u

static struct serve_options options;
static const char *export_name; /* NULL: any will do */
static int ready_fd = -1;       /* gets a byte when clients may come, and one at a good end */
static int folder_fd = -1;      /* where relative names begin; nbdkit moves when it forks */

static struct serve_stack stack;
static struct serve_bytes bytes;
static void *edge;

/* NBD has few errors; nbdkit makes EINVAL of all others, which blames the client. */
static int client_errno(enum cairn_err err)
{
    static const enum cairn_err known[] = { CAIRN_EPERM,  CAIRN_EROFS, CAIRN_ENOMEM, CAIRN_EINVAL,
                                            CAIRN_ENOSPC, CAIRN_EFBIG, CAIRN_ENOTSUP };
    for (size_t i = 0; i < CAIRN_COUNT(known); i++)
        if (known[i] == err) return -(int)err;
    return EIO;
}

static int fail(enum cairn_err err, const struct cairn_why *why)
{
    char text[2048];
    (void)cairn_why_text(why, text, sizeof text);
    nbdkit_error("%s", why->err ? text : cairn_err_text(err));
    nbdkit_set_error(client_errno(err));
    return -1;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static int config_bool(const char *value, bool *to)
{
    int truth = nbdkit_parse_bool(value);
    if (truth >= 0) *to = truth;
    return truth < 0 ? -1 : 0;
}

static int config(const char *key, const char *value)
{
    if (strcmp(key, "write") == 0) return config_bool(value, &options.write);
    if (strcmp(key, "stats") == 0) return config_bool(value, &options.stats);
    if (strcmp(key, "ready") == 0) return nbdkit_parse_int(key, value, &ready_fd);
    const struct {
        const char *key, **to;
    } texts[] = { { "place", &options.place },
                  { "sim", &options.sim },
                  { "trace", &options.trace },
                  { "export", &export_name } };
    for (size_t i = 0; i < CAIRN_COUNT(texts); i++) {
        if (strcmp(key, texts[i].key) != 0) continue;
        *texts[i].to = value;
        return 0;
    }
    nbdkit_error("there is no parameter '%s'; there are place, write, sim, trace, stats, export",
                 key);
    return -1;
}

static int config_complete(void)
{
    if (options.place) return 0;
    nbdkit_error("what is to be served? nbdkit cairn IMAGE[:PART]");
    return -1;
}

/* ---- the device ---------------------------------------------------------------------------- */

/* Behind the fork nobody sees messages any more, so what can be told is told now; who waits for
 * `ready` has looked himself. */
static int get_ready(void)
{
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err = ready_fd < 0 ? serve_options_check(&options, &why) : CAIRN_OK;
    if (err) return fail(err, &why);
    folder_fd = open(".", O_PATH | O_CLOEXEC);
    if (folder_fd >= 0) return 0;
    nbdkit_error("open the current folder: %m");
    return -1;
}

static void ready_tell(void)
{
    if (ready_fd >= 0) (void)!write(ready_fd, "\n", 1);
}

/* Rings, threads and connections of a device do not survive a fork. */
static int after_fork(void)
{
    struct cairn_why why = { .err = CAIRN_OK };
    if (fchdir(folder_fd) < 0) {
        nbdkit_error("go back to where nbdkit was started: %m");
        return -1;
    }
    close(folder_fd);
    enum cairn_err err = serve_stack_open(&stack, &options, &why);
    if (err) return fail(err, &why);
    edge = malloc(stack.dev->info.block_bytes);
    if (!edge) return fail(CAIRN_ENOMEM, &why);
    serve_bytes_init(&bytes, stack.dev, edge);
    ready_tell();
    return 0;
}

/* After the last connection. */
static void cleanup(void)
{
    struct cairn_why why = { .err = CAIRN_OK };
    if (!stack.dev) return;
    if (options.stats) serve_report_stats(stderr, &stack.stats);
    if (options.sim) serve_report_sim(stderr, &stack.sim);
    enum cairn_err err = serve_stack_close(&stack, &why);
    if (err)
        (void)fail(err, &why);
    else
        ready_tell(); /* nbdkit ends well all the same */
    serve_bytes_destroy(&bytes);
    free(edge);
}

static void *open_connection(int is_readonly)
{
    (void)is_readonly;
    const char *name = nbdkit_export_name();
    if (!export_name || (name && strcmp(name, export_name) == 0)) return &stack;
    nbdkit_error("there is no export '%s', only '%s'", name ? name : "", export_name);
    nbdkit_set_error(ENOENT);
    return NULL;
}

static int list_exports(int is_readonly, int is_tls, struct nbdkit_exports *exports)
{
    (void)is_readonly;
    (void)is_tls;
    return nbdkit_add_export(exports, export_name ? export_name : "", options.place);
}

static const char *default_export(int is_readonly, int is_tls)
{
    (void)is_readonly;
    (void)is_tls;
    return export_name ? export_name : "";
}

/* ---- what it can --------------------------------------------------------------------------- */

static const struct cairn_blk_info *info(void)
{
    return cairn_blk_info(stack.dev);
}

static int64_t get_size(void *handle)
{
    (void)handle;
    return (int64_t)cairn_blk_bytes(stack.dev);
}

static int block_size(void *handle, uint32_t *least, uint32_t *preferred, uint32_t *most)
{
    (void)handle;
    uint32_t wanted = info()->preferred_bytes;
    *least = info()->block_bytes;
    *preferred = wanted > PREFERRED_BYTES_LEAST ? wanted : PREFERRED_BYTES_LEAST;
    *most = TRANSFER_BYTES_MAX;
    return 0;
}

static int can_write(void *handle)
{
    (void)handle;
    return !info()->read_only;
}

/* Also of a device that has none: what it promises is as much as there is. */
static int can_flush(void *handle)
{
    (void)handle;
    return 1;
}

static int can_fua(void *handle)
{
    (void)handle;
    return info()->fua == CAIRN_BLK_ABSENT ? NBDKIT_FUA_EMULATE : NBDKIT_FUA_NATIVE;
}

static int can_trim(void *handle)
{
    (void)handle;
    return info()->discard != CAIRN_BLK_ABSENT;
}

static int can_zero(void *handle)
{
    (void)handle;
    return info()->zero != CAIRN_BLK_ABSENT;
}

static int can_fast_zero(void *handle)
{
    (void)handle;
    return info()->zero == CAIRN_BLK_NATIVE;
}

static int can_extents(void *handle)
{
    (void)handle;
    return info()->extents != CAIRN_BLK_ABSENT;
}

/* One device under all connections: a flush on one covers the others. */
static int can_multi_conn(void *handle)
{
    (void)handle;
    return 1;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int request(enum cairn_blk_op op, void *data, uint32_t count, uint64_t offset,
                   uint32_t flags)
{
    struct cairn_why why = { .err = CAIRN_OK };
    struct serve_span span = { offset, count };
    enum cairn_err err = serve_bytes_do(&bytes, op, flags, span, data, &why);
    return err ? fail(err, &why) : 0;
}

static int flush_device(void)
{
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err = cairn_blk_flush(stack.dev, &why);
    return err ? fail(err, &why) : 0;
}

static int do_read(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    (void)flags;
    return request(CAIRN_BLK_READ, buf, count, offset, 0);
}

static int do_write(void *handle, const void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    return request(CAIRN_BLK_WRITE, (void *)(uintptr_t)buf, count, offset,
                   flags & NBDKIT_FLAG_FUA ? CAIRN_BLK_FUA : 0);
}

static int do_flush(void *handle, uint32_t flags)
{
    (void)handle;
    (void)flags;
    return flush_device();
}

static int do_trim(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    if (request(CAIRN_BLK_DISCARD, NULL, count, offset, 0)) return -1;
    return flags & NBDKIT_FLAG_FUA ? flush_device() : 0;
}

/* Fast is a hole. Zeros that keep their space are written where the host has no better way, which
 * shows only when it is tried. */
static int do_zero(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle;
    bool may_trim = flags & NBDKIT_FLAG_MAY_TRIM;
    if ((flags & NBDKIT_FLAG_FAST_ZERO) && (!may_trim || info()->zero != CAIRN_BLK_NATIVE)) {
        nbdkit_set_error(EOPNOTSUPP);
        return -1;
    }
    if (request(CAIRN_BLK_ZERO, NULL, count, offset, may_trim ? 0 : CAIRN_BLK_NO_UNMAP)) return -1;
    return flags & NBDKIT_FLAG_FUA ? flush_device() : 0;
}

/* Whole blocks around the bytes asked for: nbdkit leaves out what lies beside them. Where there is
 * more than fits, the client asks again. */
static int do_extents(void *handle, uint32_t count, uint64_t offset, uint32_t flags,
                      struct nbdkit_extents *extents)
{
    (void)handle;
    uint64_t unit = info()->block_bytes;
    uint64_t first = offset / unit, end = cairn_div_up(offset + count, unit);
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_blk_extent found[EXTENTS_AT_ONCE];
    size_t used, cap = flags & NBDKIT_FLAG_REQ_ONE ? 1 : EXTENTS_AT_ONCE;
    enum cairn_err err = cairn_blk_extents(stack.dev, first, end - first, found, cap, &used, &why);
    if (err) return fail(err, &why);
    for (size_t i = 0; i < used; i++) {
        uint32_t type = found[i].data ? 0 : NBDKIT_EXTENT_HOLE | NBDKIT_EXTENT_ZERO;
        if (nbdkit_add_extent(extents, found[i].block * unit, found[i].count * unit, type))
            return -1;
    }
    return 0;
}

static struct nbdkit_plugin plugin = {
    .name = "cairn",
    .longname = "Cairn",
    .version = CAIRN_VERSION,
    .description = "images, partitions and block devices, also ones that fail by a plan",
    .magic_config_key = "place",
    .config_help =
        "place=IMAGE[:PART]  what to serve (required)\n"
        "write=true          let clients change it\n"
        "sim=PLAN            fail by a plan: error=write:5\n"
        "trace=FILE          log changes to a new file, as dm-log-writes does\n"
        "stats=true          say at the end what was done\n"
        "export=NAME         the only name that clients may ask for\n"
        "ready=FD            write a byte there when clients may come, and at a good end",
    .config = config,
    .config_complete = config_complete,
    .get_ready = get_ready,
    .after_fork = after_fork,
    .cleanup = cleanup,
    .open = open_connection,
    .list_exports = list_exports,
    .default_export = default_export,
    .get_size = get_size,
    .block_size = block_size,
    .can_write = can_write,
    .can_flush = can_flush,
    .can_fua = can_fua,
    .can_trim = can_trim,
    .can_zero = can_zero,
    .can_fast_zero = can_fast_zero,
    .can_extents = can_extents,
    .can_multi_conn = can_multi_conn,
    .pread = do_read,
    .pwrite = do_write,
    .flush = do_flush,
    .trim = do_trim,
    .zero = do_zero,
    .extents = do_extents,
};

struct nbdkit_plugin *plugin_init(void);

NBDKIT_REGISTER_PLUGIN(plugin)
