/* SPDX-License-Identifier: ISC */
/*
 * A store damaged in each way that a repair mends, by one page of its map or by two levels of it:
 * sound and the same afterwards, a second repair writes nothing, and a cut behind any write of the
 * first leaves what the next one mends. Damage that hides what is in use: nothing is written.
 */
#include <cairn/kv_repair.h>
#include <check.h>
#include <kv/native/bits.h>
#include <kv/native/codec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sparse.h"

#define PAGE 4096u
#define SMALL_PAGES 512u
#define LARGE_PAGES (UINT64_C(16) << 18) /* 16 GiB: two levels of the map */
#define MEM_BYTES (8u << 20)
#define LOG_BYTES (256u << 10)

static struct sparse dev;
static struct cairn_kv *kv;
static uint8_t mem[MEM_BYTES], page[PAGE], value[200000], digest_mem[CAIRN_KV_DIGEST_MEM];
static struct cairn_clock_wall_fixed now;
static struct cairn_hash128 whole[2]; /* the store, and its snapshot, before the damage */
static uint64_t pages;

/* ---- the store ------------------------------------------------------------------------------- */

static void store_open(void)
{
    struct cairn_kv_native_options how = { .clock = &now.base };
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev.base, &how, mem, sizeof mem, NULL), CAIRN_OK);
}

static void set(const char *key, size_t bytes)
{
    ck_assert(!cairn_kv_set(kv, cairn_kv_key(key), value, bytes, 0, NULL));
}

static void digest(struct cairn_hash128 hash[2])
{
    struct cairn_kv_view view;
    struct cairn_kv_key all = cairn_kv_key("");
    ck_assert(!cairn_kv_digest(kv, all, &hash[0], digest_mem, sizeof digest_mem, NULL));
    ck_assert(!cairn_kv_snapshot_open(&view, kv, cairn_kv_key("s"), NULL));
    ck_assert(!cairn_kv_digest(&view.kv, all, &hash[1], digest_mem, sizeof digest_mem, NULL));
    cairn_kv_view_close(&view);
}

static void fill(void)
{
    char key[32];
    for (unsigned i = 0; i < 300; i++) {
        sprintf(key, "d%u/key-%u", i % 5, i);
        set(key, i);
    }
    set("large", 150000);
    ck_assert(!cairn_kv_snapshot_make(kv, cairn_kv_key("s"), NULL));
    set("large", 200000);
    set("small", 5000);
}

/* With two checkpoints behind it, and changes that only the log has. */
static void make(uint64_t of_pages)
{
    struct cairn_kv_native_format_options format = { .log_bytes = LOG_BYTES };
    pages = of_pages;
    sparse_open(&dev, pages);
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    ck_assert(!cairn_kv_native_format(&dev.base, &format, mem, sizeof mem, NULL));
    store_open();
    fill();
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    set("d1/again", 700);
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    set("logged", 9000);
    set("log/inline", 90);
    digest(whole); /* the store is not closed: that would empty its log */
}

