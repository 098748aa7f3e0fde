/* SPDX-License-Identifier: ISC */
/* Batches of every kind merged into trees of every shape: by tape. */
#include "tree_units.h"

#include <stdlib.h>
#include <string.h>
#include <tape/tape.h>

#define BATCHES_MAX 10
#define BATCH_MAX 3000

struct draw {
    uint64_t state;
    uint32_t style, value_max;
};

static uint32_t draw(struct draw *draw, uint32_t below)
{
    draw->state = draw->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(draw->state >> 33) % below;
}

/* Keys of several kinds: short and dense; of any length; long with much in common, but for some. */
static void draw_key(struct draw *d, struct model_item *item)
{
    uint32_t number = draw(d, d->style == 0 ? 5000 : 60000), bytes = 3;
    memset(item->key, 0, sizeof item->key);
    item->key[7] = (uint8_t)(16 + draw(d, 2));
    if (d->style == 1) bytes = number % 240;
    if (d->style == 2) bytes = draw(d, 8) ? 250 : number % 20;
    for (uint32_t i = 0; i < bytes; i++)
        item->key[8 + i] = d->style == 1 ? (uint8_t)draw(d, 4) : 'p';
    item->key_bytes = (uint16_t)(8 + bytes);
    if (d->style == 2 && !draw(d, 6)) item->key[8] = (uint8_t)draw(d, 256);
    for (uint32_t i = 0; i < 2 && d->style != 1; i++)
        item->key[item->key_bytes++] = (uint8_t)(number >> (8 - 8 * i));
}

/* What a batch does: changes anywhere; only new keys behind all; removes a range; all. */
enum kind { ANYWHERE, BEHIND, RANGE, CLEAR };

static void draw_item(struct draw *d, struct model_item *item, uint32_t removes)
{
    draw_key(d, item);
    item->seed = (uint8_t)draw(d, 256);
    item->value_bytes = (uint16_t)(1 + draw(d, d->value_max));
    item->removed = draw(d, 8) < removes;
}

static void remove_from(const struct model *old, struct model *batch, size_t from, size_t count)
{
    for (size_t i = from; i < old->count && count--; i++) {
        batch->items[batch->count] = old->items[i];
        batch->items[batch->count++].removed = true;
    }
}

static struct model draw_batch(struct tape *tape, struct draw *d, const struct model *old)
{
    static const enum kind kinds[8] = { ANYWHERE, ANYWHERE, ANYWHERE, ANYWHERE,
                                        BEHIND,   RANGE,    RANGE,    CLEAR };
    uint32_t count = (uint32_t)tape_u64(tape, tape_bool(tape) ? BATCH_MAX : 20);
    uint32_t removes = (uint32_t)tape_pick(tape, 8);
    enum kind kind = kinds[tape_pick(tape, 8)];
    size_t room = count + old->count + 1;
    struct model batch = { calloc(room, sizeof(struct model_item)), 0 };
    if (!batch.items) abort();
    tape_note(tape, "batch of %u, kind %d, removes %u", count, (int)kind, removes);
    if (kind == CLEAR) remove_from(old, &batch, 0, old->count);
    if (kind == RANGE) remove_from(old, &batch, draw(d, (uint32_t)old->count + 1), count);
    for (uint32_t i = 0; i < count && kind <= BEHIND; i++) {
        struct model_item *item = &batch.items[batch.count++];
        draw_item(d, item, kind == BEHIND ? 0 : removes);
        if (kind == BEHIND) item->key[6] = (uint8_t)(1 + old->count % 250);
    }
    model_sort(&batch);
    return batch;
}

static const char *merge_fault(struct tree_rig *rig, const struct model *batch, bool regular)
{
    struct kvn_tree old = rig->tree;
    if (rig_merge(rig, batch)) return rig->why.what;
    const char *fault = rig_compare(rig, &old, &rig->model);
    if (fault) return fault;
    rig_commit(rig, batch);
    fault = rig_check(rig, regular ? rig->page_bytes / 4 : 0);
    return fault ? fault : rig_compare(rig, &rig->tree, &rig->model);
}

static bool property(struct tape *tape)
{
    struct rig_options options = { .page_bytes = 4096u << tape_pick(tape, 5),
                                   .run_pages = 1 + (uint32_t)tape_pick(tape, 20),
                                   .frames = 17 + (uint32_t)tape_pick(tape, 100),
                                   .run_max = 1 + (uint32_t)tape_pick(tape, 20) };
    struct draw d = { .style = (uint32_t)tape_pick(tape, 3) };
    options.pages = (UINT32_C(64) << 20) / options.page_bytes;
    d.value_max = tape_bool(tape) ? options.page_bytes / 4 : 1 + (uint32_t)tape_u64(tape, 200);
    if (options.page_bytes > 8192 && d.value_max > 2048) d.value_max = 2048;
    d.state = tape_u64(tape, UINT32_MAX);
    tape_note(tape, "pages of %u, keys %u, values to %u", options.page_bytes, d.style, d.value_max);
    struct tree_rig *rig = rig_open(&options);
    const char *fault = NULL;
    for (int i = 0; i < BATCHES_MAX && !fault && tape_more(tape); i++) {
        struct model batch = draw_batch(tape, &d, &rig->model);
        fault = merge_fault(rig, &batch, d.style != 2);
        free(batch.items);
        if (tape_pick(tape, 4) == 3 && !rig->snapshot_generation) rig_snapshot(rig);
    }
    rig_close(rig);
    return fault ? tape_fail(tape, "%s", fault) : true;
}

START_TEST(any_batches_into_any_tree)
{
    struct tape_options options = { .runs = 150, .bytes_max = 200, .timeout_s = 60 };
    ck_assert(tape_run("kv-tree", property, &options));
}
END_TEST

TCase *tree_tape_units(void)
{
    TCase *units = tcase_create("tape");
    tcase_set_timeout(units, 300);
    tcase_add_test(units, any_batches_into_any_tree);
    return units;
}
