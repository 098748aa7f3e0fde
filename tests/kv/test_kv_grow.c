/* SPDX-License-Identifier: ISC */
/* A store whose device becomes larger: it has the room, keeps what it had, and power may go. */
#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <cairn/kv_check.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u
#define MEM_BYTES (1u << 20)
#define DISK_BYTES (160u << 20) /* into the second group of pages */
#define SMALL_BYTES (1u << 20)

static uint8_t *disk, mem[MEM_BYTES], value[60000], seen[60000];
static struct cairn_blk_mem dev;
static struct cairn_kv *kv;

static void device_of(uint64_t bytes)
{
    ck_assert(!cairn_blk_mem_open(&dev, disk, 512, bytes / 512, NULL));
}

static void store_open(struct cairn_blk *on)
{
    ck_assert_int_eq(cairn_kv_native_open(&kv, on, NULL, mem, sizeof mem, NULL), CAIRN_OK);
}

static void setup(void)
{
    disk = calloc(1, DISK_BYTES);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 31 + i / 256);
    device_of(SMALL_BYTES);
    ck_assert(!cairn_kv_native_format(&dev.base, NULL, mem, sizeof mem, NULL));
}

static void teardown(void)
{
    free(disk);
}

static enum cairn_err put(unsigned number, size_t bytes)
{
    char key[16];
    sprintf(key, "%06u", number);
    return cairn_kv_set(kv, cairn_kv_key(key), value, bytes, 0, NULL);
}

static void holds(unsigned number, size_t bytes)
{
    char key[16];
    size_t done = 0;
    sprintf(key, "%06u", number);
    ck_assert(!cairn_kv_get(kv, cairn_kv_key(key), 0, seen, sizeof seen, &done, NULL));
    ck_assert(done == bytes && memcmp(seen, value, bytes) == 0);
}

static void sound(struct cairn_blk *on)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    ck_assert(!cairn_kv_check_begin(&check, on, NULL, mem, sizeof mem, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &result);
    ck_assert_uint_eq(result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR], 0);
}

static struct cairn_kv_native_usage usage_of(void)
{
    struct cairn_kv_native_usage usage;
    ck_assert(!cairn_kv_native_usage(kv, &usage, NULL));
    return usage;
}

static unsigned fill(void)
{
    unsigned count = 0;
    while (!put(count, sizeof value))
        count++;
    return count;
}

/* Full, grown, filled further, over the end of the group, closed and opened. */
START_TEST(more_room)
{
    store_open(&dev.base);
    unsigned first = fill();
    ck_assert(!cairn_kv_native_grow(kv, NULL));
    ck_assert_uint_eq(usage_of().geometry.pages, SMALL_BYTES / PAGE);
    ck_assert(!cairn_kv_close(kv, NULL));
    device_of(DISK_BYTES);
    store_open(&dev.base);
    ck_assert(!cairn_kv_native_grow(kv, NULL));
    ck_assert_uint_eq(usage_of().geometry.pages, DISK_BYTES / PAGE);
    ck_assert_uint_gt(usage_of().free_pages, DISK_BYTES / PAGE / 10 * 9);
    unsigned all = fill();
    ck_assert_uint_gt((uint64_t)all * sizeof value, DISK_BYTES / 10 * 9);
    ck_assert(!cairn_kv_close(kv, NULL));
    store_open(&dev.base);
    for (unsigned i = 0; i < all; i++)
        holds(i, sizeof value);
    ck_assert_uint_gt(all, first);
    ck_assert(!cairn_kv_close(kv, NULL));
    sound(&dev.base);
}
END_TEST

/* By a few pages again and again, beside changes; fewer than a ring are left. */
START_TEST(little_by_little)
{
    uint64_t pages = SMALL_BYTES / PAGE;
    unsigned number = 0;
    for (unsigned i = 1; i < 120; i++) {
        pages += i % 23;
        device_of(pages * PAGE);
        store_open(&dev.base);
        uint64_t before = usage_of().geometry.pages;
        ck_assert(!cairn_kv_native_grow(kv, NULL));
        ck_assert_uint_eq(usage_of().geometry.pages, pages - before < 8 ? before : pages);
        ck_assert(!put(number++, 3000));
        ck_assert(!cairn_kv_close(kv, NULL));
        if (i % 10 == 0) sound(&dev.base);
    }
    store_open(&dev.base);
    for (unsigned i = 0; i < number; i++)
        holds(i, 3000);
    ck_assert(!cairn_kv_close(kv, NULL));
}
END_TEST

/* Power goes at each event of growing; whatever is left of the last writes. */
static bool cut_at(uint64_t event, void *sim_mem, size_t sim_bytes, uint8_t *pristine)
{
    struct cairn_blk_sim sim;
    struct cairn_blk_sim_options options = { .versions = 4096 };
    struct cairn_blk_sim_plan plan;
    uint64_t bytes = 2 * SMALL_BYTES;
    memcpy(disk, pristine, bytes);
    device_of(bytes);
    cairn_blk_sim_plan_init(&plan);
    plan.seed = event * 7 + 1;
    plan.leaves = CAIRN_BLK_SIM_LEAVES_ANY;
    struct cairn_blk_sim_rule *rule =
        cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_ANY, event);
    rule->cut = (enum cairn_blk_cut)(event % 3);
    ck_assert(!cairn_blk_sim_open(&sim, &dev.base, &options, sim_mem, sim_bytes, NULL, NULL));
    cairn_blk_sim_plan_set(&sim, &plan);
    enum cairn_err err = cairn_kv_native_open(&kv, &sim.base, NULL, mem, sizeof mem, NULL);
    if (!err) {
        err = cairn_kv_native_grow(kv, NULL);
        if (!err) err = put(1, 50000);
        enum cairn_err closed = cairn_kv_close(kv, NULL);
        if (!err) err = closed;
    }
    bool reached = sim.state.hits[0] > 0;
    ck_assert(reached || !err);
    ck_assert(!cairn_blk_sim_restart(&sim, NULL, NULL, NULL, NULL));
    store_open(&sim.base);
    holds(0, 50000);
    ck_assert(!cairn_kv_native_grow(kv, NULL));
    ck_assert_uint_eq(usage_of().geometry.pages, bytes / PAGE);
    ck_assert(!put(2, 60000));
    ck_assert(!cairn_kv_close(kv, NULL));
    sound(&sim.base);
    ck_assert(!cairn_blk_close(&sim.base, NULL));
    return reached;
}

START_TEST(cut)
{
    struct cairn_blk_sim_options options = { .versions = 4096 };
    uint8_t *pristine = calloc(2, SMALL_BYTES);
    store_open(&dev.base);
    ck_assert(!put(0, 50000));
    ck_assert(!cairn_kv_close(kv, NULL));
    memcpy(pristine, disk, SMALL_BYTES);
    device_of(2 * SMALL_BYTES);
    size_t sim_bytes = cairn_blk_sim_mem(&dev.base, &options);
    void *sim_mem = malloc(sim_bytes);
    uint64_t event = 1;
    while (cut_at(event, sim_mem, sim_bytes, pristine))
        event++;
    ck_assert_uint_gt(event, 10);
    free(sim_mem);
    free(pristine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-grow");
    TCase *tcase = tcase_create("grow");
    SRunner *runner = srunner_create(suite);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, more_room);
    tcase_add_test(tcase, little_by_little);
    tcase_add_test(tcase, cut);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
