/* SPDX-License-Identifier: ISC */
/* Names, labels and times: what repair makes of each that is damaged, and that what can be kept is
 * kept. The names that come out are promised here, one by one. */
#include "test_repair.h"

#include <stdio.h>
#include <string.h>

#include <cairn/bytes.h>

#include "mend_rig.h"

/* ---- the table of damages -------------------------------------------------------------------- */

struct outcome {
    const char *damage;
    const char *path; /* where the file is in the end */
    enum sample_file file;
};

static const struct outcome outcomes[] = {
    { "dir-size", "DIR", SAMPLE_DIR },
    { "dir-start", "DIR/SUB", SAMPLE_SUB },
    { "dir-start", "found/DIR0001/DEEP.TXT", SAMPLE_DEEP },
    { "dir-parent", "found/DIR0001/DEEP.TXT", SAMPLE_DEEP },
    { "dir-dot", "DIR/INNER.TXT", SAMPLE_INNER },
    { "dir-dot-moved", "DIR/INNER.TXT", SAMPLE_INNER },
    { "dir-dot-moved", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "dir-dotdot", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "dir-dot-target", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "dir-dotdot-target", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "dir-after-end", "DIR/EMPTY.TXT", SAMPLE_EMPTY },
    { "dir-big", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "name-illegal", "A_.TXT", SAMPLE_A },
    { "name-control", "A_.TXT", SAMPLE_A },
    { "name-lower", "A.TXT", SAMPLE_A },
    { "name-space", "_MPTY.TXT", SAMPLE_EMPTY },
    { "name-dots", "DOTDOT", SAMPLE_EMPTY },
    { "name-dots-twice", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "name-duplicate", "A.TXT", SAMPLE_A },
    { "name-duplicate", "A~1.TXT", SAMPLE_B },
    { "long-duplicate", "first long name.txt", SAMPLE_LONG },
    { "long-duplicate", "First LONG name (2).txt", SAMPLE_OTHER },
    { "long-orphan-start", "FIRSTL~1.TXT", SAMPLE_LONG },
    { "long-orphan-middle", "FIRSTL~1.TXT", SAMPLE_LONG },
    { "long-sequence", "first long name.txt", SAMPLE_LONG },
    { "long-sequence-restart", "first long name.txt", SAMPLE_LONG },
    { "long-sequence-short", "FIRSTL~1.TXT", SAMPLE_LONG },
    { "long-checksum", "first long name.txt", SAMPLE_LONG },
    { "long-checksum-one", "first long name.txt", SAMPLE_LONG },
    { "long-reserved-type", "first long name.txt", SAMPLE_LONG },
    { "long-reserved-start", "first long name.txt", SAMPLE_LONG },
    { "long-illegal", "f_rst long name.txt", SAMPLE_LONG },
    { "long-illegal-surrogate", "f_rst long name.txt", SAMPLE_LONG },
    { "long-illegal-order", "FIRSTL~1.TXT", SAMPLE_LONG },
    { "attributes", "A.TXT", SAMPLE_A },
    { "attributes-kind", "DIR/SUB/DEEP.TXT", SAMPLE_DEEP },
    { "time", "A.TXT", SAMPLE_A },
    { "label-extra-dir", "DIR/INNER.TXT", SAMPLE_INNER },
};

START_TEST(names_are_kept)
{
    const struct outcome *outcome = &outcomes[_i];
    const struct damage *damage = damage_find(outcome->damage);
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        if (!damage_fits(damage, mend_types[i])) continue;
        sample_make(&s, mend_types[i]);
        damage_plant(damage, &s);
        mend_keeps(&s, outcome->path, outcome->file);
        sample_free(&s);
    }
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------
 */

