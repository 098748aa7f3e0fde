/* SPDX-License-Identifier: ISC */
/*
 * A small store with records of all kinds, and commits that only its log has. Its bytes are flipped
 * one by one, its blocks lost, old, or those of another place. Whatever is read then is right or an
 * error; of the last commit alone, which no later record vouches for, nothing may be there, whole.
 * And what cannot be read, a check has found.
 *
 * CAIRN_RUNS from 100 on: every byte of superblocks, tree, log and map.
 */
#include <cairn/blk_mem.h>
#include <cairn/kv_check.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES (2u << 20)
#define BLOCK 512u
#define BLOCKS (DISK_BYTES / BLOCK)
#define PAGE 4096u
#define MEM_BYTES (768u << 10)
#define RING_PAGES 8u
#define LOG_BYTES (128u << 10)

static const char *const keys[] = { "d/inline", "d/small", "d/deep/er", "hole",
                                    "large",    "moved",   "reserved",  "last",
                                    "gone",     "logged",  "log/small", "many" };
#define KEYS (sizeof keys / sizeof *keys)

struct picture {
    struct cairn_hash128 digest[KEYS + 1]; /* the last: of the snapshot; zeros: absent */
};

static struct cairn_clock_wall_fixed now;
static uint8_t fresh[DISK_BYTES], disk[DISK_BYTES], before[DISK_BYTES], early[DISK_BYTES],
    bytes[300000];
static uint8_t mem[MEM_BYTES], digest_mem[CAIRN_KV_DIGEST_MEM];
static struct picture pictures[2]; /* without the last commit, and with it */
static struct cairn_blk_mem dev;
static struct cairn_kv *kv;
static bool thorough;
static unsigned opened, refused, older;

/* ---- the store ------------------------------------------------------------------------------ */

static void set(const char *key, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251 + seed);
    ck_assert(!cairn_kv_set(kv, cairn_kv_key(key), bytes, size, 0, NULL));
}

static void many(unsigned seed)
{
    char key[24];
    for (unsigned i = 0; i < 150; i++) {
        sprintf(key, "many/%u-entry", i);
        set(key, 20 + i, i + seed);
    }
}

static void fill_tree(void)
{
    set("d/inline", 100, 1);
    set("d/small", 10000, 2);
    set("d/deep/er", 700, 3);
    set("large", 200000, 4);
    set("gone/a", 3000, 5);
    set("gone/b/c", 100000, 6);
    set("move/this", 5000, 7);
    many(1);
    ck_assert(!cairn_kv_write(kv, cairn_kv_key("hole"), 150000, "end", 3, NULL));
    ck_assert(!cairn_kv_allocate(kv, cairn_kv_key("reserved"), 90000, NULL));
    ck_assert(!cairn_kv_snapshot_make(kv, cairn_kv_key("s"), NULL));
    memcpy(early, disk, sizeof disk);
    many(2);
    set("large", 150000, 8);
    ck_assert(!cairn_kv_write(kv, cairn_kv_key("reserved"), 5000, "written", 7, NULL));
    ck_assert(!cairn_kv_rename(kv, cairn_kv_key("move"), cairn_kv_key("moved"), 0, NULL));
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("gone"), NULL));
    ck_assert(!cairn_kv_native_checkpoint(kv, NULL));
}

static void fill_log(void)
{
    set("logged", 1000, 9);
    set("log/small", 20000, 10);
    ck_assert(!cairn_kv_write(kv, cairn_kv_key("large"), 70000, "changed", 7, NULL));
    ck_assert(!cairn_kv_remove(kv, cairn_kv_key("d/small"), NULL));
}

static void device_open(void)
{
    ck_assert(!cairn_blk_mem_open(&dev, disk, BLOCK, BLOCKS, NULL));
}

static enum cairn_err store_open(bool read_only)
{
    struct cairn_kv_native_options options = { .read_only = read_only, .clock = &now.base };
    return cairn_kv_native_open(&kv, &dev.base, &options, mem, sizeof mem, NULL);
}

