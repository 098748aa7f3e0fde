/* SPDX-License-Identifier: ISC */
#include "format_units.h"
#include "tape/tape.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#define RUN(first_, count_, reserved_, page_, birth_)                                              \
    {                                                                                              \
        .first = (first_), .count = (count_), .reserved = (reserved_), .page = (page_),            \
        .birth = (birth_)                                                                          \
    }

static void chunk_draw(struct tape *tape, struct kvn_chunk *chunk, uint32_t page_bytes)
{
    uint32_t pages = KVN_CHUNK_BYTES / page_bytes, at = 0;
    memset(chunk, 0, sizeof *chunk);
    while (at < pages && tape_more(tape)) {
        struct kvn_run *run = &chunk->run[chunk->runs++];
        run->first = (uint8_t)(at + tape_u64(tape, pages - at - 1));
        run->count = (uint8_t)(1 + tape_u64(tape, pages - run->first - 1u));
        run->reserved = tape_bool(tape);
        run->in_place = !run->reserved && tape_bool(tape);
        run->page = 1 + tape_u64(tape, (UINT64_C(1) << 48) - 17);
        run->birth = 1 + tape_u64(tape, UINT64_MAX - 1);
        at = (uint32_t)run->first + run->count;
        for (uint32_t i = run->first; i < at && !run->reserved; i++)
            chunk->hash[i] = (struct cairn_hash128){ tape_u64(tape, UINT64_MAX), i };
    }
}

static struct kvn_record record_draw(struct tape *tape, uint8_t *chunk_bytes, uint32_t page_bytes)
{
    struct kvn_chunk chunk;
    struct kvn_record record = { .kind = (enum kvn_kind)(1 + tape_pick(tape, 7)) };
    chunk_draw(tape, &chunk, page_bytes);
    record.chunk = (struct kvn_slice){ chunk_bytes, kvn_chunk_encode(chunk_bytes, &chunk) };
    record.data = (struct kvn_slice){ chunk_bytes, (uint32_t)tape_u64(tape, 500) };
    record.time_ns = (int64_t)tape_u64(tape, UINT64_MAX);
    record.id = 16 + tape_u64(tape, 1000);
    record.size = record.kind == KVN_LARGE ? KVN_CHUNK_BYTES + 1 + tape_u64(tape, 99) : 100;
    record.is_snapshot = tape_bool(tape);
    record.generation = 100;
    record.depth = (uint8_t)tape_pick(tape, 17);
    record.root = (struct kvn_pointer){ record.depth > 0, 100, { 1, 2 } };
    record.entries = tape_u64(tape, UINT64_MAX);
    return record;
}

static bool records(struct tape *tape)
{
    uint8_t bytes[KVN_RECORD_MAX], again[KVN_RECORD_MAX], chunk[KVN_CHUNK_RECORD_MAX] = { 0 };
    uint32_t page_bytes = KVN_PAGE_LEAST << tape_pick(tape, 5);
    struct kvn_record record = record_draw(tape, chunk, page_bytes), read;
    struct kvn_slice in = { bytes, kvn_record_encode(bytes, &record) };
    if (kvn_record_decode(&read, in, page_bytes, NULL)) return tape_fail(tape, "refused");
    uint32_t length = kvn_record_encode(again, &read);
    if (length != in.bytes || memcmp(bytes, again, length) != 0)
        return tape_fail(tape, "comes back different");
    /* Cut short it is refused, or (a value in place) shorter. */
    in.bytes = (uint32_t)tape_u64(tape, length - 1);
    uint8_t *exact = malloc(in.bytes + 1);
    memcpy(exact, bytes, in.bytes);
    in.data = exact;
    enum cairn_err err = kvn_record_decode(&read, in, page_bytes, NULL);
    free(exact);
    return err || record.kind == KVN_INLINE || tape_fail(tape, "cut at %u and taken", in.bytes);
}

START_TEST(records_come_back)
{
    struct tape_options options = { .runs = 2000, .bytes_max = 256 };
    ck_assert(tape_run("records", records, &options));
}
END_TEST

static bool chunk_in_bounds(const struct kvn_chunk *chunk, uint32_t page_bytes)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < chunk->runs; i++) {
        const struct kvn_run *run = &chunk->run[i];
        if (run->first < at || run->count == 0 || run->page == 0) return false;
        at = (uint32_t)run->first + run->count;
    }
    return at <= KVN_CHUNK_BYTES / page_bytes;
}

static bool record_in_bounds(const struct kvn_record *record, uint32_t page_bytes)
{
    struct kvn_chunk chunk;
    if (record->chunk.bytes > 0 && (kvn_chunk_decode(&chunk, record->chunk, page_bytes) ||
                                    !chunk_in_bounds(&chunk, page_bytes)))
        return false;
    return record->size <= CAIRN_KV_VALUE_MAX && record->depth <= KVN_DEPTH_MAX;
}

