/* SPDX-License-Identifier: ISC */
#include "format_units.h"
#include <cairn/bytes.h>
#include <string.h>

static uint8_t bytes[KVN_SUPER_BYTES], again[KVN_SUPER_BYTES];
static struct kvn_super super, read;

void format_super_fill(struct kvn_super *out, uint32_t page_bytes, uint64_t pages)
{
    *out = (struct kvn_super){ .version = 1,
                               .page_bytes = page_bytes,
                               .compat = 5,
                               .uuid = "0123456789abcde",
                               .generation = 77,
                               .pages = pages,
                               .log_bytes = UINT64_C(4) * page_bytes,
                               .made_ns = -3,
                               .label = "a label",
                               .root = { 33, 70, { 1, 2 } },
                               .depth = 3,
                               .entries = 1234567890123,
                               .tree_pages = 3,
                               .data_pages = 4,
                               .next_id = 16,
                               .snapshot_generation = 76,
                               .log_start = UINT64_MAX - 7,
                               .log_seq = 8,
                               .log_skip = 70000,
                               .log_chain = { 3, 4 },
                               .free_pages = 5,
                               .freed = { 1, 2, 3, 4, 5, 6, 7, 8 } };
    kvn_index_shape(out);
    out->search_group = kvn_groups(out) - 1;
    for (uint32_t i = 0; i < out->top_count; i++)
        if (i % 3 != 0) out->top[i] = (struct kvn_home){ { i, 9 }, i + 1, 100 + i, i % 8 };
}

/* The hash made right, after bytes were changed. */
static void mend(void)
{
    struct cairn_hash128 hash = cairn_hash128(bytes + 24, sizeof bytes - 24);
    cairn_le64_put(bytes + 8, hash.low);
    cairn_le64_put(bytes + 16, hash.high);
}

static enum cairn_err decode(void)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = kvn_super_decode(&read, bytes, &why);
    ck_assert(why.err == err && (!err || why.what[0]));
    return err;
}

START_TEST(superblocks_come_back)
{
    static const uint64_t pages[] = { 64, 5000, 32256u * 64, 32256u * 64 + 32, UINT64_C(1) << 32 };
    for (uint32_t page = KVN_PAGE_LEAST; page <= KVN_PAGE_MOST; page *= 2)
        for (size_t i = 0; i < CAIRN_COUNT(pages); i++) {
            format_super_fill(&super, page, pages[i]);
            kvn_super_encode(bytes, &super);
            ck_assert_int_eq(decode(), CAIRN_OK);
            kvn_super_encode(again, &read);
            ck_assert_mem_eq(bytes, again, sizeof bytes);
            ck_assert_uint_eq(read.log_start, UINT64_MAX - 7);
            ck_assert_uint_eq(read.log_skip, 70000);
            ck_assert_uint_eq(read.freed[7], 8);
            ck_assert_int_eq(read.made_ns, -3);
        }
}
END_TEST

START_TEST(the_layout_is_the_documents)
{
    format_super_fill(&super, 4096, 256);
    kvn_super_encode(bytes, &super);
    ck_assert_mem_eq(bytes, "CairnKV\n", 8);
    ck_assert_uint_eq(cairn_le32(bytes + 28), 4096);
    ck_assert_uint_eq(cairn_le64(bytes + 80), 256);
    ck_assert_mem_eq(bytes + 104, "a label", 8);
    ck_assert_uint_eq(cairn_le64(bytes + 168), 33);
    ck_assert_uint_eq(bytes[200], 3);
    ck_assert_uint_eq(cairn_le64(bytes + 232), 16);
    ck_assert_uint_eq(cairn_le64(bytes + 256), 8);
    ck_assert_uint_eq(cairn_le64(bytes + 296 + 56), 8);
}
END_TEST

START_TEST(every_changed_byte_is_seen)
{
    format_super_fill(&super, 4096, 256);
    for (size_t at = 0; at < sizeof bytes; at++) {
        kvn_super_encode(bytes, &super);
        bytes[at] ^= (uint8_t)(1u << at % 8);
        ck_assert_int_eq(decode(), at < 8 ? CAIRN_EINVAL : CAIRN_ECORRUPT);
    }
}
END_TEST

static void require_bounds(void)
{
    ck_assert(cairn_is_pow2(read.page_bytes) && read.page_bytes <= KVN_PAGE_MOST);
    ck_assert(read.depth <= KVN_DEPTH_MAX && read.index_levels <= 2);
    ck_assert(read.top_count >= 1 && read.top_count <= KVN_TOP_ENTRIES);
    ck_assert(read.root.page < read.pages && read.search_group < kvn_groups(&read));
    ck_assert(read.label[CAIRN_KV_LABEL_BYTES - 1] == 0 || memchr(read.label, 0, 64) != NULL);
    ck_assert(read.log_bytes / read.page_bytes + 24 < read.pages);
    for (uint32_t i = 0; i < read.top_count; i++)
        ck_assert(read.top[i].home < KVN_RING && read.top[i].birth <= read.generation);
}

START_TEST(what_has_a_right_hash_is_within_bounds)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF };
    format_super_fill(&super, 4096, 256);
    for (size_t at = 24; at < 1024 + 64; at++)
        for (size_t i = 0; i < CAIRN_COUNT(values); i++) {
            kvn_super_encode(bytes, &super);
            bytes[at] = values[i];
            mend();
            enum cairn_err err = decode();
            ck_assert(!err || err == CAIRN_ECORRUPT || err == CAIRN_ENOTSUP);
            if (!err) require_bounds();
        }
}
END_TEST

