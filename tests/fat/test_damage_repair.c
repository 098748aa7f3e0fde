/* SPDX-License-Identifier: ISC */
/* Any faults, repaired: nothing is left to find, a second run changes nothing, files that were not
 * touched are what they were, those that lost their place are somewhere, and undo gives the damaged
 * volume back to the byte. */
#include "test_damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mending.h"

#define MEM_BYTES (1u << 20)
#define DEPTH_MAX 48u

/* ---- what is on a repaired volume ----------------------------------------------------------- */

/* Does the file begin with what `file` holds, and if exact, end there? */
static bool holds(const struct sample *s, struct cairn_fat_node *node, enum sample_file file,
                  bool exact)
{
    static uint8_t bytes[4 * 4096 + 1];
    size_t done, want = sample_bytes(s, file);
    if (cairn_fat_read(node, 0, bytes, want + exact, &done, NULL) || done != want) return false;
    for (uint32_t n = 0; n < want; n++)
        if (bytes[n] != sample_byte(file, n)) return false;
    return true;
}

static bool is_in_place(const struct sample *s, struct cairn_fat *fs, enum sample_file file)
{
    const char *path = sample_path(file);
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    if (cairn_fat_walk(fs, path, strlen(path), &node, NULL)) return false;
    bool well =
        !cairn_fat_stat(node, &stat, NULL) && (stat.is_directory || holds(s, node, file, true));
    cairn_fat_release(node);
    return well;
}

/* Some file in dir, or below it, holds it. */
static bool is_below(const struct sample *s, struct cairn_fat_node *dir, enum sample_file file,
                     uint32_t depth)
{
    struct cairn_fat_entry *entry = malloc(sizeof *entry);
    bool found = false;
    for (uint64_t at = 0; !found && !cairn_fat_list(dir, at, entry, NULL); at = entry->next) {
        struct cairn_fat_node *node;
        if (cairn_fat_lookup(dir, entry->name, entry->name_len, &node, NULL)) continue;
        if (!entry->stat.is_directory)
            found = holds(s, node, file, false);
        else if (depth < DEPTH_MAX)
            found = is_below(s, node, file, depth + 1);
        cairn_fat_release(node);
    }
    free(entry);
    return found;
}

static bool is_somewhere(const struct sample *s, struct cairn_fat *fs, enum sample_file file)
{
    struct cairn_fat_node *root = cairn_fat_root(fs);
    bool found = is_below(s, root, file, 0);
    cairn_fat_release(root);
    return found;
}

/* The lowest file of the levels. */
static bool bottom_is_there(const struct sample_shape *shape, struct cairn_fat *fs)
{
    char path[128] = "";
    struct cairn_fat_node *node;
    if (!shape->levels) return true;
    for (uint32_t i = 0; i < shape->levels; i++)
        strcat(path, "D/");
    strcat(path, "BOTTOM.TXT");
    if (cairn_fat_walk(fs, path, strlen(path), &node, NULL)) return false;
    cairn_fat_release(node);
    return true;
}

/* The path of a file that should be there and is not; NULL: all are. */
static const char *missing(const struct combo *combo, const struct sample *s, struct cairn_fat *fs)
{
    const uint32_t loses = combo_loses(combo), moves = combo_moves(combo);
    for (enum sample_file file = 0; file < SAMPLE_FILES; file++) {
        if (loses >> file & 1) continue;
        bool may_move = moves >> file & 1 && file != SAMPLE_DIR && file != SAMPLE_SUB;
        if (is_in_place(s, fs, file) || (may_move && is_somewhere(s, fs, file))) continue;
        if (moves >> SAMPLE_DEEP & 1 && file == SAMPLE_SUB) continue;
        return sample_path(file);
    }
    return bottom_is_there(&combo->shape, fs) ? NULL : "D/.../BOTTOM.TXT";
}

static const char *missing_mounted(const struct combo *combo, const struct sample *s)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *mem = malloc(MEM_BYTES);
    if (cairn_blk_mem_open(&dev, s->bytes, 512, s->size / 512, NULL)) abort();
    const char *path = "(it does not mount)";
    if (!cairn_fat_mount(&fs, &dev.base, &options, mem, MEM_BYTES, NULL)) {
        path = missing(combo, s, fs);
        if (cairn_fat_unmount(fs, NULL)) path = "(it does not unmount)";
    }
    if (cairn_blk_close(&dev.base, NULL)) abort();
    free(mem);
    return path;
}

/* ---- the property --------------------------------------------------------------------------- */

/* What may stay: a FAT32 that could grow to the least number of clusters only behind its device. */
static bool is_beyond_repair(uint32_t fault)
{
    return fault == CAIRN_FAT_FAULT_FEW_CLUSTERS;
}

static const struct damage *notes_left(const struct sample *s, struct said *said)
{
    damage_check(said, s);
    for (size_t i = 0; i < damage_count; i++)
        if (said->counts[damages[i].fault] && !is_beyond_repair(damages[i].fault) &&
            damages[i].fault != CAIRN_FAT_FAULT_FAT_NIBBLE)
            return &damages[i];
    return NULL;
}

