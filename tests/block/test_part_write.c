/* SPDX-License-Identifier: ISC */
/* Tables that are written: read back alike, mended, and never lost to a cut. */
#include "part_build.h"
#include "units.h"
#include <cairn/blk_mem.h>
#include <cairn/blk_sim.h>
#include <cairn/bytes.h>
#include <cairn/part_edit.h>
#include <stdlib.h>
#include <string.h>

#define BYTES (2u << 20)

static uint8_t bytes[BYTES], image[BYTES], scratch[4 * 4096];
static struct cairn_blk_mem mem;
static struct cairn_part_table table, other;
static struct cairn_part_findings findings;
static struct cairn_why why;

static void start(uint32_t block_bytes, enum cairn_part_scheme scheme)
{
    static const uint8_t guid[16] = { 0xD1 };
    memset(bytes, 0, sizeof bytes);
    memset(bytes, 0xB0, 440);
    ck_ok(cairn_blk_mem_open(&mem, bytes, block_bytes, BYTES / block_bytes, NULL));
    ck_ok(cairn_part_create(&table, scheme, block_bytes, BYTES / block_bytes, guid, 0xCAFE, &why));
}

static void add(const char *name, uint64_t count, bool logical)
{
    struct cairn_part_wish wish = { .part = { .count = count }, .logical = logical, .align = 16 };
    uint32_t number;
    if (table.scheme == CAIRN_PART_GPT) memcpy(wish.part.name, name, strlen(name) + 1);
    ck_assert(cairn_part_type_parse(strcmp(name, "ext") == 0 ? "extended" : "linux", table.scheme,
                                    &wish.part));
    memset(wish.part.guid, table.scheme == CAIRN_PART_GPT ? 0x50 + (int)table.part_count : 0, 16);
    ck_ok(cairn_part_add(&table, &wish, &number, &why));
}

static void write_table(void)
{
    ck_ok(cairn_part_write(&mem.base, &table, scratch, sizeof scratch, &why));
}

static void examine(void)
{
    ck_ok(cairn_part_examine(&mem.base, &other, &findings, scratch, sizeof scratch, &why));
}

/* Exactly this is found. */
static void ck_found(size_t count, const enum cairn_part_fault *faults)
{
    examine();
    for (size_t i = 0; i < findings.count && i < count; i++)
        ck_assert_str_eq(cairn_part_fault_name(findings.list[i].fault),
                         cairn_part_fault_name(faults[i]));
    ck_assert_uint_eq(findings.count, count);
}
#define CK_FOUND(...)                                                                              \
    ck_found(sizeof((enum cairn_part_fault[]){ __VA_ARGS__ }) / sizeof(enum cairn_part_fault),     \
             (enum cairn_part_fault[]){ __VA_ARGS__ })

static void ck_sound(void)
{
    ck_found(0, NULL);
}

static bool same_part(const struct cairn_part *a, const struct cairn_part *b)
{
    return a->number == b->number && a->first == b->first && a->count == b->count &&
           a->type_id == b->type_id && a->attributes == b->attributes && a->record == b->record &&
           memcmp(a->type_guid, b->type_guid, 16) == 0 && memcmp(a->guid, b->guid, 16) == 0 &&
           strcmp(a->name, b->name) == 0;
}

static bool same_parts(const struct cairn_part_table *a, const struct cairn_part_table *b)
{
    bool same = a->part_count == b->part_count;
    for (uint32_t i = 0; same && i < a->part_count; i++)
        same = same_part(&a->parts[i], &b->parts[i]);
    return same;
}

/* other holds the partitions of table. */
static void ck_alike(void)
{
    ck_assert_int_eq(other.scheme, table.scheme);
    ck_assert(same_parts(&other, &table));
    ck_assert(memcmp(other.disk_guid, table.disk_guid, 16) == 0);
    ck_assert_uint_eq(other.disk_id, table.disk_id);
}

static void mend(void)
{
    examine();
    ck_ok(cairn_part_repair(&mem.base, &other, &findings, scratch, sizeof scratch, &why));
    ck_sound();
}

static const uint32_t sizes[] = { 512, 4096 };

START_TEST(gpt_comes_back)
{
    start(sizes[_i], CAIRN_PART_GPT);
    add("A \xE2\x82\xAC\xF0\x9F\x98\x80", 32, false);
    add("B", 48, false);
    table.parts[1].attributes = CAIRN_PART_GPT_BOOT;
    write_table();
    ck_sound();
    ck_alike();
    ck_assert_uint_eq(bytes[439], 0xB0);
}
END_TEST

