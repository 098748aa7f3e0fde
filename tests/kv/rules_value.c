/* SPDX-License-Identifier: ISC */
/* One operation each, in every corner that the interface decides. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

/* A few values and dictionaries: v, d/w, d/e (empty), f/x, g (empty). */
static bool furnish(struct rig *rig, struct tape *tape)
{
    static const char *const values[] = { "a", "b/a", "c/a" };
    static const char *const dictionaries[] = { "b/b", "c/b/a", "aa" };
    enum cairn_err err = CAIRN_OK;
    for (size_t i = 0; !err && i < 3; i++) {
        struct cairn_kv_key key = cairn_kv_key(values[i]);
        model_set(&rig->model, key, rig_data() + i, 7 + i, 0);
        err = cairn_kv_set(rig->kv, key, rig_data() + i, 7 + i, 0, NULL);
    }
    for (size_t i = 0; !err && i < 3; i++) {
        struct cairn_kv_key key = cairn_kv_key(dictionaries[i]);
        model_make(&rig->model, key);
        err = cairn_kv_make(rig->kv, key, NULL);
    }
    rig_tick(rig);
    return !err || tape_fail(tape, "furnishing: %s", cairn_err_name(err));
}

static struct cairn_kv_key pick_key(struct tape *tape)
{
    static const char *const keys[] = { "a",      "b",           "b/a",   "b/b",     "c",
                                        "c/a",    "c/b",         "c/b/a", "aa",      "new",
                                        "b/new",  "new/new",     "a/new", "b/a/new", "",
                                        "aa/new", "b/b/new/new", "b/ab" };
    return cairn_kv_key(keys[tape_pick(tape, sizeof keys / sizeof *keys)]);
}

bool rule_exists(struct rig *rig, struct tape *tape)
{
    enum cairn_kv_kind kind = CAIRN_KV_VALUE;
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_kv_stat stat;
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key key = pick_key(tape);
    const struct model_node *node = model_find(&rig->model, key);
    enum cairn_err err = cairn_kv_exists(rig->kv, key, &kind, &why);
    if (err || why.err || kind != (node ? node->kind : CAIRN_KV_NONE))
        return tape_fail(tape, "exists \"%s\": %s, kind %d", key.path, cairn_err_name(err),
                         (int)kind);
    struct expect expect = { .count = !node };
    expect.errs[0] = model_blocked(&rig->model, key) ? CAIRN_ENOTDIR : CAIRN_ENOENT;
    return rig_got(tape, "stat", key, cairn_kv_stat(rig->kv, key, &stat, NULL), &expect);
}

/* Any part, whose end may lie behind the value's. */
bool rule_get(struct rig *rig, struct tape *tape)
{
    static const uint64_t offsets[] = { 0,    1,     6,     7,     8,     4031,
                                        4032, 65535, 69999, 70000, 70001, UINT64_MAX };
    struct cairn_kv_key v = { "v", 1 }, key;
    size_t size = tape_bool(tape) ? 70000 : 7, done = 99;
    if (!furnish(rig, tape)) return false;
    model_set(&rig->model, v, rig_data(), size, 0);
    if (cairn_kv_set(rig->kv, v, rig_data(), size, 0, NULL)) return tape_fail(tape, "set");
    uint64_t offset = offsets[tape_pick(tape, 12)];
    size_t bytes = (size_t)tape_u64(tape, 5000);
    uint8_t *data = calloc(bytes + 1, 1);
    size_t there = offset < size ? (size_t)(size - offset) : 0;
    enum cairn_err err = cairn_kv_get(rig->kv, v, offset, data, bytes, &done, NULL);
    bool same = !err && done == (there < bytes ? there : bytes) && !data[bytes] &&
                (!done || !memcmp(data, rig_data() + offset, done));
    free(data);
    if (!same) return tape_fail(tape, "get: %s, %zu bytes, or others", cairn_err_name(err), done);
    key = pick_key(tape);
    const struct model_node *node = model_find(&rig->model, key);
    struct expect expect = { .count = !node || node->kind == CAIRN_KV_DICTIONARY };
    expect.errs[0] = node                              ? CAIRN_EISDIR
                     : model_blocked(&rig->model, key) ? CAIRN_ENOTDIR
                                                       : CAIRN_ENOENT;
    err = cairn_kv_get(rig->kv, key, 0, NULL, 0, &done, NULL);
    return rig_got(tape, "get", key, err, &expect);
}

