/* SPDX-License-Identifier: ISC */
/* Requests of any bytes over a device of blocks, beside a plain array. */
#include <cairn/blk_mem.h>
#include <check.h>
#include <pthread.h>
#include <serve/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <tape/tape.h>

#define DISK_BYTES 32768u

static uint8_t disk[DISK_BYTES], model[DISK_BYTES], data[DISK_BYTES], edge[4096];
static struct cairn_blk_mem mem;
static struct serve_bytes bytes;

static void bytes_open(uint32_t block_bytes)
{
    memset(disk, 0, sizeof disk);
    memset(model, 0, sizeof model);
    ck_assert_int_eq(cairn_blk_mem_open(&mem, disk, block_bytes, DISK_BYTES / block_bytes, NULL),
                     CAIRN_OK);
    serve_bytes_init(&bytes, &mem.base, edge);
}

/* What a discard leaves of whole blocks is anybody's. */
static void model_discard(struct serve_span span)
{
    uint64_t unit = mem.base.info.block_bytes;
    uint64_t first = (span.offset + unit - 1) / unit * unit;
    uint64_t end = (span.offset + span.count) / unit * unit;
    if (first < end) memcpy(model + first, disk + first, (size_t)(end - first));
}

static bool request_do(struct tape *tape, enum cairn_blk_op op, struct serve_span span)
{
    bool has_data = op == CAIRN_BLK_READ || op == CAIRN_BLK_WRITE;
    memset(data, (int)tape_u64(tape, 255), (size_t)span.count);
    tape_note(tape, "%d of %llu+%llu", (int)op, (unsigned long long)span.offset,
              (unsigned long long)span.count);
    if (serve_bytes_do(&bytes, op, 0, span, has_data ? data : NULL, NULL))
        return tape_fail(tape, "it failed");
    if (op == CAIRN_BLK_READ && memcmp(data, model + span.offset, (size_t)span.count) != 0)
        return tape_fail(tape, "it read something else");
    if (op == CAIRN_BLK_WRITE) memcpy(model + span.offset, data, (size_t)span.count);
    if (op == CAIRN_BLK_ZERO) memset(model + span.offset, 0, (size_t)span.count);
    if (op == CAIRN_BLK_DISCARD) model_discard(span);
    return memcmp(model, disk, sizeof disk) == 0 || tape_fail(tape, "the disk differs");
}

static bool as_an_array(struct tape *tape)
{
    bytes_open(tape_bool(tape) ? 4096 : 512);
    bool holds = true;
    while (holds && tape_more(tape)) {
        enum cairn_blk_op op = (enum cairn_blk_op)tape_pick(tape, 4);
        struct serve_span span = { tape_u64(tape, DISK_BYTES - 1), 0 };
        uint64_t most = tape_bool(tape) ? 600 : 10000;
        if (most > DISK_BYTES - span.offset) most = DISK_BYTES - span.offset;
        span.count = tape_u64(tape, most);
        holds = request_do(tape, op, span);
    }
    serve_bytes_destroy(&bytes);
    return holds;
}

START_TEST(any_bytes_are_as_of_an_array)
{
    ck_assert(tape_run("bytes", as_an_array, NULL));
}
END_TEST

/* Its own bytes, one after the other, all of them in the blocks of the other threads' bytes. */
static void *neighbour(void *arg)
{
    uint64_t first = (uint64_t)(uintptr_t)arg;
    uint8_t letter = (uint8_t)('a' + first);
    for (uint64_t at = first; at < 8192; at += 4)
        if (serve_bytes_do(&bytes, CAIRN_BLK_WRITE, 0, (struct serve_span){ at, 1 }, &letter, NULL))
            return arg;
    return NULL;
}

START_TEST(neighbours_in_a_block_lose_nothing)
{
    pthread_t threads[4];
    bytes_open(512);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, neighbour, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 8192; i++)
        ck_assert_int_eq(disk[i], 'a' + (int)(i % 4));
    serve_bytes_destroy(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("serve");
    TCase *tests = tcase_create("bytes");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, any_bytes_are_as_of_an_array);
    tcase_add_test(tests, neighbours_in_a_block_lose_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
