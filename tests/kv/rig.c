/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <string.h>

void rig_open(struct rig *rig, const struct store *store, const struct fault *fault)
{
    *rig = (struct rig){ .store = store, .fault = fault, .set = cairn_kv_set };
    cairn_clock_wall_fixed_init(&rig->clock, RIG_TIME_NS);
    model_init(&rig->model);
    store->open(rig);
    rig_tick(rig);
    if (fault) faulty_plant(rig->kv, fault);
    if (fault && fault->set) rig->set = fault->set;
}

void rig_reopen(struct rig *rig, bool read_only)
{
    rig->store->reopen(rig, read_only);
    if (rig->fault) faulty_plant(rig->kv, rig->fault);
}

void rig_close(struct rig *rig)
{
    model_free(&rig->model);
    rig->store->close(rig);
}

void rig_tick(struct rig *rig)
{
    int64_t grain = rig->store->time_grain_ns ? rig->store->time_grain_ns : 1;
    rig->clock.ns += 3 * grain;
    rig->model.now_ns = rig->clock.ns;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static char longest[256];

static const struct cairn_kv_key any_names[] = {
    { "a", 1 },        { "b", 1 },       { "c", 1 },       { "aa", 2 },
    { ".", 1 },        { "..", 2 },      { "a\0b", 3 },    { "\0", 1 },
    { "\xff\xfe", 2 }, { "a.", 2 },      { "\n\x1b[", 3 }, { " ", 1 },
    { longest, 255 },  { longest, 254 }, { "A", 1 },       { "a\x01", 2 },
};

struct cairn_kv_key rig_draw_name(const struct rig *rig, struct tape *tape)
{
    const struct store *store = rig->store;
    size_t count = store->names ? store->name_count : sizeof any_names / sizeof *any_names;
    memset(longest, 'x', sizeof longest - 1);
    size_t pick = tape_bool(tape) ? tape_pick(tape, count) : tape_pick(tape, 3);
    return store->names ? store->names[pick] : any_names[pick];
}

struct cairn_kv_key rig_draw_key(const struct rig *rig, struct tape *tape, char *path)
{
    size_t depth = 1 + tape_pick(tape, 4), bytes = 0;
    if (depth == 4 && tape_bool(tape)) depth = 0; /* the root, now and then */
    for (size_t i = 0; i < depth; i++) {
        struct cairn_kv_key name = rig_draw_name(rig, tape);
        if (i) path[bytes++] = '/';
        memcpy(path + bytes, name.path, name.bytes);
        bytes += name.bytes;
    }
    return (struct cairn_kv_key){ path, bytes };
}

const uint8_t *rig_data(void)
{
    static uint8_t data[RIG_DATA_BYTES];
    for (size_t i = 0; !data[1] && i < sizeof data; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13 | 1);
    return data;
}

static size_t draw_size(struct tape *tape)
{
    static const size_t sizes[] = { 5,    0,    1,     100,   512,   4031,  4032,
                                    4033, 4096, 20000, 65535, 65536, 65537, 140000 };
    return sizes[tape_pick(tape, sizeof sizes / sizeof *sizes)];
}

/* ---- steps ----------------------------------------------------------------------------------- */

bool rig_got(struct tape *tape, const char *what, struct cairn_kv_key key, enum cairn_err err,
             const struct expect *expect)
{
    if (expect_met(expect, err)) return true;
    return tape_fail(tape, "%s \"%.*s\": %s instead of %s", what, (int)key.bytes, key.path,
                     cairn_err_name(err), expect_text(expect));
}

struct step {
    struct rig *rig;
    struct cairn_kv *kv;
    struct model *model;
    struct tape *tape;
    struct cairn_kv_key key, other;
    const uint8_t *data;
    size_t bytes;
    uint64_t offset;
    uint32_t flags;
};

static enum cairn_err step_set(struct step *step, struct expect *expect)
{
    *expect = model_set(step->model, step->key, step->data, step->bytes, step->flags & 1);
    return step->rig->set(step->kv, step->key, step->data, step->bytes, step->flags & 1, NULL);
}

static enum cairn_err step_write(struct step *step, struct expect *expect)
{
    *expect = model_write(step->model, step->key, step->offset, step->data, step->bytes);
    return cairn_kv_write(step->kv, step->key, step->offset, step->data, step->bytes, NULL);
}

static enum cairn_err step_allocate(struct step *step, struct expect *expect)
{
    *expect = model_allocate(step->model, step->key, step->bytes);
    return cairn_kv_allocate(step->kv, step->key, step->bytes, NULL);
}

static enum cairn_err step_make(struct step *step, struct expect *expect)
{
    *expect = model_make(step->model, step->key);
    return cairn_kv_make(step->kv, step->key, NULL);
}

static enum cairn_err step_remove(struct step *step, struct expect *expect)
{
    *expect = model_remove(step->model, step->key);
    return cairn_kv_remove(step->kv, step->key, NULL);
}

static enum cairn_err step_rename(struct step *step, struct expect *expect)
{
    *expect = model_rename(step->model, step->key, step->other, step->flags);
    return cairn_kv_rename(step->kv, step->key, step->other, step->flags, NULL);
}

static enum cairn_err step_time(struct step *step, struct expect *expect)
{
    int64_t grain = step->rig->store->time_grain_ns ? step->rig->store->time_grain_ns : 1;
    int64_t ns = RIG_TIME_NS - grain * (int64_t)(1 + step->bytes);
    *expect = model_time_set(step->model, step->key, ns);
    return cairn_kv_time_set(step->kv, step->key, ns, NULL);
}

static const struct {
    const char *name;
    enum cairn_err (*run)(struct step *step, struct expect *expect);
} steps[] = { { "set", step_set },       { "write", step_write },   { "make", step_make },
              { "rename", step_rename }, { "remove", step_remove }, { "allocate", step_allocate },
              { "time", step_time },     { "set", step_set } };

bool rig_step(struct rig *rig, struct cairn_kv *kv, struct model *model, struct tape *tape)
{
    char path[MODEL_PATH_MAX], other[MODEL_PATH_MAX];
    struct step step = { .rig = rig, .kv = kv, .model = model, .tape = tape };
    struct expect expect;
    size_t pick = tape_pick(tape, sizeof steps / sizeof *steps);
    step.key = rig_draw_key(rig, tape, path);
    step.flags = (uint32_t)tape_pick(tape, 4);
    step.bytes = draw_size(tape);
    step.other = steps[pick].run == step_rename ? rig_draw_key(rig, tape, other) : step.key;
    step.offset = steps[pick].run == step_write ? draw_size(tape) : 0;
    step.data = rig_data() + tape_pick(tape, 256);
    tape_note(tape, "%s \"%.*s\" \"%.*s\" flags %u bytes %zu offset %u", steps[pick].name,
              (int)step.key.bytes, step.key.path, (int)step.other.bytes, step.other.path,
              step.flags, step.bytes, (unsigned)step.offset);
    rig_tick(rig);
    model->now_ns = rig->clock.ns;
    if (model->count > MODEL_NODES_MAX - 16) return true;
    enum cairn_err err = steps[pick].run(&step, &expect);
    return rig_got(tape, steps[pick].name, step.key, err, &expect);
}

bool rig_steps(struct rig *rig, struct cairn_kv *kv, struct model *model, struct tape *tape)
{
    for (int i = 0; i < 60 && tape_more(tape); i++)
        if (!rig_step(rig, kv, model, tape)) return false;
    return true;
}
