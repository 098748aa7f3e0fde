/* SPDX-License-Identifier: ISC */
/*
 * A log that a store with much memory left, opened with little: it goes into the tree piece by
 * piece, and power goes in between, again and again. Records of this log are longer than what the
 * memory holds, keys come several times, and values share pages with those before.
 */
#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <cairn/kv_check.h>
#include <cairn/kv_native.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (64u << 20)
#define LOG_BYTES (6u << 20)
#define MUCH_BYTES (24u << 20)
#define KEYS 1200u
#define BATCHES 4u
#define CHANGES 3300u
#define VALUE_MAX 12000u
#define PATCH_AT 4200u
#define PATCH_BYTES 2500u
#define SIM_VERSIONS 65536u

static uint8_t *disk, *left, *mem, *sim_mem;
static size_t sim_bytes;
static uint8_t value[VALUE_MAX], seen[VALUE_MAX];
static struct cairn_blk_mem below;
static struct cairn_blk_sim sim;
static struct cairn_kv *kv;
static uint64_t state;

/* What a key has: which change set it, 0 none, and which one wrote into it. */
static struct {
    uint32_t set, patch;
} has[KEYS];

static uint32_t draw(uint32_t below_it)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below_it;
}

static void bytes_fill(uint8_t *out, uint32_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(number * 37 + number / 256 + i * 3 + i / 256);
}

static size_t size_of(uint32_t number)
{
    static const size_t sizes[] = { 20, 300, 0, 5000, 90, 900, VALUE_MAX, 60 };
    return sizes[number % 8];
}

static struct cairn_kv_key key_at(char *text, unsigned key)
{
    sprintf(text, "d%u/name-of-key-%05u", key % 5, key);
    return cairn_kv_key(text);
}

/* A change of a key that is drawn: it is set, written into, or removed. */
static void change(struct cairn_kv *batch, uint32_t number)
{
    char text[40];
    unsigned key = draw(KEYS);
    struct cairn_kv_key at = key_at(text, key);
    bool patches = has[key].set && size_of(has[key].set) == VALUE_MAX && draw(3);
    if (patches) {
        bytes_fill(value, number, PATCH_BYTES);
        ck_assert(!cairn_kv_write(batch, at, PATCH_AT, value, PATCH_BYTES, NULL));
        has[key].patch = number;
    } else if (draw(8) == 0) {
        ck_assert(!cairn_kv_remove(batch, at, NULL));
        has[key].set = has[key].patch = 0;
    } else {
        bytes_fill(value, number, size_of(number));
        ck_assert(!cairn_kv_set(batch, at, value, size_of(number), 0, NULL));
        has[key].set = number;
        has[key].patch = 0;
    }
}

static void holds(unsigned key)
{
    char text[40];
    size_t done = 0;
    enum cairn_err err = cairn_kv_get(kv, key_at(text, key), 0, seen, sizeof seen, &done, NULL);
    ck_assert_int_eq(err, has[key].set ? CAIRN_OK : CAIRN_ENOENT);
    if (!has[key].set) return;
    bytes_fill(value, has[key].set, size_of(has[key].set));
    if (has[key].patch) bytes_fill(value + PATCH_AT, has[key].patch, PATCH_BYTES);
    ck_assert_uint_eq(done, size_of(has[key].set));
    ck_assert(memcmp(seen, value, done) == 0);
}

static void all_hold(void)
{
    for (unsigned key = 0; key < KEYS; key++)
        holds(key);
}

static enum cairn_err store_open(struct cairn_blk *dev, size_t budget)
{
    return cairn_kv_native_open(&kv, dev, NULL, mem, budget, NULL);
}

static struct cairn_kv_native_usage usage_of(void)
{
    struct cairn_kv_native_usage usage;
    ck_assert(!cairn_kv_native_usage(kv, &usage, NULL));
    return usage;
}

static void sound(struct cairn_blk *dev)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    ck_assert(!cairn_kv_check_begin(&check, dev, NULL, mem, MUCH_BYTES, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MAJOR], 0);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR], 0);
}

