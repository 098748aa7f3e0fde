/* SPDX-License-Identifier: ISC */
#include "session.h"

#include "out.h"
#include "volume.h"
#include <stdlib.h>
#include <string.h>

bool tool_session_init(struct tool_session *session, const struct tool_args *args)
{
    *session = (struct tool_session){ .count = 0 };
    return tool_volume_take(args, &session->fat);
}

bool tool_place_is(const char *text, struct cairn_image_place *place, enum tool_status *status)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_image_place_parse(text, place, &why);
    *status = err ? tool_fail(text, err, &why) : TOOL_DONE;
    return !err && (place->has_path || place->part[0]);
}

static struct tool_open_image *opened(struct tool_session *session,
                                      const struct cairn_image_place *place, bool same_part)
{
    for (uint32_t i = 0; i < session->count; i++) {
        struct tool_open_image *open = session->images[i];
        if (strcmp(open->place.image, place->image) != 0) continue;
        if (!same_part || strcmp(open->place.part, place->part) == 0) return open;
    }
    return NULL;
}

/* An image that is not there is often meant to be made. */
static void hint_absent(const struct cairn_image_place *place, enum cairn_err err,
                        struct cairn_why *why)
{
    if (err != CAIRN_ENOENT || why->hint[0]) return;
    if (strncmp(place->image, "./", 2) == 0 && strchr(place->image, ':'))
        cairn_why_hint(why, "a name that starts with ./ is a file of the host as a whole");
    else if (strncmp(place->path, "//", 2) == 0)
        cairn_why_hint(why, "'%s://' is none of the schemes: nbd://, nbd+unix://, rbd: and others",
                       place->image);
    else
        cairn_why_hint(why,
                       "`cairn build` makes an image of a folder, `cairn format` an empty one");
}

static enum cairn_err session_open(struct tool_session *session, struct tool_open_image *open,
                                   bool write, struct cairn_why *why)
{
    struct cairn_image_open_options options = { .write = write, .fat = session->fat };
    struct tool_open_image *beside = opened(session, &open->place, false);
    if (beside)
        return cairn_image_open_beside(&open->image, beside->image, open->place.part, &options,
                                       why);
    enum cairn_err err = cairn_image_open(&open->image, &open->place, &options, why);
    if (err) hint_absent(&open->place, err, why);
    return err;
}

struct cairn_image *tool_session_image(struct tool_session *session,
                                       const struct cairn_image_place *place, bool write,
                                       const char *text, enum tool_status *status)
{
    struct cairn_why why = { 0 };
    struct tool_open_image *open = opened(session, place, true);
    *status = TOOL_DONE;
    if (open) return open->image;
    enum cairn_err err = CAIRN_ENOMEM;
    open = session->count < TOOL_IMAGES_MAX ? calloc(1, sizeof *open) : NULL;
    if (open) {
        open->place = *place;
        err = session_open(session, open, write, &why);
    }
    if (!err) {
        session->images[session->count++] = open;
        return open->image;
    }
    free(open);
    *status = tool_fail(text, err, &why);
    return NULL;
}

enum tool_status tool_session_close(struct tool_session *session, enum tool_status status)
{
    while (session->count > 0) {
        struct cairn_why why = { 0 };
        struct tool_open_image *open = session->images[--session->count];
        enum cairn_err err = cairn_image_close(open->image, &why);
        if (err && !status) status = tool_fail(open->place.image, err, &why);
        free(open);
    }
    return status;
}

enum tool_status tool_each_place(const struct tool_args *args, uint32_t count, bool write,
                                 enum cairn_err (*each)(void *ctx, struct cairn_image *image,
                                                        const char *text, const char *path,
                                                        struct cairn_why *why),
                                 void *ctx)
{
    struct tool_session session;
    enum tool_status status = TOOL_DONE;
    if (!tool_session_init(&session, args)) return TOOL_USAGE;
    for (uint32_t i = 0; i < count && !status; i++) {
        const char *text = args->operands[i];
        struct cairn_image_place place;
        (void)tool_place_is(text, &place, &status);
        if (status) break;
        struct cairn_image *image = tool_session_image(&session, &place, write, text, &status);
        if (!image) break;
        struct cairn_why why = { 0 };
        enum cairn_err err = each(ctx, image, text, place.path, &why);
        if (err) status = tool_fail(text, err, &why);
    }
    return tool_session_close(&session, status);
}
