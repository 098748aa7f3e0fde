/* SPDX-License-Identifier: ISC */
/* Directories, names, labels and times: what repair makes of each that is damaged, and that what
 * can be kept is kept. The names that come out are promised here, one by one. */
#include "test_repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairn/bytes.h>
#include <cairn/fat.h>

#include "damage.h"
#include "mending.h"

#define MEM_BYTES (1u << 20)

static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };

/* ---- looking at what came out ---------------------------------------------------------------- */

struct mounted {
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *mem;
};

static void volume_mount(struct mounted *m, const struct sample *s)
{
    struct cairn_fat_options options = { .read_only = true };
    m->mem = malloc(MEM_BYTES);
    ck_assert_int_eq(cairn_blk_mem_open(&m->dev, s->bytes, 512, s->size / 512, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_mount(&m->fs, &m->dev.base, &options, m->mem, MEM_BYTES, NULL),
                     CAIRN_OK);
}

static void volume_unmount(struct mounted *m)
{
    ck_assert_int_eq(cairn_fat_unmount(m->fs, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_close(&m->dev.base, NULL), CAIRN_OK);
    free(m->mem);
}

static bool is_whole(struct cairn_fat_node *node, const struct sample *s, enum sample_file file)
{
    static uint8_t bytes[4 * 4096 + 1];
    size_t done, want = sample_bytes(s, file);
    if (cairn_fat_read(node, 0, bytes, sizeof bytes, &done, NULL) || done != want) return false;
    for (uint32_t n = 0; n < want; n++)
        if (bytes[n] != sample_byte(file, n)) return false;
    return true;
}

/* Is `file` there, whole, under this path? A directory need only be one. */
static bool is_at(const struct sample *s, const char *path, enum sample_file file)
{
    struct mounted m;
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    bool want_dir = file == SAMPLE_DIR || file == SAMPLE_SUB, well = false;
    volume_mount(&m, s);
    if (cairn_fat_walk(m.fs, path, strlen(path), &node, NULL) == CAIRN_OK) {
        ck_assert_int_eq(cairn_fat_stat(node, &stat, NULL), CAIRN_OK);
        well = stat.is_directory == want_dir && (want_dir || is_whole(node, s, file));
        cairn_fat_release(node);
    }
    volume_unmount(&m);
    return well;
}

static bool exists(const struct sample *s, const char *path)
{
    struct mounted m;
    struct cairn_fat_node *node;
    volume_mount(&m, s);
    bool there = cairn_fat_walk(m.fs, path, strlen(path), &node, NULL) == CAIRN_OK;
    if (there) cairn_fat_release(node);
    volume_unmount(&m);
    return there;
}

/* fsck.fat has no complaint; or is not there. */
static bool fsck_is_content(const struct sample *s)
{
    char path[] = "/tmp/cairn-repair-XXXXXX", command[200];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, s->bytes, s->size), (ssize_t)s->size);
    close(fd);
    snprintf(command, sizeof command,
             "command -v fsck.fat >/dev/null || exit 0; timeout 20 fsck.fat -n %s >%s.log 2>&1",
             path, path);
    bool content = system(command) == 0;
    if (!content) {
        snprintf(command, sizeof command, "cat %s.log", path);
        content = system(command) < 0;
    }
    unlink(path);
    strcat(strcpy(command, path), ".log");
    unlink(command);
    return content;
}

/* Repair; then nothing is left to find, and nothing to do. */
static void mend(struct sample *s, struct mending *mending)
{
    static struct mending again;
    *mending = (struct mending){ .bytes = s->bytes, .size = s->size };
    mending->options.now_ns = 1700000000000000000;
    mending_run(mending);
    ck_assert_msg(mending->err == CAIRN_OK && !mending->broken, "%s: %s\n%s",
                  cairn_err_name(mending->err), mending->broken ? mending->broken : "",
                  mending->log);
    again = (struct mending){ .bytes = s->bytes, .size = s->size };
    mending_run(&again);
    ck_assert_msg(again.save_count == 0 && again.result.before.findings[CAIRN_FAT_MAJOR] == 0 &&
                      again.result.before.findings[CAIRN_FAT_MINOR] == 0,
                  "after:\n%sa second run:\n%s", mending->log, again.log);
    mending_end(&again);
    ck_assert_msg(fsck_is_content(s), "fsck.fat complains after:\n%s", mending->log);
}

