/* SPDX-License-Identifier: ISC */
/* Partition tables, whole and broken. part_peers.sh compares with the tools that write them. */
#include "part_build.h"
#include "units.h"
#include <cairn/blk_mem.h>
#include <cairn/bytes.h>
#include <string.h>

#define BYTES (4u << 20)

static uint8_t bytes[BYTES], scratch[4 * 65536];
static struct disk disk;
static struct cairn_part_table table;
static struct cairn_why why;

static void start(uint32_t block_bytes)
{
    memset(bytes, 0, sizeof bytes);
    disk = (struct disk){ bytes, block_bytes, BYTES / block_bytes };
}

static void setup(void)
{
    memset(&why, 0, sizeof why);
    start(512);
}

static enum cairn_err read_table(void)
{
    struct cairn_blk_mem mem;
    size_t least = 4 * disk.block_bytes < 4096 ? 4096 : 4 * disk.block_bytes;
    ck_ok(cairn_blk_mem_open(&mem, bytes, disk.block_bytes, disk.block_count, NULL));
    return cairn_part_read(&mem.base, &table, scratch, least, &why);
}

static void ck_none(void)
{
    ck_ok(read_table());
    ck_assert_int_eq(table.scheme, CAIRN_PART_NONE);
    ck_assert_uint_eq(table.part_count, 0);
}

static void ck_corrupt(const char *what)
{
    ck_assert_int_eq(read_table(), CAIRN_ECORRUPT);
    ck_assert_msg(strstr(why.what, what) != NULL, "\"%s\" is not in \"%s\"", what, why.what);
    ck_assert_int_eq(table.scheme, CAIRN_PART_NONE);
    ck_assert_uint_eq(table.part_count, 0);
}

static void ck_part(uint32_t i, uint32_t number, uint64_t first, uint64_t count)
{
    ck_assert_uint_lt(i, table.part_count);
    ck_assert_uint_eq(table.parts[i].number, number);
    ck_assert_uint_eq(table.parts[i].first, first);
    ck_assert_uint_eq(table.parts[i].count, count);
}

START_TEST(nothing_is_no_table)
{
    ck_none();
    memset(bytes, 0xFF, sizeof bytes);
    ck_none();
    disk.block_count = 1;
    ck_none();
}
END_TEST

/* The end of a FAT, NTFS or exFAT boot sector is that of an MBR; so may its beginning be. */
START_TEST(file_system_is_no_table)
{
    static const uint8_t fat[] = { 0xEB, 0x3C, 0x90, 'm', 'k', 'f', 's', '.', 'f', 'a', 't',
                                   0,    2,    4,    1,   0,   2,   0,   2,   0,   0,   0xF8 };
    disk_mbr_entry(&disk, 0, 0, 0x0C, 0, 100);
    memcpy(bytes, fat, sizeof fat);
    ck_none();
    memset(bytes, 0, sizeof fat);
    memcpy(bytes,
           "\xEB\x76\x90"
           "EXFAT   ",
           11);
    ck_none();
    memcpy(bytes + 3, "NTFS    ", 8);
    ck_none();
    memset(bytes + 3, 0, 8);
    bytes[1] = 0x63; /* a boot loader's jump, no parameters behind it */
    ck_ok(read_table());
    ck_assert_int_eq(table.scheme, CAIRN_PART_MBR);
    ck_part(0, 1, 0, 100);
}
END_TEST

START_TEST(code_is_no_table)
{
    disk_mbr_entry(&disk, 0, 0, 0x0C, 1, 100);
    bytes[446 + 16] = 0x12; /* no status that an entry has */
    ck_none();
}
END_TEST

