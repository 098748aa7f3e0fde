/* SPDX-License-Identifier: ISC */
/* Plans of sim from text. */
#include "units.h"
#include <cairn/blk_sim.h>
#include <string.h>

static struct cairn_blk_sim_plan plan;
static struct cairn_why why;

static const struct cairn_blk_sim_rule *rule_of(const char *text)
{
    cairn_why_clear(&why);
    enum cairn_err err = cairn_blk_sim_plan_parse(&plan, text, &why);
    ck_assert_msg(!err, "%s: %s", text, why.what);
    ck_assert_uint_eq(plan.rule_count, 1);
    return &plan.rules[0];
}

START_TEST(words_become_rules)
{
    const struct cairn_blk_sim_rule *rule = rule_of("error=write:5");
    ck_assert_int_eq(rule->fault, CAIRN_BLK_FAULT_ERROR);
    ck_assert_uint_eq(rule->on, CAIRN_BLK_ON_WRITE);
    ck_assert(rule->nth == 5 && rule->times == 1 && rule->every == 0 && rule->chance == 0);
    rule = rule_of("error=read+flush:3+:ENOSPC:@100+8");
    ck_assert_uint_eq(rule->on, CAIRN_BLK_ON_READ | CAIRN_BLK_ON_FLUSH);
    ck_assert(rule->nth == 3 && rule->times == 0 && rule->err == CAIRN_ENOSPC);
    ck_assert(rule->block == 100 && rule->count == 8);
    rule = rule_of("lost=1%");
    ck_assert_uint_eq(rule->on, CAIRN_BLK_ON_CHANGE);
    ck_assert_uint_eq(rule->chance, (UINT64_C(1) << 32) / 100);
    ck_assert_uint_eq(rule_of("lost=0.5%")->chance, (UINT64_C(1) << 32) / 200);
    ck_assert_uint_eq(rule_of("lost=100%")->chance, 0);
    ck_assert_uint_eq(rule_of("lost=0.000001%:@7")->count, 1);
    rule = rule_of("stale=/4");
    ck_assert(rule->nth == 4 && rule->every == 4 && rule->times == 0);
    rule = rule_of("cut=flush:2:half");
    ck_assert(rule->cut == CAIRN_BLK_CUT_HALF && rule->nth == 2);
    ck_assert_uint_eq(rule_of("delay=5ms:read")->value, 5000000);
    ck_assert_uint_eq(rule_of("rot")->on, CAIRN_BLK_ON_ANY);
    ck_assert_uint_eq(rule_of("torn=any:9")->on, CAIRN_BLK_ON_CHANGE);
}
END_TEST

START_TEST(settings_are_set)
{
    ck_ok(
        cairn_blk_sim_plan_parse(&plan, "seed=7,atomic=4096,leaves=any,lie=flush:2,rot=1%", &why));
    ck_assert_uint_eq(plan.seed, 7);
    ck_assert_uint_eq(plan.atomic_bytes, 4096);
    ck_assert_int_eq(plan.leaves, CAIRN_BLK_SIM_LEAVES_ANY);
    ck_assert_uint_eq(plan.rule_count, 2);
    ck_ok(cairn_blk_sim_plan_parse(&plan, "", &why));
    ck_assert_uint_eq(plan.rule_count, 0);
    ck_assert_int_eq(plan.leaves, CAIRN_BLK_SIM_LEAVES_LOST);
}
END_TEST

/* Each is refused, with the word and what may stand there. */
START_TEST(what_is_wrong_is_named)
{
    static const char *const wrong[] = {
        "errr=5",           "error=5:6",
        "error=write:read", "stale=write:1",
        "lie=read",         "error=0",
        "lost=101%",        "lost=0%",
        "delay=read",       "error=5ms",
        "lost=ENOSPC",      "error=EWHAT",
        "cut=never",        "error=before",
        "error=@",          "error=@5+0",
        "error=:5",         "lost=1.5",
        "seed=x",           "seed=",
        "atomic=1000",      "atomic=131072",
        "leaves=some",      "delay=99999999999999999s",
        "error=/0",         "error=5x",
        "error=+read",      "error=99999999999999999999",
        "read=5",           "=",
        ",seed=1",          "delay=1ms:2ms",
    };
    for (size_t i = 0; i < CAIRN_COUNT(wrong); i++) {
        cairn_why_clear(&why);
        ck_assert_msg(cairn_blk_sim_plan_parse(&plan, wrong[i], &why) == CAIRN_EINVAL, "%s",
                      wrong[i]);
        ck_assert_str_ne(why.hint, "");
    }
    char many[17 * 5] = "rot";
    for (int i = 0; i < 16; i++)
        strcat(many, ",rot");
    ck_assert_int_eq(cairn_blk_sim_plan_parse(&plan, many, &why), CAIRN_EINVAL);
}
END_TEST

TCase *tcase_sim_parse(void)
{
    TCase *tcase = tcase_create("sim-parse");
    tcase_add_test(tcase, words_become_rules);
    tcase_add_test(tcase, settings_are_set);
    tcase_add_test(tcase, what_is_wrong_is_named);
    return tcase;
}
