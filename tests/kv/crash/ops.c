/* SPDX-License-Identifier: ISC */
#include "ops.h"

#include "picture.h"

#include <cairn/bytes.h>
#include <stdio.h>

/* ---- which ----------------------------------------------------------------------------------- */

#define INLINE_MAX 1015u /* of pages of 4096 bytes */

static const struct op some[] = {
    { .kind = OP_SET, .path = "a", .bytes = 300 },
    { .kind = OP_SET, .path = "d/c", .bytes = INLINE_MAX + 1 },
    { .kind = OP_RENAME, .path = "d/c", .to = "b" },
    { 0 },
};
static const struct op swap[] = {
    { .kind = OP_RENAME, .path = "a", .to = "d/t" },
    { .kind = OP_RENAME, .path = "b", .to = "a" },
    { .kind = OP_RENAME, .path = "d/t", .to = "b" },
    { 0 },
};
/* More than an eighth of the log. */
static const struct op many[] = {
    { .kind = OP_SET, .path = "m", .bytes = INLINE_MAX, .times = 18 },
    { 0 },
};
/* More than one record holds, and pages besides. */
static const struct op most[] = {
    { .kind = OP_SET, .path = "m", .bytes = INLINE_MAX, .times = 40 },
    { .kind = OP_SET, .path = "b", .bytes = 4096 },
    { 0 },
};
/* What judges do, too, and more: if it is dropped it must not come back when they do it. */
static const struct op again[] = {
    { .kind = OP_SET, .path = "z/y", .bytes = OP_AGAIN_BYTES },
    { .kind = OP_SET, .path = "a", .bytes = 300 },
    { 0 },
};

/* Straight into a new tree, and what does not go there in order. */
static const struct op sorted[] = {
    { .kind = OP_SET, .path = "a", .bytes = 300 },
    { .kind = OP_SET, .path = "b", .bytes = 65537 },
    { .kind = OP_SET, .path = "d/c", .bytes = INLINE_MAX + 1 },
    { 0 },
};

static const struct op mixed[] = {
    { .kind = OP_SET, .path = "a", .bytes = 0 },
    { .kind = OP_SET, .path = "a", .bytes = INLINE_MAX },
    { .kind = OP_SET, .path = "a", .bytes = INLINE_MAX + 1 },
    { .kind = OP_SET, .path = "b", .bytes = 4096 },
    { .kind = OP_SET, .path = "b", .bytes = 65536 },
    { .kind = OP_SET, .path = "d/c", .bytes = 65537 },
    { .kind = OP_WRITE, .path = "a", .bytes = 10, .offset = 1010 },
    { .kind = OP_WRITE, .path = "b", .bytes = 20, .offset = 4090 },
    { .kind = OP_ALLOCATE, .path = "b", .bytes = 8192 },
    { .kind = OP_REMOVE, .path = "a" },
    { .kind = OP_REMOVE, .path = "d" },
    { .kind = OP_MAKE, .path = "d" },
    { .kind = OP_RENAME, .path = "a", .to = "b" },
    { .kind = OP_RENAME, .path = "d", .to = "e" },
    { .kind = OP_BATCH, .parts = some },
    { .kind = OP_BATCH, .parts = swap },
    { .kind = OP_BATCH, .parts = many },
    { .kind = OP_BATCH, .parts = most },
    { .kind = OP_BATCH, .parts = again },
    { .kind = OP_BATCH, .parts = sorted, .sorted = true },
    { .kind = OP_WRITE, .path = "r", .bytes = 20, .offset = 4090 },
    { .kind = OP_SNAPSHOT },
    { .kind = OP_SNAPSHOT_REMOVE },
    { .kind = OP_CHECKPOINT },
    { .kind = OP_STEP },
    { .kind = OP_SYNC },
    { .kind = OP_TIME, .path = "a" },
    { .kind = OP_DIE },
    { .kind = OP_CUT },
};

static const struct op core[] = {
    { .kind = OP_SET, .path = "a", .bytes = 5000 },
    { .kind = OP_BATCH, .parts = some },
    { .kind = OP_WRITE, .path = "b", .bytes = 5000, .offset = 0 },
    { .kind = OP_REMOVE, .path = "d" },
    { .kind = OP_CHECKPOINT },
    { .kind = OP_STEP },
};

