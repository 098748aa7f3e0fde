/* SPDX-License-Identifier: ISC */
/* Power goes at every request and flush of a script, and each sector that was not flushed is lost,
 * kept or torn: all ways of that where they are few, seeded ones where they are many. */
#include "test_volume.h"

#include "rig.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 20u /* of the ways, when there are too many */
#define ALL_WAYS 5u /* sectors whose every way is tried */
#define CHECK_BYTES (1u << 20)

struct cut {
    struct rig rig;
    struct script script;
    struct cairn_blk_mem after; /* the device when power is back: rig's stable memory */
    uint32_t *blocks;           /* that were not flushed */
    uint32_t count;
    uint8_t *old; /* their stable contents */
    void *mem;    /* for mounting afterwards, and for check */
    char what[2048];
};

/* ---- what a cut may leave -------------------------------------------------------------------- */

static bool fault_is_fine(const struct script *script, enum cairn_fat_fault fault)
{
    static const enum cairn_fat_fault fine[] = {
        CAIRN_FAT_FAULT_DIRTY,          CAIRN_FAT_FAULT_FSINFO_FREE,
        CAIRN_FAT_FAULT_FSINFO_NEXT,    CAIRN_FAT_FAULT_FATS_DIFFER,
        CAIRN_FAT_FAULT_ORPHAN,         CAIRN_FAT_FAULT_CHAIN_LONG,
        CAIRN_FAT_FAULT_LONG_ORPHAN,    CAIRN_FAT_FAULT_LONG_SEQUENCE,
        CAIRN_FAT_FAULT_LONG_CHECKSUM,  CAIRN_FAT_FAULT_DIR_AFTER_END,
        CAIRN_FAT_FAULT_BACKUP_DIFFERS,
    };
    for (size_t i = 0; i < CAIRN_COUNT(fine); i++)
        if (fault == fine[i]) return true;
    if (fault == CAIRN_FAT_FAULT_LABEL_DIFFERS) return script->labelled;
    if (fault == CAIRN_FAT_FAULT_LONG_DUPLICATE) return script->recased;
    return script->renamed &&
           (fault == CAIRN_FAT_FAULT_CHAIN_SHARED || fault == CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET);
}

static bool fault_report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct cut *cut = ctx;
    if (finding->severity == CAIRN_FAT_NOTE || fault_is_fine(&cut->script, finding->fault))
        return true;
    snprintf(cut->what, sizeof cut->what, "%s: %s", finding->path, finding->text);
    return false;
}

static bool check_agrees(struct cut *cut)
{
    struct cairn_fat_check_options options = { .report = fault_report, .ctx = cut };
    struct cairn_fat_check_result result;
    return cairn_fat_check(&cut->after.base, &options, cut->mem, CHECK_BYTES, &result, NULL) ==
           CAIRN_OK;
}

static bool mount_agrees(struct cut *cut)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_why why = { .err = CAIRN_OK };
    struct cairn_fat *fs;
    const char *path = NULL;
    enum cairn_err err =
        cairn_fat_mount(&fs, &cut->after.base, &options, cut->mem, CHECK_BYTES, &why);
    if (err) {
        snprintf(cut->what, sizeof cut->what, "does not mount: %s", why.what);
        return false;
    }
    bool whole = script_survives(&cut->script, fs, &path);
    if (!whole) snprintf(cut->what, sizeof cut->what, "%s was synced and is not whole", path);
    err = cairn_fat_unmount(fs, NULL);
    return whole && !err;
}

/* ---- the ways -------------------------------------------------------------------------------- */

static uint8_t *block_at(uint8_t *image, const struct cut *cut, uint32_t i)
{
    return image + (size_t)cut->blocks[i] * cut->rig.geometry.sector_bytes;
}

static void blocks_note(struct cut *cut)
{
    const struct cairn_blk_sim *sim = &cut->rig.dev.sim;
    uint64_t all = sim->base.info.block_count;
    uint32_t bytes = cut->rig.geometry.sector_bytes;
    cut->blocks = calloc(all, sizeof *cut->blocks);
    cut->count = 0;
    for (uint32_t block = 0; block < all; block++)
        if (sim->unflushed[block / 8] >> block % 8 & 1) cut->blocks[cut->count++] = block;
    cut->old = malloc((size_t)cut->count * bytes + 1);
    for (uint32_t i = 0; i < cut->count; i++)
        memcpy(cut->old + (size_t)i * bytes, block_at(sim->stable, cut, i), bytes);
}

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Block i as it was, as it was to be, or half of each. */
static void block_decide(struct cut *cut, uint32_t i, uint32_t fate)
{
    uint32_t bytes = cut->rig.geometry.sector_bytes, half = bytes / 2;
    uint8_t *at = block_at(cut->rig.dev.sim.stable, cut, i);
    const uint8_t *old = cut->old + (size_t)i * bytes;
    const uint8_t *new = block_at(cut->rig.dev.sim.current, cut, i);
    memcpy(at, fate == 0 ? old : new, bytes);
    if (fate == 2) memcpy(at + half, old + half, bytes - half);
}

