/* SPDX-License-Identifier: ISC */
/* Faults combined: check names each of them, but those which another one hides. */
#include "test_damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool hear(void *ctx, const struct cairn_fat_finding *found)
{
    struct said *said = ctx;
    size_t len = strlen(said->log);
    said->counts[found->fault]++;
    snprintf(said->log + len, sizeof said->log - len, "  %s: %s: %s\n",
             cairn_fat_fault_name(found->fault), found->path, found->text);
    return true;
}

void damage_check(struct said *said, const struct sample *s)
{
    struct cairn_fat_check_options options = { .report = hear, .ctx = said };
    struct cairn_fat_check_result result;
    struct cairn_blk_mem dev;
    memset(said, 0, sizeof *said);
    if (cairn_blk_mem_open(&dev, s->bytes, 512, s->size / 512, NULL)) abort();
    size_t bytes = cairn_fat_check_mem(&dev.base, 4096);
    void *mem = malloc(bytes);
    said->err = cairn_fat_check(&dev.base, &options, mem, bytes, &result, NULL);
    free(mem);
    if (cairn_blk_close(&dev.base, NULL)) abort();
}

/* The first fault that must be named and is not; NULL: there is none such. */
static const struct damage *unsaid(const struct combo *combo, const struct said *said)
{
    if (said->err == CAIRN_EINVAL && said->counts[CAIRN_FAT_FAULT_BOOT]) return NULL;
    if (said->counts[CAIRN_FAT_FAULT_BOOT_DOUBT]) return NULL;
    for (uint32_t i = 0; i < combo->count; i++)
        if (!said->counts[combo->of[i]->fault] && combo_says(combo, i)) return combo->of[i];
    return NULL;
}

/* All pairs, or all single ones, on one volume. */
static void all_are_said(const struct sample_shape *shape, uint32_t count, uint32_t least)
{
    static struct said said;
    struct combo combo = { .shape = *shape };
    uint32_t planted = 0;
    while (combo_next(&combo, count)) {
        struct sample s;
        if (!combo_plant(&combo, &s)) continue;
        damage_check(&said, &s);
        sample_free(&s);
        const struct damage *damage = unsaid(&combo, &said);
        ck_assert_msg(!damage, "%s: %s is not said\n%s", combo_text(&combo),
                      damage ? damage->name : "", said.log);
        planted++;
    }
    ck_assert_uint_ge(planted, least);
}

START_TEST(single_ones_are_said)
{
    all_are_said(&combo_shapes[_i], 1, 65);
}
END_TEST

START_TEST(pairs_are_said)
{
    all_are_said(&combo_shapes[_i], 2, 2000);
}
END_TEST

static bool combo_is_said(struct tape *tape)
{
    static struct said said;
    struct combo combo;
    struct sample s;
    combo_draw(tape, &combo);
    if (!combo_plant(&combo, &s)) return true;
    damage_check(&said, &s);
    sample_free(&s);
    const struct damage *damage = unsaid(&combo, &said);
    return !damage || tape_fail(tape, "%s is not said:\n%s", damage->name, said.log);
}

START_TEST(three_are_said)
{
    struct tape_options options = { .runs = 1000, .bytes_max = 16 };
    ck_assert(tape_run("combo_is_said", combo_is_said, &options));
}
END_TEST

void damage_check_tests(Suite *suite)
{
    bool threes = getenv("CAIRN_THREES") != NULL; /* a longer run */
    TCase *tests = tcase_create("said");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, single_ones_are_said, 0, (int)combo_shape_count);
    tcase_add_test(tests, three_are_said);
    suite_add_tcase(suite, tests);
    tests = tcase_create("pairs said");
    tcase_set_timeout(tests, 120);
    tcase_set_tags(tests, "thorough");
    tcase_add_loop_test(tests, pairs_are_said, 0, threes ? (int)combo_shape_count : 3);
    suite_add_tcase(suite, tests);
}
