/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <fat/codec/boot.h>
#include <tape/tape.h>

static struct cairn_fat_geometry planned(enum cairn_fat_type type, uint64_t total_bytes)
{
    struct cairn_fat_format_options options = {
        .type = type, .total_bytes = total_bytes, .volume_id = 0x12345678, .label = "LABEL"
    };
    struct cairn_fat_geometry geometry;
    ck_assert_int_eq(cairn_fat_geometry_plan(&options, &geometry, NULL), CAIRN_OK);
    return geometry;
}

static enum cairn_err decode(const uint8_t *sector, struct cairn_fat_geometry *geometry)
{
    struct cairn_why why = { .err = CAIRN_OK };
    bool is_signed;
    enum cairn_err err = cairn_fat_boot_decode(sector, geometry, &is_signed, &why);
    ck_assert_int_eq(why.err, err);
    return err;
}

static void assert_same(const struct cairn_fat_geometry *a, const struct cairn_fat_geometry *b)
{
    uint8_t x[4096], y[4096];
    ck_assert_int_eq(a->type, b->type);
    ck_assert_uint_eq(a->sector_bytes, b->sector_bytes);
    cairn_fat_boot_encode(a, x);
    cairn_fat_boot_encode(b, y);
    ck_assert_mem_eq(x, y, a->sector_bytes);
    ck_assert_uint_eq(a->cluster_count, b->cluster_count);
    ck_assert_uint_eq(a->data_start, b->data_start);
    ck_assert_uint_eq(a->root_start, b->root_start);
    ck_assert_uint_eq(a->root_sectors, b->root_sectors);
    ck_assert_uint_eq(a->cluster_bytes, b->cluster_bytes);
}

START_TEST(boot_sectors_survive)
{
    static const struct {
        enum cairn_fat_type type;
        uint64_t bytes;
    } cases[] = { { CAIRN_FAT12, 1474560 },
                  { CAIRN_FAT16, 32 << 20 },
                  { CAIRN_FAT16, 300 << 20 },
                  { CAIRN_FAT32, 64 << 20 },
                  { CAIRN_FAT32, UINT64_C(2) << 40 } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct cairn_fat_geometry in = planned(cases[i].type, cases[i].bytes - 512), out;
        uint8_t sector[4096];
        cairn_fat_boot_encode(&in, sector);
        ck_assert_int_eq(decode(sector, &out), CAIRN_OK);
        assert_same(&in, &out);
        ck_assert_mem_eq(sector + cairn_fat_boot_label_offset(in.type), "LABEL      ", 11);
        ck_assert_uint_eq(sector[cairn_fat_boot_state_offset(in.type)], 0);
    }
}
END_TEST

START_TEST(fields_stand_where_the_standard_says)
{
    struct cairn_fat_geometry g = planned(CAIRN_FAT32, 64 << 20);
    uint8_t s[512];
    g.active_only = true;
    g.active_fat = 1;
    cairn_fat_boot_encode(&g, s);
    ck_assert_uint_eq(cairn_le16(s + 11), 512);
    ck_assert_uint_eq(s[13], g.cluster_sectors);
    ck_assert_uint_eq(cairn_le16(s + 14), 32);
    ck_assert_uint_eq(cairn_le32(s + 32), 131072);
    ck_assert_uint_eq(cairn_le32(s + 36), g.fat_sectors);
    ck_assert_uint_eq(cairn_le16(s + 40), 0x81);
    ck_assert_uint_eq(cairn_le32(s + 44), 2);
    ck_assert_uint_eq(cairn_le16(s + 48), 1);
    ck_assert_uint_eq(cairn_le16(s + 50), 6);
    ck_assert_uint_eq(cairn_le32(s + 67), 0x12345678);
    ck_assert_mem_eq(s + 82, "FAT32   ", 8);
    ck_assert_uint_eq(cairn_le16(s + 510), 0xAA55);
}
END_TEST

/* One field changed in a good boot sector. */
struct change {
    enum cairn_fat_type type;
    uint32_t offset, bytes, value;
};

static enum cairn_err decode_changed(const struct change *change, struct cairn_fat_geometry *out)
{
    struct cairn_fat_geometry g = planned(change->type, 64 << 20);
    uint8_t sector[512];
    cairn_fat_boot_encode(&g, sector);
    for (uint32_t i = 0; i < change->bytes; i++)
        sector[change->offset + i] = (uint8_t)(change->value >> 8 * i);
    return decode(sector, out);
}

START_TEST(bad_fields_are_refused)
{
    static const struct change changes[] = {
        { CAIRN_FAT16, 11, 2, 0 },      { CAIRN_FAT16, 11, 2, 256 },
        { CAIRN_FAT16, 11, 2, 513 },    { CAIRN_FAT16, 11, 2, 8192 },
        { CAIRN_FAT16, 13, 1, 0 },      { CAIRN_FAT16, 13, 1, 3 },
        { CAIRN_FAT16, 14, 2, 0 },      { CAIRN_FAT16, 16, 1, 0 },
        { CAIRN_FAT16, 16, 1, 5 },      { CAIRN_FAT16, 17, 2, 0 },
        { CAIRN_FAT16, 17, 2, 17 },     { CAIRN_FAT16, 21, 1, 0xF7 },
        { CAIRN_FAT16, 22, 2, 0xFFFF }, { CAIRN_FAT16, 32, 4, 0 },
        { CAIRN_FAT16, 32, 4, 40 },     { CAIRN_FAT32, 17, 2, 512 },
        { CAIRN_FAT32, 36, 4, 0 },      { CAIRN_FAT32, 36, 4, 0xFFFFFFFF },
        { CAIRN_FAT32, 40, 2, 0x82 },   { CAIRN_FAT32, 44, 4, 0 },
        { CAIRN_FAT32, 44, 4, 1 },      { CAIRN_FAT32, 44, 4, 0x10000000 },
    };
    struct cairn_fat_geometry out;
    for (size_t i = 0; i < CAIRN_COUNT(changes); i++)
        ck_assert_msg(decode_changed(&changes[i], &out) == CAIRN_EINVAL, "change %zu", i);
}
END_TEST

