/* SPDX-License-Identifier: ISC */
/* Power goes while a repair writes: at every request and flush, with each block that was not
 * flushed lost, kept, or either at random. The next repair mends the volume, and nothing is gone
 * that the first one would have kept. */
#include "test_repair.h"

#include <stdlib.h>
#include <string.h>

#include <cairn/bytes.h>
#include <cairn/fat.h>
#include <cairn/fat_repair.h>

#include "damage.h"
#include <tests/sim.h>

#define UNIT 512u
#define MEM_BYTES (1u << 20)
#define DEPTH_MAX 8u
#define FATES 10u

struct cut {
    struct sample s; /* damaged */
    struct cairn_blk_sim sim;
    struct cairn_blk_mem below;
    uint8_t *bytes; /* of the device */
    void *log, *mem;
    size_t mem_bytes;
    uint64_t first_write; /* the event before it */
    struct cairn_fat_repair_result result;
};

/* ---- what is on the volume ------------------------------------------------------------------ */

static bool holds(const struct sample *s, struct cairn_fat_node *node, enum sample_file file)
{
    static uint8_t bytes[4096];
    size_t done, want = sample_bytes(s, file);
    if (want == 0 || cairn_fat_read(node, 0, bytes, want, &done, NULL) || done != want)
        return false;
    for (uint32_t n = 0; n < want; n++)
        if (bytes[n] != sample_byte(file, n)) return false;
    return true;
}

/* Bits (1 << SAMPLE_x) of the files that are whole in dir or below it, under whatever name. */
static uint32_t whole_below(const struct sample *s, struct cairn_fat_node *dir, uint32_t depth)
{
    struct cairn_fat_entry entry;
    uint32_t whole = 0;
    for (uint64_t at = 0; !cairn_fat_list(dir, at, &entry, NULL); at = entry.next) {
        struct cairn_fat_node *node;
        if (cairn_fat_lookup(dir, entry.name, entry.name_len, &node, NULL)) continue;
        for (uint32_t file = 0; file < SAMPLE_FILES && !entry.stat.is_directory; file++)
            whole |= (uint32_t)holds(s, node, file) << file;
        if (entry.stat.is_directory && depth < DEPTH_MAX) whole |= whole_below(s, node, depth + 1);
        cairn_fat_release(node);
    }
    return whole;
}