START_TEST(every_changed_byte_of_a_record_is_refused_or_in_bounds)
{
    struct kvn_chunk chunk = { 2,
                               { RUN(0, 3, false, 77, 5), RUN(9, 7, true, 99, 6) },
                               { { 0, 0 } } };
    uint8_t text[KVN_CHUNK_RECORD_MAX];
    struct kvn_slice in = { text, kvn_chunk_encode(text, &chunk) };
    ck_assert_uint_eq(in.bytes, 1 + 2 * 17 + 3 * 16);
    for (int kind = KVN_INLINE; kind <= KVN_GRAVE; kind++) {
        struct kvn_record record = { .kind = (enum kvn_kind)kind,
                                     .size = kind == KVN_LARGE ? 70000 : 50000,
                                     .id = 16,
                                     .data = in,
                                     .chunk = in,
                                     .generation = 9,
                                     .root = { 5, 6, { 7, 8 } },
                                     .depth = 2,
                                     .is_snapshot = true };
        uint8_t bytes[KVN_RECORD_MAX];
        uint32_t length = kvn_record_encode(bytes, &record);
        for (uint32_t i = 0; i < length * 255; i++) {
            struct kvn_record read;
            uint8_t was = bytes[i / 255];
            bytes[i / 255] ^= (uint8_t)(1 + i % 255);
            if (!kvn_record_decode(&read, (struct kvn_slice){ bytes, length }, 4096, NULL))
                ck_assert(record_in_bounds(&read, 4096));
            bytes[i / 255] = was;
        }
    }
}
END_TEST

START_TEST(chunks_that_cannot_be_are_refused)
{
    static const struct kvn_run bad[] = {
        RUN(0, 0, true, 1, 1),
        RUN(0, 17, true, 1, 1),
        RUN(16, 1, true, 1, 1),
        RUN(255, 2, true, 1, 1),
        RUN(3, 1, true, 0, 1),
        RUN(3, 1, true, 1, 0),
        RUN(3, 2, true, (UINT64_C(1) << 48) - 1, 1),
    };
    uint8_t text[KVN_CHUNK_RECORD_MAX];
    struct kvn_chunk chunk = { .runs = 1 }, read;
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++) {
        chunk.run[0] = bad[i];
        struct kvn_slice in = { text, kvn_chunk_encode(text, &chunk) };
        ck_assert_int_eq(kvn_chunk_decode(&read, in, 4096), CAIRN_ECORRUPT);
    }
    chunk =
        (struct kvn_chunk){ .runs = 2, .run = { RUN(4, 4, true, 1, 1), RUN(7, 1, true, 9, 1) } };
    struct kvn_slice overlap = { text, kvn_chunk_encode(text, &chunk) };
    ck_assert_int_eq(kvn_chunk_decode(&read, overlap, 4096), CAIRN_ECORRUPT);
    text[0] = 255;
    ck_assert_int_eq(kvn_chunk_decode(&read, overlap, 4096), CAIRN_ECORRUPT);
}
END_TEST

START_TEST(records_that_cannot_be_are_refused)
{
    uint8_t text[KVN_RECORD_MAX];
    struct kvn_record read, small_large = { .kind = KVN_LARGE, .size = 65536, .id = 16 };
    struct kvn_record reserved_id = { .kind = KVN_DICTIONARY, .id = 15 };
    struct kvn_record too_large = { .kind = KVN_LARGE, .size = CAIRN_KV_VALUE_MAX + 1, .id = 16 };
    struct kvn_record deep = { .kind = KVN_SNAPSHOT, .depth = 17, .root = { 1, 1, { 0, 0 } } };
    const struct kvn_record *const bad[] = { &small_large, &reserved_id, &too_large, &deep };
    for (size_t i = 0; i < CAIRN_COUNT(bad); i++) {
        struct cairn_why why = { 0 };
        struct kvn_slice in = { text, kvn_record_encode(text, bad[i]) };
        ck_assert_int_eq(kvn_record_decode(&read, in, 4096, &why), CAIRN_ECORRUPT);
        ck_assert(why.what[0]);
    }
    text[0] = 8;
    ck_assert_int_eq(kvn_record_decode(&read, (struct kvn_slice){ text, 20 }, 4096, NULL),
                     CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_record_decode(&read, (struct kvn_slice){ NULL, 0 }, 4096, NULL),
                     CAIRN_ECORRUPT);
}
END_TEST

TCase *format_record_units(void)
{
    TCase *tcase = tcase_create("records");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, records_come_back);
    tcase_add_test(tcase, every_changed_byte_of_a_record_is_refused_or_in_bounds);
    tcase_add_test(tcase, chunks_that_cannot_be_are_refused);
    tcase_add_test(tcase, records_that_cannot_be_are_refused);
    return tcase;
}
