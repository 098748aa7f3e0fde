/* SPDX-License-Identifier: ISC */
/* Power cuts at every event of scripts, on volumes that sync by themselves: what a call did is
 * there after it. Volumes that sync when told are crash/'s. */
#include "test_volume.h"

#include "cut.h"

static void cut_everywhere(const struct rig_shape *shape, const struct script_step *steps)
{
    struct cut *cut = cut_new();
    enum cut_outcome outcome = CUT_HELD;
    for (uint64_t event = 0; outcome != CUT_ENDED; event++) {
        outcome = cut_at(cut, shape, steps, event);
        ck_assert_msg(outcome != CUT_BROKEN, "cut at event %u: %s", (unsigned)event, cut->what);
    }
    ck_assert_int_eq(cut->err, CAIRN_OK);
    cut_free(cut);
}

/* ---- scripts --------------------------------------------------------------------------------- */

/* New chains, longer ones and cut ones: fat (1), fat (2). */
static const struct script_step growth[] = {
    { SCRIPT_WRITE, "kept", 3000, NULL },
    { SCRIPT_WRITE, "a long name of a file", 700, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "new", 2000, NULL },
    { SCRIPT_WRITE, "a long name of a file", 5000, NULL },
    { SCRIPT_MKDIR, "dir", 0, NULL },
    { SCRIPT_WRITE, "dir/one", 100, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_CUT, "a long name of a file", 1000, NULL },
    { SCRIPT_WRITE, "dir/two with a long name", 1500, NULL },
    { SCRIPT_WRITE, "a long name of a file", 1500, NULL },
    { SCRIPT_RESERVE, "new", 6000, NULL },
    { SCRIPT_LABEL, "LABEL", 0, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "kept", 3000, NULL },
    { SCRIPT_REMOVE, "new", 0, NULL },
    { SCRIPT_END, NULL, 0, NULL },
};

/* fat (3), fat (4) */
static const struct script_step renames[] = {
    { SCRIPT_WRITE, "a", 1000, NULL },
    { SCRIPT_WRITE, "b", 2000, NULL },
    { SCRIPT_WRITE, "still", 600, NULL },
    { SCRIPT_MKDIR, "d", 0, NULL },
    { SCRIPT_MKDIR, "e", 0, NULL },
    { SCRIPT_MKDIR, "d/sub", 0, NULL },
    { SCRIPT_WRITE, "d/inner", 400, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_RENAME, "a", 0, "swap" }, /* swapped by three renames */
    { SCRIPT_RENAME, "b", 0, "a" },
    { SCRIPT_RENAME, "swap", 0, "b" },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_RENAME, "d/sub", 0, "e/moved directory" },
    { SCRIPT_RENAME, "d/inner", 0, "e/Inner.Text" },
    { SCRIPT_RENAME, "still", 0, "STILL" },
    { SCRIPT_RENAME, "STILL", 0, "Still" },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_RENAME, "a", 0, "b" }, /* over it */
    { SCRIPT_WRITE, "a", 300, NULL },
    { SCRIPT_RENAME, "e", 0, "d/e" },
    { SCRIPT_END, NULL, 0, NULL },
};

/* A label set, changed, and removed, whose slot a file takes at once: fat (2). */
static const struct script_step labels[] = {
    { SCRIPT_WRITE, "kept", 700, NULL },
    { SCRIPT_LABEL, "FIRST", 0, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_LABEL, "SECOND", 0, NULL },
    { SCRIPT_WRITE, "a long name of a file", 700, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_LABEL, "", 0, NULL },
    { SCRIPT_WRITE, "SHORT", 900, NULL },
    { SCRIPT_LABEL, "THIRD", 0, NULL },
    { SCRIPT_END, NULL, 0, NULL },
};

/* A name, its slots and its clusters used anew: fat (2), fat (3), fat (5). */
static const struct script_step again[] = {
    { SCRIPT_WRITE, "name", 1000, NULL },
    { SCRIPT_WRITE, "other long name.text", 1000, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_REMOVE, "name", 0, NULL },
    { SCRIPT_WRITE, "name", 1500, NULL },
    { SCRIPT_REMOVE, "name", 0, NULL },
    { SCRIPT_WRITE, "name", 500, NULL },
    { SCRIPT_CUT, "other long name.text", 0, NULL },
    { SCRIPT_WRITE, "other long name.text", 2500, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_CUT, "other long name.text", 600, NULL },
    { SCRIPT_RENAME, "name", 0, "other long name.text" },
    { SCRIPT_WRITE, "name", 700, NULL },
    { SCRIPT_END, NULL, 0, NULL },
};

/* A directory that grows, with names over the edges of sectors and clusters. */
static const struct script_step crowd[] = {
    { SCRIPT_MKDIR, "d", 0, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 1", 10, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 2", 10, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 3", 10, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 4", 10, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 5", 10, NULL },
    { SCRIPT_WRITE, "d/a name of three slots, about 6", 10, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_REMOVE, "d/a name of three slots, about 2", 0, NULL },
    { SCRIPT_REMOVE, "d/a name of three slots, about 3", 0, NULL },
    { SCRIPT_WRITE, "d/another name of many slots, five of them in all I think 7", 10, NULL },
    { SCRIPT_WRITE, "d/another name of many slots, five of them in all I think 8", 10, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "d/another name of many slots, five of them in all I think 9", 10, NULL },
    { SCRIPT_RENAME, "d/a name of three slots, about 1", 0, "d/one" },
    { SCRIPT_END, NULL, 0, NULL },
};

/* A target that was made shorter just now, in another sector than the entry that replaces it. fat
 * (5) */
static const struct script_step replaced[] = {
    { SCRIPT_WRITE, "target", 3000, NULL },
    { SCRIPT_WRITE,
      "a name of many slots, so that the next entry is in another sector, it takes "
      "up more than one hundred and eighty characters, of which thirteen go into "
      "each of its slots, and there we are, nearly",
      100, NULL },
    { SCRIPT_WRITE, "source", 700, NULL },
    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_CUT, "target", 600, NULL },
    { SCRIPT_RENAME, "source", 0, "target" },
    { SCRIPT_END, NULL, 0, NULL },
};

static const struct script_step *const scripts[] = {
    growth, renames, labels, again, crowd, replaced
};

/* ---- by policy ------------------------------------------------------------------------------- */

/* What a call did is there after it, in whatever way power goes: nothing but the step that was
 * under way may be lost. fat (14) */
START_TEST(cut_with_a_sync_at_once)
{
    struct rig_shape shape = { .clusters = 80, .sync = CAIRN_FAT_SYNC_AT_ONCE };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

START_TEST(cut_with_a_sync_on_close)
{
    struct rig_shape shape = { .clusters = 80,
                               .cluster_bytes = 1024,
                               .sync = CAIRN_FAT_SYNC_ON_CLOSE };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

TCase *volume_cut_tests(void)
{
    int count = (int)CAIRN_COUNT(scripts);
    TCase *tests = tcase_create("cut");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, cut_with_a_sync_at_once, 0, count);
    tcase_add_loop_test(tests, cut_with_a_sync_on_close, 0, count);
    return tests;
}