/* Way 0: all lost; 1: all kept; then every subset, or random ones, a third of them with tears. */
static void way_decide(struct cut *cut, uint32_t way, uint32_t *state)
{
    bool tears = cut->rig.geometry.sector_bytes > 512;
    for (uint32_t i = 0; i < cut->count; i++) {
        uint32_t fate = way < 2 ? way : random_next(state) % (tears && way % 3 == 0 ? 3 : 2);
        if (way >= 2 && cut->count <= ALL_WAYS) fate = (way - 1) >> i & 1;
        block_decide(cut, i, fate);
    }
}

static uint32_t way_count(const struct cut *cut)
{
    if (cut->count <= ALL_WAYS) return (1u << cut->count) + 1;
    return 2 + SAMPLES;
}

static void ways_try(struct cut *cut, uint64_t event)
{
    uint32_t state = (uint32_t)event;
    struct cairn_blk_sim *sim = &cut->rig.dev.sim;
    blocks_note(cut);
    ck_assert(!cairn_blk_mem_open(&cut->after, sim->stable, sim->base.info.block_bytes,
                                  sim->base.info.block_count, NULL));
    for (uint32_t way = 0; way < way_count(cut); way++) {
        way_decide(cut, way, &state);
        ck_assert_msg(mount_agrees(cut) && check_agrees(cut), "cut at event %u, way %u of %u: %s",
                      (unsigned)event, way, way_count(cut), cut->what);
    }
    ck_assert(!cairn_blk_close(&cut->after.base, NULL));
    free(cut->blocks);
    free(cut->old);
}

/* Run the script until the cut; true when it came to its end before. */
static bool script_ends(struct cut *cut, const struct rig_shape *shape,
                        const struct script_step *steps, uint64_t event)
{
    struct cairn_blk_sim_plan plan;
    memset(&cut->script, 0, sizeof cut->script);
    rig_make(&cut->rig, shape);
    cairn_blk_sim_plan_init(&plan);
    plan.cut_at = event;
    cairn_blk_sim_restart(&cut->rig.dev.sim, NULL, NULL, &plan);
    enum cairn_err err = rig_mount(&cut->rig);
    if (!err) err = script_run(&cut->script, cut->rig.fs, steps, &cut->rig.why);
    if (cut->rig.fs && rig_unmount(&cut->rig)) err = CAIRN_EIO;
    ck_assert_msg(cut->rig.dev.sim.is_cut || !err, "%s", cut->rig.why.what);
    return !cut->rig.dev.sim.is_cut;
}

static void cut_everywhere(const struct rig_shape *shape, const struct script_step *steps)
{
    struct cut *cut = calloc(1, sizeof *cut);
    struct rig_shape on_sim = *shape;
    on_sim.on_sim = true;
    cut->mem = malloc(CHECK_BYTES);
    bool ended = false;
    for (uint64_t event = 0; !ended; event++) {
        ended = script_ends(cut, &on_sim, steps, event);
        if (!ended) ways_try(cut, event);
        rig_free(&cut->rig);
    }
    free(cut->mem);
    free(cut);
}

/* ---- scripts --------------------------------------------------------------------------------- */

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

/* On six clusters: a's new link and b's new cluster share a byte of a FAT12. */
static const struct script_step nibbles[] = {
    { SCRIPT_WRITE, "2", 512, NULL },    { SCRIPT_WRITE, "3", 512, NULL },
    { SCRIPT_WRITE, "hole", 512, NULL }, { SCRIPT_WRITE, "a", 512, NULL },
    { SCRIPT_WRITE, "b", 512, NULL },    { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_REMOVE, "hole", 0, NULL },  { SCRIPT_SYNC, NULL, 0, NULL },
    { SCRIPT_WRITE, "a", 512, NULL },    { SCRIPT_WRITE, "b", 512, NULL },
    { SCRIPT_END, NULL, 0, NULL },
};

static const struct script_step *const scripts[] = { growth, renames, again, crowd };

START_TEST(cut_on_fat12)
{
    struct rig_shape shape = { .type = CAIRN_FAT12, .clusters = 80 };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

START_TEST(cut_within_a_shared_byte)
{
    struct rig_shape shape = { .type = CAIRN_FAT12, .clusters = 6 };
    cut_everywhere(&shape, nibbles);
}
END_TEST

START_TEST(cut_on_fat16)
{
    struct rig_shape shape = { .type = CAIRN_FAT16, .cluster_bytes = 1024, .fat_count = 1 };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

START_TEST(cut_on_fat32)
{
    struct rig_shape shape = { .type = CAIRN_FAT32, .clusters = 80 };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

START_TEST(cut_with_large_sectors)
{
    struct rig_shape shape = { .sector_bytes = 4096, .clusters = 80 };
    cut_everywhere(&shape, scripts[_i]);
}
END_TEST

TCase *volume_cut_tests(void)
{
    int count = (int)CAIRN_COUNT(scripts);
    TCase *tests = tcase_create("cut");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, cut_on_fat12, 0, count);
    tcase_add_test(tests, cut_within_a_shared_byte);
    tcase_add_loop_test(tests, cut_on_fat16, 0, count);
    tcase_add_loop_test(tests, cut_on_fat32, 0, count);
    tcase_add_loop_test(tests, cut_with_large_sectors, 0, count);
    return tests;
}