/* Forty files of one name; two more, behind them, have names that would come to mind. */
START_TEST(names_made_up_are_nobody_elses)
{
    static struct mending mending;
    struct sample s;
    char path[32];
    sample_make(&s, CAIRN_FAT16);
    uint8_t *slot = sample_root_end(&s);
    for (uint32_t n = 0; n < 42; n++) {
        memcpy(slot, s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
        if (n >= 40) memcpy(slot, n == 40 ? "EMPTY~2 TXT" : "EMPTY~20TXT", FAT_SHORT_BYTES);
        if (n >= 40) slot[FAT_SLOT_ATTR] = CAIRN_FAT_HIDDEN;
        slot += FAT_SLOT_BYTES;
    }
    mend_volume(&s, &mending);
    for (uint32_t n = 1; n <= 42; n++) {
        snprintf(path, sizeof path, "EMPTY~%u.TXT", n);
        ck_assert_msg(mend_exists(&s, path), "%s\n%s", path, mending.log);
    }
    ck_assert_mem_eq(slot - 2 * FAT_SLOT_BYTES, "EMPTY~2 TXT", FAT_SHORT_BYTES);
    ck_assert_mem_eq(slot - FAT_SLOT_BYTES, "EMPTY~20TXT", FAT_SHORT_BYTES);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* The alias changes, and the long name's checksums with it. */
START_TEST(a_long_name_stays_when_its_alias_changes)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    uint8_t *slot = s.files[SAMPLE_OTHER].slot;
    memcpy(slot, "FIRSTL~1TXT", FAT_SHORT_BYTES);
    for (uint32_t order = 1; order <= 2; order++)
        slot[13 - (int)(order * FAT_SLOT_BYTES)] = fat_long_checksum(slot);
    mend_keeps(&s, "other long name.txt", SAMPLE_OTHER);
    ck_assert_mem_eq(slot, "FIRSTL~2TXT", FAT_SHORT_BYTES);
    sample_free(&s);
}
END_TEST

START_TEST(an_entry_that_denies_its_name_gets_it_back)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    s.files[SAMPLE_A].slot[FAT_SLOT_CASE] = FAT_CASE_NO_SHORT;
    s.files[SAMPLE_LONG].slot[FAT_SLOT_CASE] = FAT_CASE_NO_SHORT;
    mend_keeps(&s, "A.TXT", SAMPLE_A);
    ck_assert_uint_eq(s.files[SAMPLE_LONG].slot[FAT_SLOT_CASE], FAT_CASE_NO_SHORT);
    sample_free(&s);
}
END_TEST

/* Reserved bits of every slot of the set, told of once. */
START_TEST(long_slots_lose_their_reserved_bits)
{
    static struct mending mending;
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    for (int order = 1; order <= 2; order++)
        s.files[SAMPLE_LONG].slot[(int)FAT_SLOT_ATTR - order * (int)FAT_SLOT_BYTES] |= 0x40;
    mend_volume(&s, &mending);
    ck_assert(mend_is_at(&s, "first long name.txt", SAMPLE_LONG));
    ck_assert_uint_eq(mending.result.findings, 1);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* DOS wrote an entry of its own behind the slots of a removed one. */
START_TEST(a_long_name_that_was_anothers_goes)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    memcpy(s.files[SAMPLE_LONG].slot, "REPORT  DOC", FAT_SHORT_BYTES);
    mend_keeps(&s, "REPORT.DOC", SAMPLE_LONG);
    ck_assert(!mend_exists(&s, "first long name.txt"));
    sample_free(&s);
}
END_TEST

/* One character of the alias of a file with a long name is illegal: the checksum is wrong, too. */
START_TEST(a_damaged_alias_keeps_its_long_name)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    s.files[SAMPLE_LONG].slot[3] = '?';
    mend_keeps(&s, "first long name.txt", SAMPLE_LONG);
    ck_assert_mem_eq(s.files[SAMPLE_LONG].slot, "FIR_TL~1TXT", FAT_SHORT_BYTES);
    sample_free(&s);
}
END_TEST