static enum cairn_err digest(struct cairn_kv *of, const char *key, struct cairn_hash128 *hash)
{
    enum cairn_err err =
        cairn_kv_digest(of, cairn_kv_key(key), hash, digest_mem, sizeof digest_mem, NULL);
    if (err == CAIRN_ENOENT) *hash = (struct cairn_hash128){ 0, 0 };
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

/* Returns a bit for each that could not be read. */
static unsigned picture_take(struct picture *picture)
{
    struct cairn_kv_view view;
    unsigned unread = 0;
    for (unsigned i = 0; i < KEYS; i++)
        if (digest(kv, keys[i], &picture->digest[i])) unread |= 1u << i;
    if (cairn_kv_snapshot_open(&view, kv, cairn_kv_key("s"), NULL)) return unread | 1u << KEYS;
    if (digest(&view.kv, "", &picture->digest[KEYS])) unread |= 1u << KEYS;
    cairn_kv_view_close(&view);
    return unread;
}

static void make(void)
{
    struct cairn_kv_native_format_options options = { .log_bytes = LOG_BYTES };
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    device_open();
    ck_assert(!cairn_kv_native_format(&dev.base, &options, mem, sizeof mem, NULL));
    ck_assert(!store_open(false));
    fill_tree();
    fill_log();
    ck_assert_uint_eq(picture_take(&pictures[0]), 0);
    memcpy(before, disk, sizeof disk);
    set("last", 9000, 11);
    ck_assert_uint_eq(picture_take(&pictures[1]), 0);
    memcpy(fresh, disk, sizeof disk);
    ck_assert(!cairn_kv_close(kv, NULL));
}

/* ---- judging -------------------------------------------------------------------------------- */

static bool told;
static struct cairn_kv_finding last_finding;

static bool report(void *ctx, const struct cairn_kv_finding *finding)
{
    (void)ctx;
    told = true;
    last_finding = *finding;
    return true;
}

/* Does a check find something? */
static bool check_finds(size_t mem_bytes, struct cairn_kv_check_result *result)
{
    struct cairn_kv_check_options options = { .report = report };
    struct cairn_kv_check *check;
    bool more = true;
    told = false;
    if (cairn_kv_check_begin(&check, &dev.base, &options, mem, mem_bytes, NULL)) return true;
    while (more)
        ck_assert(!cairn_kv_check_step(check, 40000, &more, NULL));
    cairn_kv_check_result(check, result);
    return told;
}

/* Which of the two pictures what was read is of; what was not read is of both. */
static unsigned pictures_like(const struct picture *seen, unsigned unread)
{
    unsigned like = 0;
    for (unsigned p = 0; p < 2; p++) {
        bool same = true;
        for (unsigned i = 0; i <= KEYS; i++)
            same = same && (unread >> i & 1 || memcmp(&seen->digest[i], &pictures[p].digest[i],
                                                      sizeof seen->digest[i]) == 0);
        like |= (unsigned)same << p;
    }
    return like;
}

/* The disk is damaged at `at`, and in the last commit, or not: what is there? */
static void judge(const char *how, size_t at, bool in_last, bool with_check)
{
    struct picture seen;
    struct cairn_kv_check_result result;
    unsigned unread = 0, like = 3;
    bool opens = !store_open(true);
    if (opens) {
        unread = picture_take(&seen);
        like = pictures_like(&seen, unread);
        ck_assert(!cairn_kv_close(kv, NULL));
    }
    opened += opens;
    refused += !opens || unread;
    older += like == 1;
    ck_assert_msg(like & 2 || (in_last && like & 1), "%s at %zu: something else is read", how, at);
    if (!with_check && opens && !unread) return;
    bool found = check_finds(sizeof mem, &result);
    ck_assert_msg(found || (opens && !unread), "%s at %zu: the check found nothing", how, at);
}

static void put_back(size_t at, size_t count)
{
    memcpy(disk + at, fresh + at, count);
}

/* ---- damages -------------------------------------------------------------------------------- */

START_TEST(sound)
{
    static const size_t sizes[] = { MEM_BYTES, 300u << 10 };
    make();
    memcpy(disk, fresh, sizeof disk);
    for (unsigned i = 0; i < 2; i++) {
        struct cairn_kv_check_result result;
        ck_assert_msg(!check_finds(sizes[i], &result), "%s: %s",
                      cairn_kv_fault_name(last_finding.fault), last_finding.text);
        ck_assert(result.opens && result.map_checked);
        ck_assert_uint_eq(result.snapshots, 1);
        ck_assert_uint_eq(result.log_commits, 5);
    }
}
END_TEST

static bool is_log(size_t at)
{
    return at / PAGE >= RING_PAGES && at / PAGE < RING_PAGES + LOG_BYTES / PAGE;
}

/* Is it of the last commit: its record's block, or a whole page of its values? */
static bool is_last(size_t at)
{
    size_t unit = is_log(at) ? BLOCK : PAGE, from = at / unit * unit;
    return memcmp(before + from, fresh + from, unit) != 0;
}

/* Superblocks, log, tree and map: all that is not a value's. */
static bool is_metadata(size_t at)
{
    size_t page = at / PAGE;
    if (page < RING_PAGES || page >= DISK_BYTES / PAGE - RING_PAGES || is_log(at)) return true;
    return memcmp(fresh + page * PAGE, "CKV", 3) == 0;
}

static bool is_empty(const uint8_t *at, size_t count)
{
    while (count--)
        if (at[count]) return false;
    return true;
}

START_TEST(flipped)
{
    size_t step = thorough ? 1 : 509;
    memcpy(disk, fresh, sizeof disk);
    for (size_t at = 0; at < DISK_BYTES;) {
        bool dense = is_metadata(at) && !is_empty(fresh + at / BLOCK * BLOCK, BLOCK);
        disk[at] ^= (uint8_t)(1u << at % 8);
        judge("a byte flipped", at, is_last(at), at % 5 == 0);
        put_back(at, 1);
        at += dense ? step : thorough ? BLOCK : 4093;
    }
}
END_TEST

static void block_damage(size_t at, size_t count)
{
    size_t other = (at + 37 * count) % DISK_BYTES / count * count;
    bool last = is_last(at);
    memset(disk + at, 0, count);
    judge("a block lost", at, last, true);
    memcpy(disk + at, early + at, count);
    judge("a block of an earlier state", at, last, true);
    memcpy(disk + at, fresh + other, count);
    judge("a block of another place", at, last, true);
    put_back(at, count);
}

/* Of the log single blocks: a page of it has several records, and when the last ones are lost
 * together, nothing is left to tell. */
START_TEST(blocks)
{
    memcpy(disk, fresh, sizeof disk);
    for (size_t at = 0; at < DISK_BYTES; at += PAGE)
        if (!is_log(at) && !is_empty(fresh + at, PAGE)) block_damage(at, PAGE);
    for (size_t at = 0; at < DISK_BYTES; at += is_log(at) || thorough ? BLOCK : BLOCK * 29)
        if (!is_empty(fresh + at, BLOCK)) block_damage(at, BLOCK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv-damage");
    TCase *tcase = tcase_create("damages");
    SRunner *runner = srunner_create(suite);
    const char *runs = getenv("CAIRN_RUNS");
    thorough = runs && atoi(runs) >= 100;
    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, sound);
    tcase_add_test(tcase, flipped);
    tcase_add_test(tcase, blocks);
    suite_add_tcase(suite, tcase);
    srunner_set_fork_status(runner, CK_NOFORK); /* the store is made once */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%u opened, %u with something that was refused, %u without the last commit\n", opened,
           refused, older);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
