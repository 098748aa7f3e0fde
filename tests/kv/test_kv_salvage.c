/* SPDX-License-Identifier: ISC */
/*
 * What is salvaged of a store that lost its superblocks, its root, a leaf, a value's page, a half
 * of its device: everything that is not lost, in a new store that is sound.
 */
#include <cairn/kv_check.h>
#include <cairn/kv_salvage.h>
#include <check.h>
#include <kv/native/salvage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sparse.h"

#define PAGE 4096u
#define PAGES 2048u
#define MEM_BYTES (8u << 20)
#define COUNT 400u

static struct sparse from, to;
static struct cairn_kv *kv;
static uint8_t mem[MEM_BYTES], page[PAGE], value[200000], seen[200000],
    digest_mem[CAIRN_KV_DIGEST_MEM];
static struct cairn_clock_wall_fixed now;
static struct cairn_kv_salvage_result result;
static struct cairn_why why;
static unsigned told;

/* ---- the old store --------------------------------------------------------------------------- */

static void made(struct sparse *dev, uint32_t page_bytes)
{
    struct cairn_kv_native_format_options format = { .log_bytes = 256u << 10,
                                                     .page_bytes = page_bytes };
    if (dev->blocks) sparse_close(dev);
    sparse_open(dev, PAGES);
    ck_assert(!cairn_kv_native_format(&dev->base, &format, mem, sizeof mem, NULL));
}

static void store_open(struct sparse *dev)
{
    struct cairn_kv_native_options how = { .clock = &now.base };
    ck_assert_int_eq(cairn_kv_native_open(&kv, &dev->base, &how, mem, sizeof mem, NULL), CAIRN_OK);
}

static void set_in(struct cairn_kv *of, const char *key, size_t bytes)
{
    ck_assert_int_eq(cairn_kv_set(of, cairn_kv_key(key), value, bytes, 0, NULL), CAIRN_OK);
}

static size_t size_of(unsigned i)
{
    return i % 40 == 39 ? 9000 + i : i % 100 == 98 ? 100000 + i : 50 + i;
}

static const char *name_of(unsigned i)
{
    static char name[32];
    sprintf(name, "d%u/key-%06u", i / 100, i);
    return name;
}

static struct cairn_hash128 digest(void)
{
    struct cairn_hash128 hash;
    ck_assert_int_eq(
        cairn_kv_digest(kv, cairn_kv_key(""), &hash, digest_mem, sizeof digest_mem, NULL),
        CAIRN_OK);
    return hash;
}

static void checkpoint(void)
{
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
}

static void fill(void)
{
    made(&from, PAGE);
    store_open(&from);
    for (unsigned i = 0; i < COUNT; i++)
        set_in(kv, name_of(i), size_of(i));
    checkpoint();
}

/* ---- salvaging ------------------------------------------------------------------------------- */

static bool tell(void *ctx, uint64_t id, const char *key, const char *text)
{
    (void)ctx;
    ck_assert_uint_ge(id, 16);
    ck_assert(key[0] && text[0]);
    told++;
    return true;
}

static enum cairn_err salvage(void)
{
    static uint8_t of_salvage[MEM_BYTES];
    struct cairn_kv_native_options native = { .clock = &now.base };
    struct cairn_kv_salvage_options how = { .report = tell, .native = &native };
    cairn_why_clear(&why);
    told = 0;
    uint64_t writes = from.writes;
    enum cairn_err err =
        cairn_kv_salvage(&from.base, &to.base, &how, of_salvage, sizeof of_salvage, &result, &why);
    ck_assert_uint_eq(from.writes, writes);
    return err;
}

static void sound(void)
{
    static uint8_t of_check[MEM_BYTES];
    struct cairn_kv_check *check;
    struct cairn_kv_check_result found;
    bool more = true;
    ck_assert(!cairn_kv_check_begin(&check, &to.base, NULL, of_check, sizeof of_check, NULL));
    while (more)
        ck_assert(!cairn_kv_check_step(check, 1u << 20, &more, NULL));
    cairn_kv_check_result(check, &found);
    ck_assert_uint_eq(found.findings[CAIRN_KV_MINOR] + found.findings[CAIRN_KV_MAJOR], 0);
}

/* Into a new store, which is open then. */
static void salvaged(void)
{
    made(&to, PAGE);
    enum cairn_err err = salvage();
    ck_assert_msg(!err, "%s: %s", cairn_err_name(err), why.what);
    sound();
    store_open(&to);
}

