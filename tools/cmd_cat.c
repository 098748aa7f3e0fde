/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "copy_out.h"
#include "out.h"
#include "session.h"

#include <cairn/err_posix.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (1u << 20)

static enum cairn_err write_all(const char *buf, size_t bytes, struct cairn_why *why)
{
    while (bytes > 0) {
        ssize_t done = write(STDOUT_FILENO, buf, bytes);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            return cairn_why_fail(why, cairn_err_from_errno(errno), "write standard output");
        buf += done;
        bytes -= (size_t)done;
    }
    return CAIRN_OK;
}

static enum cairn_err node_write(struct cairn_fat_node *node, char *buf, struct cairn_why *why)
{
    for (uint64_t at = 0;;) {
        size_t got = 0;
        enum cairn_err err = cairn_fat_read(node, at, buf, PIECE_BYTES, &got, why);
        if (!err) err = write_all(buf, got, why);
        if (err || got < PIECE_BYTES) return err;
        at += got;
    }
}

enum cairn_err tool_file_to_stdout(struct cairn_image *image, const char *path,
                                   struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = cairn_fat_walk(cairn_image_fat(image), path, strlen(path), &node, why);
    if (err) return err;
    char *buf = malloc(PIECE_BYTES);
    err = buf ? node_write(node, buf, why) : cairn_why_fail(why, CAIRN_ENOMEM, "read a file");
    free(buf);
    cairn_fat_release(node);
    return err;
}

static enum cairn_err place_cat(void *ctx, struct cairn_image *image, const char *text,
                                const char *path, struct cairn_why *why)
{
    (void)ctx;
    (void)text;
    return tool_file_to_stdout(image, path, why);
}

static enum tool_status run(const struct tool_args *args)
{
    return tool_each_place(args, args->operand_count, false, place_cat, NULL);
}

const struct tool_verb tool_verb_cat = {
    .name = "cat",
    .summary = "Write files to standard output",
    .operands = "PLACE...",
    .volume = true,
    .example = "  cairn cat disk.img:/loader/loader.conf",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
