/* SPDX-License-Identifier: ISC */
/*
 * What takes a repair back, to the byte: a file beside the image that holds what the repair
 * overwrites. It is on the disk before the first write to the image. The format is in image/undo.h.
 */
#ifndef CAIRN_IMAGE_UNDO_H
#define CAIRN_IMAGE_UNDO_H

#include <cairn/image.h>

CAIRN_BEGIN

struct cairn_image_undo; /* a file that is being written */

/* Prepare to save what a repair of image's device overwrites. The file is made by the first save: a
 * volume without faults needs none. image is to stay open until cairn_image_undo_end.
 *   CAIRN_EEXIST  something bears the name */
CAIRN_API enum cairn_err cairn_image_undo_begin(struct cairn_image_undo **undo, const char *path,
                                                struct cairn_image *image,
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* `save` and `saved` of cairn_fat_repair_options; undo is their ctx. Whole blocks of the device.
 * Without CAIRN_OK of both the image must not be written to. */
CAIRN_API enum cairn_err cairn_image_undo_save(void *undo, uint64_t at, const uint8_t *old,
                                               const uint8_t *now, size_t bytes,
                                               struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_image_undo_saved(void *undo, struct cairn_why *why) CAIRN_MUST_USE;

/* Close the file; one in which no round is whole goes away, since nothing was written to the image.
 * finished: all that was saved has been overwritten as announced, so that the image must be exactly
 * that when it is taken back. *made: there is a file. Frees undo also when it fails. */
CAIRN_API enum cairn_err cairn_image_undo_end(struct cairn_image_undo *undo, bool finished,
                                              bool *made, struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_image_undo_result {
    uint64_t blocks;      /* that the repair changed */
    uint64_t restored;    /* of them, now as they were before; the others were so already */
    uint32_t block_bytes; /* of the device */
    bool finished;        /* the repair had come to its end */
};

/* Take back the repair that wrote the file at path. All of it is verified before the first write:
 * then the image is untouched when this fails. Cut halfway, it can be done again.
 *   CAIRN_ECORRUPT  the file is damaged or is no undo file
 *   CAIRN_EINVAL    it belongs to another image, or another partition
 *   CAIRN_ESTALE    the image changed since the repair; why names the first place
 *   CAIRN_ENOTSUP   a later version of the format, or no regular file
 *   CAIRN_EROFS     image is open for reading only */
CAIRN_API enum cairn_err cairn_image_undo_apply(const char *path, struct cairn_image *image,
                                                struct cairn_image_undo_result *result,
                                                struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
