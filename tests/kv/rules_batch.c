/* SPDX-License-Identifier: ISC */
/* Batches, views, snapshots; what lasts, and what only reads. */
#include "rules.h"

#include <string.h>

/* ---- batches --------------------------------------------------------------------------------- */

/* Changes in a batch are read in it at once, and outside not before the commit. */
static bool batch(struct rig *rig, struct tape *tape, bool commit)
{
    struct cairn_kv_batch batch;
    struct model inside, *model = &rig->model;
    if (!rig_steps(rig, rig->kv, model, tape)) return false;
    enum cairn_err err = cairn_kv_batch_begin(&batch, rig->kv, 0, NULL);
    if (err) return tape_fail(tape, "begin: %s", cairn_err_name(err));
    model_copy(&inside, model);
    tape_note(tape, "in the batch:");
    bool held = rig_steps(rig, &batch.kv, &inside, tape) &&
                rig_matches(rig, &batch.kv, &inside, tape) &&
                rig_matches(rig, rig->kv, model, tape);
    if (held && commit) {
        err = cairn_kv_commit(&batch, tape_bool(tape) ? CAIRN_KV_LATER : 0, NULL);
        if (err) held = tape_fail(tape, "commit: %s", cairn_err_name(err));
    }
    cairn_kv_abort(&batch); /* nothing, behind a commit */
    struct model over = commit ? *model : inside;
    if (commit) *model = inside;
    model_free(&over);
    return held;
}

bool rule_batch(struct rig *rig, struct tape *tape)
{
    return batch(rig, tape, true) &&
           (rig_matches(rig, rig->kv, &rig->model, tape) || tape_fail(tape, "(committed)"));
}

bool rule_abort(struct rig *rig, struct tape *tape)
{
    return batch(rig, tape, false) && rig_matches(rig, rig->kv, &rig->model, tape) &&
           rig_steps(rig, rig->kv, &rig->model, tape);
}

/* Breadth first: dictionaries, then what is in each, in the order in which they came. */
static enum cairn_err sorted_fill(struct rig *rig, struct cairn_kv *kv, uint32_t width)
{
    char key[8] = "a0/b00";
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < width; i++) {
        key[1] = (char)('0' + i);
        struct cairn_kv_key dictionary = { key, 2 };
        model_make(&rig->model, dictionary);
        err = cairn_kv_make(kv, dictionary, NULL);
    }
    for (uint32_t i = 0; !err && i < 40 * width; i++) {
        key[1] = (char)('0' + i / 40);
        key[4] = (char)('0' + i % 40 / 10);
        key[5] = (char)('0' + i % 10);
        struct cairn_kv_key value = { key, 6 };
        model_set(&rig->model, value, rig_data() + i, i * 3, 0);
        err = cairn_kv_set(kv, value, rig_data() + i, i * 3, 0, NULL);
    }
    return err;
}

bool rule_sorted(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_batch batch;
    enum cairn_err err = cairn_kv_batch_begin(&batch, rig->kv, CAIRN_KV_SORTED, NULL);
    if (err) return tape_fail(tape, "begin: %s", cairn_err_name(err));
    err = sorted_fill(rig, &batch.kv, 1 + (uint32_t)tape_u64(tape, 4));
    if (!err) err = cairn_kv_commit(&batch, 0, NULL);
    if (err) return tape_fail(tape, "a sorted batch: %s", cairn_err_name(err));
    return rig_matches(rig, rig->kv, &rig->model, tape) &&
           rig_steps(rig, rig->kv, &rig->model, tape);
}

/* ---- views and snapshots --------------------------------------------------------------------- */

static bool refuses(struct cairn_kv *kv, struct tape *tape)
{
    struct cairn_kv_key key = { "new", 3 };
    struct cairn_kv_batch batch;
    enum cairn_err err = CAIRN_OK;
    switch (tape_pick(tape, 7)) {
    case 0:
        err = cairn_kv_set(kv, key, "x", 1, 0, NULL);
        break;
    case 1:
        err = cairn_kv_write(kv, key, 0, "x", 1, NULL);
        break;
    case 2:
        err = cairn_kv_make(kv, key, NULL);
        break;
    case 3:
        err = cairn_kv_remove(kv, (struct cairn_kv_key){ "", 0 }, NULL);
        break;
    case 4:
        err = cairn_kv_allocate(kv, key, 5, NULL);
        break;
    case 5:
        err = cairn_kv_time_set(kv, key, 0, NULL);
        break;
    default:
        err = cairn_kv_batch_begin(&batch, kv, 0, NULL);
    }
    return err == CAIRN_EROFS || tape_fail(tape, "a change: %s", cairn_err_name(err));
}