START_TEST(odd_fields_are_taken_as_linux_takes_them)
{
    struct cairn_fat_geometry out;
    struct change unsigned_sector = { CAIRN_FAT16, 510, 2, 0 };
    ck_assert_int_eq(decode_changed(&unsigned_sector, &out), CAIRN_OK);
    struct change short_fat = { CAIRN_FAT32, 36, 4, 1 }; /* 126 clusters have entries */
    ck_assert_int_eq(decode_changed(&short_fat, &out), CAIRN_OK);
    ck_assert_int_eq(out.type, CAIRN_FAT32);
    ck_assert_uint_eq(out.cluster_count, 126);
    struct change no_fsinfo = { CAIRN_FAT32, 48, 4, 0x0020FFFF };
    ck_assert_int_eq(decode_changed(&no_fsinfo, &out), CAIRN_OK);
    ck_assert_uint_eq(out.fsinfo_sector, 0);
    ck_assert_uint_eq(out.backup_boot, 0);
    struct change no_label = { CAIRN_FAT16, 38, 1, 0x28 };
    ck_assert_int_eq(decode_changed(&no_label, &out), CAIRN_OK);
    ck_assert_mem_eq(out.label, "           ", 11);
    ck_assert_uint_eq(out.volume_id, 0x12345678);
}
END_TEST

/* Whatever is accepted is consistent, and encodes to what decodes to the same. */
static bool decoded_is_consistent(struct tape *tape)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT16, CAIRN_FAT12, CAIRN_FAT32 };
    enum cairn_fat_type type = types[tape_pick(tape, 3)];
    struct cairn_fat_geometry g = planned(type, 34 << 20), again;
    uint8_t sector[4096];
    bool is_signed;
    cairn_fat_boot_encode(&g, sector);
    while (tape_more(tape))
        sector[11 + tape_u64(tape, 80)] = (uint8_t)tape_u64(tape, 255);
    if (cairn_fat_boot_decode(sector, &g, &is_signed, NULL)) return true;
    uint64_t end = g.data_start + (uint64_t)g.cluster_count * g.cluster_sectors;
    uint64_t root = g.reserved_sectors + (uint64_t)g.fat_count * g.fat_sectors;
    if (end > g.total_sectors || root + g.root_sectors != g.data_start)
        return tape_fail(tape, "regions overlap");
    if (((uint64_t)g.cluster_count + 2) * g.type > (uint64_t)g.fat_sectors * g.sector_bytes * 8)
        return tape_fail(tape, "clusters without entry");
    cairn_fat_boot_encode(&g, sector);
    if (cairn_fat_boot_decode(sector, &again, &is_signed, NULL))
        return tape_fail(tape, "what was encoded is refused");
    assert_same(&g, &again);
    return true;
}

START_TEST(every_accepted_sector_is_consistent)
{
    struct tape_options options = { .runs = 3000, .bytes_max = 24 };
    ck_assert(tape_run("decoded_is_consistent", decoded_is_consistent, &options));
}
END_TEST

START_TEST(fsinfo_survives_and_is_doubted)
{
    struct cairn_fat_fsinfo in = { .free_clusters = 123, .next_free = 456 }, out;
    uint8_t sector[1024];
    cairn_fat_fsinfo_encode(&in, sector, sizeof sector);
    cairn_fat_fsinfo_decode(sector, &out);
    ck_assert(out.valid && out.free_clusters == 123 && out.next_free == 456);
    in.free_clusters = 7;
    sector[100] = 1; /* reserved bytes are left alone */
    cairn_fat_fsinfo_update(&in, sector);
    cairn_fat_fsinfo_decode(sector, &out);
    ck_assert(out.valid && out.free_clusters == 7 && sector[100] == 1);
    static const uint32_t signatures[] = { 0, 484, 510 };
    for (size_t i = 0; i < CAIRN_COUNT(signatures); i++) {
        sector[signatures[i]] ^= 1;
        cairn_fat_fsinfo_decode(sector, &out);
        ck_assert(!out.valid && out.free_clusters == CAIRN_FAT_FSINFO_UNKNOWN);
        sector[signatures[i]] ^= 1;
    }
}
END_TEST

TCase *codec_boot_tests(void)
{
    TCase *tests = tcase_create("boot sector");
    tcase_add_test(tests, boot_sectors_survive);
    tcase_add_test(tests, fields_stand_where_the_standard_says);
    tcase_add_test(tests, bad_fields_are_refused);
    tcase_add_test(tests, odd_fields_are_taken_as_linux_takes_them);
    tcase_add_test(tests, every_accepted_sector_is_consistent);
    tcase_add_test(tests, fsinfo_survives_and_is_doubted);
    return tests;
}