START_TEST(mbr_comes_back)
{
    start(sizes[_i], CAIRN_PART_MBR);
    add("", 32, false);
    add("ext", 200, false);
    table.parts[0].attributes = CAIRN_PART_ACTIVE;
    write_table();
    ck_sound();
    ck_alike();
    for (int i = 0; i < 4; i++)
        add("", 16, true);
    write_table();
    ck_sound();
    ck_alike();
    ck_ok(cairn_part_delete(&table, 5, &why));
    ck_ok(cairn_part_delete(&table, 7, &why));
    write_table();
    ck_sound();
    ck_alike();
    ck_assert_uint_eq(bytes[439], 0xB0);
}
END_TEST

/* One partition is shown in the MBR; what firmware wants of that sector is left to it. */
START_TEST(hybrid_comes_back)
{
    start(512, CAIRN_PART_GPT);
    add("A", 32, false);
    add("B", 48, false);
    table.parts[1].type_id = 0x0C;
    write_table();
    ck_sound();
    ck_alike();
    uint8_t swapped[16];
    memcpy(swapped, bytes + 446, 16);
    memcpy(bytes + 446, bytes + 462, 16);
    memcpy(bytes + 462, swapped, 16);
    memcpy(swapped, bytes + 446, 16);
    ck_sound();
    write_table();
    ck_assert(memcmp(bytes + 446, swapped, 16) == 0);
    ck_ok(cairn_part_delete(&table, 2, &why));
    write_table();
    ck_sound();
    for (uint32_t i = 0; i < 4; i++) {
        add("C", 16, false);
        table.parts[i].type_id = 0x83;
    }
    ck_assert_int_eq(cairn_part_write(&mem.base, &table, scratch, sizeof scratch, &why),
                     CAIRN_EOVERFLOW);
}
END_TEST

/* A table of the other scheme, or a volume, leaves nothing that could be taken for what it was. */
START_TEST(schemes_replace_each_other)
{
    start(512, CAIRN_PART_GPT);
    memcpy(bytes + 3, "EXFAT   ", 8);
    write_table();
    ck_sound();
    ck_alike();
    static const uint8_t guid[16] = { 0xD1 };
    ck_ok(cairn_part_create(&table, CAIRN_PART_MBR, 512, BYTES / 512, guid, 7, &why));
    write_table();
    ck_sound();
    ck_alike();
    ck_assert_uint_eq(bytes[512], 0);
    ck_assert_uint_eq(bytes[BYTES - 512], 0);
}
END_TEST

START_TEST(either_copy_is_mended)
{
    start(sizes[_i], CAIRN_PART_GPT);
    add("A", 32, false);
    write_table();
    bytes[sizes[_i] + 60] ^= 1;
    CK_FOUND(CAIRN_PART_PRIMARY);
    ck_assert(other.from_backup);
    mend();
    ck_alike();
    bytes[BYTES - sizes[_i]] ^= 1;
    CK_FOUND(CAIRN_PART_BACKUP);
    mend();
    bytes[2 * sizes[_i] + 5] ^= 1;
    CK_FOUND(CAIRN_PART_PRIMARY);
    mend();
    memset(bytes + 446, 0, 64);
    CK_FOUND(CAIRN_PART_GUARD);
    mend();
    ck_alike();
}
END_TEST

START_TEST(copies_that_differ_follow_the_first)
{
    struct disk disk = { bytes, 512, BYTES / 512 };
    start(512, CAIRN_PART_GPT);
    add("A", 32, false);
    write_table();
    bytes[BYTES - 33 * 512 + 56] = 'B';
    disk_gpt_sign(&disk, disk.block_count - 1);
    CK_FOUND(CAIRN_PART_DIFFER);
    mend();
    ck_alike();
}
END_TEST

/* A small disk's contents on a larger one, whole or with the entries of the first copy gone. */
START_TEST(backup_follows_the_end)
{
    start(512, CAIRN_PART_GPT);
    ck_ok(cairn_blk_mem_open(&mem, bytes, 512, BYTES / 1024, NULL));
    static const uint8_t guid[16] = { 0xD1 };
    ck_ok(cairn_part_create(&table, CAIRN_PART_GPT, 512, BYTES / 1024, guid, 0, &why));
    add("A", 32, false);
    write_table();
    ck_ok(cairn_blk_mem_open(&mem, bytes, 512, BYTES / 512, NULL));
    if (_i) {
        bytes[2 * 512 + 5] ^= 1;
        CK_FOUND(CAIRN_PART_PRIMARY, CAIRN_PART_PLACE, CAIRN_PART_GUARD);
    } else {
        CK_FOUND(CAIRN_PART_PLACE, CAIRN_PART_GUARD);
    }
    mend();
    ck_assert(same_parts(&other, &table));
    ck_assert_uint_eq(other.last_usable, BYTES / 512 - 34);
}
END_TEST

