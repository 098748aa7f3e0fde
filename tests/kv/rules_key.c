/* SPDX-License-Identifier: ISC */
/* What the front refuses; lists and digests, in which names show. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys that are none ---------------------------------------------------------------------- */

static bool refused(struct tape *tape, const char *what, enum cairn_err err,
                    enum cairn_err expected, const struct cairn_why *why)
{
    if (err != expected)
        return tape_fail(tape, "%s: %s instead of %s", what, cairn_err_name(err),
                         cairn_err_name(expected));
    return (why->err == err && why->what[0]) || tape_fail(tape, "%s: no explanation", what);
}

static char too_long[300];

/* Each key, and the number of the segment that is wrong in it. */
static const struct bad_key {
    struct cairn_kv_key key;
    const char *segment;
    enum cairn_err err;
} bad_keys[] = {
    { { "/", 1 }, "segment 1 ", CAIRN_EINVAL },
    { { "/a", 2 }, "segment 1 ", CAIRN_EINVAL },
    { { "a/", 2 }, "segment 2 ", CAIRN_EINVAL },
    { { "a//b", 4 }, "segment 2 ", CAIRN_EINVAL },
    { { "a/b/", 4 }, "segment 3 ", CAIRN_EINVAL },
    { { "//", 2 }, "segment 1 ", CAIRN_EINVAL },
    { { too_long, 256 }, "segment 1 ", CAIRN_ENAMETOOLONG },
};

static enum cairn_err call(struct rig *rig, size_t which, struct cairn_kv_key key,
                           struct cairn_why *why)
{
    static uint64_t mem[CAIRN_KV_DIGEST_MEM / 8];
    struct cairn_kv *kv = rig->kv;
    struct cairn_kv_key good = { "a", 1 };
    struct cairn_kv_stat stat;
    struct cairn_kv_list list;
    struct cairn_hash128 hash;
    enum cairn_kv_kind kind;
    size_t done;
    switch (which) {
    case 0:
        return rig->set(kv, key, "x", 1, 0, why);
    case 1:
        return cairn_kv_write(kv, key, 0, "x", 1, why);
    case 2:
        return cairn_kv_allocate(kv, key, 1, why);
    case 3:
        return cairn_kv_make(kv, key, why);
    case 4:
        return cairn_kv_remove(kv, key, why);
    case 5:
        return cairn_kv_rename(kv, key, good, 0, why);
    case 6:
        return cairn_kv_rename(kv, good, key, CAIRN_KV_INTO, why);
    case 7:
        return cairn_kv_time_set(kv, key, 0, why);
    case 8:
        return cairn_kv_stat(kv, key, &stat, why);
    case 9:
        return cairn_kv_exists(kv, key, &kind, why);
    case 10:
        return cairn_kv_get(kv, key, 0, mem, 1, &done, why);
    case 11:
        return cairn_kv_list_begin(&list, kv, key, (struct cairn_kv_key){ "", 0 }, 0, mem,
                                   sizeof mem, why);
    default:
        return cairn_kv_digest(kv, key, &hash, mem, sizeof mem, why);
    }
}

bool rule_keys(struct rig *rig, struct tape *tape)
{
    struct cairn_why why = { .err = CAIRN_OK };
    const struct bad_key *bad = &bad_keys[tape_pick(tape, sizeof bad_keys / sizeof *bad_keys)];
    size_t which = tape_pick(tape, 13);
    memset(too_long, 'x', sizeof too_long);
    if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
    tape_note(tape, "call %zu with \"%.*s\"", which, (int)bad->key.bytes, bad->key.path);
    if (!refused(tape, "a bad key", call(rig, which, bad->key, &why), bad->err, &why)) return false;
    return strstr(why.what, bad->segment) != NULL ||
           tape_fail(tape, "not explained by %s: %s", bad->segment, why.what);
}

/* ---- flags, sizes, memory -------------------------------------------------------------------- */

