/* SPDX-License-Identifier: ISC */
/* The images of one run: each partition is opened once, however many operands name it. */
#ifndef CAIRN_TOOLS_SESSION_H
#define CAIRN_TOOLS_SESSION_H

#include "args.h"

#include <cairn/image.h>

#define TOOL_IMAGES_MAX 16u

struct tool_session {
    struct tool_open_image {
        struct cairn_image_place place;
        struct cairn_image *image;
    } * images[TOOL_IMAGES_MAX];
    uint32_t count;
    struct cairn_fat_options fat; /* that volumes are mounted with */
};

/* An empty session, by the options of the command line. False after a message. */
bool tool_session_init(struct tool_session *session, const struct tool_args *args);

/* Is the text a place in an image, rather than a file of the host? place is filled then. A text
 * that is neither prints why; *status tells. */
bool tool_place_is(const char *text, struct cairn_image_place *place, enum tool_status *status);

/* The image of place, open already or opened now; NULL after a message, *status tells. An image is
 * opened for writing when the first that asks for it wants to write. text: the operand. */
struct cairn_image *tool_session_image(struct tool_session *session,
                                       const struct cairn_image_place *place, bool write,
                                       const char *text, enum tool_status *status);

/* Close all; the first failure that was not told yet is. */
enum tool_status tool_session_close(struct tool_session *session, enum tool_status status);

/* One verb over the first `count` of its operands, which are places: stops at the first failure. */
enum tool_status tool_each_place(const struct tool_args *args, uint32_t count, bool write,
                                 enum cairn_err (*each)(void *ctx, struct cairn_image *image,
                                                        const char *text, const char *path,
                                                        struct cairn_why *why),
                                 void *ctx);

#endif