START_TEST(primary_partitions_keep_their_slots)
{
    disk_mbr_entry(&disk, 0, 1, 0x0C, 63, 1000);
    disk_mbr_entry(&disk, 0, 3, 0x83, 2000, 6192);
    bytes[446 + 16] = 0x80;
    cairn_le32_put(bytes + 440, 0xCAFE0123);
    ck_ok(read_table());
    ck_assert_uint_eq(table.disk_id, 0xCAFE0123);
    ck_assert_uint_eq(table.part_count, 2);
    ck_part(0, 2, 63, 1000);
    ck_part(1, 4, 2000, 6192);
    ck_assert_uint_eq(table.parts[0].attributes, 0x80);
    ck_assert_str_eq(cairn_part_type_name(&table.parts[0], table.scheme), "FAT32 LBA");
    disk_mbr_entry(&disk, 0, 3, 0x83, 2000, 6193);
    ck_corrupt("partition 4");
    disk_mbr_entry(&disk, 0, 3, 0x83, UINT32_MAX, UINT32_MAX);
    ck_corrupt("partition 4");
}
END_TEST

/* Boot records at 1000, 1500 and 1200: numbers follow the chain, links are from its base. */
static void build_chain(void)
{
    disk_mbr_entry(&disk, 0, 0, 0x0C, 63, 100);
    disk_mbr_entry(&disk, 0, 1, 0x0F, 1000, 2000);
    disk_mbr_entry(&disk, 1000, 0, 0x83, 10, 90);
    disk_mbr_entry(&disk, 1000, 1, 0x05, 500, 100);
    disk_mbr_entry(&disk, 1500, 0, 0x83, 20, 80);
    disk_mbr_entry(&disk, 1500, 1, 0x05, 200, 100);
    disk_mbr_entry(&disk, 1200, 0, 0x83, 30, 70);
}

START_TEST(logical_partitions_follow_the_chain)
{
    build_chain();
    ck_ok(read_table());
    ck_assert_uint_eq(table.part_count, 5);
    ck_part(1, 2, 1000, 2000);
    ck_part(2, 5, 1010, 90);
    ck_part(3, 6, 1520, 80);
    ck_part(4, 7, 1230, 70);
}
END_TEST

START_TEST(broken_chains_are_refused)
{
    build_chain();
    disk_mbr_entry(&disk, 1200, 1, 0x05, 500, 100);
    ck_corrupt("circle");
    disk_mbr_entry(&disk, 1200, 1, 0x05, 1000000, 100);
    ck_corrupt("beyond");
    disk_mbr_entry(&disk, 1200, 1, 0x05, 600, 100);
    ck_corrupt("no boot record");
    disk_mbr_entry(&disk, 1200, 1, 0, 0, 0);
    disk_mbr_entry(&disk, 1200, 0, 0x83, UINT32_MAX, 70);
    ck_corrupt("partition 7");
}
END_TEST

/* As many boot records as there may be, and one more. */
START_TEST(long_chain_is_bounded)
{
    disk_mbr_entry(&disk, 0, 0, 0x05, 10, 8000);
    for (uint32_t i = 0; i < CAIRN_PART_MAX - 1; i++)
        disk_mbr_entry(&disk, 10 + i, 0, 0x05, i + 1, 1);
    disk_mbr_entry(&disk, 10 + CAIRN_PART_MAX - 1, 0, 0x83, 1, 1);
    ck_ok(read_table());
    ck_assert_uint_eq(table.part_count, 2);
    disk_mbr_entry(&disk, 10 + CAIRN_PART_MAX - 1, 1, 0x05, CAIRN_PART_MAX, 1);
    ck_corrupt("too long");
}
END_TEST

static const uint32_t sizes[] = { 512, 4096 };

START_TEST(gpt_is_read)
{
    start(sizes[_i]);
    disk_gpt(&disk);
    uint64_t first = 2 + 16384 / disk.block_bytes;
    disk_gpt_entry(&disk, 0, first, first + 99, "EFI");
    disk_gpt_entry(&disk, 127, first + 100, disk.block_count - first, "last");
    ck_ok(read_table());
    ck_assert_int_eq(table.scheme, CAIRN_PART_GPT);
    ck_assert(!table.from_backup);
    ck_assert_uint_eq(table.part_count, 2);
    ck_part(0, 1, first, 100);
    ck_part(1, 128, first + 100, disk.block_count - 2 * first - 99);
    ck_assert_str_eq(table.parts[0].name, "EFI");
    ck_assert_uint_eq(table.disk_guid[0], 0x47);
}
END_TEST