bool rule_view(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_view view;
    struct model frozen;
    if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
    enum cairn_err err = cairn_kv_view_open(&view, rig->kv, NULL);
    if (err) return tape_fail(tape, "open: %s", cairn_err_name(err));
    model_copy(&frozen, &rig->model);
    tape_note(tape, "behind the view:");
    bool held = rig_steps(rig, rig->kv, &rig->model, tape) &&
                rig_matches(rig, &view.kv, &frozen, tape) && refuses(&view.kv, tape);
    cairn_kv_view_close(&view);
    model_free(&frozen);
    return held;
}

static bool got(struct tape *tape, const char *what, enum cairn_err err, enum cairn_err expected)
{
    return err == expected || tape_fail(tape, "%s: %s instead of %s", what, cairn_err_name(err),
                                        cairn_err_name(expected));
}

/* Those of two snapshots that are there, by name. */
static bool listed(struct rig *rig, struct tape *tape, const char *names)
{
    struct cairn_kv_entry mem[CAIRN_KV_LIST_MEM / sizeof(struct cairn_kv_entry) + 1];
    struct cairn_kv_key behind = { "", 0 };
    size_t count = 0, all = 0;
    bool more = true;
    while (more) {
        enum cairn_err err =
            cairn_kv_snapshot_list(rig->kv, behind, mem, sizeof mem, &count, &more, NULL);
        if (err) return tape_fail(tape, "list: %s", cairn_err_name(err));
        for (size_t i = 0; i < count; i++, all++)
            if (mem[i].name_bytes != 1 || mem[i].name[0] != names[all])
                return tape_fail(tape, "another snapshot than %s", names);
        behind = (struct cairn_kv_key){ names + all - (all > 0), all > 0 };
    }
    return all == strlen(names) || tape_fail(tape, "%zu snapshots, not %s", all, names);
}

static bool snapshot_life(struct rig *rig, struct tape *tape, const struct model *frozen)
{
    struct cairn_kv *kv = rig->kv;
    struct cairn_kv_key s = { "s", 1 }, t = { "t", 1 };
    struct cairn_kv_view view;
    if (!got(tape, "make again", cairn_kv_snapshot_make(kv, s, NULL), CAIRN_EEXIST) ||
        !got(tape, "make another", cairn_kv_snapshot_make(kv, t, NULL), CAIRN_OK) ||
        !listed(rig, tape, "st") ||
        !got(tape, "remove", cairn_kv_snapshot_remove(kv, t, NULL), CAIRN_OK) ||
        !got(tape, "remove again", cairn_kv_snapshot_remove(kv, t, NULL), CAIRN_ENOENT) ||
        !got(tape, "open", cairn_kv_snapshot_open(&view, kv, t, NULL), CAIRN_ENOENT) ||
        !got(tape, "open", cairn_kv_snapshot_open(&view, kv, s, NULL), CAIRN_OK))
        return false;
    bool held = rig_matches(rig, &view.kv, frozen, tape) && refuses(&view.kv, tape) &&
                got(tape, "remove, open", cairn_kv_snapshot_remove(kv, s, NULL), CAIRN_EBUSY);
    cairn_kv_view_close(&view);
    return held && listed(rig, tape, "s") &&
           got(tape, "remove, closed", cairn_kv_snapshot_remove(kv, s, NULL), CAIRN_OK) &&
           listed(rig, tape, "");
}

bool rule_snapshot(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_key s = { "s", 1 };
    struct model frozen;
    if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
    if (!got(tape, "make", cairn_kv_snapshot_make(rig->kv, s, NULL), CAIRN_OK)) return false;
    model_copy(&frozen, &rig->model);
    tape_note(tape, "behind the snapshot:");
    bool held = rig_steps(rig, rig->kv, &rig->model, tape);
    if (held && rig->store->reopen && tape_bool(tape)) rig_reopen(rig, false);
    held = held && snapshot_life(rig, tape, &frozen);
    model_free(&frozen);
    return held;
}

/* ---- what lasts ------------------------------------------------------------------------------ */

bool rule_reopen(struct rig *rig, struct tape *tape)
{
    do {
        if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
        rig_reopen(rig, false);
        if (!rig_matches(rig, rig->kv, &rig->model, tape)) return false;
    } while (tape_more(tape));
    return true;
}

/* Opened so, or a view. */
bool rule_readonly(struct rig *rig, struct tape *tape)
{
    struct cairn_kv_view view;
    if (!rig_steps(rig, rig->kv, &rig->model, tape)) return false;
    if (rig->store->reopen) {
        rig_reopen(rig, true);
        return refuses(rig->kv, tape);
    }
    if (cairn_kv_view_open(&view, rig->kv, NULL)) return tape_fail(tape, "open");
    bool held = refuses(&view.kv, tape) && rig_matches(rig, &view.kv, &rig->model, tape);
    cairn_kv_view_close(&view);
    return held;
}
