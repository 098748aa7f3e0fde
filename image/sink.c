/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ZEROS_BYTES 65536u
static const uint8_t zeros[ZEROS_BYTES];

static enum cairn_err write_all(int fd, bool seek, uint64_t offset, const uint8_t *bytes,
                                size_t count, struct cairn_why *why)
{
    while (count > 0) {
        ssize_t done = seek ? pwrite(fd, bytes, count, (off_t)offset) : write(fd, bytes, count);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return img_os_fail(why, NULL, "write the image");
        bytes += done;
        offset += (uint64_t)done;
        count -= (size_t)done;
    }
    return CAIRN_OK;
}

static enum cairn_err write_zeros(int fd, bool seek, uint64_t offset, uint64_t count,
                                  struct cairn_why *why)
{
    while (count > 0) {
        size_t part = (size_t)cairn_min_u64(count, ZEROS_BYTES);
        enum cairn_err err = write_all(fd, seek, offset, zeros, part, why);
        if (err) return err;
        offset += part;
        count -= part;
    }
    return CAIRN_OK;
}

enum cairn_err img_sink_put(struct img_sink *sink, uint64_t offset, const void *bytes, size_t count,
                            struct cairn_why *why)
{
    if (sink->kind != IMG_SINK_STREAM) return write_all(sink->fd, true, offset, bytes, count, why);
    enum cairn_err err = write_zeros(sink->fd, false, 0, offset - sink->at, why);
    if (!err) err = write_all(sink->fd, false, 0, bytes, count, why);
    sink->at = offset + count;
    return err;
}

enum cairn_err img_sink_zero(struct img_sink *sink, uint64_t offset, uint64_t count,
                             struct cairn_why *why)
{
    if (sink->kind != IMG_SINK_DEVICE || count == 0) return CAIRN_OK;
    uint64_t range[2] = { offset, count };
    if (ioctl(sink->fd, BLKZEROOUT, range) == 0) return CAIRN_OK;
    return write_zeros(sink->fd, true, offset, count, why);
}