bool rule_set(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key key = pick_key(tape);
    uint32_t flags = tape_bool(tape) ? CAIRN_KV_REPLACE_DICTIONARY : 0;
    size_t bytes = (size_t)tape_u64(tape, 9000);
    tape_note(tape, "set \"%s\" flags %u, %zu bytes", key.path, flags, bytes);
    struct expect expect = model_set(&rig->model, key, rig_data(), bytes, flags);
    enum cairn_err err = rig->set(rig->kv, key, rig_data(), bytes, flags, NULL);
    return rig_got(tape, "set", key, err, &expect);
}

/* Gaps read as zeros, also where there was something longer before. */
bool rule_write(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key key = pick_key(tape);
    if (tape_bool(tape) && !model_remove(&rig->model, key).count &&
        cairn_kv_remove(rig->kv, key, NULL))
        return tape_fail(tape, "remove");
    for (int i = 0; i < 3; i++) {
        uint64_t offset = tape_u64(tape, 150000);
        size_t bytes = (size_t)tape_u64(tape, 9000);
        tape_note(tape, "write \"%s\" at %u, %zu bytes", key.path, (unsigned)offset, bytes);
        rig_tick(rig);
        struct expect expect = model_write(&rig->model, key, offset, rig_data(), bytes);
        enum cairn_err err = cairn_kv_write(rig->kv, key, offset, rig_data(), bytes, NULL);
        if (!rig_got(tape, "write", key, err, &expect)) return false;
    }
    return true;
}

bool rule_allocate(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key key = pick_key(tape);
    size_t size = (size_t)tape_u64(tape, 150000);
    struct expect expect = model_allocate(&rig->model, key, size);
    if (!rig_got(tape, "allocate", key, cairn_kv_allocate(rig->kv, key, size, NULL), &expect))
        return false;
    if (expect.count || size < 10) return true;
    uint64_t offset = tape_u64(tape, size - 10);
    expect = model_write(&rig->model, key, offset, rig_data(), 10);
    enum cairn_err err = cairn_kv_write(rig->kv, key, offset, rig_data(), 10, NULL);
    return rig_got(tape, "write", key, err, &expect);
}

bool rule_remove(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key key = pick_key(tape);
    for (int i = 0; i < 2; i++) {
        struct expect expect = model_remove(&rig->model, key);
        enum cairn_err err = cairn_kv_remove(rig->kv, key, NULL);
        if (!rig_got(tape, "remove", key, err, &expect)) return false;
        rig_tick(rig);
    }
    return true;
}

bool rule_rename(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    struct cairn_kv_key from = pick_key(tape), to = pick_key(tape);
    uint32_t flags = (uint32_t)tape_pick(tape, 4);
    tape_note(tape, "rename \"%s\" \"%s\" flags %u", from.path, to.path, flags);
    struct expect expect = model_rename(&rig->model, from, to, flags);
    return rig_got(tape, "rename", from, cairn_kv_rename(rig->kv, from, to, flags, NULL), &expect);
}

