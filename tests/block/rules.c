/* SPDX-License-Identifier: ISC */
#include "rules.h"
#include <string.h>

/* ---- what a rule says nothing about ---------------------------------------------------------- */

static const char *never(const struct rig *rig)
{
    (void)rig;
    return NULL;
}

static const char *unless_writable(const struct rig *rig)
{
    return rig->dev->info.read_only ? "it is read-only" : NULL;
}

static const char *unless_readonly(const struct rig *rig)
{
    return rig->dev->info.read_only ? NULL : "it is not read-only";
}

static const char *unless_resize(const struct rig *rig)
{
    if (rig->dev->info.resize == CAIRN_BLK_ABSENT) return "it cannot change its size";
    return unless_writable(rig);
}

static const char *unless_borrow(const struct rig *rig)
{
    return rig->dev->info.borrow == CAIRN_BLK_ABSENT ? "its blocks are not memory" : NULL;
}

static const char *unless_discard(const struct rig *rig)
{
    if (rig->dev->info.discard == CAIRN_BLK_ABSENT) return "it cannot discard";
    return unless_writable(rig);
}

static const char *unless_failing(const struct rig *rig)
{
    if (!rig_failing(rig)) return "nothing in it fails on demand: no sim, and no bottom of ours";
    return rig->hides ? "a layer above what fails makes it good, or goes elsewhere" : NULL;
}

static const char *unless_poison(const struct rig *rig)
{
    if (!rig_failing(rig)) return unless_failing(rig);
    if (rig->no_flush) return "no flush reaches what fails";
    return unless_writable(rig);
}

static const char *unless_status(const struct rig *rig)
{
    const char *why = unless_failing(rig);
    return why ? why : unless_writable(rig);
}

static const char *unless_cut(const struct rig *rig)
{
    const char *why = unless_failing(rig);
    if (!why) why = unless_poison(rig);
    if (why) return why;
    if (!rig->sim) return "nothing in it loses power: no sim";
    return rig->sim == &rig->on_bottom ? NULL : "the sim's memory is small, so that it runs out";
}

/* ---- what they share ------------------------------------------------------------------------- */

bool rule_follow(struct rig *rig, struct tape *tape, const struct cairn_blk_req *req,
                 const uint8_t *data)
{
    uint64_t bytes = req->count * rig->dev->info.block_bytes;
    uint8_t *model = rig->model + req->block * rig->dev->info.block_bytes;
    if (req->op == CAIRN_BLK_WRITE) memcpy(model, data, bytes);
    if (req->op == CAIRN_BLK_ZERO) memset(model, 0, bytes);
    if (req->op == CAIRN_BLK_READ && memcmp(model, data, bytes) != 0)
        return tape_fail(tape, "a read got other bytes");
    return req->op != CAIRN_BLK_DISCARD ||
           !cairn_blk_read(rig->dev, req->block, req->count, model, NULL) ||
           tape_fail(tape, "read of discarded blocks");
}

bool rule_refused(struct rig *rig, struct tape *tape, struct cairn_blk_req req,
                  enum cairn_err expected)
{
    struct cairn_why why = { 0 };
    req.why = &why;
    enum cairn_err err = rig->submit(rig->dev, &req, 1);
    if (err != expected)
        return tape_fail(tape, "error %s instead of %s", cairn_err_name(err),
                         cairn_err_name(expected));
    if (why.err != err || !why.what[0]) return tape_fail(tape, "no explanation");
    return !strcmp(why.via, rig->dev->name) || tape_fail(tape, "explained by %s", why.via);
}

const struct rule rules[] = {
    { "info", never, rule_info },
    { "data", never, rule_data },
    { "batch", never, rule_batch },
    { "align", never, rule_align },
    { "array", never, rule_array },
    { "range", never, rule_range },
    { "segments", never, rule_segments },
    { "overlap", unless_writable, rule_overlap },
    { "readonly", unless_readonly, rule_readonly },
    { "begin", never, rule_begin },
    { "threads", never, rule_threads },
    { "zero", unless_writable, rule_zero },
    { "discard", unless_discard, rule_discard },
    { "extents", never, rule_extents },
    { "resize", unless_resize, rule_resize },
    { "borrow", unless_borrow, rule_borrow },
    { "poison", unless_poison, rule_poison },
    { "status", unless_status, rule_status },
    { "names", unless_failing, rule_names },
    { "cut", unless_cut, rule_cut },
};

const size_t rule_count = sizeof rules / sizeof *rules;

static bool any_holds(struct rig *rig, struct tape *tape)
{
    const struct rule *rule = &rules[tape_pick(tape, rule_count)];
    if (rule->skip(rig)) return true;
    tape_note(tape, "rule %s", rule->name);
    return rule->holds(rig, tape);
}

const struct rule rule_any = { "any", never, any_holds };
