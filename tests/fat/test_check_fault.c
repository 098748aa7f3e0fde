/* SPDX-License-Identifier: ISC */
/* Each fault that can be planted is found, under its own name, and nothing else is. */
#include "test_check.h"

#include <stdio.h>

static bool may_say(const struct damage *damage, uint32_t fault)
{
    for (uint32_t i = 0; i < DAMAGE_ALSO_MAX; i++)
        if (damage->also[i] && damage->also[i] == fault) return true;
    /* A dead boot sector is told of before its backup. */
    return fault == damage->fault ||
           (fault == CAIRN_FAT_FAULT_BOOT && damage->fault == CAIRN_FAT_FAULT_BACKUP_USED);
}

static void expect(const struct damage *damage, enum cairn_fat_type type, const struct offer *offer)
{
    struct sample s;
    struct gathered out = { .watched = damage->fault };
    sample_make(&s, type);
    damage_plant(damage, &s);
    check_sample(&out, &s, offer);
    ck_assert_msg(out.counts[damage->fault] == 1, "%s on FAT%d: %u times:\n%s", damage->name, type,
                  out.counts[damage->fault], out.log);
    for (uint32_t fault = 0; fault < CAIRN_FAT_FAULT_COUNT; fault++)
        ck_assert_msg(out.counts[fault] == 0 || may_say(damage, fault), "%s on FAT%d says %s:\n%s",
                      damage->name, type, cairn_fat_fault_name(fault), out.log);
    ck_assert_int_eq(out.err, damage->fault == CAIRN_FAT_FAULT_BOOT ? CAIRN_EINVAL : CAIRN_OK);
    sample_free(&s);
}

START_TEST(each_damage_is_found_alone)
{
    const struct damage *damage = &damages[_i];
    for (uint32_t i = 0; i < 3; i++)
        if (damage_fits(damage, check_types[i])) expect(damage, check_types[i], NULL);
}
END_TEST

START_TEST(each_damage_is_found_by_reading)
{
    const struct offer offer = { .no_borrow = true };
    const struct damage *damage = &damages[_i];
    for (uint32_t i = 0; i < 3; i++)
        if (damage_fits(damage, check_types[i])) expect(damage, check_types[i], &offer);
}
END_TEST

START_TEST(every_fault_has_a_damage)
{
    for (uint32_t fault = 0; fault < CAIRN_FAT_FAULT_COUNT; fault++) {
        bool planted = fault == CAIRN_FAT_FAULT_READ ||     /* needs a device that fails */
                       fault == CAIRN_FAT_FAULT_BOOT_DOUBT; /* and this, many faults beside */
        for (size_t i = 0; i < damage_count; i++)
            planted |= damages[i].fault == fault;
        ck_assert_msg(planted, "nothing plants %s", cairn_fat_fault_name(fault));
    }
}
END_TEST

START_TEST(names_of_faults_differ)
{
    for (uint32_t a = 0; a < CAIRN_FAT_FAULT_COUNT; a++)
        for (uint32_t b = 0; b < a; b++)
            ck_assert_str_ne(cairn_fat_fault_name(a), cairn_fat_fault_name(b));
    ck_assert_str_eq(cairn_fat_fault_name(CAIRN_FAT_FAULT_COUNT), "?");
}
END_TEST

static struct gathered found(enum cairn_fat_type type, const char *name)
{
    const struct damage *damage = damage_find(name);
    struct gathered out = { .watched = damage->fault };
    struct sample s;
    sample_make(&s, type);
    damage_plant(damage, &s);
    check_sample(&out, &s, NULL);
    sample_free(&s);
    return out;
}

START_TEST(findings_say_where_and_how_much)
{
    struct gathered out = found(CAIRN_FAT16, "chain-long");
    ck_assert_str_eq(out.path, "/A.TXT");
    ck_assert_str_eq(out.first.text, "it has 3 clusters, its size needs only 1");
    ck_assert_uint_eq(out.first.a, 3);
    ck_assert_uint_eq(out.first.b, 1);
    out = found(CAIRN_FAT12, "long-illegal");
    ck_assert_str_eq(out.path, "/f?rst long name.txt");
    out = found(CAIRN_FAT32, "dir-dotdot");
    ck_assert_str_eq(out.path, "/DIR/SUB");
    out = found(CAIRN_FAT32, "orphan");
    ck_assert_str_eq(out.path, "");
    ck_assert_uint_eq(out.result.orphan_clusters, 3);
    out = found(CAIRN_FAT32, "dir-start");
    ck_assert_ptr_nonnull(strstr(out.log, "a directory that was lost"));
    out = found(CAIRN_FAT32, "fsinfo-free");
    ck_assert_uint_eq(out.first.sector, 1);
    ck_assert_uint_eq(out.first.b, 17);
    ck_assert_uint_eq(out.first.a, out.result.free_clusters);
}
END_TEST

TCase *check_fault_tests(void)
{
    TCase *tests = tcase_create("fault");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_damage_is_found_alone, 0, (int)damage_count);
    tcase_add_loop_test(tests, each_damage_is_found_by_reading, 0, (int)damage_count);
    tcase_add_test(tests, every_fault_has_a_damage);
    tcase_add_test(tests, names_of_faults_differ);
    tcase_add_test(tests, findings_say_where_and_how_much);
    return tests;
}