bool rule_flags(struct rig *rig, struct tape *tape)
{
    struct cairn_kv *kv = rig->kv;
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_kv_key a = { "a", 1 }, b = { "b", 1 }, none = { "", 0 };
    struct cairn_kv_list list;
    uint64_t max = kv->info.value_max, mem[CAIRN_KV_LIST_MEM / 8];
    enum cairn_err expected = CAIRN_EINVAL, err = CAIRN_OK;
    switch (tape_pick(tape, 8)) {
    case 0:
        err = rig->set(kv, a, "x", 1, 2, &why);
        break;
    case 1:
        err = cairn_kv_rename(kv, a, b, 4, &why);
        break;
    case 2:
        err = cairn_kv_list_begin(&list, kv, none, none, 2, mem, sizeof mem, &why);
        break;
    case 3:
        err = cairn_kv_list_begin(&list, kv, none, none, 0, mem, sizeof mem - 8, &why);
        expected = CAIRN_ERANGE;
        break;
    case 4:
        err = cairn_kv_write(kv, a, max, "x", 1, &why);
        expected = CAIRN_EFBIG;
        break;
    case 5:
        err = cairn_kv_write(kv, a, UINT64_MAX, "xy", 2, &why);
        expected = CAIRN_EFBIG;
        break;
    case 6:
        err = cairn_kv_allocate(kv, a, max + 1, &why);
        expected = CAIRN_EFBIG;
        break;
    default:
        err = cairn_kv_list_begin(&list, kv, none, (struct cairn_kv_key){ "a/b", 3 }, 0, mem,
                                  sizeof mem, &why);
    }
    return refused(tape, "a wrong argument", err, expected, &why);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* From any name on, with any memory, also of what is none. */
bool rule_list(struct rig *rig, struct tape *tape)
{
    uint64_t mem[CAIRN_KV_LIST_MEM / 8 + 128];
    char path[MODEL_PATH_MAX];
    struct cairn_kv_list list;
    if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
    struct cairn_kv_key key = rig_draw_key(rig, tape, path), at = rig_draw_name(rig, tape);
    size_t bytes = CAIRN_KV_LIST_MEM + 8 * tape_u64(tape, 128);
    const struct cairn_kv_entry *entry = NULL;
    const struct model_node *top = model_find(&rig->model, key), *node;
    bool behind = false, blocked = model_blocked(&rig->model, key);
    enum cairn_err err = cairn_kv_list_begin(&list, rig->kv, key, at, 0, mem, bytes, NULL);
    if (err) return tape_fail(tape, "begin: %s", cairn_err_name(err));
    if (!top || top->kind != CAIRN_KV_DICTIONARY) {
        struct expect expect = { { top || blocked ? CAIRN_ENOTDIR : CAIRN_ENOENT }, 1 };
        return rig_got(tape, "list", key, cairn_kv_list_next(&list, &entry, NULL), &expect);
    }
    do {
        node = model_entry(&rig->model, key, at, behind);
        err = cairn_kv_list_next(&list, &entry, NULL);
        if (err || !entry != !node) return tape_fail(tape, "%s, or an end", cairn_err_name(err));
        if (node) at = model_name(node);
        if (entry && (entry->name_bytes != at.bytes || memcmp(entry->name, at.path, at.bytes) != 0))
            return tape_fail(tape, "\"%.*s\" in the place of \"%.*s\"", (int)entry->name_bytes,
                             entry->name, (int)at.bytes, at.path);
        behind = true;
    } while (entry);
    return true;
}

/* What is there all along is listed once, in order, whatever comes and goes. */
bool rule_meanwhile(struct rig *rig, struct tape *tape)
{
    uint64_t mem[CAIRN_KV_LIST_MEM / 8];
    struct cairn_kv_list list;
    struct cairn_kv_key none = { "", 0 };
    const struct cairn_kv_entry *entry = NULL;
    char last[260] = "", name[8] = "k00";
    unsigned stays = 0, listed = 0;
    for (unsigned i = 0; i < 40; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        struct expect expect = model_set(&rig->model, cairn_kv_key(name), "v", 1, 0);
        enum cairn_err err = cairn_kv_set(rig->kv, cairn_kv_key(name), "v", 1, 0, NULL);
        if (!rig_got(tape, "set", cairn_kv_key(name), err, &expect)) return false;
        stays += i % 4 == 0;
    }
    if (cairn_kv_list_begin(&list, rig->kv, none, none, 0, mem, sizeof mem, NULL)) return false;
    do {
        unsigned pick = (unsigned)tape_u64(tape, 39);
        rig_tick(rig);
        name[1] = (char)('0' + pick / 10);
        name[2] = (char)('0' + pick % 10);
        struct cairn_kv_key key = cairn_kv_key(name);
        bool gone = !model_find(&rig->model, key);
        if (pick % 4) {
            struct expect expect =
                gone ? model_set(&rig->model, key, "w", 1, 0) : model_remove(&rig->model, key);
            enum cairn_err err = gone ? cairn_kv_set(rig->kv, key, "w", 1, 0, NULL)
                                      : cairn_kv_remove(rig->kv, key, NULL);
            if (!rig_got(tape, "change", key, err, &expect)) return false;
        }
        if (cairn_kv_list_next(&list, &entry, NULL)) return tape_fail(tape, "the list failed");
        if (!entry) break;
        bool in_order = strncmp(last, entry->name, entry->name_bytes) < 0;
        if (!in_order) return tape_fail(tape, "%s is listed again, or late", last);
        memcpy(last, entry->name, entry->name_bytes);
        listed += ((entry->name[1] - '0') * 10 + entry->name[2] - '0') % 4 == 0;
    } while (entry);
    return listed == stays || tape_fail(tape, "%u of %u that stayed were listed", listed, stays);
}

/* ---- digests --------------------------------------------------------------------------------- */

bool rule_digest(struct rig *rig, struct tape *tape)
{
    uint8_t *mem = malloc(CAIRN_KV_DIGEST_MEM);
    char path[MODEL_PATH_MAX];
    struct cairn_hash128 digest = { 0, 0 };
    bool held = rig_steps(rig, rig->kv, &rig->model, tape);
    struct cairn_kv_key key = rig_draw_key(rig, tape, path);
    for (int i = 0; held && i < 2; i++, key.bytes = 0) { /* of the root too */
        const struct model_node *node = model_find(&rig->model, key);
        struct expect expect = { .count = 0 };
        if (!node)
            expect =
                (struct expect){ { model_blocked(&rig->model, key) ? CAIRN_ENOTDIR : CAIRN_ENOENT },
                                 1 };
        enum cairn_err err = cairn_kv_digest(rig->kv, key, &digest, mem, CAIRN_KV_DIGEST_MEM, NULL);
        held = rig_got(tape, "digest", key, err, &expect);
        if (!held || !node) continue;
        struct cairn_hash128 own = model_digest(&rig->model, key);
        if (own.low != digest.low || own.high != digest.high)
            held = tape_fail(tape, "another digest of \"%.*s\"", (int)key.bytes, key.path);
    }
    free(mem);
    return held;
}