/* Repaired, it has `file` whole at `path`. */
static void mend_keeps(struct sample *s, const char *path, enum sample_file file)
{
    static struct mending mending;
    mend(s, &mending);
    ck_assert_msg(is_at(s, path, file), "not there: %s\n%s", path, mending.log);
    mending_end(&mending);
}

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
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        if (!damage_fits(damage, types[i])) continue;
        sample_make(&s, types[i]);
        damage_plant(damage, &s);
        mend_keeps(&s, outcome->path, outcome->file);
        sample_free(&s);
    }
}
END_TEST

/* ---- directories ------------------------------------------------------------------------------
 */

static void slots_swap(uint8_t *a, uint8_t *b)
{
    uint8_t keep[FAT_SLOT_BYTES];
    memcpy(keep, a, sizeof keep);
    memcpy(a, b, sizeof keep);
    memcpy(b, keep, sizeof keep);
}

START_TEST(dots_change_places)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    slots_swap(sample_dir_slot(&s, SAMPLE_SUB, 0), sample_dir_slot(&s, SAMPLE_SUB, 1));
    mend_keeps(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP);
    sample_free(&s);
}
END_TEST

/* Where they lead is known. */
START_TEST(dots_with_damaged_attributes_are_dots_again)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        sample_make(&s, types[i]);
        sample_dir_slot(&s, SAMPLE_SUB, 0)[FAT_SLOT_ATTR] = CAIRN_FAT_ARCHIVE;
        sample_dir_slot(&s, SAMPLE_SUB, 1)[FAT_SLOT_ATTR] |= CAIRN_FAT_VOLUME;
        sample_dir_slot(&s, SAMPLE_DIR, 1)[FAT_SLOT_ATTR] = 0;
        sample_dir_slot(&s, SAMPLE_DIR, 0)[FAT_SLOT_CASE] = FAT_CASE_NO_SHORT;
        mend_keeps(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP);
        ck_assert(!exists(&s, "DIR/SUB/DOT"));
        ck_assert(!exists(&s, "DIR/DOTDOT"));
        sample_free(&s);
    }
}
END_TEST

/* Put the slots of the file with the long name where the dots of DIR are. */
static void long_to_dots(struct sample *s)
{
    uint8_t *set = s->files[SAMPLE_LONG].slot - 2 * FAT_SLOT_BYTES;
    memcpy(sample_dir_slot(s, SAMPLE_DIR, 4), sample_dir_slot(s, SAMPLE_DIR, 2), FAT_SLOT_BYTES);
    memcpy(sample_dir_slot(s, SAMPLE_DIR, 0), set, 3 * FAT_SLOT_BYTES);
    memset(set, FAT_SLOT_FREE, 3 * FAT_SLOT_BYTES);
}

START_TEST(what_is_in_the_place_of_dots_moves_with_its_name)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT12);
    long_to_dots(&s);
    mend_keeps(&s, "DIR/first long name.txt", SAMPLE_LONG);
    ck_assert(is_at(&s, "DIR/INNER.TXT", SAMPLE_INNER));
    ck_assert(is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
    sample_free(&s);
}
END_TEST

/* Every slot behind is in use by empty files. */
START_TEST(a_full_directory_grows_for_its_dots)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        sample_make(&s, types[i]);
        long_to_dots(&s);
        for (uint32_t n = 5; n < 16; n++) {
            uint8_t *slot = sample_dir_slot(&s, SAMPLE_DIR, n);
            memcpy(slot, s.files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
            slot[0] = (uint8_t)('A' + n);
        }
        mend_keeps(&s, "DIR/first long name.txt", SAMPLE_LONG);
        ck_assert(is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
        ck_assert(exists(&s, "DIR/PMPTY.TXT"));
        sample_free(&s);
    }
}
END_TEST

START_TEST(a_file_that_says_directory_is_a_file_again)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    s.files[SAMPLE_B].slot[FAT_SLOT_ATTR] = CAIRN_FAT_DIRECTORY;
    mend_keeps(&s, "B.BIN", SAMPLE_B);
    sample_free(&s);
}
END_TEST

