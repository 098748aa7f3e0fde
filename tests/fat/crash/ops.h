/* SPDX-License-Identifier: ISC */
/* Operations of a crash test: each changes what one path names. */
#ifndef CAIRN_TESTS_FAT_CRASH_OPS_H
#define CAIRN_TESTS_FAT_CRASH_OPS_H

#include <cairn/fat.h>

enum op_kind {
    OP_APPEND, /* bytes, to the end; makes the file */
    OP_RESIZE, /* cut, or extended with zeros */
    OP_RESERVE,
    OP_REWRITE, /* its first OP_REWRITE_BYTES, by others */
    OP_REMOVE,
    OP_RENAME,
    OP_MKDIR,
    OP_LABEL,
    OP_HOLD, /* whatever is done to it; one at a time */
    OP_LET_GO,
    OP_SYNC,
    OP_IDLE /* nothing, for so long that the volume is called clean */
};

/* Bytes are so many clusters and some more. */
struct op {
    enum op_kind kind;
    const char *path, *to;
    uint8_t clusters;
    int8_t more;
};

#define OP_BYTES_MAX 65536u /* of a file */
#define OP_WRITE_MAX 16384u
#define OP_REWRITE_BYTES 512u /* one block: more would only multiply what a cut leaves */

static inline uint32_t op_bytes(const struct op *op, uint32_t cluster_bytes)
{
    return (uint32_t)((int64_t)op->clusters * cluster_bytes + op->more);
}

struct promise;
/* What operations are done to, besides the volume. */
struct op_scene {
    const struct promise *promise; /* as it is behind the operation: it tells what is written */
    struct cairn_fat_node *held;
    struct cairn_clock_mono_fixed *timer;
};
enum cairn_err op_do(const struct op *op, struct cairn_fat *fs, struct op_scene *scene,
                     struct cairn_why *why);

/* In words, into text. */
void op_text(const struct op *op, char *text, size_t bytes);

#endif