/* How many of the first `count` are there, each as it was. */
static unsigned whole(unsigned count)
{
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t done = 0;
        enum cairn_err err =
            cairn_kv_get(kv, cairn_kv_key(name_of(i)), 0, seen, sizeof seen, &done, NULL);
        if (err) continue;
        ck_assert_uint_eq(done, size_of(i));
        found += memcmp(seen, value, done) == 0;
    }
    return found;
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void flip(uint64_t at)
{
    ck_assert(!cairn_blk_read(&from.base, at, 1, page, NULL));
    for (unsigned i = 100; i < 110; i++)
        page[i] ^= 0x55;
    ck_assert(!cairn_blk_write(&from.base, at, 1, page, NULL));
}

static struct kvn_super newest(void)
{
    struct kvn_super best = { .generation = 0 }, super;
    for (uint64_t slot = 0; slot < KVN_RING; slot++) {
        ck_assert(!cairn_blk_read(&from.base, slot, 1, page, NULL));
        if (!kvn_super_decode(&super, page, NULL) && super.generation > best.generation)
            best = super;
    }
    return best;
}

static void supers_lose(void)
{
    memset(page, 0, sizeof page);
    for (uint64_t slot = 0; slot < KVN_RING; slot++) {
        ck_assert(!cairn_blk_write(&from.base, slot, 1, page, NULL));
        ck_assert(!cairn_blk_write(&from.base, PAGES - KVN_RING + slot, 1, page, NULL));
    }
}

static uint64_t leaf_at(uint32_t child)
{
    struct kvn_super super = newest();
    struct kvn_pointer pointer;
    ck_assert(!cairn_blk_read(&from.base, super.root.page, 1, page, NULL));
    ck_assert_uint_eq(kvn_node_level(page), 1);
    ck_assert_uint_gt(kvn_node_count(page), child);
    kvn_pointer_decode(&pointer, kvn_node_value(page, child).data);
    return pointer.page;
}

/* All leaves, old ones as well, with entries of the root. */
static void names_lose(void)
{
    struct kvn_node_head head;
    uint8_t key[KVN_KEY_MAX];
    for (uint64_t at = 0; at < PAGES; at++) {
        ck_assert(!cairn_blk_read(&from.base, at, 1, page, NULL));
        if (memcmp(page, "CKVT", 4) != 0 || kvn_node_check(page, PAGE, &head, NULL) || head.level)
            continue;
        (void)kvn_node_key(page, 0, key);
        if (key[7] <= KVN_ID_FIRST) flip(at);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Nothing is damaged: the same, with what only the log has, and without what was removed. */
START_TEST(undamaged)
{
    fill();
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("d1"), NULL));
    ck_assert(!cairn_kv_rename(kv, cairn_kv_key("d2"), cairn_kv_key("moved"), 0, NULL));
    checkpoint();
    set_in(kv, "only/logged", 30000);
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key(name_of(7)), NULL));
    struct cairn_hash128 before = digest();
    salvaged();
    struct cairn_hash128 after = digest();
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
    ck_assert(result.has_tree && result.has_log);
    ck_assert_uint_eq(result.torn + result.adopted + told, 0);
}
END_TEST

/* Without any superblock: the newest of everything. */
START_TEST(supers_lost)
{
    fill();
    struct cairn_hash128 before = digest();
    supers_lose();
    ck_assert_uint_eq(cairn_kv_salvage_page_bytes(&from.base, seen, 0), 0);
    salvaged();
    struct cairn_hash128 after = digest();
    ck_assert(!result.has_tree && !result.has_log);
    ck_assert_uint_eq(result.page_bytes, PAGE);
    ck_assert_uint_eq(whole(COUNT), COUNT);
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
}
END_TEST

/* The root of a sorted batch: the store does not open. */
START_TEST(root_lost)
{
    struct cairn_kv_batch batch;
    made(&from, PAGE);
    store_open(&from);
    ck_assert(!cairn_kv_batch_begin(&batch, kv, CAIRN_KV_SORTED, NULL));
    for (unsigned i = 0; i < COUNT; i++)
        set_in(&batch.kv, name_of(i) + 3, size_of(i)); /* all in the root */
    struct cairn_hash128 before;
    ck_assert(!cairn_kv_commit(&batch, 0, NULL));
    before = digest();
    flip(newest().root.page);
    salvaged();
    ck_assert(!result.has_log);
    struct cairn_hash128 after = digest();
    ck_assert(memcmp(&before, &after, sizeof before) == 0);
}
END_TEST

