/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
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

static enum cairn_err stream_zeros(int fd, uint64_t count, struct cairn_why *why)
{
    while (count > 0) {
        size_t part = (size_t)cairn_min_u64(count, ZEROS_BYTES);
        enum cairn_err err = write_all(fd, false, 0, zeros, part, why);
        if (err) return err;
        count -= part;
    }
    return CAIRN_OK;
}

enum cairn_err img_sink_put(struct img_sink *sink, uint64_t offset, const void *bytes, size_t count,
                            struct cairn_why *why)
{
    if (sink->kind == IMG_SINK_FILE) return write_all(sink->fd, true, offset, bytes, count, why);
    if (sink->kind == IMG_SINK_DEVICE)
        return cairn_blk_write(sink->dev, offset / IMG_SINK_SECTOR, count / IMG_SINK_SECTOR, bytes,
                               why);
    enum cairn_err err = stream_zeros(sink->fd, offset - sink->at, why);
    if (!err) err = write_all(sink->fd, false, 0, bytes, count, why);
    sink->at = offset + count;
    return err;
}

enum cairn_err img_sink_zero(struct img_sink *sink, uint64_t offset, uint64_t count,
                             struct cairn_why *why)
{
    uint64_t first = cairn_div_up(offset, IMG_SINK_SECTOR);
    uint64_t end = cairn_div_up(offset + count, IMG_SINK_SECTOR);
    if (sink->kind != IMG_SINK_DEVICE || first >= end) return CAIRN_OK;
    return cairn_blk_zero(sink->dev, first, end - first, why);
}

enum cairn_err img_sink_flush(struct img_sink *sink, struct cairn_why *why)
{
    return sink->kind == IMG_SINK_DEVICE ? cairn_blk_flush(sink->dev, why) : CAIRN_OK;
}