/* Some of it in the tree, the rest in the log alone; then power goes. */
static void log_leave(uint64_t seed)
{
    struct cairn_kv_native_format_options options = { .log_bytes = LOG_BYTES };
    state = seed;
    memset(has, 0, sizeof has);
    memset(disk, 0, DISK_BYTES);
    ck_assert(!cairn_blk_mem_open(&below, disk, 512, DISK_BYTES / 512, NULL));
    ck_assert(!cairn_kv_native_format(&below.base, &options, mem, MUCH_BYTES, NULL));
    ck_assert(!store_open(&below.base, MUCH_BYTES));
    uint32_t number = 1;
    for (unsigned i = 0; i < BATCHES; i++) {
        struct cairn_kv_batch batch;
        ck_assert(!cairn_kv_batch_begin(&batch, kv, 0, NULL));
        for (unsigned j = 0; j < CHANGES; j++)
            change(&batch.kv, number++);
        ck_assert(!cairn_kv_commit(&batch, 0, NULL));
        if (i == 0) ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    }
    ck_assert_uint_eq(usage_of().checkpoints, 1);
    ck_assert_uint_gt(usage_of().log_used_bytes, LOG_BYTES / 4);
    memcpy(left, disk, DISK_BYTES);
    ck_assert(!cairn_kv_close(kv, NULL));
    memcpy(disk, left, DISK_BYTES);
}

static void use_on(struct cairn_blk *dev)
{
    for (uint32_t number = 1000000; number < 1000300; number++)
        change(kv, number);
    all_hold();
    ck_assert(!cairn_kv_close(kv, NULL));
    sound(dev);
}

START_TEST(in_pieces)
{
    log_leave((uint64_t)_i + 1);
    ck_assert(!store_open(&below.base, CAIRN_KV_NATIVE_MEM_LEAST));
    ck_assert_uint_gt(usage_of().checkpoints, 5);
    all_hold();
    use_on(&below.base);
}
END_TEST

/* Opens until it is cut, at a change or flush of this number; false: it was open before that. */
static bool cut_once(uint64_t seed, uint64_t event, size_t budget)
{
    struct cairn_blk_sim_plan plan;
    cairn_blk_sim_plan_init(&plan);
    plan.seed = seed;
    plan.leaves = CAIRN_BLK_SIM_LEAVES_ANY;
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(
        &plan, CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_CHANGE | CAIRN_BLK_ON_FLUSH, event);
    rule->cut = (enum cairn_blk_cut)(seed % 3);
    cairn_blk_sim_plan_set(&sim, &plan);
    enum cairn_err err = store_open(&sim.base, budget);
    bool cut = sim.state.hits[0] > 0;
    ck_assert(cut || !err);
    if (!err) (void)!cairn_kv_close(kv, NULL);
    ck_assert(!cairn_blk_sim_restart(&sim, NULL, NULL, NULL, NULL));
    return cut;
}

/* Up to six cuts, each in the recovery behind the last, with the least memory or somewhat more. */
START_TEST(cut_in_pieces)
{
    struct cairn_blk_sim_options options = { .versions = SIM_VERSIONS };
    log_leave((uint64_t)_i + 100);
    uint64_t kept = state;
    ck_assert(!cairn_blk_sim_open(&sim, &below.base, &options, sim_mem, sim_bytes, NULL, NULL));
    unsigned cuts = 0;
    while (cuts < 6) {
        size_t budget = CAIRN_KV_NATIVE_MEM_LEAST + (size_t)draw(4) * 65536;
        cuts += cut_once(state, 1 + draw(400), budget) ? 1 : 6;
    }
    struct cairn_blk_sim_plan plan;
    cairn_blk_sim_plan_init(&plan);
    cairn_blk_sim_plan_set(&sim, &plan);
    ck_assert(!store_open(&sim.base, CAIRN_KV_NATIVE_MEM_LEAST));
    all_hold();
    state = kept;
    use_on(&sim.base);
    ck_assert(!cairn_blk_close(&sim.base, NULL));
}
END_TEST

static void setup(void)
{
    struct cairn_blk_sim_options options = { .versions = SIM_VERSIONS };
    disk = malloc(DISK_BYTES);
    left = malloc(DISK_BYTES);
    mem = malloc(MUCH_BYTES);
    ck_assert(!cairn_blk_mem_open(&below, disk, 512, DISK_BYTES / 512, NULL));
    sim_bytes = cairn_blk_sim_mem(&below.base, &options);
    sim_mem = malloc(sim_bytes);
}

static void teardown(void)
{
    free(disk);
    free(left);
    free(mem);
    free(sim_mem);
}

int main(void)
{
    Suite *suite = suite_create("kv-recovery");
    TCase *tcase = tcase_create("recovery");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, in_pieces, 0, 2);
    tcase_add_loop_test(tcase, cut_in_pieces, 0, 8);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
