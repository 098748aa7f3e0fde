/* SPDX-License-Identifier: ISC */
/* One file's contents from the image to a descriptor. */
#include "extract.h"
#include "os.h"
#include "outfile.h"

#include <cairn/blk_file.h>
#include <cairn/bytes.h>
#include <errno.h>
#include <unistd.h>

/* Below this, one read through the volume costs less than asking where the clusters lie. */
#define RUN_BYTES_LEAST (256u << 10)
/* A large run goes in pieces, so that progress shows and Ctrl-C is heard. */
#define PIECE_BYTES (64u << 20)

static enum cairn_err write_all(int fd, const uint8_t *buf, size_t bytes, struct cairn_why *why)
{
    while (bytes > 0) {
        ssize_t done = write(fd, buf, bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return img_os_fail(why, NULL, "write");
        buf += done;
        bytes -= (size_t)done;
    }
    return CAIRN_OK;
}

static enum cairn_err short_file(struct cairn_why *why)
{
    return cairn_why_fail(why, CAIRN_ECORRUPT, "the file ends before its size");
}

static enum cairn_err copy_read(struct cairn_fat_node *node, uint64_t size, int fd, uint8_t *buf,
                                bool (*piece)(void *ctx, uint64_t bytes), void *ctx,
                                struct cairn_why *why)
{
    for (uint64_t at = 0; at < size;) {
        size_t want = (size_t)cairn_min_u64(size - at, IMG_COPY_BYTES), got = 0;
        enum cairn_err err = cairn_fat_read(node, at, buf, want, &got, why);
        if (err) return err;
        if (got != want) return short_file(why);
        err = write_all(fd, buf, got, why);
        if (err) return err;
        at += got;
        if (!piece(ctx, got)) return CAIRN_ECANCELED;
    }
    return CAIRN_OK;
}

/* One piece of the run at byte `at`, straight from the image's own descriptor. */
static enum cairn_err copy_run(struct cairn_image *image, struct cairn_fat_node *node, uint64_t at,
                               uint64_t left, int fd, uint64_t *copied, struct cairn_why *why)
{
    struct cairn_fat_run run;
    enum cairn_err err = cairn_fat_where(node, at, &run, why);
    if (err == CAIRN_ENOENT) return short_file(why);
    if (err) return err;
    uint64_t sector_bytes = cairn_fat_geometry(cairn_image_fat(image))->sector_bytes;
    uint64_t from = cairn_image_offset(image) + run.sector * sector_bytes + run.sector_byte;
    uint64_t shared = 0;
    *copied = cairn_min_u64(cairn_min_u64(run.bytes, left), PIECE_BYTES);
    return cairn_fd_copy(fd, at, cairn_image_fd(image), from, *copied, &shared, why);
}

static enum cairn_err copy_runs(struct cairn_image *image, struct cairn_fat_node *node,
                                uint64_t size, int fd, bool (*piece)(void *ctx, uint64_t bytes),
                                void *ctx, struct cairn_why *why)
{
    for (uint64_t at = 0; at < size;) {
        uint64_t copied = 0;
        enum cairn_err err = copy_run(image, node, at, size - at, fd, &copied, why);
        if (err) return err;
        at += copied;
        if (!piece(ctx, copied)) return CAIRN_ECANCELED;
    }
    return CAIRN_OK;
}

/* Of a volume that is being written, the cache may hold what the descriptor does not show yet. */
enum cairn_err img_file_copy_out(struct cairn_image *image, struct cairn_fat_node *node,
                                 uint64_t size, int fd, uint8_t *buf,
                                 bool (*piece)(void *ctx, uint64_t bytes), void *ctx,
                                 struct cairn_why *why)
{
    bool direct = size >= RUN_BYTES_LEAST && cairn_image_fd(image) >= 0 &&
                  cairn_fat_is_read_only(cairn_image_fat(image));
    if (direct) return copy_runs(image, node, size, fd, piece, ctx, why);
    return copy_read(node, size, fd, buf, piece, ctx, why);
}