static uint32_t whole_files(const struct cut *cut)
{
    struct cairn_fat_options options = { .read_only = true };
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *mem = malloc(MEM_BYTES);
    ck_assert_int_eq(cairn_blk_mem_open(&dev, cut->bytes, UNIT, cut->s.size / UNIT, NULL),
                     CAIRN_OK);
    ck_assert_int_eq(cairn_fat_mount(&fs, &dev.base, &options, mem, MEM_BYTES, NULL), CAIRN_OK);
    struct cairn_fat_node *root = cairn_fat_root(fs);
    uint32_t whole = whole_below(&cut->s, root, 0);
    cairn_fat_release(root);
    ck_assert_int_eq(cairn_fat_unmount(fs, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
    free(mem);
    return whole;
}

/* ---- repairing ------------------------------------------------------------------------------ */

static void device_reset(struct cut *cut, uint64_t cut_at)
{
    memcpy(cut->bytes, cut->s.bytes, cut->s.size);
    sim_live_until(&cut->sim, cut_at);
}

static bool hear(void *ctx, const struct cairn_fat_finding *found)
{
    (void)ctx, (void)found;
    return true;
}

static enum cairn_err save(void *ctx, uint64_t at, const uint8_t *old, const uint8_t *now,
                           size_t bytes, struct cairn_why *why)
{
    (void)ctx, (void)at, (void)old, (void)now, (void)bytes, (void)why;
    return CAIRN_OK;
}

static enum cairn_err saved(void *ctx, struct cairn_why *why)
{
    struct cut *cut = ctx;
    (void)why;
    cut->first_write = cut->sim.state.events;
    return CAIRN_OK;
}

static enum cairn_err repair(struct cut *cut)
{
    struct cairn_fat_repair_options options = { .check = { .report = hear, .ctx = cut },
                                                .save = save,
                                                .saved = saved };
    return cairn_fat_repair(&cut->sim.base, &options, cut->mem, cut->mem_bytes, &cut->result, NULL);
}

static uint32_t choose(void *ctx, const struct cairn_blk_sim_choice *choice)
{
    uint32_t way = *(uint32_t *)ctx;
    if (way < 2) return way ? choice->versions : 0;
    uint64_t hash = (choice->block + 1) * 0x9E3779B97F4A7C15u ^ way * 0xD1B54A32D192ED03u;
    return (hash * 0x9E3779B97F4A7C15u >> 32) % (choice->versions + 1);
}

static uint64_t left(const struct cut *cut)
{
    const uint64_t *findings = cut->result.after.findings;
    return findings[CAIRN_FAT_MINOR] + findings[CAIRN_FAT_MAJOR];
}

/* Cut at that event, then again without a cut; false: the repair came to its end before. */
static bool cut_mends(struct cut *cut, const char *name, uint64_t event, uint32_t way,
                      uint32_t whole)
{
    device_reset(cut, event);
    enum cairn_err err = repair(cut);
    if (!cut->sim.state.is_cut) return false;
    ck_assert_msg(err != CAIRN_OK, "%s: a cut is not noticed", name);
    sim_restart(&cut->sim, choose, &way);
    err = repair(cut);
    ck_assert_msg(!err && left(cut) == 0, "%s, cut at %u, way %u: %s, %u left", name,
                  (uint32_t)event, way, cairn_err_name(err), (uint32_t)left(cut));
    uint32_t now = whole_files(cut);
    ck_assert_msg((whole & ~now) == 0, "%s, cut at %u, way %u: files %X are gone", name,
                  (uint32_t)event, way, whole & ~now);
    return true;
}

static void cut_make(struct cut *cut, const struct damage *damage, enum cairn_fat_type type)
{
    sample_make(&cut->s, type);
    damage_plant(damage, &cut->s);
    cut->bytes = malloc(cut->s.size);
    cut->log = sim_open(&cut->sim, &cut->below, cut->bytes, UNIT, cut->s.size / UNIT);
    cut->mem_bytes = cairn_fat_repair_mem(&cut->sim.base, 256, 1);
    cut->mem = malloc(cut->mem_bytes);
}

static void cut_end(struct cut *cut)
{
    ck_assert_int_eq(cairn_blk_close(&cut->sim.base, NULL), CAIRN_OK);
    sample_free(&cut->s);
    free(cut->log);
    free(cut->bytes);
    free(cut->mem);
}

/* What a repair that is not cut keeps is what every other one must. */
static void every_cut_mends(const struct damage *damage, enum cairn_fat_type type)
{
    static struct cut cut;
    cut_make(&cut, damage, type);
    device_reset(&cut, SIM_NEVER);
    cut.first_write = 0;
    ck_assert_msg(repair(&cut) == CAIRN_OK && left(&cut) == 0, "%s: %u left", damage->name,
                  (uint32_t)left(&cut));
    uint32_t whole = whole_files(&cut);
    uint64_t first = cut.first_write;
    for (uint32_t way = 0; way < FATES && first; way++)
        for (uint64_t event = first; cut_mends(&cut, damage->name, event, way, whole);)
            event++;
    cut_end(&cut);
}

START_TEST(a_cut_of_any_repair_on_fat12)
{
    const struct damage *damage = &damages[_i];
    if (damage->fault != CAIRN_FAT_FAULT_BOOT && damage_fits(damage, CAIRN_FAT12))
        every_cut_mends(damage, CAIRN_FAT12);
}
END_TEST

/* What FAT32 does differently: the root's chain, FSInfo, the backup. */
START_TEST(a_cut_of_some_repairs_on_fat32)
{
    static const char *const some[] = { "backup-used",        "fsinfo-magic", "few-clusters",
                                        "chain-shared-start", "orphan",       "dir-start" };
    every_cut_mends(damage_find(some[_i]), CAIRN_FAT32);
}
END_TEST

static void dir_bit_without_size(struct sample *s)
{
    uint8_t *slot = s->files[SAMPLE_A].slot;
    slot[FAT_SLOT_ATTR] = CAIRN_FAT_DIRECTORY;
    cairn_le32_put(slot + FAT_SLOT_SIZE, 0);
}

/* It has a size as soon as it is one. */
START_TEST(a_cut_where_a_directory_becomes_a_file)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };
    const struct damage damage = { .name = "dir-bit", .plant = dir_bit_without_size };
    for (size_t i = 0; i < CAIRN_COUNT(types); i++)
        every_cut_mends(&damage, types[i]);
}
END_TEST

TCase *repair_cut_tests(void)
{
    TCase *tests = tcase_create("cut");
    tcase_set_timeout(tests, 120);
    tcase_set_tags(tests, "thorough");
    tcase_add_loop_test(tests, a_cut_of_any_repair_on_fat12, 0, (int)damage_count);
    tcase_add_loop_test(tests, a_cut_of_some_repairs_on_fat32, 0, 6);
    tcase_add_test(tests, a_cut_where_a_directory_becomes_a_file);
    return tests;
}
