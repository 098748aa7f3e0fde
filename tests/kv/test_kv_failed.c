/* SPDX-License-Identifier: ISC */
/* Every request of a script fails, in turn: what was acknowledged is there, what was not is there
 * whole or not at all, and the store opens again and goes on. */
#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <cairn/kv_native.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (2u << 20)
#define MEM_BYTES (512u << 10)
#define KEYS 7u
#define STEPS 48u
#define VALUE_MAX 40000u

static struct cairn_clock_wall_fixed now;
static uint8_t fresh[DISK_BYTES], disk[DISK_BYTES], mem[MEM_BYTES], bytes[VALUE_MAX],
    seen[VALUE_MAX];
static struct cairn_blk_mem below;
static struct cairn_blk_sim sim;
static void *sim_mem;
static struct cairn_kv *kv;
static const size_t sizes[] = { 0, 5, 100, 3000, 5000, VALUE_MAX };

static struct cairn_kv_key key_of(const char *text)
{
    return (struct cairn_kv_key){ text, strlen(text) };
}

static struct cairn_kv_key key_at(char *text, unsigned at)
{
    sprintf(text, "d/k%u", at);
    return key_of(text);
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
    enum cairn_err err = cairn_kv_set(batch, key_of("n"), &number, 1, 0, NULL);
    if (err) return err;
    if (step_clears(step)) return cairn_kv_remove(batch, key_of("d"), NULL);
    return cairn_kv_set(batch, key_at(text, step % KEYS), bytes, value_fill(step), 0, NULL);
}

/* *acknowledged: the batch is. What follows it changes nothing that is compared. */
static enum cairn_err step_do(unsigned step, bool *acknowledged)
{
    struct cairn_kv_batch batch;
    enum cairn_err err = cairn_kv_batch_begin(&batch, kv, 0, NULL);
    *acknowledged = false;
    if (err) return err;
    err = batch_fill(&batch.kv, step);
    if (err)
        cairn_kv_abort(&batch);
    else
        err = cairn_kv_commit(&batch, 0, NULL);
    if (err) return err;
    *acknowledged = true;
    if (step % 10 == 6) return cairn_kv_snapshot_make(kv, key_of("s"), NULL);
    if (step % 10 == 9) return cairn_kv_snapshot_remove(kv, key_of("s"), NULL);
    if (step % 4 == 3) return cairn_kv_native_checkpoint(kv, NULL);
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
    enum cairn_err err = cairn_kv_get(kv, key, 0, seen, sizeof seen, &done, NULL);
    unsigned by = set_by(at, step);
    ck_assert_int_eq(err, by ? CAIRN_OK : CAIRN_ENOENT);
    if (!by) return;
    ck_assert_uint_eq(done, value_fill(by));
    ck_assert(memcmp(seen, bytes, done) == 0);
}

/* What is there is what steps 1 to n left, where n is least or, if not `exact`, the next one. */
static void state_matches(unsigned least, bool exact)
{
    uint8_t number = 0;
    size_t done = 0;
    enum cairn_err err = cairn_kv_get(kv, key_of("n"), 0, &number, 1, &done, NULL);
    if (err == CAIRN_ENOENT)
        number = 0;
    else
        ck_assert_int_eq(err, CAIRN_OK);
    ck_assert_uint_ge(number, least);
    ck_assert_uint_le(number, exact ? least : least + 1);
    for (unsigned at = 0; at < KEYS; at++)
        key_matches(at, number);
}

static enum cairn_err store_open(void)
{
    struct cairn_kv_native_options options = { .clock = &now.base };
    return cairn_kv_native_open(&kv, &sim.base, &options, mem, sizeof mem, NULL);
}

static void disk_open(void)
{
    struct cairn_blk_sim_options options = { .versions = DISK_BYTES / 512 };
    memcpy(disk, fresh, sizeof disk);
    ck_assert(!cairn_blk_mem_open(&below, disk, 512, DISK_BYTES / 512, NULL));
    size_t need = cairn_blk_sim_mem(&below.base, &options);
    if (!sim_mem) sim_mem = malloc(need);
    ck_assert(!cairn_blk_sim_open(&sim, &below.base, &options, sim_mem, need, NULL, NULL));
}

static void disk_close(void)
{
    ck_assert(!cairn_blk_close(&sim.base, NULL));
    ck_assert(!cairn_blk_close(&below.base, NULL));
}

static void fresh_make(void)
{
    struct cairn_kv_native_format_options options = { .log_bytes = 128u << 10 };
    ck_assert(!cairn_blk_mem_open(&below, fresh, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&below.base, &options, mem, sizeof mem, NULL));
    ck_assert(!cairn_blk_close(&below.base, NULL));
}

/* Steps until one fails; the last that was acknowledged. *over: none failed. */
static unsigned script_run(bool *over)
{
    bool acknowledged;
    *over = false;
    for (unsigned step = 1; step <= STEPS; step++)
        if (step_do(step, &acknowledged)) return acknowledged ? step : step - 1;
    *over = true;
    return STEPS;
}

/* Returns whether the nth request was reached. */
static bool fails_at(uint32_t on, uint64_t nth, uint64_t times, enum cairn_err with)
{
    struct cairn_blk_sim_plan plan;
    bool over = false;
    unsigned least = 0;
    disk_open();
    cairn_blk_sim_plan_init(&plan);
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_ERROR, on, nth);
    rule->times = times;
    rule->err = with;
    cairn_blk_sim_plan_set(&sim, &plan);
    if (!store_open()) {
        least = script_run(&over);
        bool closed = cairn_kv_close(kv, NULL) == CAIRN_OK;
        over = over && closed;
    }
    bool reached = sim.state.hits[0] > 0;
    ck_assert(!cairn_blk_sim_restart(&sim, NULL, NULL, NULL, NULL));
    ck_assert_int_eq(store_open(), CAIRN_OK);
    state_matches(least, over);
    ck_assert(!cairn_kv_set(kv, key_of("later"), "x", 1, 0, NULL));
    ck_assert(!cairn_kv_close(kv, NULL));
    disk_close();
    return reached;
}

static void each_fails(uint32_t on, uint64_t times, enum cairn_err with)
{
    uint64_t nth = 1;
    fresh_make();
    while (fails_at(on, nth, times, with))
        nth++;
    printf("%llu requests, each failed\n", (unsigned long long)(nth - 1));
}

START_TEST(reads)
{
    each_fails(CAIRN_BLK_ON_READ, 1, CAIRN_EIO);
    each_fails(CAIRN_BLK_ON_READ, 0, CAIRN_EIO);
}
END_TEST

START_TEST(writes)
{
    each_fails(CAIRN_BLK_ON_CHANGE, 1, CAIRN_EIO);
    each_fails(CAIRN_BLK_ON_CHANGE, 0, CAIRN_ENOSPC);
}
END_TEST

START_TEST(flushes)
{
    each_fails(CAIRN_BLK_ON_FLUSH, 1, CAIRN_EIO);
    each_fails(CAIRN_BLK_ON_FLUSH, 0, CAIRN_EIO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-failed");
    TCase *tcase = tcase_create("each request");
    SRunner *runner = srunner_create(suite);
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, reads);
    tcase_add_test(tcase, writes);
    tcase_add_test(tcase, flushes);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