/* A disk that lost its end: blocks that no partition has, or those of one. */
static void shrink(uint64_t blocks)
{
    start(512, CAIRN_PART_GPT);
    add("A", 32, false);
    add("B", 1024, false);
    write_table();
    ck_ok(cairn_blk_mem_open(&mem, bytes, 512, blocks, NULL));
    ck_assert_int_eq(cairn_part_read(&mem.base, &other, scratch, sizeof scratch, &why),
                     CAIRN_ECORRUPT);
}

START_TEST(backup_follows_an_end_that_came_nearer)
{
    uint64_t least = 48 + 32 + 1024 + 33;
    shrink(_i ? least : 2048);
    CK_FOUND(CAIRN_PART_SHRUNK, CAIRN_PART_GUARD);
    mend();
    ck_assert(same_parts(&other, &table));
    ck_assert_uint_eq(other.last_usable, mem.base.info.block_count - 34);
}
END_TEST

START_TEST(what_a_shorter_disk_cuts_off_is_named)
{
    shrink(48 + 32 + 1024 + 32);
    CK_FOUND(CAIRN_PART_OUTSIDE, CAIRN_PART_CUT);
    ck_assert(same_parts(&other, &table));
    memcpy(image, bytes, sizeof image);
    ck_assert_int_eq(cairn_part_repair(&mem.base, &other, &findings, scratch, sizeof scratch, &why),
                     CAIRN_ENOSPC);
    ck_assert_ptr_nonnull(strstr(why.what, "partition 2 does not fit"));
    ck_assert(memcmp(image, bytes, sizeof image) == 0);
    ck_ok(cairn_part_resize(&other, 2, 1023, &why));
    ck_ok(cairn_part_write(&mem.base, &other, scratch, sizeof scratch, &why));
    ck_sound();
}
END_TEST

/* The backup's array may lie anywhere between what is usable and its header, the first one's in
 * front of what is usable. */
START_TEST(odd_places_of_entries)
{
    struct disk disk = { bytes, 512, BYTES / 512 };
    uint64_t last = disk.block_count - 1;
    start(512, CAIRN_PART_GPT);
    table.last_usable -= 50;
    add("A", 32, false);
    write_table();
    ck_sound();
    uint8_t *header = bytes + last * 512;
    memmove(bytes + (last - 40) * 512, bytes + (last - 32) * 512, 32 * 512);
    cairn_le64_put(header + 72, last - 40);
    disk_gpt_sign(&disk, last);
    ck_sound();
    memmove(bytes + 1000 * 512, bytes + (last - 40) * 512, 32 * 512);
    cairn_le64_put(header + 72, 1000);
    disk_gpt_sign(&disk, last);
    CK_FOUND(CAIRN_PART_BACKUP);
    mend();
    ck_alike();
    memmove(bytes + (last - 70) * 512, bytes + 2 * 512, 32 * 512);
    cairn_le64_put(bytes + 512 + 72,
                   last - 70); /* behind what is usable, in front of the backup's */
    disk_gpt_sign(&disk, 1);
    CK_FOUND(CAIRN_PART_LAYOUT);
}
END_TEST