/* Whatever breaks in one copy, the other one is taken; in both, the reasons are told. */
START_TEST(backup_stands_in)
{
    start(sizes[_i]);
    disk_gpt(&disk);
    disk_gpt_entry(&disk, 3, 100, 199, "four");
    bytes[disk.block_bytes + 60] ^= 1;
    ck_ok(read_table());
    ck_assert(table.from_backup);
    ck_part(0, 4, 100, 100);
    bytes[disk.block_bytes + 60] ^= 1;
    bytes[2 * disk.block_bytes + 5] ^= 1;
    ck_ok(read_table());
    ck_assert(table.from_backup);
    memset(bytes + BYTES - disk.block_bytes, 0, 8);
    ck_corrupt("entries is wrong; the backup: it has no signature");
}
END_TEST

/* Each field that the disk could lie in, with checksums that agree. */
START_TEST(gpt_lies_are_refused)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t width;
    } lies[] = { { 12, 91, 4 },   { 12, 513, 4 },        { 12, UINT32_MAX, 4 },
                 { 24, 2, 8 },    { 24, 0, 8 },          { 48, UINT64_MAX, 8 },
                 { 48, 8192, 8 }, { 40, 1, 8 },          { 72, 0, 8 },
                 { 72, 8190, 8 }, { 72, UINT64_MAX, 8 }, { 80, UINT32_MAX, 4 },
                 { 80, 8193, 4 }, { 84, 64, 4 },         { 84, 0, 4 },
                 { 84, 200, 4 },  { 84, 8192, 4 } };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        start(512);
        disk_gpt(&disk);
        if (lies[i].width == 4)
            cairn_le32_put(bytes + 512 + lies[i].at, (uint32_t)lies[i].value);
        else
            cairn_le64_put(bytes + 512 + lies[i].at, lies[i].value);
        disk_gpt_sign(&disk, 1);
        ck_ok(read_table());
        ck_assert_msg(table.from_backup, "lie %zu was believed", i);
    }
}
END_TEST

START_TEST(gpt_ranges_are_refused)
{
    static const uint64_t ranges[][2] = {
        { 33, 99 },        { 100, 8160 },     { 100, 98 },
        { 0, UINT64_MAX }, { UINT64_MAX, 0 }, { 100, UINT64_MAX }
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        start(512);
        disk_gpt(&disk);
        disk_gpt_entry(&disk, 6, ranges[i][0], ranges[i][1], "");
        ck_corrupt("partition 7");
    }
}
END_TEST

/* Larger entries than everyone's, and more of them than fit the table. */
START_TEST(gpt_of_unusual_shape_is_read)
{
    disk_gpt(&disk);
    cairn_le64_put(bytes + 512 + 40, 2100);
    cairn_le32_put(bytes + 512 + 80, 256);
    cairn_le32_put(bytes + 512 + 84, 4096);
    for (uint32_t i = 0; i < 256; i++) {
        memset(bytes + 1024 + 4096 * i, 0x11, 16);
        cairn_le64_put(bytes + 1024 + 4096 * i + 32, 2100 + i);
        cairn_le64_put(bytes + 1024 + 4096 * i + 40, 2100 + i);
    }
    disk_gpt_sign(&disk, 1);
    ck_ok(read_table());
    ck_assert_uint_eq(table.part_count, 256);
    ck_part(255, 256, 2355, 1);
    cairn_le32_put(bytes + 512 + 80, 1024);
    cairn_le32_put(bytes + 512 + 84, 1024);
    for (uint32_t i = 0; i < 1024; i++) {
        memset(bytes + 1024 + 1024 * i, 0x11, 16);
        cairn_le64_put(bytes + 1024 + 1024 * i + 32, 2100 + i);
        cairn_le64_put(bytes + 1024 + 1024 * i + 40, 2100 + i);
    }
    disk_gpt_sign(&disk, 1);
    ck_assert_int_eq(read_table(), CAIRN_EOVERFLOW);
}
END_TEST