static void checkpoint_now(void)
{
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void page_get(uint64_t at)
{
    ck_assert(!cairn_blk_read(&dev.base, at, 1, page, NULL));
}

static void page_put(uint64_t at)
{
    ck_assert(!cairn_blk_write(&dev.base, at, 1, page, NULL));
}

static void flip(uint64_t at)
{
    page_get(at);
    for (unsigned i = 100; i < 110; i++)
        page[i] ^= 0x55;
    page_put(at);
}

/* Where in the page these bytes begin; 0: nowhere. */
static unsigned find_in_page(const char *text)
{
    size_t bytes = strlen(text);
    for (unsigned i = 1; i + bytes < PAGE; i++)
        if (memcmp(page + i, text, bytes) == 0) return i;
    return 0;
}

static struct kvn_super newest(void)
{
    struct kvn_super best = { .generation = 0 }, super;
    for (uint64_t slot = 0; slot < KVN_RING; slot++) {
        page_get(slot);
        if (!kvn_super_decode(&super, page, NULL) && super.generation > best.generation)
            best = super;
    }
    ck_assert_uint_gt(best.generation, 0);
    return best;
}

static void super_put(const struct kvn_super *super)
{
    uint64_t slot = super->generation % KVN_RING;
    memset(page, 0, sizeof page);
    kvn_super_encode(page, super);
    page_put(slot);
    page_put(pages - KVN_RING + slot);
}

static uint64_t slot_of_newest(void)
{
    return newest().generation % KVN_RING;
}

static void head_lost(void)
{
    flip(slot_of_newest());
}

static void tail_lost(void)
{
    flip(pages - KVN_RING + slot_of_newest());
}

static void older_lost(void)
{
    flip((slot_of_newest() + KVN_RING - 1) % KVN_RING);
}

/* The page of the map for group 0, and what leads to it, the top's page first. */
static unsigned map_path(uint64_t path[2])
{
    struct kvn_super super = newest();
    struct kvn_home home = super.top[0];
    path[0] = kvn_homes_page(&super, super.index_levels, 0) + home.home;
    if (!super.index_levels) return 1;
    page_get(path[0]);
    ck_assert(!kvn_home_decode(&home, page + KVN_BITS_AT));
    path[1] = kvn_homes_page(&super, 0, 0) + home.home;
    return 2;
}

static void map_lost(void)
{
    uint64_t path[2];
    unsigned count = map_path(path);
    flip(path[count - 1]);
}

static void map_top_lost(void)
{
    uint64_t path[2];
    (void)map_path(path);
    flip(path[0]);
}

static void map_all_lost(void)
{
    struct kvn_super super = newest();
    for (uint32_t level = 0; level <= super.index_levels; level++)
        for (unsigned i = 0; i < KVN_RING; i++)
            flip(kvn_homes_page(&super, level, 0) + i);
}

/* Bits of it are not what they should be, and every hash is right. */
static void map_change(uint64_t count, bool used)
{
    uint64_t path[2], hashes;
    unsigned levels = map_path(path);
    struct kvn_super super = newest();
    struct kvn_bits_head head;
    struct kvn_home home = super.top[0];
    page_get(path[levels - 1]);
    ck_assert(!kvn_bits_check(page, PAGE, &head));
    for (uint64_t i = 0; count; i++) {
        if (kvn_has_fixed(&super, i, 1) || kvn_bit(page + KVN_BITS_AT, i) == used) continue;
        (void)kvn_bits_put(page + KVN_BITS_AT, i, 1, used);
        count--;
    }
    kvn_bits_seal(page, PAGE, &head);
    page_put(path[levels - 1]);
    struct cairn_hash128 hash = kvn_bits_hash(page);
    if (levels == 2) {
        page_get(path[0]);
        ck_assert(!kvn_bits_check(page, PAGE, &head) &&
                  !kvn_home_decode(&home, page + KVN_BITS_AT));
        home.hash = hash;
        kvn_home_encode(page + KVN_BITS_AT, &home);
        kvn_bits_seal(page, PAGE, &head);
        page_put(path[0]);
        hash = kvn_bits_hash(page);
    }
    hashes = super.generation;
    ck_assert_uint_gt(hashes, 0);
    super.top[0].hash = hash;
    super_put(&super);
}

static void leaked(void)
{
    map_change(7, true);
}

static void used_free(void)
{
    map_change(7, false);
}

static void counts_wrong(void)
{
    struct kvn_super super = newest();
    super.entries += 3;
    super.free_pages -= 5;
    super_put(&super);
}

static void root_lost(void)
{
    flip(newest().root.page);
}

static void two_things(void)
{
    map_lost();
    tail_lost();
    counts_wrong();
    head_lost();
}

static const struct damage {
    const char *name;
    void (*do_it)(void);
} damages[] = {
    { "nothing", NULL },           { "head", head_lost }, { "tail", tail_lost },
    { "older", older_lost },       { "map", map_lost },   { "map's top", map_top_lost },
    { "all homes", map_all_lost }, { "leaked", leaked },  { "used, free", used_free },
    { "counts", counts_wrong },    { "root", root_lost }, { "several", two_things },
};
#define DAMAGES ((int)(sizeof damages / sizeof *damages))

static void damage(int i)
{
    make(i % 2 ? LARGE_PAGES : SMALL_PAGES);
    if (damages[i / 2].do_it) damages[i / 2].do_it();
}

/* ---- repairing ------------------------------------------------------------------------------- */

static struct cairn_kv_repair_result result;
static struct cairn_why why;

static bool take_older;

static enum cairn_err repair(bool plan_only)
{
    static uint8_t of_repair[MEM_BYTES]; /* the store that was made stays open meanwhile */
    const struct cairn_kv_repair_options how = { .plan_only = plan_only, .older = take_older };
    cairn_why_clear(&why);
    return cairn_kv_repair(&dev.base, &how, of_repair, sizeof of_repair, &result, &why);
}

static uint64_t faults(const struct cairn_kv_check_result *of)
{
    return of->findings[CAIRN_KV_MINOR] + of->findings[CAIRN_KV_MAJOR];
}

static void sound_and_the_same(const char *name)
{
    struct cairn_hash128 is[2];
    uint64_t writes = dev.writes;
    ck_assert_msg(!faults(&result.after), "%s: faults are left", name);
    ck_assert_int_eq(repair(false), CAIRN_OK);
    ck_assert_msg(dev.writes == writes, "%s: a second repair writes", name);
    ck_assert_uint_eq(faults(&result.before), 0);
    store_open();
    digest(is);
    ck_assert_msg(memcmp(is, whole, sizeof is) == 0, "%s: it is another store", name);
    set("goes on", 60000);
    ck_assert(!cairn_kv_close(kv, NULL));
    ck_assert_int_eq(repair(true), CAIRN_OK);
    ck_assert_uint_eq(faults(&result.before), 0);
}

START_TEST(each_damage)
{
    const char *name = damages[_i / 2].name;
    damage(_i);
    uint64_t writes = dev.writes;
    ck_assert_msg(!repair(true), "%s: %s", name, why.what);
    ck_assert_uint_eq(dev.writes, writes);
    bool is_note = _i / 2 == 0 || damages[_i / 2].do_it == older_lost;
    ck_assert_msg(is_note == !faults(&result.before), "%s: found", name);
    ck_assert_uint_eq(result.left, 0);
    ck_assert_msg(!repair(false), "%s: %s", name, why.what);
    sound_and_the_same(name);
    sparse_close(&dev);
}
END_TEST

/* The power goes behind each of its writes. */
START_TEST(each_cut)
{
    bool done = false;
    for (uint64_t writes = 0; !done; writes++) {
        damage(_i);
        dev.writes_left = writes;
        done = !repair(false);
        dev.writes_left = UINT64_MAX;
        if (!done) ck_assert_msg(!repair(false), "%s: %s", damages[_i / 2].name, why.what);
        sound_and_the_same(damages[_i / 2].name);
        sparse_close(&dev);
    }
}
END_TEST

/* A leaf is lost as well: what it led to is not known. */
START_TEST(hidden)
{
    damage(_i);
    map_lost();
    struct kvn_super super = newest();
    page_get(super.root.page);
    ck_assert_uint_gt(kvn_node_level(page), 0);
    struct kvn_pointer leaf;
    kvn_pointer_decode(&leaf, kvn_node_value(page, 1).data);
    flip(leaf.page);
    uint64_t writes = dev.writes;
    ck_assert_int_eq(repair(false), CAIRN_ECORRUPT);
    ck_assert_uint_eq(dev.writes, writes);
    ck_assert_uint_gt(result.left, 0);
    sparse_close(&dev);
}
END_TEST

/* A damaged value is named, and does not keep the map from being mended. */
START_TEST(value_lost)
{
    damage(_i);
    map_lost();
    struct kvn_super super = newest();
    uint64_t at = 0, writes = dev.writes;
    for (uint64_t i = super.search_group ? 0 : 100; !at && i < SMALL_PAGES - KVN_RING; i++) {
        page_get(i);
        if (memcmp(page, value, PAGE) == 0) at = i;
    }
    ck_assert_uint_gt(at, 0);
    flip(at);
    ck_assert_int_eq(repair(false), CAIRN_OK);
    ck_assert_uint_gt(dev.writes, writes);
    ck_assert_uint_gt(result.left, 0);
    ck_assert_uint_eq(faults(&result.after), result.left);
    sparse_close(&dev);
}
END_TEST

/* A sorted batch is in no record of the log: without its root, it is lost, and no older state is
 * taken for it. */
START_TEST(sorted_batch)
{
    struct cairn_kv_batch batch;
    make(SMALL_PAGES);
    ck_assert(!cairn_kv_batch_begin(&batch, kv, CAIRN_KV_SORTED, NULL));
    ck_assert(!cairn_kv_set(&batch.kv, cairn_kv_key("sorted"), value, 100, 0, NULL));
    ck_assert(!cairn_kv_commit(&batch, 0, NULL));
    root_lost();
    uint64_t writes = dev.writes;
    cairn_why_clear(&why);
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev.base, NULL, mem, sizeof mem, &why),
                     CAIRN_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(why.what, "root"));
    ck_assert_int_eq(repair(false), CAIRN_OK);
    ck_assert_uint_eq(result.left, 1);
    ck_assert(!result.after.opens);
    ck_assert_uint_eq(dev.writes, writes);
    sparse_close(&dev);
}
END_TEST