struct verdict {
    char text[10000];
};

static bool fails(struct verdict *verdict, const struct mending *mending, const char *what,
                  const char *which)
{
    snprintf(verdict->text, sizeof verdict->text, "%s%s\n%s", what, which, mending->log);
    return false;
}

static bool plan_holds(struct mending *mending, struct verdict *verdict)
{
    mending->options.plan_only = true;
    mending_run(mending);
    mending->options.plan_only = false;
    if (mending->broken) return fails(verdict, mending, "planning: ", mending->broken);
    return mending->save_count == 0 || fails(verdict, mending, "a plan saves", "");
}

static bool second_run_is_idle(const struct sample *s, struct verdict *verdict)
{
    static struct mending again;
    again = (struct mending){ .bytes = s->bytes, .size = s->size };
    mending_run(&again);
    bool idle = again.save_count == 0 && again.result.mended == 0;
    if (!idle) fails(verdict, &again, "a second run changes something", "");
    mending_end(&again);
    return idle;
}

static bool repaired_is_sound(const struct combo *combo, const struct sample *s,
                              const struct mending *mending, struct verdict *verdict)
{
    static struct said said;
    if (mending->err) return fails(verdict, mending, "repair: ", cairn_err_name(mending->err));
    if (mending->broken) return fails(verdict, mending, "", mending->broken);
    const struct damage *left = notes_left(s, &said);
    if (left) return fails(verdict, mending, "left: ", cairn_fat_fault_name(left->fault));
    const char *path = missing_mounted(combo, s);
    if (path) return fails(verdict, mending, "missing, or changed: ", path);
    return second_run_is_idle(s, verdict);
}

static bool undone_is_damaged(const struct combo *combo, const struct mending *mending,
                              struct verdict *verdict)
{
    struct sample damaged;
    mending_undo(mending);
    if (!combo_plant(combo, &damaged)) abort();
    bool same = mending_same(mending, damaged.bytes);
    sample_free(&damaged);
    return same || fails(verdict, mending, "undo does not give back what was", "");
}

/* Neither boot sector can be used. */
static bool is_dead(const struct mending *mending)
{
    return mending->err == CAIRN_EINVAL && mending->save_count == 0;
}

static bool combo_mends(const struct combo *combo, struct verdict *verdict)
{
    static struct mending mending;
    struct sample s;
    if (!combo_plant(combo, &s)) return true;
    mending = (struct mending){ .bytes = s.bytes, .size = s.size };
    bool well = plan_holds(&mending, verdict);
    if (well) mending_run(&mending);
    if (well && !is_dead(&mending))
        well = repaired_is_sound(combo, &s, &mending, verdict) &&
               undone_is_damaged(combo, &mending, verdict);
    mending_end(&mending);
    sample_free(&s);
    return well;
}

/* ---- units ---------------------------------------------------------------------------------- */

static void all_mend(const struct sample_shape *shape, uint32_t count)
{
    static struct verdict verdict;
    struct combo combo = { .shape = *shape };
    while (combo_next(&combo, count))
        ck_assert_msg(combo_mends(&combo, &verdict), "%s: %s", combo_text(&combo), verdict.text);
}

START_TEST(single_ones_mend)
{
    all_mend(&combo_shapes[_i], 1);
}
END_TEST

START_TEST(pairs_mend)
{
    all_mend(&combo_shapes[_i], 2);
}
END_TEST

START_TEST(all_threes_mend)
{
    all_mend(&combo_shapes[_i], 3);
}
END_TEST

static bool any_mend(struct tape *tape)
{
    static struct verdict verdict;
    struct combo combo;
    combo_draw(tape, &combo);
    return combo_mends(&combo, &verdict) || tape_fail(tape, "%s", verdict.text);
}

START_TEST(three_mend)
{
    struct tape_options options = { .runs = 400, .bytes_max = 16, .timeout_s = 60 };
    ck_assert(tape_run("any_mend", any_mend, &options));
}
END_TEST

void damage_repair_tests(Suite *suite)
{
    TCase *tests = tcase_create("mends");
    bool threes = getenv("CAIRN_THREES") != NULL; /* each takes minutes */
    tcase_set_timeout(tests, threes ? 1800 : 300);
    tcase_add_loop_test(tests, single_ones_mend, 0, (int)combo_shape_count);
    tcase_add_test(tests, three_mend);
    suite_add_tcase(suite, tests);
    tests = tcase_create("pairs mend");
    tcase_set_timeout(tests, threes ? 1800 : 300);
    tcase_set_tags(tests, "thorough");
    tcase_add_loop_test(tests, pairs_mend, 0, threes ? (int)combo_shape_count : 2);
    if (threes) tcase_add_loop_test(tests, all_threes_mend, 0, (int)combo_shape_count);
    suite_add_tcase(suite, tests);
}