/* A table for blocks of another size is told from a broken one. */
START_TEST(other_block_size_is_hinted)
{
    start(4096);
    disk_gpt(&disk);
    disk = (struct disk){ bytes, 512, BYTES / 512 };
    ck_corrupt("no signature");
    ck_assert_ptr_nonnull(strstr(why.hint, "4096"));
    start(512);
    disk_gpt(&disk);
    disk = (struct disk){ bytes, 4096, BYTES / 4096 };
    ck_corrupt("no signature");
    ck_assert_ptr_nonnull(strstr(why.hint, "512"));
}
END_TEST

START_TEST(names_become_utf8)
{
    static const uint16_t units[] = { 0xE4, 0x20AC, 0xD83D, 0xDE00, 0xDC00, 0xD800 };
    disk_gpt(&disk);
    disk_gpt_entry(&disk, 0, 100, 199, "");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        cairn_le16_put(bytes + 1024 + 56 + 2 * i, units[i]);
    disk_gpt_sign(&disk, 1);
    ck_ok(read_table());
    ck_assert_str_eq(table.parts[0].name,
                     "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD");
    for (size_t i = 0; i < 36; i++)
        cairn_le16_put(bytes + 1024 + 56 + 2 * i, 0x20AC);
    disk_gpt_sign(&disk, 1);
    ck_ok(read_table());
    ck_assert_uint_eq(strlen(table.parts[0].name), CAIRN_PART_NAME_BYTES - 1);
}
END_TEST

START_TEST(hybrid_is_gpt_and_empty_is_mbr)
{
    disk_gpt(&disk);
    disk_mbr_entry(&disk, 0, 2, 0x0C, 100, 100);
    ck_ok(read_table());
    ck_assert_int_eq(table.scheme, CAIRN_PART_GPT);
    start(512);
    disk_mbr_entry(&disk, 0, 0, 0, 0, 0);
    ck_ok(read_table());
    ck_assert_int_eq(table.scheme, CAIRN_PART_MBR);
    ck_assert_uint_eq(table.part_count, 0);
}
END_TEST

START_TEST(scratch_has_a_least_size)
{
    struct cairn_blk_mem mem;
    ck_ok(cairn_blk_mem_open(&mem, bytes, 4096, 100, NULL));
    ck_assert_int_eq(cairn_part_read(&mem.base, &table, scratch, 16383, &why), CAIRN_ENOMEM);
    ck_ok(cairn_part_read(&mem.base, &table, scratch, 16384, &why));
}
END_TEST

TCase *tcase_part(void)
{
    TCase *tcase = tcase_create("part");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, nothing_is_no_table);
    tcase_add_test(tcase, file_system_is_no_table);
    tcase_add_test(tcase, code_is_no_table);
    tcase_add_test(tcase, primary_partitions_keep_their_slots);
    tcase_add_test(tcase, logical_partitions_follow_the_chain);
    tcase_add_test(tcase, broken_chains_are_refused);
    tcase_add_test(tcase, long_chain_is_bounded);
    tcase_add_loop_test(tcase, gpt_is_read, 0, 2);
    tcase_add_loop_test(tcase, backup_stands_in, 0, 2);
    tcase_add_test(tcase, gpt_lies_are_refused);
    tcase_add_test(tcase, gpt_ranges_are_refused);
    tcase_add_test(tcase, gpt_of_unusual_shape_is_read);
    tcase_add_test(tcase, other_block_size_is_hinted);
    tcase_add_test(tcase, names_become_utf8);
    tcase_add_test(tcase, hybrid_is_gpt_and_empty_is_mbr);
    tcase_add_test(tcase, scratch_has_a_least_size);
    return tcase;
}