/* Long slots without end, none of them in order. */
START_TEST(heaps_of_long_slots_go_at_once)
{
    static struct mending mending;
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    uint8_t *slot = sample_root_end(&s);
    for (uint32_t n = 0; n < 200; n++, slot += FAT_SLOT_BYTES) {
        memcpy(slot, s.files[SAMPLE_LONG].slot - FAT_SLOT_BYTES, FAT_SLOT_BYTES);
        slot[0] = (uint8_t)(n % 23);
        if (slot[0] == 0) slot[0] = 7;
    }
    mend_volume(&s, &mending);
    ck_assert_uint_le(mending.result.passes, 3);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* A name of 255 units has no slot to spare: its stem is cut. */
START_TEST(the_longest_names_stay_apart)
{
    static struct mending mending;
    struct sample s;
    struct fat_name name = { .len = FAT_NAME_UNITS };
    sample_make(&s, CAIRN_FAT16);
    uint8_t *slot = sample_root_end(&s);
    for (uint32_t i = 0; i < FAT_NAME_UNITS; i++)
        name.units[i] = i == 250 ? '.' : 'x';
    for (uint32_t n = 0; n < 2; n++, slot += FAT_SLOT_BYTES) {
        const char *raw = n ? "XXXXXX~2XXX" : "XXXXXX~1XXX";
        uint8_t sum = fat_long_checksum((const uint8_t *)raw);
        for (uint32_t order = 20; order > 0; order--, slot += FAT_SLOT_BYTES)
            fat_long_encode(&name, order, sum, slot);
        memcpy(slot, s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
        memcpy(slot, raw, FAT_SHORT_BYTES);
    }
    mend_volume(&s, &mending);
    char utf8[300];
    memset(utf8, 'x', sizeof utf8);
    memcpy(utf8 + 246, " (2).xxxx", 10);
    ck_assert_msg(mend_exists(&s, utf8), "%s", mending.log);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* ---- labels -----------------------------------------------------------------------------------
 */

static void label_of(const struct sample *s, char out[CAIRN_FAT_ALIAS_BYTES])
{
    struct mend_mounted m;
    mend_mount(&m, s);
    ck_assert_int_eq(cairn_fat_label(m.fs, out, NULL), CAIRN_OK);
    mend_unmount(&m);
}

static const char *const label_damages[][2] = {
    { "label-differs", NULL },  { "label-boot-only", NULL },    { "label-illegal", NULL },
    { "label-extra", "CAIRN" }, { "label-extra-dir", "CAIRN" },
};

START_TEST(labels_agree)
{
    static struct mending mending;
    const char *const *which = label_damages[_i];
    char label[CAIRN_FAT_ALIAS_BYTES];
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        sample_make(&s, mend_types[i]);
        damage_plant(damage_find(which[0]), &s);
        mend_volume(&s, &mending);
        label_of(&s, label);
        uint32_t at = cairn_fat_boot_label_offset(mend_types[i]);
        ck_assert_msg(label[0] && memcmp(s.bytes + at, label, strlen(label)) == 0, "%s\n%s", label,
                      mending.log);
        if (which[1]) ck_assert_str_eq(label, which[1]);
        mending_end(&mending);
        sample_free(&s);
    }
}
END_TEST

/* A file whose volume bit was set. */
START_TEST(a_file_that_says_label_is_a_file_again)
{
    for (size_t i = 0; i < MEND_TYPES; i++) {
        struct sample s;
        sample_make(&s, mend_types[i]);
        s.files[SAMPLE_LONG].slot[FAT_SLOT_ATTR] |= CAIRN_FAT_VOLUME;
        mend_keeps(&s, "first long name.txt", SAMPLE_LONG);
        sample_free(&s);
    }
}
END_TEST

TCase *repair_names_tests(void)
{
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, names_are_kept, 0, (int)CAIRN_COUNT(outcomes));
    tcase_add_test(tests, names_made_up_are_nobody_elses);
    tcase_add_test(tests, a_long_name_stays_when_its_alias_changes);
    tcase_add_test(tests, an_entry_that_denies_its_name_gets_it_back);
    tcase_add_test(tests, long_slots_lose_their_reserved_bits);
    tcase_add_test(tests, a_long_name_that_was_anothers_goes);
    tcase_add_test(tests, a_damaged_alias_keeps_its_long_name);
    tcase_add_test(tests, heaps_of_long_slots_go_at_once);
    tcase_add_test(tests, the_longest_names_stay_apart);
    tcase_add_loop_test(tests, labels_agree, 0, (int)CAIRN_COUNT(label_damages));
    tcase_add_test(tests, a_file_that_says_label_is_a_file_again);
    return tests;
}