START_TEST(a_directory_that_is_none_becomes_a_file)
{
    static struct mending mending;
    struct sample s;
    struct mounted m;
    struct cairn_fat_node *node;
    char bytes[32];
    size_t done;
    sample_make(&s, CAIRN_FAT16);
    damage_plant(damage_find("dir-garbage"), &s);
    mend(&s, &mending);
    volume_mount(&m, &s);
    ck_assert_int_eq(cairn_fat_walk(m.fs, "DIR/SUB", 7, &node, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_read(node, 0, bytes, 10, &done, NULL), CAIRN_OK);
    ck_assert_mem_eq(bytes, "alle tiere", 10);
    cairn_fat_release(node);
    volume_unmount(&m);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* One cluster of text in a directory that is one. */
START_TEST(nonsense_in_a_directory_is_kept_elsewhere)
{
    static struct mending mending;
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    uint32_t more = sample_chain(&s, 1);
    sample_link(&s, s.files[SAMPLE_DIR].start, more);
    memset(sample_dir_slot(&s, SAMPLE_DIR, 4), FAT_SLOT_FREE, 12 * FAT_SLOT_BYTES);
    memset(sample_cluster(&s, more), 'e', 512);
    sample_fsinfo(&s);
    mend(&s, &mending);
    ck_assert_msg(is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP), "%s", mending.log);
    ck_assert_msg(exists(&s, "found/FILE0001"), "%s", mending.log);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* The first byte of an entry in the middle became 0. */
START_TEST(what_a_false_end_mark_hides_comes_back)
{
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        sample_make(&s, types[i]);
        s.files[SAMPLE_EMPTY].slot[0] = FAT_SLOT_END;
        mend_keeps(&s, "first long name.txt", SAMPLE_LONG);
        ck_assert(is_at(&s, "DIR/SUB/DEEP.TXT", SAMPLE_DEEP));
        ck_assert(!exists(&s, "found"));
        sample_free(&s);
    }
}
END_TEST

/* Entries behind the end mark whose clusters are another's, or nobody's. */
START_TEST(leftovers_behind_the_end_mark_stay_away)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT16);
    uint8_t *slot = sample_dir_slot(&s, SAMPLE_DIR, 5);
    memcpy(slot, s.files[SAMPLE_A].slot, FAT_SLOT_BYTES);
    memcpy(slot + FAT_SLOT_BYTES, s.files[SAMPLE_B].slot, FAT_SLOT_BYTES);
    sample_start_put(slot + FAT_SLOT_BYTES, s.last);
    mend_keeps(&s, "A.TXT", SAMPLE_A);
    ck_assert(!exists(&s, "DIR/A.TXT"));
    ck_assert(!exists(&s, "DIR/B.BIN"));
    sample_free(&s);
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
    mend(&s, &mending);
    for (uint32_t n = 1; n <= 42; n++) {
        snprintf(path, sizeof path, "EMPTY~%u.TXT", n);
        ck_assert_msg(exists(&s, path), "%s\n%s", path, mending.log);
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
    mend(&s, &mending);
    ck_assert(is_at(&s, "first long name.txt", SAMPLE_LONG));
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
    ck_assert(!exists(&s, "first long name.txt"));
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
    mend(&s, &mending);
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
    mend(&s, &mending);
    char utf8[300];
    memset(utf8, 'x', sizeof utf8);
    memcpy(utf8 + 246, " (2).xxxx", 10);
    ck_assert_msg(exists(&s, utf8), "%s", mending.log);
    mending_end(&mending);
    sample_free(&s);
}
END_TEST

/* ---- labels -----------------------------------------------------------------------------------
 */

static void label_of(const struct sample *s, char out[CAIRN_FAT_ALIAS_BYTES])
{
    struct mounted m;
    volume_mount(&m, s);
    ck_assert_int_eq(cairn_fat_label(m.fs, out, NULL), CAIRN_OK);
    volume_unmount(&m);
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
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        sample_make(&s, types[i]);
        damage_plant(damage_find(which[0]), &s);
        mend(&s, &mending);
        label_of(&s, label);
        uint32_t at = cairn_fat_boot_label_offset(types[i]);
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
    for (size_t i = 0; i < CAIRN_COUNT(types); i++) {
        struct sample s;
        sample_make(&s, types[i]);
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
    tcase_add_test(tests, dots_change_places);
    tcase_add_test(tests, dots_with_damaged_attributes_are_dots_again);
    tcase_add_test(tests, what_is_in_the_place_of_dots_moves_with_its_name);
    tcase_add_test(tests, a_full_directory_grows_for_its_dots);
    tcase_add_test(tests, a_file_that_says_directory_is_a_file_again);
    tcase_add_test(tests, a_directory_that_is_none_becomes_a_file);
    tcase_add_test(tests, nonsense_in_a_directory_is_kept_elsewhere);
    tcase_add_test(tests, what_a_false_end_mark_hides_comes_back);
    tcase_add_test(tests, leftovers_behind_the_end_mark_stay_away);
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