/* One leaf: what an older one has of it is back, all others are there. */
START_TEST(leaf_lost)
{
    fill();
    flip(leaf_at(2));
    salvaged();
    ck_assert(result.has_tree);
    unsigned left = whole(COUNT);
    ck_assert_uint_gt(left, COUNT / 2);
    ck_assert_uint_lt(left, COUNT);
    fill();
    for (unsigned i = 0; i < COUNT; i += 10)
        set_in(kv, name_of(i), size_of(i));
    checkpoint();
    flip(leaf_at(2));
    salvaged();
    ck_assert_uint_eq(whole(COUNT), COUNT);
}
END_TEST

/* The leaf with the names of dictionaries: their entries come under names of their own. */
START_TEST(names_lost)
{
    fill();
    set_in(kv, "logged", 100);
    names_lose();
    salvaged();
    ck_assert_uint_eq(result.adopted, 4);
    ck_assert_uint_eq(whole(COUNT), 0);
    unsigned found = 0;
    for (unsigned id = 16; id < 40; id++) {
        char key[32];
        struct cairn_kv_stat stat;
        sprintf(key, "salvaged-%u", id);
        found += !cairn_kv_stat(kv, cairn_kv_key(key), &stat, NULL);
    }
    ck_assert_uint_eq(found, result.adopted);
    struct cairn_kv_stat logged;
    ck_assert(result.has_log && !cairn_kv_stat(kv, cairn_kv_key("logged"), &logged, NULL));
}
END_TEST

/* A page of a value: it is named, and the rest of it is there. */
START_TEST(value_lost)
{
    fill();
    uint64_t at = 0;
    for (uint64_t i = PAGES - KVN_RING; i-- > 0 && !at;) {
        ck_assert(!cairn_blk_read(&from.base, i, 1, page, NULL));
        if (memcmp(page, value, PAGE) == 0) at = i;
    }
    flip(at);
    salvaged();
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(result.pages_lost, 1);
    ck_assert_uint_eq(whole(COUNT), COUNT - 1);
}
END_TEST

/* The device ends where half of it was. */
START_TEST(cut_short)
{
    fill();
    from.base.info.block_count = PAGES / 4;
    salvaged();
    ck_assert_uint_gt(whole(COUNT), 0);
}
END_TEST

START_TEST(refused)
{
    fill();
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
    made(&to, PAGE);
    store_open(&to);
    set_in(kv, "x", 1);
    ck_assert_int_eq(cairn_kv_close(kv, NULL), CAIRN_OK);
    ck_assert_int_eq(salvage(), CAIRN_ENOTEMPTY);
    made(&to, PAGE);
    sparse_close(&from);
    sparse_open(&from, PAGES);
    ck_assert_int_eq(salvage(), CAIRN_EINVAL);
    made(&from, 16384);
    ck_assert_int_eq(salvage(), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_kv_salvage(&from.base, &to.base, NULL, mem, 1u << 20, &result, NULL),
                     CAIRN_ENOMEM);
}
END_TEST

/* Leaves come by birth, however few are kept at once. */
START_TEST(passes)
{
    struct kvn_leaf all[3000], few[3];
    struct kvn_salvage scan = { .from = &from.base, .scan = seen, .page = page };
    static uint8_t piece[KVN_SCAN_BYTES];
    bool more = true;
    fill();
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < COUNT; i += 7)
            set_in(kv, name_of(i), size_of(i));
        checkpoint();
    }
    scan.scan = piece;
    ck_assert(!kvn_salvage_shape(&scan));
    scan.leaf = all;
    scan.leaf_max = 3000;
    kvn_salvage_scan(&scan, &more);
    ck_assert(!more);
    uint32_t count = scan.leaf_count, at = 0;
    ck_assert_uint_gt(count, 20);
    scan.done = (struct kvn_leaf){ 0, 0 };
    scan.leaf = few;
    scan.leaf_max = 3;
    for (more = true; more;) {
        kvn_salvage_scan(&scan, &more);
        for (uint32_t i = 0; i < scan.leaf_count; i++, at++)
            ck_assert(few[i].birth == all[at].birth && few[i].page == all[at].page);
    }
    ck_assert_uint_eq(at, count);
    for (uint32_t i = 1; i < count; i++)
        ck_assert_uint_le(all[i - 1].birth, all[i].birth);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-salvage");
    TCase *tcase = tcase_create("salvage");
    SRunner *runner = srunner_create(suite);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)(i * 31 + i / 256);
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, undamaged);
    tcase_add_test(tcase, supers_lost);
    tcase_add_test(tcase, root_lost);
    tcase_add_test(tcase, leaf_lost);
    tcase_add_test(tcase, names_lost);
    tcase_add_test(tcase, value_lost);
    tcase_add_test(tcase, cut_short);
    tcase_add_test(tcase, refused);
    tcase_add_test(tcase, passes);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
