/* SPDX-License-Identifier: ISC */
/* Probing by libblkid, which reads descriptors: of a device that has none it gets a file in memory,
 * as long as the range, with its two ends in it. */
#include <cairn/blk_probe.h>

#include "probe_api.h"
#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD_BYTES (4u << 20) /* holds the root directory of a small exFAT, and its label */
#define TAIL_BYTES (1u << 20)
#define PIECE_BYTES (1u << 20)
#define PIECE_ALIGN 4096u

/* ---- a file in memory ------------------------------------------------------------------------ */

struct ends {
    struct cairn_blk *dev;
    struct cairn_blk_probe_range range;
    int fd;
    uint8_t *piece; /* PIECE_BYTES, of which blocks are a power-of-two part */
};

static enum cairn_err os_fail(struct cairn_why *why, const char *what)
{
    int os = errno;
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    return err;
}

/* Blocks [from, to) of the range. */
static enum cairn_err blocks_copy(const struct ends *ends, uint64_t from, uint64_t to,
                                  struct cairn_why *why)
{
    uint64_t unit = ends->dev->info.block_bytes, step = PIECE_BYTES / unit;
    for (uint64_t at = from; at < to; at += step) {
        uint64_t count = cairn_min_u64(step, to - at);
        enum cairn_err err =
            cairn_blk_read(ends->dev, ends->range.first + at, count, ends->piece, why);
        if (err) return err;
        if (pwrite(ends->fd, ends->piece, (size_t)(count * unit), (off_t)(at * unit)) < 0)
            return os_fail(why, "copy to memory");
    }
    return CAIRN_OK;
}

static enum cairn_err ends_copy(const struct ends *ends, struct cairn_why *why)
{
    uint64_t unit = ends->dev->info.block_bytes, count = ends->range.count;
    uint64_t head = cairn_min_u64(HEAD_BYTES / unit, count);
    uint64_t tail = cairn_min_u64(TAIL_BYTES / unit, count - head);
    if (ftruncate(ends->fd, (off_t)(count * unit)) < 0)
        return os_fail(why, "make a file in memory");
    enum cairn_err err = blocks_copy(ends, 0, head, why);
    return err ? err : blocks_copy(ends, count - tail, count, why);
}

/* A descriptor with the range at its start, to be closed. */
static enum cairn_err ends_open(struct cairn_blk *dev, struct cairn_blk_probe_range range, int *fd,
                                struct cairn_why *why)
{
    struct ends ends = { .dev = dev, .range = range };
    ends.fd = memfd_create("cairn-probe", MFD_CLOEXEC);
    if (ends.fd < 0) return os_fail(why, "make a file in memory");
    ends.piece = aligned_alloc(PIECE_ALIGN, PIECE_BYTES);
    enum cairn_err err =
        ends.piece ? ends_copy(&ends, why) : cairn_why_fail(why, CAIRN_ENOMEM, "copy to memory");
    free(ends.piece);
    if (err)
        close(ends.fd);
    else
        *fd = ends.fd;
    return err;
}

/* ---- asking libblkid ------------------------------------------------------------------------- */

static void value_take(const struct blk_blkid_api *api, blkid_probe probe, const char *name,
                       char out[CAIRN_BLK_PROBED_BYTES])
{
    const char *value = NULL;
    size_t bytes = 0;
    if (api->blkid_probe_lookup_value(probe, name, &value, &bytes) < 0) return;
    size_t len = strnlen(value, cairn_min_u64(bytes, CAIRN_BLK_PROBED_BYTES - 1));
    memcpy(out, value, len);
    out[len] = '\0';
}

static void values_take(const struct blk_blkid_api *api, blkid_probe probe,
                        struct cairn_blk_probed *probed)
{
    value_take(api, probe, "TYPE", probed->type);
    value_take(api, probe, "LABEL", probed->label);
    value_take(api, probe, "UUID", probed->uuid);
    probed->is_fat = strcmp(probed->type, "vfat") == 0;
    if (probed->is_fat) value_take(api, probe, "VERSION", probed->type);
}

static enum cairn_err probe_do(const struct blk_blkid_api *api, blkid_probe probe,
                               struct cairn_blk_probed *probed, struct cairn_why *why)
{
    enum { FOUND = 0, NOTHING = 1, AMBIVALENT = -2 };
    int got = api->blkid_do_safeprobe(probe);
    probed->several = got == AMBIVALENT;
    if (got == FOUND) values_take(api, probe, probed);
    if (got == FOUND || got == NOTHING || got == AMBIVALENT) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EIO, "libblkid could not look at it");
}

static enum cairn_err probe_fd(const struct blk_blkid_api *api, int fd, uint64_t offset,
                               uint64_t bytes, uint32_t sector_bytes,
                               struct cairn_blk_probed *probed, struct cairn_why *why)
{
    blkid_probe probe = api->blkid_new_probe();
    if (!probe) return cairn_why_fail(why, CAIRN_ENOMEM, "probe");
    enum cairn_err err = CAIRN_OK;
    if (api->blkid_probe_set_device(probe, fd, (blkid_loff_t)offset, (blkid_loff_t)bytes) < 0 ||
        api->blkid_probe_set_sectorsize(probe, sector_bytes) < 0 ||
        api->blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_DEFAULT | BLKID_SUBLKS_VERSION))
        err = cairn_why_fail(why, CAIRN_EIO, "libblkid could not look at it");
    if (!err) err = probe_do(api, probe, probed, why);
    api->blkid_free_probe(probe);
    return err;
}

enum cairn_err cairn_blk_probe(struct cairn_blk *dev, int fd, struct cairn_blk_probe_range range,
                               struct cairn_blk_probed *probed, struct cairn_why *why)
{
    const struct blk_blkid_api *api;
    uint64_t unit = dev->info.block_bytes, offset = range.first * unit;
    int copied = -1;
    memset(probed, 0, sizeof *probed);
    enum cairn_err err = blk_blkid_api_load(&api, why);
    if (err || range.count == 0) return err; /* a length of 0 means the whole file to libblkid */
    if (fd < 0) {
        err = ends_open(dev, range, &copied, why);
        offset = 0;
    }
    if (!err)
        err = probe_fd(api, fd < 0 ? copied : fd, offset, range.count * unit, (uint32_t)unit,
                       probed, why);
    if (copied >= 0) close(copied);
    return err;
}

const char *cairn_blk_probe_version(void)
{
    return CAIRN_LIBBLKID_VERSION;
}
