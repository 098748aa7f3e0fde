/* SPDX-License-Identifier: ISC */
/*
 * Power goes at each request and flush of a script, and again, twice or three times, while the
 * store recovers or goes on; each time any version of every sector that was not flushed is left.
 * Each state is one draw of many; CAIRN_RUNS / 50 draws of each cut.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "script.h"

static unsigned draws = 1;

static void cut_plan(uint64_t seed, uint32_t on, uint64_t nth)
{
    struct cairn_blk_sim_plan plan;
    cairn_blk_sim_plan_init(&plan);
    plan.seed = seed;
    plan.leaves = CAIRN_BLK_SIM_LEAVES_ANY;
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_CUT, on, nth);
    rule->cut = (enum cairn_blk_cut)(seed % 3);
    cairn_blk_sim_plan_set(&script_sim, &plan);
}

static void power_back(void)
{
    ck_assert(!cairn_blk_sim_restart(&script_sim, NULL, NULL, NULL, NULL));
}

/* Open, look, change, checkpoint, close, as far as it goes. */
static enum cairn_err life(unsigned least, bool exact)
{
    enum cairn_err err = script_store_open();
    if (err) return err;
    script_matches(least, exact);
    err = cairn_kv_set(script_kv, cairn_kv_key("later"), "x", 1, 0, NULL);
    if (!err) err = cairn_kv_native_checkpoint(script_kv, NULL);
    enum cairn_err closed = cairn_kv_close(script_kv, NULL);
    return err ? err : closed;
}

/* Returns whether there was an event of this number. */
static bool cut_at(uint64_t event, uint64_t seed)
{
    bool over = false;
    unsigned least = 0;
    script_disk_open();
    cut_plan(seed, CAIRN_BLK_ON_ANY, event);
    if (!script_store_open()) {
        least = script_run(&over);
        bool closed = cairn_kv_close(script_kv, NULL) == CAIRN_OK;
        over = over && closed;
    }
    bool reached = script_sim.state.hits[0] > 0;
    for (uint64_t depth = 0; depth < 2 + seed % 2; depth++) {
        power_back();
        cut_plan(seed * 31 + depth, CAIRN_BLK_ON_CHANGE | CAIRN_BLK_ON_FLUSH,
                 1 + (seed / 3 + event * 7 + depth * 5) % 6);
        enum cairn_err err = life(least, over);
        (void)err; /* power went, or not: the script's state is what counts */
    }
    power_back();
    ck_assert_int_eq(life(least, over), CAIRN_OK);
    script_disk_close();
    return reached;
}

START_TEST(each_event)
{
    uint64_t event = 1;
    script_make();
    for (bool more = true; more; event++)
        for (uint64_t draw = 1; draw <= draws && more; draw++)
            more = cut_at(event, draw + event * 1000);
    printf("%llu events, each cut %u times\n", (unsigned long long)(event - 2), draws);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-cut");
    TCase *tcase = tcase_create("cuts");
    SRunner *runner = srunner_create(suite);
    const char *runs = getenv("CAIRN_RUNS");
    if (runs && atoi(runs) >= 100) draws = (unsigned)atoi(runs) / 50;
    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, each_event);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