static enum cairn_err decode_with(size_t at, uint8_t value)
{
    format_super_fill(&super, 4096, 256);
    kvn_super_encode(bytes, &super);
    bytes[at] = value;
    mend();
    return decode();
}

START_TEST(newer_stores_are_told_from_broken_ones)
{
    ck_assert_int_eq(decode_with(24, 2), CAIRN_ENOTSUP);
    ck_assert_int_eq(decode_with(48, 1), CAIRN_ENOTSUP);
    ck_assert_int_eq(decode_with(40, 1), CAIRN_OK);
    ck_assert_uint_eq(read.ro_compat, 1);
    ck_assert_int_eq(decode_with(32, 1), CAIRN_OK);
    ck_assert_int_eq(decode_with(24, 0), CAIRN_ECORRUPT);
    memset(bytes, 0, sizeof bytes);
    ck_assert_int_eq(decode(), CAIRN_EINVAL);
}
END_TEST

START_TEST(fields_that_contradict_one_another_are_refused)
{
    ck_assert_int_eq(decode_with(72, 0), CAIRN_ECORRUPT);    /* generation */
    ck_assert_int_eq(decode_with(81, 0), CAIRN_ECORRUPT);    /* pages */
    ck_assert_int_eq(decode_with(168, 0), CAIRN_ECORRUPT);   /* root without a page */
    ck_assert_int_eq(decode_with(169, 1), CAIRN_ECORRUPT);   /* beyond the end */
    ck_assert_int_eq(decode_with(176, 78), CAIRN_ECORRUPT);  /* younger than the store */
    ck_assert_int_eq(decode_with(200, 17), CAIRN_ECORRUPT);  /* depth */
    ck_assert_int_eq(decode_with(201, 1), CAIRN_ECORRUPT);   /* index levels */
    ck_assert_int_eq(decode_with(202, 2), CAIRN_ECORRUPT);   /* entries of the top */
    ck_assert_int_eq(decode_with(217, 1), CAIRN_ECORRUPT);   /* pages of the tree */
    ck_assert_int_eq(decode_with(232, 15), CAIRN_ECORRUPT);  /* next id */
    ck_assert_int_eq(decode_with(240, 78), CAIRN_ECORRUPT);  /* snapshot */
    ck_assert_int_eq(decode_with(288, 1), CAIRN_ECORRUPT);   /* group to allocate in */
    ck_assert_int_eq(decode_with(1052, 8), CAIRN_ECORRUPT);  /* home */
    ck_assert_int_eq(decode_with(1040, 78), CAIRN_ECORRUPT); /* its birth */
}
END_TEST

START_TEST(probe_tells_the_geometry)
{
    struct cairn_kv_native_geometry geometry;
    format_super_fill(&super, 8192, 700);
    kvn_super_encode(bytes, &super);
    ck_assert_int_eq(cairn_kv_native_probe(bytes, &geometry, NULL), CAIRN_OK);
    ck_assert_uint_eq(geometry.version, 1);
    ck_assert_uint_eq(geometry.page_bytes, 8192);
    ck_assert_uint_eq(geometry.pages, 700);
    ck_assert_uint_eq(geometry.log_bytes, 4 * 8192);
    ck_assert_uint_eq(geometry.generation, 77);
    ck_assert_str_eq(geometry.label, "a label");
    ck_assert_mem_eq(geometry.uuid, "0123456789abcde", 16);
    bytes[100] ^= 1;
    ck_assert_int_eq(cairn_kv_native_probe(bytes, &geometry, NULL), CAIRN_ECORRUPT);
}
END_TEST

START_TEST(pointers_and_homes_come_back)
{
    uint8_t text[32];
    struct kvn_pointer pointer = { 1, 2, { 3, 4 } }, pointer_read;
    struct kvn_home home = { { 5, 6 }, 7, UINT32_MAX, 7 }, home_read;
    kvn_pointer_encode(text, &pointer);
    kvn_pointer_decode(&pointer_read, text);
    ck_assert_mem_eq(&pointer, &pointer_read, sizeof pointer);
    kvn_home_encode(text, &home);
    ck_assert_int_eq(kvn_home_decode(&home_read, text), CAIRN_OK);
    ck_assert(home_read.hash.high == 6 && home_read.birth == 7 && home_read.free == UINT32_MAX &&
              home_read.home == 7);
    text[28] = 8;
    ck_assert_int_eq(kvn_home_decode(&home_read, text), CAIRN_ECORRUPT);
    memset(text, 0, sizeof text);
    ck_assert_int_eq(kvn_home_decode(&home_read, text), CAIRN_OK);
    text[24] = 1; /* never written, but with a count */
    ck_assert_int_eq(kvn_home_decode(&home_read, text), CAIRN_ECORRUPT);
}
END_TEST

TCase *format_super_units(void)
{
    TCase *tcase = tcase_create("superblock");
    tcase_add_test(tcase, superblocks_come_back);
    tcase_add_test(tcase, the_layout_is_the_documents);
    tcase_add_test(tcase, every_changed_byte_is_seen);
    tcase_add_test(tcase, what_has_a_right_hash_is_within_bounds);
    tcase_add_test(tcase, newer_stores_are_told_from_broken_ones);
    tcase_add_test(tcase, fields_that_contradict_one_another_are_refused);
    tcase_add_test(tcase, probe_tells_the_geometry);
    tcase_add_test(tcase, pointers_and_homes_come_back);
    return tcase;
}
