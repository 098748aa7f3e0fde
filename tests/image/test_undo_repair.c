/* SPDX-License-Identifier: ISC */
/* Each fault of the table is repaired on a device whose power goes at every request in turn; what
 * was saved takes the volume back to the byte, whatever the cut left. */
#include "undo_build.h"

#include <cairn/fat_repair.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tests/fat/damage.h>
#include <tests/sim.h>
#include <unistd.h>

static struct {
    struct sample sample; /* the damaged volume */
    struct cairn_blk_sim sim;
    uint8_t *bytes; /* of the device */
    struct img_undo_header like;
    struct cairn_image_undo *undo;
    char path[80];
    uint64_t sealed_at; /* event of the device */
    uint64_t cuts, made;
} t;

static bool report(void *ctx, const struct cairn_fat_finding *finding)
{
    (void)ctx;
    (void)finding;
    return true;
}

static enum cairn_err saved(void *ctx, struct cairn_why *why)
{
    if (t.sealed_at == 0) t.sealed_at = t.sim.state.events;
    return cairn_image_undo_saved(ctx, why);
}

/* The volume as it was, and power that goes at event `cut`. */
static void power_on(uint64_t cut)
{
    memcpy(t.bytes, t.sample.bytes, t.sample.size);
    sim_live_until(&t.sim, cut);
}

static uint32_t choose(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    uint64_t mix = (choice->block + 1) * *(uint64_t *)ctx * 0x9E3779B97F4A7C15u;
    return (mix >> 40) % (choice->versions + 1);
}

static enum cairn_err repair(bool *made)
{
    size_t bytes = cairn_fat_repair_mem(&t.sim.base, 1000, 0);
    void *mem = malloc(bytes);
    struct cairn_why why = { 0 };
    ck_assert_int_eq(img_undo_begin(&t.undo, t.path, &t.like, &why), CAIRN_OK);
    struct cairn_fat_repair_options how = { .check = { .report = report, .ctx = t.undo },
                                            .save = cairn_image_undo_save,
                                            .saved = saved };
    struct cairn_fat_repair_result result;
    enum cairn_err err = cairn_fat_repair(&t.sim.base, &how, mem, bytes, &result, &why);
    ck_assert_int_eq(cairn_image_undo_end(t.undo, !err, made, NULL), CAIRN_OK);
    free(mem);
    return err;
}

static void take_back(const struct damage *damage, uint64_t cut)
{
    struct cairn_image_undo_result result;
    struct cairn_why why = { 0 };
    struct stat st;
    int fd = open(t.path, O_RDONLY);
    ck_assert(fd >= 0 && fstat(fd, &st) == 0);
    enum cairn_err err =
        img_undo_apply(fd, (uint64_t)st.st_size, &t.sim.base, &t.like, &result, &why);
    ck_assert_msg(err == CAIRN_OK, "%s, cut at %llu: %s", damage->name, (unsigned long long)cut,
                  why.what);
    close(fd);
    unlink(t.path);
}

/* One repair that is cut, or not; false: it came to its end before. */
static bool cut_once(const struct damage *damage, uint64_t cut)
{
    bool made = false;
    power_on(cut);
    enum cairn_err err = repair(&made);
    ck_assert_msg(!err || t.sim.state.is_cut || err == CAIRN_EINVAL, "%s: %d", damage->name, err);
    bool was_cut = t.sim.state.is_cut;
    sim_calm(&t.sim);
    if (was_cut) sim_restart(&t.sim, choose, &cut);
    if (made) take_back(damage, cut);
    ck_assert_msg(memcmp(t.bytes, t.sample.bytes, t.sample.size) == 0, "%s, cut at %llu",
                  damage->name, (unsigned long long)cut);
    t.made += made;
    t.cuts += was_cut;
    return was_cut;
}

static void damage_try(const struct damage *damage, enum cairn_fat_type type)
{
    struct sample_shape shape = { .type = type };
    sample_make_shape(&t.sample, &shape);
    damage_plant(damage, &t.sample);
    uint64_t blocks = t.sample.size / 512;
    struct cairn_blk_mem below;
    t.bytes = malloc(t.sample.size);
    void *log = sim_open(&t.sim, &below, t.bytes, 512, blocks);
    t.like = (struct img_undo_header){ .block_bytes = 512,
                                       .device_bytes = blocks * 512,
                                       .volume_bytes = blocks * 512 };
    t.sealed_at = 0;
    (void)cut_once(damage, SIM_NEVER);
    for (uint64_t cut = t.sealed_at; cut > 0 && cut_once(damage, cut); cut++)
        continue;
    free(log);
    free(t.bytes);
    sample_free(&t.sample);
}

START_TEST(cut_anywhere)
{
    char folder[64]; /* in memory, where it can be: each undo file is synced */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/cairn-undo-XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(t.path, sizeof t.path, "%s/undo", folder);
    for (size_t i = 0; i < damage_count; i++)
        if (damage_fits(&damages[i], CAIRN_FAT12)) damage_try(&damages[i], CAIRN_FAT12);
    rmdir(folder);
    printf("%llu cuts, %llu undo files\n", (unsigned long long)t.cuts, (unsigned long long)t.made);
    ck_assert_uint_gt(t.cuts, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("undo of repairs");
    TCase *tc = tcase_create("undo of repairs");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, cut_anywhere);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
