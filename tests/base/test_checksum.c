/* SPDX-License-Identifier: ISC */
#include "units.h"
#include <cairn/checksum.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint8_t data[5000];

static void data_fill(void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof(data); i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
}

/* One bit a step, as the standard defines it. */
static uint32_t crc32_slow(uint32_t crc, const uint8_t *p, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

START_TEST(crc32_known_values)
{
    ck_assert_uint_eq(cairn_crc32(0, NULL, 0), 0);
    ck_assert_uint_eq(cairn_crc32(0, "a", 1), 0xe8b7be43u);
    ck_assert_uint_eq(cairn_crc32(0, "123456789", 9), 0xcbf43926u);
    ck_assert_uint_eq(cairn_crc32(0, "The quick brown fox jumps over the lazy dog", 43),
                      0x414fa339u);
}
END_TEST

START_TEST(crc32_of_every_length_and_alignment)
{
    for (size_t from = 0; from < 8; from++)
        for (size_t len = 0; len < 300; len++)
            ck_assert_uint_eq(cairn_crc32(0, data + from, len), crc32_slow(0, data + from, len));
}
END_TEST

START_TEST(crc32_of_every_byte_in_every_place)
{
    uint8_t eight[8] = { 0 };
    for (unsigned place = 0; place < 8; place++) {
        for (unsigned value = 0; value < 256; value++) {
            eight[place] = (uint8_t)value;
            ck_assert_uint_eq(cairn_crc32(0, eight, 8), crc32_slow(0, eight, 8));
        }
        eight[place] = 0;
    }
}
END_TEST

START_TEST(crc32_goes_on_where_it_stopped)
{
    uint32_t whole = cairn_crc32(0, data, 1000);
    for (size_t cut = 0; cut <= 1000; cut++) {
        uint32_t crc = cairn_crc32(0, data, cut);
        ck_assert_uint_eq(cairn_crc32(crc, data + cut, 1000 - cut), whole);
    }
}
END_TEST

static void ck_hash_eq(struct cairn_hash128 a, struct cairn_hash128 b)
{
    ck_assert_uint_eq(a.low, b.low);
    ck_assert_uint_eq(a.high, b.high);
}

/* The header's own function, compiled here against the C library. */
START_TEST(hash128_is_xxh3_of_every_length)
{
    for (size_t len = 0; len <= sizeof(data); len += len < 1100 ? 1 : 97) {
        XXH128_hash_t real = XXH3_128bits(data, len);
        struct cairn_hash128 expected = { real.low64, real.high64 };
        ck_hash_eq(cairn_hash128(data, len), expected);
    }
}
END_TEST

/* Written down, so that a machine of the other byte order is compared with this one. */
START_TEST(hash128_is_the_same_on_every_machine)
{
    static const struct {
        size_t len;
        struct cairn_hash128 hash;
    } known[] = {
        { 0, { UINT64_C(0x6001c324468d497f), UINT64_C(0x99aa06d3014798d8) } },
        { 1, { UINT64_C(0x429e81bc6744101c), UINT64_C(0xbeff62be44bc9be4) } },
        { 3, { UINT64_C(0x32dbb5c7774cc94f), UINT64_C(0x9dce807f4a9aaa56) } },
        { 8, { UINT64_C(0xda3ca77f4508da63), UINT64_C(0x29a3277f85f28675) } },
        { 16, { UINT64_C(0x4c6929dc65a535a0), UINT64_C(0xf8ae1a6f144fb00b) } },
        { 17, { UINT64_C(0x43287186cdfec85d), UINT64_C(0x0ad716e7cfed9dc8) } },
        { 128, { UINT64_C(0x6772960c7e09e15b), UINT64_C(0x2b83749a25627c55) } },
        { 129, { UINT64_C(0xd15020c0444d308f), UINT64_C(0xd2c5fdf14399d768) } },
        { 240, { UINT64_C(0xe16f608e11e76335), UINT64_C(0xb2c3c2aa029b2279) } },
        { 241, { UINT64_C(0xd6afac6f8fa85b01), UINT64_C(0xe75e577a31d24834) } },
        { 1024, { UINT64_C(0xbb9f0c3761cdfd54), UINT64_C(0x1ac8856c8b289d9a) } },
        { 5000, { UINT64_C(0x06983d4ce0939f36), UINT64_C(0xb66e1e66e1733cff) } },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        ck_hash_eq(cairn_hash128(data, known[i].len), known[i].hash);
}
END_TEST

START_TEST(hash128_fed_in_pieces)
{
    static const size_t steps[] = { 1, 7, 64, 255, 256, 257, 1024, 5000 };
    struct cairn_hash128 whole = cairn_hash128(data, sizeof(data));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct cairn_hasher hasher;
        cairn_hasher_init(&hasher);
        for (size_t at = 0; at < sizeof(data); at += steps[i]) {
            size_t left = sizeof(data) - at;
            cairn_hasher_add(&hasher, data + at, left < steps[i] ? left : steps[i]);
            cairn_hasher_add(&hasher, NULL, 0);
        }
        ck_hash_eq(cairn_hasher_value(&hasher), whole);
    }
}
END_TEST

START_TEST(hasher_tells_its_value_so_far)
{
    struct cairn_hasher hasher;
    cairn_hasher_init(&hasher);
    ck_hash_eq(cairn_hasher_value(&hasher), cairn_hash128("", 0));
    cairn_hasher_add(&hasher, data, 300);
    ck_hash_eq(cairn_hasher_value(&hasher), cairn_hash128(data, 300));
    cairn_hasher_add(&hasher, data + 300, 700);
    ck_hash_eq(cairn_hasher_value(&hasher), cairn_hash128(data, 1000));
}
END_TEST

TCase *checksum_units(void)
{
    TCase *tcase = tcase_create("checksum");
    tcase_add_checked_fixture(tcase, data_fill, NULL);
    tcase_add_test(tcase, crc32_known_values);
    tcase_add_test(tcase, crc32_of_every_length_and_alignment);
    tcase_add_test(tcase, crc32_of_every_byte_in_every_place);
    tcase_add_test(tcase, crc32_goes_on_where_it_stopped);
    tcase_add_test(tcase, hash128_is_xxh3_of_every_length);
    tcase_add_test(tcase, hash128_is_the_same_on_every_machine);
    tcase_add_test(tcase, hash128_fed_in_pieces);
    tcase_add_test(tcase, hasher_tells_its_value_so_far);
    return tcase;
}