/* Entries of 256 bytes; a name with half a surrogate pair; it is changed, or something else is. */
START_TEST(what_is_not_known_of_an_entry_stays)
{
    struct disk disk = { bytes, 512, BYTES / 512 };
    static const uint8_t half[] = { 'x', 0, 0x00, 0xD8, 'y', 0 };
    start(512, CAIRN_PART_GPT);
    table.entry_bytes = 256;
    table.first_usable = 66;
    table.last_usable -= 32;
    add("A", 32, false);
    add("B", 32, false);
    write_table();
    uint8_t *entry = bytes + 2 * 512 + (_i ? 256 : 0),
            *other_entry = bytes + 2 * 512 + 256 - (_i ? 256 : 0);
    memcpy(entry + 56, half, sizeof half);
    memset(entry + 128, 0x77, 128);
    memset(other_entry + 128, 0x66, 128);
    disk_gpt_sign(&disk, 1);
    mend();
    ck_assert_str_eq(other.parts[_i].name, "x\xEF\xBF\xBDy");
    ck_ok(cairn_part_resize(&other, (uint32_t)_i + 1, 20, &why));
    ck_ok(cairn_part_delete(&other, 2 - (uint32_t)_i, &why));
    ck_ok(cairn_part_write(&mem.base, &other, scratch, sizeof scratch, &why));
    for (int copy = 0; copy < 2; copy++) {
        ck_assert(memcmp(entry + 56, half, sizeof half) == 0);
        ck_assert_uint_eq(entry[255], 0x77);
        ck_assert_uint_eq(other_entry[255], 0);
        entry += (BYTES / 512 - 1 - 64 - 2) * 512;
        other_entry += (BYTES / 512 - 1 - 64 - 2) * 512;
    }
    ck_sound();
    memcpy(other.parts[0].name, "new", 4);
    ck_ok(cairn_part_write(&mem.base, &other, scratch, sizeof scratch, &why));
    entry -= 2 * (BYTES / 512 - 1 - 64 - 2) * 512;
    ck_assert_uint_eq(entry[56], 'n');
    ck_assert_uint_eq(entry[62], 0);
    ck_assert_uint_eq(entry[255], 0x77);
}
END_TEST

START_TEST(stale_hybrid_is_mended)
{
    start(512, CAIRN_PART_GPT);
    add("A", 32, false);
    add("B", 48, false);
    table.parts[0].type_id = 0x0C;
    write_table();
    cairn_le32_put(bytes + 446 + 16 + 12, 99); /* longer than the partition */
    CK_FOUND(CAIRN_PART_GUARD);
    mend();
    ck_alike();
    cairn_le32_put(bytes + 446 + 16 + 8, 77); /* where none is */
    CK_FOUND(CAIRN_PART_GUARD);
    mend();
    ck_assert_uint_eq(other.parts[0].type_id, 0);
}
END_TEST

/* What needs a decision is told, and left alone. */
START_TEST(overlap_and_outside_are_told)
{
    char text[256];
    start(512, CAIRN_PART_MBR);
    add("", 32, false);
    add("", 32, false);
    add("ext", 64, false);
    add("", 16, true);
    table.parts[1].first = table.parts[0].first + 31;
    table.parts[2].count = BYTES;
    write_table();
    CK_FOUND(CAIRN_PART_OUTSIDE, CAIRN_PART_OVERLAP);
    cairn_part_finding_text(&findings.list[1], text, sizeof text);
    ck_assert_str_eq(text, "partitions 1 and 2 overlap");
    bytes[other.parts[2].first * 512 + 510] = 0;
    CK_FOUND(CAIRN_PART_OUTSIDE, CAIRN_PART_CHAIN, CAIRN_PART_OVERLAP);
    ck_assert_int_eq(cairn_part_read(&mem.base, &other, scratch, sizeof scratch, &why),
                     CAIRN_ECORRUPT);
    examine();
    uint64_t before = mem.base.info.block_count;
    ck_ok(cairn_part_repair(&mem.base, &other, &findings, scratch, sizeof scratch, &why));
    ck_assert_uint_eq(before, mem.base.info.block_count);
}
END_TEST

START_TEST(writes_are_for_their_device)
{
    start(512, CAIRN_PART_GPT);
    table.block_count--;
    ck_assert_int_eq(cairn_part_write(&mem.base, &table, scratch, sizeof scratch, &why),
                     CAIRN_EINVAL);
    table.block_count++;
    table.first_usable = 20; /* in the array */
    ck_assert_int_eq(cairn_part_write(&mem.base, &table, scratch, sizeof scratch, &why),
                     CAIRN_EINVAL);
    ck_assert_ptr_nonnull(strstr(why.what, "array"));
    table.scheme = CAIRN_PART_NONE;
    ck_assert_int_eq(cairn_part_write(&mem.base, &table, scratch, sizeof scratch, &why),
                     CAIRN_EINVAL);
}
END_TEST

/* ---- cuts ------------------------------------------------------------------------------------ */

static struct cairn_part_table old;

/* Old or new, whatever the cut left; and after a repair nothing is wrong. */
static void ck_old_or_new(struct cairn_blk *dev, uint64_t nth, uint32_t seed)
{
    enum cairn_err err = cairn_part_examine(dev, &other, &findings, scratch, sizeof scratch, &why);
    ck_assert_msg(err == CAIRN_OK, "cut %llu, seed %u: %s", (unsigned long long)nth, seed,
                  why.what);
    bool is_old = same_parts(&other, &old);
    bool is_new = same_parts(&other, &table);
    ck_assert_msg(is_old || is_new, "cut %llu, seed %u: neither", (unsigned long long)nth, seed);
    ck_ok(cairn_part_repair(dev, &other, &findings, scratch, sizeof scratch, &why));
    ck_ok(cairn_part_examine(dev, &other, &findings, scratch, sizeof scratch, &why));
    ck_assert_uint_eq(findings.count, 0);
}