/* Setting a time, and what changes it again. */
bool rule_times(struct rig *rig, struct tape *tape)
{
    if (!furnish(rig, tape)) return false;
    int64_t grain = rig->store->time_grain_ns ? rig->store->time_grain_ns : 1;
    for (int i = 0; i < 4; i++) {
        struct cairn_kv_key key = pick_key(tape);
        int64_t ns = RIG_TIME_NS + grain * (int64_t)tape_u64(tape, 1000);
        struct expect expect = model_time_set(&rig->model, key, ns);
        enum cairn_err err = cairn_kv_time_set(rig->kv, key, ns, NULL);
        if (!rig_got(tape, "time", key, err, &expect)) return false;
        if (!rig_step(rig, rig->kv, &rig->model, tape)) return false;
    }
    return true;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

bool rule_large(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_key key = { "large", 5 };
    struct cairn_kv_stat stat = { .size = 0 };
    uint8_t data[64];
    size_t done = 0;
    uint64_t offset = (UINT64_C(1) << tape_u64(tape, 40)) + tape_u64(tape, 5000);
    enum cairn_err err = cairn_kv_write(rig->kv, key, offset, rig_data(), 20, NULL);
    if (!err) err = cairn_kv_stat(rig->kv, key, &stat, NULL);
    if (!err) err = cairn_kv_get(rig->kv, key, offset - 1, data, sizeof data, &done, NULL);
    if (err) return tape_fail(tape, "%s", cairn_err_name(err));
    if (stat.size != offset + 20 || done != 21 || data[0] || memcmp(data + 1, rig_data(), 20) != 0)
        return tape_fail(tape, "a large value reads otherwise");
    err = cairn_kv_get(rig->kv, key, offset / 2, data, 1, &done, NULL);
    if (err || (offset > 1 && (done != 1 || data[0]))) return tape_fail(tape, "its hole");
    err = cairn_kv_remove(rig->kv, key, NULL);
    rig->model.nodes[0].modified_ns = rig->model.now_ns;
    return !err || tape_fail(tape, "remove: %s", cairn_err_name(err));
}

/* Fill it to the brim: a value in large pieces, and then small values. */
static enum cairn_err fill(struct rig *rig)
{
    enum cairn_err err = CAIRN_OK;
    char name[32] = "z/0000";
    for (int i = 0; !err && i < 10000; i++) {
        for (int at = 5, rest = i; at > 1; at--, rest /= 10)
            name[at] = (char)('0' + rest % 10);
        err = cairn_kv_set(rig->kv, cairn_kv_key(name), rig_data(), RIG_DATA_BYTES, 0, NULL);
    }
    name[0] = 'y';
    err = CAIRN_OK;
    for (int i = 0; !err && i < 10000; i++) {
        for (int at = 5, rest = i; at > 1; at--, rest /= 10)
            name[at] = (char)('0' + rest % 10);
        err = cairn_kv_set(rig->kv, cairn_kv_key(name), rig_data(), 5000, 0, NULL);
    }
    return err;
}

/* A full store changes nothing, but lets go; and what was reserved is there. */
bool rule_full(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_key r = { "r", 1 }, b = { "b", 1 };
    uint64_t offset = tape_u64(tape, 100000);
    if (!furnish(rig, tape)) return false;
    model_allocate(&rig->model, r, 150000);
    if (cairn_kv_allocate(rig->kv, r, 150000, NULL)) return tape_fail(tape, "allocate");
    enum cairn_err err = fill(rig);
    if (err != CAIRN_ENOSPC) return tape_fail(tape, "filled: %s", cairn_err_name(err));
    model_write(&rig->model, r, offset, rig_data(), 20000);
    err = cairn_kv_write(rig->kv, r, offset, rig_data(), 20000, NULL);
    if (err) return tape_fail(tape, "reserved room: %s", cairn_err_name(err));
    err = cairn_kv_set(rig->kv, b, rig_data(), RIG_DATA_BYTES, CAIRN_KV_REPLACE_DICTIONARY, NULL);
    if (err != CAIRN_ENOSPC) return tape_fail(tape, "set: %s", cairn_err_name(err));
    err = cairn_kv_remove(rig->kv, cairn_kv_key("y"), NULL);
    if (!err) err = cairn_kv_remove(rig->kv, cairn_kv_key("z"), NULL);
    if (!err) err = cairn_kv_set(rig->kv, r, rig_data(), RIG_DATA_BYTES, 0, NULL);
    model_set(&rig->model, r, rig_data(), RIG_DATA_BYTES, 0);
    rig->model.nodes[0].modified_ns = rig->model.now_ns;
    return !err || tape_fail(tape, "removing, and setting then: %s", cairn_err_name(err));
}
