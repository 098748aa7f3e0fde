/* SPDX-License-Identifier: ISC */
#include "script.h"

#include <cairn/blk_mem.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (2u << 20)
#define MEM_BYTES CAIRN_KV_NATIVE_MEM_LEAST
#define KEYS 7u
#define STEPS 96u
#define VALUE_MAX 40000u

static struct cairn_clock_wall_fixed now;
static uint8_t fresh[DISK_BYTES], disk[DISK_BYTES], mem[MEM_BYTES], bytes[VALUE_MAX],
    seen[VALUE_MAX];
static struct cairn_blk_mem below;
struct cairn_blk_sim script_sim;
static void *sim_mem;
struct cairn_kv *script_kv;
static const size_t sizes[] = { 0, 5, 100, 3000, 5000, VALUE_MAX };

static struct cairn_kv_key key_at(char *text, unsigned at)
{
    sprintf(text, "d/k%u", at);
    return cairn_kv_key(text);
}

/* The value that step sets. */
static size_t value_fill(unsigned step)
{
    size_t size = sizes[step % 6];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256 + step);
    return size;
}

static bool step_clears(unsigned step)
{
    return step % 12 == 11;
}

static enum cairn_err batch_fill(struct cairn_kv *batch, unsigned step)
{
    char text[8];
    uint8_t number = (uint8_t)step;
    enum cairn_err err = cairn_kv_set(batch, cairn_kv_key("n"), &number, 1, 0, NULL);
    if (err) return err;
    if (step_clears(step)) return cairn_kv_remove(batch, cairn_kv_key("d"), NULL);
    return cairn_kv_set(batch, key_at(text, step % KEYS), bytes, value_fill(step), 0, NULL);
}

/* *acknowledged: the batch is. What follows it changes nothing that is compared. */
static enum cairn_err step_do(unsigned step, bool *acknowledged)
{
    struct cairn_kv_batch batch;
    uint32_t flags = step % 5 == 3 && !step_clears(step) ? CAIRN_KV_SORTED : 0;
    enum cairn_err err = cairn_kv_batch_begin(&batch, script_kv, flags, NULL);
    *acknowledged = false;
    if (err) return err;
    err = batch_fill(&batch.kv, step);
    if (err)
        cairn_kv_abort(&batch);
    else
        err = cairn_kv_commit(&batch, 0, NULL);
    if (err) return err;
    *acknowledged = true;
    if (step % 10 == 6) return cairn_kv_snapshot_make(script_kv, cairn_kv_key("s"), NULL);
    if (step % 10 == 9) return cairn_kv_snapshot_remove(script_kv, cairn_kv_key("s"), NULL);
    if (step % 4 == 3) return cairn_kv_native_checkpoint(script_kv, NULL);
    return CAIRN_OK;
}

/* The step that set key `at` last, as of `step`; 0: there is none. */
static unsigned set_by(unsigned at, unsigned step)
{
    for (; step && !step_clears(step); step--)
        if (step % KEYS == at) return step;
    return 0;
}

static void key_matches(unsigned at, unsigned step)
{
    char text[8];
    size_t done = 0;
    struct cairn_kv_key key = key_at(text, at);
    enum cairn_err err = cairn_kv_get(script_kv, key, 0, seen, sizeof seen, &done, NULL);
    unsigned by = set_by(at, step);
    ck_assert_int_eq(err, by ? CAIRN_OK : CAIRN_ENOENT);
    if (!by) return;
    ck_assert_uint_eq(done, value_fill(by));
    ck_assert(memcmp(seen, bytes, done) == 0);
}

void script_matches(unsigned least, bool exact)
{
    uint8_t number = 0;
    size_t done = 0;
    enum cairn_err err = cairn_kv_get(script_kv, cairn_kv_key("n"), 0, &number, 1, &done, NULL);
    if (err == CAIRN_ENOENT)
        number = 0;
    else
        ck_assert_int_eq(err, CAIRN_OK);
    ck_assert_uint_ge(number, least);
    ck_assert_uint_le(number, exact ? least : least + 1);
    for (unsigned at = 0; at < KEYS; at++)
        key_matches(at, number);
}

enum cairn_err script_store_open(void)
{
    struct cairn_kv_native_options options = { .clock = &now.base };
    return cairn_kv_native_open(&script_kv, &script_sim.base, &options, mem, sizeof mem, NULL);
}

void script_disk_open(void)
{
    struct cairn_blk_sim_options options = { .versions = DISK_BYTES / 512 };
    memcpy(disk, fresh, sizeof disk);
    ck_assert(!cairn_blk_mem_open(&below, disk, 512, DISK_BYTES / 512, NULL));
    size_t need = cairn_blk_sim_mem(&below.base, &options);
    if (!sim_mem) sim_mem = malloc(need);
    ck_assert(!cairn_blk_sim_open(&script_sim, &below.base, &options, sim_mem, need, NULL, NULL));
}

void script_disk_close(void)
{
    ck_assert(!cairn_blk_close(&script_sim.base, NULL));
    ck_assert(!cairn_blk_close(&below.base, NULL));
}

void script_make(void)
{
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    struct cairn_kv_native_format_options options = { .log_bytes = 128u << 10 };
    ck_assert(!cairn_blk_mem_open(&below, fresh, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&below.base, &options, mem, sizeof mem, NULL));
    ck_assert(!cairn_blk_close(&below.base, NULL));
}

unsigned script_run(bool *over)
{
    bool acknowledged;
    *over = false;
    for (unsigned step = 1; step <= STEPS; step++)
        if (step_do(step, &acknowledged)) return acknowledged ? step : step - 1;
    *over = true;
    return STEPS;
}
