/* SPDX-License-Identifier: ISC */
/* What is done to a store, and which of it sequences are made of. */
#ifndef CAIRN_TESTS_KV_CRASH_OPS_H
#define CAIRN_TESTS_KV_CRASH_OPS_H

#include "../model.h"

enum op_kind {
    OP_SET,
    OP_WRITE,
    OP_ALLOCATE,
    OP_MAKE,
    OP_REMOVE,
    OP_RENAME,
    OP_TIME, /* last modified */
    OP_BATCH,
    OP_SNAPSHOT,
    OP_SNAPSHOT_REMOVE,
    OP_CHECKPOINT,
    OP_STEP,
    OP_SYNC,
    OP_DIE, /* the program ends, the power stays; the store is opened anew */
    OP_CUT, /* one way of what a cut leaves, and the store is opened anew */
};

struct op {
    enum op_kind kind;
    const char *path, *to; /* to: of a rename */
    uint32_t bytes;
    uint32_t offset;        /* of a write */
    const struct op *parts; /* of a batch, up to one without a path */
    bool sorted;            /* of a batch */
    uint32_t times;         /* of a part: that many names below path, which is a dictionary */
};

struct alphabet {
    const char *name;
    const struct op *ops;
    uint32_t count;
};
extern const struct alphabet alphabets[];
extern const uint32_t alphabet_count;

void op_text(const struct op *op, char *text, size_t bytes);
/* What is set: of this size always the same, of others it differs by stamp. Until the next call. */
#define OP_AGAIN_BYTES 9000u
const uint8_t *op_value(uint32_t bytes, uint32_t stamp);
/* Of an operation that is a change, or a part of a batch: what the model says of it, and is
 * afterwards; the same done to kv. stamp: values differ by it. */
struct expect op_expect(const struct op *op, struct model *model, uint32_t stamp);
enum cairn_err op_change(const struct op *op, struct cairn_kv *kv, uint32_t stamp,
                         struct cairn_why *why) CAIRN_MUST_USE;

#endif
