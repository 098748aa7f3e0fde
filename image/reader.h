/* SPDX-License-Identifier: ISC */
/*
 * Reading the source files of a tree, for one thread. A folder's descriptor is kept from file to
 * file. That a file is what was scanned is known by a look at it after it was read: size and time
 * are then as they were.
 */
#ifndef CAIRN_IMAGE_READER_H
#define CAIRN_IMAGE_READER_H

#include "tree.h"

struct img_reader {
    const struct cairn_image_tree *tree;
    uint32_t directory; /* that fd is of */
    int fd;             /* -1: none */
};

struct img_opened {
    uint32_t node;
    int fd;
    uint64_t offset; /* of the contents in fd */
};

void img_reader_init(struct img_reader *reader, const struct cairn_image_tree *tree);
void img_reader_free(struct img_reader *reader);

/* Open a file. file is to be closed also when this fails. CAIRN_ESTALE: it vanished. */
enum cairn_err img_reader_open(struct img_reader *reader, uint32_t node, struct img_opened *file,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Read exactly bytes from `at` of the contents. CAIRN_ESTALE: it ended early. */
enum cairn_err img_reader_read(struct img_reader *reader, const struct img_opened *file,
                               uint64_t at, void *buf, size_t bytes,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Close it. Returns CAIRN_ESTALE when it is not what was scanned, else err; with the file's name
 * added to why. */
enum cairn_err img_reader_close(struct img_reader *reader, struct img_opened *file,
                                enum cairn_err err, struct cairn_why *why) CAIRN_MUST_USE;

#endif