/* The same, and the state before it is accepted. */
START_TEST(sorted_batch_given_up)
{
    struct cairn_kv_batch batch;
    make(SMALL_PAGES);
    checkpoint_now();
    digest(whole);
    ck_assert(!cairn_kv_batch_begin(&batch, kv, CAIRN_KV_SORTED, NULL));
    ck_assert(!cairn_kv_set(&batch.kv, cairn_kv_key("sorted"), value, 100, 0, NULL));
    ck_assert(!cairn_kv_commit(&batch, 0, NULL));
    set("behind", 300);
    uint64_t passed = newest().generation;
    root_lost();
    take_older = true;
    ck_assert_msg(!repair(false), "%s", why.what);
    ck_assert(result.after.opens);
    ck_assert_uint_gt(newest().generation, passed);
    take_older = false;
    sound_and_the_same("a state before it");
    sparse_close(&dev);
}
END_TEST

/* A record of the log is lost, and later ones say that it was durable: those before it are kept. */
START_TEST(log_given_up)
{
    make(SMALL_PAGES);
    struct kvn_super super = newest();
    set("lost", 500);
    uint64_t at = KVN_RING + super.log_start % super.log_bytes / PAGE;
    for (unsigned i = 0; i < 20; i++)
        set("later", 500 + i);
    for (uint64_t end = KVN_RING + LOG_BYTES / PAGE; at < end; at++) {
        page_get(at);
        if (find_in_page("lost")) break;
    }
    unsigned where = find_in_page("lost");
    ck_assert_uint_gt(where, 0);
    page[where] ^= 1;
    page_put(at);
    cairn_why_clear(&why);
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev.base, NULL, mem, sizeof mem, &why),
                     CAIRN_ECORRUPT);
    uint64_t writes = dev.writes;
    ck_assert_int_eq(repair(false), CAIRN_OK);
    ck_assert(!result.after.opens);
    ck_assert_uint_eq(dev.writes, writes);
    take_older = true;
    ck_assert_msg(!repair(false), "%s", why.what);
    take_older = false;
    sound_and_the_same("a log up to its hole"); /* what was made before it */
    sparse_close(&dev);
}
END_TEST