/* What is dropped when recovering, and what comes behind it. */
static const struct op dropped[] = {
    { .kind = OP_CUT },
    { .kind = OP_DIE },
    { .kind = OP_BATCH, .parts = again },
    { .kind = OP_BATCH, .parts = most },
    { .kind = OP_SET, .path = "a", .bytes = 5000 },
};

/* Beside a checkpoint that goes in steps. */
static const struct op early[] = {
    { .kind = OP_BATCH, .parts = many },
    { .kind = OP_SET, .path = "a", .bytes = 5000 },
    { .kind = OP_WRITE, .path = "a", .bytes = 20, .offset = 4090 },
    { .kind = OP_BATCH, .parts = sorted, .sorted = true },
    { .kind = OP_STEP },
    { .kind = OP_SYNC },
    { .kind = OP_SNAPSHOT },
    { .kind = OP_SNAPSHOT_REMOVE },
    { .kind = OP_CUT },
};

const struct alphabet alphabets[] = {
    { "mixed", mixed, CAIRN_COUNT(mixed) },
    { "core", core, CAIRN_COUNT(core) },
    { "dropped", dropped, CAIRN_COUNT(dropped) },
    { "early", early, CAIRN_COUNT(early) },
};
const uint32_t alphabet_count = CAIRN_COUNT(alphabets);

/* ---- telling --------------------------------------------------------------------------------- */

void op_text(const struct op *op, char *text, size_t bytes)
{
    static const char *const names[] = {
        [OP_SET] = "set",
        [OP_WRITE] = "write",
        [OP_ALLOCATE] = "allocate",
        [OP_MAKE] = "make",
        [OP_REMOVE] = "remove",
        [OP_RENAME] = "rename",
        [OP_TIME] = "set time",
        [OP_BATCH] = "batch",
        [OP_SNAPSHOT] = "snapshot",
        [OP_SNAPSHOT_REMOVE] = "remove snapshot",
        [OP_CHECKPOINT] = "checkpoint",
        [OP_STEP] = "step",
        [OP_SYNC] = "sync",
        [OP_DIE] = "die",
        [OP_CUT] = "cut",
    };
    const char *path = op->parts ? op->parts->path : op->path;
    snprintf(text, bytes, "%s %s%s%s, %u bytes at %u", names[op->kind], path ? path : "",
             op->to ? " to " : "", op->to ? op->to : "", (unsigned)op->bytes, (unsigned)op->offset);
}

/* ---- doing ----------------------------------------------------------------------------------- */

const uint8_t *op_value(uint32_t bytes, uint32_t stamp)
{
    static uint8_t data[PICTURE_VALUE_MAX];
    if (bytes == OP_AGAIN_BYTES) stamp = 0;
    for (uint32_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 7 + i / 251 + stamp * 13 + 1);
    return data;
}

struct expect op_expect(const struct op *op, struct model *model, uint32_t stamp)
{
    struct cairn_kv_key key = cairn_kv_key(op->path);
    if (op->kind == OP_SET) return model_set(model, key, op_value(op->bytes, stamp), op->bytes, 0);
    if (op->kind == OP_WRITE)
        return model_write(model, key, op->offset, op_value(op->bytes, stamp), op->bytes);
    if (op->kind == OP_ALLOCATE) return model_allocate(model, key, op->bytes);
    if (op->kind == OP_MAKE) return model_make(model, key);
    if (op->kind == OP_REMOVE) return model_remove(model, key);
    if (op->kind == OP_RENAME) return model_rename(model, key, cairn_kv_key(op->to), 0);
    return model_time_set(model, key, stamp);
}

enum cairn_err op_change(const struct op *op, struct cairn_kv *kv, uint32_t stamp,
                         struct cairn_why *why)
{
    struct cairn_kv_key key = cairn_kv_key(op->path);
    const uint8_t *data = op_value(op->bytes, stamp);
    if (op->kind == OP_SET) return cairn_kv_set(kv, key, data, op->bytes, 0, why);
    if (op->kind == OP_WRITE) return cairn_kv_write(kv, key, op->offset, data, op->bytes, why);
    if (op->kind == OP_ALLOCATE) return cairn_kv_allocate(kv, key, op->bytes, why);
    if (op->kind == OP_MAKE) return cairn_kv_make(kv, key, why);
    if (op->kind == OP_REMOVE) return cairn_kv_remove(kv, key, why);
    if (op->kind == OP_RENAME) return cairn_kv_rename(kv, key, cairn_kv_key(op->to), 0, why);
    return cairn_kv_time_set(kv, key, stamp, why);
}