/* Power goes at the nth event of writing table; false: it was whole before that. */
static bool cut_at(uint64_t nth, uint32_t seed, const struct cairn_part_table *made)
{
    struct cairn_blk_sim_options options = { .versions = 1024 };
    struct cairn_blk_sim_plan plan;
    struct cairn_blk_sim sim;
    size_t mem_bytes = cairn_blk_sim_mem(&mem.base, &options);
    void *memory = aligned_alloc(4096, (mem_bytes + 4095) / 4096 * 4096);
    memcpy(bytes, image, sizeof bytes);
    cairn_blk_sim_plan_init(&plan);
    plan.seed = seed;
    plan.leaves = CAIRN_BLK_SIM_LEAVES_ANY;
    cairn_blk_sim_plan_add(&plan, CAIRN_BLK_FAULT_CUT, CAIRN_BLK_ON_CHANGE | CAIRN_BLK_ON_FLUSH,
                           nth)
        ->cut = (enum cairn_blk_cut)(seed % 3);
    ck_ok(cairn_blk_sim_open(&sim, &mem.base, &options, memory, mem_bytes, &plan, &why));
    bool was_cut = cairn_part_write(&sim.base, made, scratch, sizeof scratch, NULL) != CAIRN_OK;
    ck_ok(cairn_blk_close(&sim.base, NULL));
    free(memory);
    ck_old_or_new(&mem.base, nth, seed);
    return was_cut;
}

/* From old to table, with power going at every event. */
static void ck_cuts(void)
{
    memcpy(image, bytes, sizeof image);
    for (uint32_t seed = 0; seed < 24; seed++)
        for (uint64_t nth = 1; cut_at(nth, seed, &table); nth++)
            ck_assert_uint_lt(nth, 100);
}

START_TEST(gpt_survives_cuts)
{
    start(sizes[_i], CAIRN_PART_GPT);
    add("A", 32, false);
    write_table();
    old = table;
    add("B", 48, false);
    ck_cuts();
    memcpy(bytes, image, sizeof bytes);
    bytes[sizes[_i] + 60] ^= 1; /* the only good copy is the backup */
    examine();
    table.from_backup = other.from_backup;
    ck_cuts();
}
END_TEST

/* A logical partition more in the chain's end, one less at its beginning or within it. */
START_TEST(chains_survive_cuts)
{
    start(512, CAIRN_PART_MBR);
    add("ext", 400, false);
    for (int i = 0; i < 3; i++)
        add("", 16, true);
    write_table();
    old = table;
    if (_i == 0)
        add("", 16, true);
    else
        ck_ok(cairn_part_delete(&table, 4 + (uint32_t)_i, &why));
    ck_cuts();
}
END_TEST

TCase *tcase_part_write(void)
{
    TCase *tcase = tcase_create("part_write");
    tcase_add_loop_test(tcase, gpt_comes_back, 0, 2);
    tcase_add_loop_test(tcase, mbr_comes_back, 0, 2);
    tcase_add_test(tcase, hybrid_comes_back);
    tcase_add_test(tcase, schemes_replace_each_other);
    tcase_add_loop_test(tcase, either_copy_is_mended, 0, 2);
    tcase_add_test(tcase, copies_that_differ_follow_the_first);
    tcase_add_loop_test(tcase, backup_follows_the_end, 0, 2);
    tcase_add_loop_test(tcase, backup_follows_an_end_that_came_nearer, 0, 2);
    tcase_add_test(tcase, what_a_shorter_disk_cuts_off_is_named);
    tcase_add_test(tcase, odd_places_of_entries);
    tcase_add_loop_test(tcase, what_is_not_known_of_an_entry_stays, 0, 2);
    tcase_add_test(tcase, stale_hybrid_is_mended);
    tcase_add_test(tcase, overlap_and_outside_are_told);
    tcase_add_test(tcase, writes_are_for_their_device);
    tcase_add_loop_test(tcase, gpt_survives_cuts, 0, 2);
    tcase_add_loop_test(tcase, chains_survive_cuts, 0, 4);
    return tcase;
}
