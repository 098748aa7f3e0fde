/* SPDX-License-Identifier: ISC */
/* Where an image goes: a new file, a device, or a stream. */
#ifndef CAIRN_IMAGE_SINK_H
#define CAIRN_IMAGE_SINK_H

#include <cairn/blk_layers.h>
#include <cairn/blk_open.h>
#include <cairn/image.h>

enum img_sink_kind {
    IMG_SINK_FILE,   /* new and as long as the image: zeros need no writing */
    IMG_SINK_DEVICE, /* of any kind; what is to be zero must be made so */
    IMG_SINK_STREAM  /* front to back; what is left out is written as zeros */
};

#define IMG_SINK_SECTOR 512u /* device: its blocks, as it is seen here */
#define IMG_SINK_ALIGN 4096u /* memory that any device takes without a copy */

struct img_sink {
    enum img_sink_kind kind;
    int fd;                /* file, stream */
    uint64_t at;           /* stream: bytes written */
    struct cairn_blk *dev; /* device */
};

/* Write bytes at an offset of the image. From several threads at once unless it is a stream, which
 * takes rising offsets only; of a device whole sectors. CAIRN_EPIPE: the stream's reader is gone.
 */
enum cairn_err img_sink_put(struct img_sink *sink, uint64_t offset, const void *bytes, size_t count,
                            struct cairn_why *why) CAIRN_MUST_USE;

/* See that a range reads as zeros that nothing else writes. On a device its sectors are zeroed from
 * the first that begins in it: what comes before ends with a sector or has put zeros to the end of
 * its last; and what is left of the range's own last one is nobody's. */
enum cairn_err img_sink_zero(struct img_sink *sink, uint64_t offset, uint64_t count,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* Device: durable, all that was written so far. */
enum cairn_err img_sink_flush(struct img_sink *sink, struct cairn_why *why) CAIRN_MUST_USE;

/* A file or device that is becoming an image. */
struct img_output {
    struct img_sink sink;
    char *path;      /* where it will be: symlinks are resolved */
    char *temporary; /* a name to remove unless it is finished; NULL: it has none */
    char *directory; /* of path */
    bool replaces;   /* something stood at path */
    bool holds_old;  /* `old` is that, open, so that nobody begins to write to it */
    struct cairn_blk_file old;
    struct cairn_blk_any device;
    struct cairn_image *partition;    /* in place of device: IMAGE:PART; or NULL */
    struct cairn_blk_resized sectors; /* over a device with larger blocks */
    void *bounce;                     /* its memory; NULL: not needed */
};

/* Open path, a file's or a device's name or IMAGE:PART, for an image of total_bytes: an anonymous
 * or hidden new file beside it, or the device or partition. Nothing of what stands there is
 * touched. output is to be closed also when this fails. */
enum cairn_err img_output_open(struct img_output *output, const char *path, uint64_t total_bytes,
                               const struct cairn_image_tree *tree,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* All is written: give the file its name, durably when told. */
enum cairn_err img_output_finish(struct img_output *output, bool sync,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* Close; what was not finished is gone. */
void img_output_close(struct img_output *output);

#endif
