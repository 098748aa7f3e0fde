/* SPDX-License-Identifier: ISC */
/* Units of the volume: what the options make of names. tests/oracle compares them with Linux. */
#include "test_volume.h"
#include "volume_hand.h"

static void mounted_so(const struct cairn_fat_options *options)
{
    ck_assert_int_eq(rig_mount_as(&rig, *options), CAIRN_OK);
}

static void made_so(const struct cairn_fat_options *options)
{
    static const struct rig_shape plain;
    rig_make(&rig, &plain);
    mounted_so(options);
}

/* The 8.3 slot of the only entry; how many long ones are in front. */
static const uint8_t *only_slot(uint32_t *long_slots)
{
    const uint8_t *slot = rig_root_slot(&rig, 0);
    synced();
    *long_slots = 0;
    for (; slot[0] && fat_slot_is_long(slot); slot += FAT_SLOT_BYTES)
        ++*long_slots;
    ck_assert_uint_eq(slot[FAT_SLOT_BYTES], 0);
    return slot;
}

#define MIXED CAIRN_FAT_SHORT_MIXED
#define LOWER CAIRN_FAT_SHORT_LOWER
#define WIN95 CAIRN_FAT_SHORT_WIN95
#define WINNT CAIRN_FAT_SHORT_WINNT

START_TEST(the_policy_says_how_a_name_is_stored)
{
    static const struct {
        enum cairn_fat_short_names policy;
        const char *name, *raw;
        uint8_t case_bits, long_slots;
        const char *shown;
    } cases[] = {
        { MIXED, "A.TXT", "A       TXT", 0, 0, "A.TXT" },
        { MIXED, "a.txt", "A       TXT", 0, 1, "a.txt" },
        { LOWER, "A.TXT", "A       TXT", 0, 0, "a.txt" },
        { LOWER, "a.txt", "A       TXT", 0, 1, "a.txt" },
        { WIN95, "A.TXT", "A       TXT", 0, 0, "A.TXT" },
        { WIN95, "a.TXT", "A       TXT", 0, 1, "a.TXT" },
        { WINNT, "A.TXT", "A       TXT", 0, 0, "A.TXT" },
        { WINNT, "a.txt", "A       TXT", FAT_CASE_BASE | FAT_CASE_EXT, 0, "a.txt" },
        { WINNT, "a.TXT", "A       TXT", FAT_CASE_BASE, 0, "a.TXT" },
        { WINNT, "Aa.txt", "AA      TXT", 0, 1, "Aa.txt" },
        { WINNT, "\u00C9.TXT", "\x90       TXT", 0, 1, "\u00C9.TXT" },
        { MIXED, "a+.txt", "A_~1    TXT", 0, 1, "a+.txt" },
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        uint32_t long_slots;
        made_so(&(struct cairn_fat_options){ .short_names = cases[i].policy });
        ck_assert_int_eq(create(cases[i].name), CAIRN_OK);
        const uint8_t *slot = only_slot(&long_slots);
        ck_assert_mem_eq(slot, cases[i].raw, FAT_SHORT_BYTES);
        ck_assert_uint_eq(slot[FAT_SLOT_CASE], cases[i].case_bits);
        ck_assert_uint_eq(long_slots, cases[i].long_slots);
        ck_assert_str_eq(entry_of(0).name, cases[i].shown);
        ended();
    }
}
END_TEST

START_TEST(the_policy_says_how_a_name_is_shown)
{
    static const char *const shown[] = {
        [MIXED] = "ab.TXT", [LOWER] = "ab.txt", [WIN95] = "AB.TXT", [WINNT] = "ab.TXT"
    };
    made_so(&(struct cairn_fat_options){ .short_names = WINNT });
    ck_assert_int_eq(create("ab.TXT"), CAIRN_OK);
    unmounted();
    for (uint32_t policy = MIXED; policy <= WINNT; policy++) {
        mounted_so(&(struct cairn_fat_options){ .short_names = policy });
        ck_assert_str_eq(entry_of(0).name, shown[policy]);
        ck_assert_str_eq(entry_of(0).alias, "AB.TXT");
        ck_assert(is_there("Ab.Txt"));
        unmounted();
    }
    rig_free(&rig);
}
END_TEST

/* A change of case in the case bits is one write; a second entry would be two names until a sync.
 */
START_TEST(case_is_changed_in_place_where_the_bits_are_shown)
{
    static const bool in_place[WINNT + 1] = { [MIXED] = true, [WINNT] = true };
    for (uint32_t policy = MIXED; policy <= WINNT; policy++) {
        const char *from = policy == LOWER ? "a.txt" : "A.TXT";
        const char *to = policy == LOWER ? "A.TXT" : "a.txt";
        made_so(&(struct cairn_fat_options){ .short_names = policy });
        ck_assert_int_eq(create("A.TXT"), CAIRN_OK);
        synced();
        ck_assert_int_eq(move(from, "/", to), CAIRN_OK);
        ck_assert_str_eq(entry_of(0).name, to);
        synced();
        ck_assert_int_eq(rig_root_slot(&rig, 0)[0] == 'A', in_place[policy]);
        ended();
    }
}
END_TEST

START_TEST(numeric_tails_only_where_they_are_needed)
{
    made_so(&(struct cairn_fat_options){ .no_numeric_tail = true });
    ck_assert_int_eq(create("a long name.text"), CAIRN_OK);
    ck_assert_int_eq(create("a long name.texture"), CAIRN_OK);
    ck_assert_str_eq(entry_of(0).alias, "ALONGNAM.TEX");
    ck_assert_str_eq(entry_of(1).alias, "ALONGN~1.TEX");
    ck_assert_int_eq(create("ALONGNAM.TEX"), CAIRN_EEXIST);
    ended();
}
END_TEST

START_TEST(the_code_page_says_what_aliases_are)
{
    static const struct {
        enum cairn_fat_codepage page;
        const char *raw;
    } cases[] = { { CAIRN_FAT_CP437, "_~1     TXT" },
                  { CAIRN_FAT_CP850, "\xB5       TXT" },
                  { CAIRN_FAT_CP1252, "\xC1       TXT" },
                  { CAIRN_FAT_CP866, "_~1     TXT" } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        uint32_t long_slots;
        made_so(&(struct cairn_fat_options){ .codepage = cases[i].page });
        ck_assert_int_eq(create("\u00E1.txt"), CAIRN_OK);
        ck_assert_mem_eq(only_slot(&long_slots), cases[i].raw, FAT_SHORT_BYTES);
        ck_assert_uint_eq(long_slots, 1);
        ck_assert(is_there("\u00C1.TXT"));
        ended();
    }
}
END_TEST

START_TEST(an_unknown_code_page_is_refused)
{
    struct cairn_fat_options options = { .codepage = (enum cairn_fat_codepage)932 };
    rig_make(&rig, &(struct rig_shape){ 0 });
    ck_assert_int_eq(rig_mount_as(&rig, options), CAIRN_EINVAL);
    ck_assert_ptr_null(rig.fs);
    rig_free(&rig);
}
END_TEST

TCase *volume_short_tests(void)
{
    TCase *tests = tcase_create("short names");
    tcase_add_test(tests, the_policy_says_how_a_name_is_stored);
    tcase_add_test(tests, the_policy_says_how_a_name_is_shown);
    tcase_add_test(tests, case_is_changed_in_place_where_the_bits_are_shown);
    tcase_add_test(tests, numeric_tails_only_where_they_are_needed);
    tcase_add_test(tests, the_code_page_says_what_aliases_are);
    tcase_add_test(tests, an_unknown_code_page_is_refused);
    return tests;
}
