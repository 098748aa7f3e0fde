/* SPDX-License-Identifier: ISC */
/* Every request of a script fails, in turn: what was acknowledged is there, what was not is there
 * whole or not at all, and the store opens again and goes on. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "script.h"

/* Returns whether the nth request was reached. */
static bool fails_at(uint32_t on, uint64_t nth, uint64_t times, enum cairn_err with)
{
    struct cairn_blk_sim_plan plan;
    bool over = false;
    unsigned least = 0;
    script_disk_open();
    cairn_blk_sim_plan_init(&plan);
    struct cairn_blk_sim_rule *rule = cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_ERROR, on, nth);
    rule->times = times;
    rule->err = with;
    cairn_blk_sim_plan_set(&script_sim, &plan);
    if (!script_store_open()) {
        least = script_run(&over);
        bool closed = cairn_kv_close(script_kv, NULL) == CAIRN_OK;
        over = over && closed;
    }
    bool reached = script_sim.state.hits[0] > 0;
    ck_assert(!cairn_blk_sim_restart(&script_sim, NULL, NULL, NULL, NULL));
    ck_assert_int_eq(script_store_open(), CAIRN_OK);
    script_matches(least, over);
    ck_assert(!cairn_kv_set(script_kv, cairn_kv_key("later"), "x", 1, 0, NULL));
    ck_assert(!cairn_kv_close(script_kv, NULL));
    script_disk_close();
    return reached;
}

static void each_fails(uint32_t on, uint64_t times, enum cairn_err with)
{
    uint64_t nth = 1;
    script_make();
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
