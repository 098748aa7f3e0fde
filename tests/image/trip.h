/* SPDX-License-Identifier: ISC */
/* The stations of a round trip through an image: build, stream, check, insert, extract. Each is
 * true, or has told the tape what was wrong. */
#ifndef CAIRN_TESTS_TRIP_H
#define CAIRN_TESTS_TRIP_H

#include "folder.h"
#include <tape/tape.h>

struct trip {
    struct tape *tape;
    struct folder folder; /* its base holds all that is made */
    struct cairn_image_plan_options options;
    struct cairn_image_plan_summary summary; /* of the last build */
};

/* The path of name on this trip, in one of a few buffers that take turns. */
const char *trip_path(const struct trip *trip, const char *name);

/* The folder to an image. A type and a cluster size that were both asked for may not go together:
 * then the cluster size is given up. */
bool trip_build(struct trip *trip, const char *folder, const char *image);
/* Does a pipe get what the image holds? Builds the folder once more. */
bool trip_stream(struct trip *trip, const char *folder, const char *image);
/* Check finds nothing but notes in the image; nor does fsck.fat, where there is one. */
bool trip_check(struct trip *trip, const char *image);
bool trip_fsck(struct trip *trip, const char *image);
/* A new image, empty, of the options' type and sectors. */
bool trip_format(struct trip *trip, const char *image);
/* The contents of the folder into the image's root. */
bool trip_insert(struct trip *trip, const char *folder, const char *image);
bool trip_move(struct trip *trip, const char *image, const char *from, const char *to);
bool trip_extract(struct trip *trip, const char *image, const char *folder);
bool trip_same(struct trip *trip, const char *image, const char *other);

#endif