/* What follows an older state is newer than all that it went past. */
START_TEST(newer_than_passed)
{
    make(SMALL_PAGES);
    uint64_t passed = newest().generation;
    root_lost();
    store_open();
    set("more", 20000);
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
    ck_assert_uint_gt(newest().generation, passed);
    digest(whole);
    ck_assert_int_eq(repair(false), CAIRN_OK);
    sound_and_the_same("behind an older state");
    sparse_close(&dev);
}
END_TEST

/* A snapshot keeps the state whose root is lost: nothing may be written over it. */
START_TEST(snapshot_of_lost)
{
    struct cairn_kv_native_options reading = { .read_only = true };
    make(SMALL_PAGES);
    ck_assert(!cairn_kv_snapshot_make(kv, cairn_kv_key("t"), NULL));
    root_lost();
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev.base, NULL, mem, sizeof mem, NULL),
                     CAIRN_ECORRUPT);
    ck_assert(!cairn_kv_native_open(&kv, &dev.base, &reading, mem, sizeof mem, NULL));
    struct cairn_hash128 is[2];
    digest(is);
    ck_assert(memcmp(is, whole, sizeof is) == 0);
    sparse_close(&dev);
}
END_TEST

START_TEST(no_store)
{
    sparse_open(&dev, SMALL_PAGES);
    ck_assert_int_eq(repair(false), CAIRN_EINVAL);
    sparse_close(&dev);
    make(SMALL_PAGES);
    dev.base.info.read_only = true;
    ck_assert_int_eq(repair(false), CAIRN_EROFS);
    ck_assert_int_eq(repair(true), CAIRN_OK);
    sparse_close(&dev);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-repair");
    TCase *tcase = tcase_create("repair");
    SRunner *runner = srunner_create(suite);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 31 + i / 256);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_damage, 0, 2 * DAMAGES);
    tcase_add_loop_test(tcase, each_cut, 0, 2 * DAMAGES);
    tcase_add_loop_test(tcase, hidden, 0, 2);
    tcase_add_loop_test(tcase, value_lost, 0, 2);
    tcase_add_test(tcase, sorted_batch);
    tcase_add_test(tcase, sorted_batch_given_up);
    tcase_add_test(tcase, log_given_up);
    tcase_add_test(tcase, newer_than_passed);
    tcase_add_test(tcase, snapshot_of_lost);
    tcase_add_test(tcase, no_store);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
