/* SPDX-License-Identifier: ISC */
/* Devices that fail, lie or fall silent: an error that says so, and no harm. */
#include "hostile.h"
#include "units.h"
#include "vdisk.h"
#include <stdlib.h>
#include <string.h>

#define BYTES (64u << 10)

static struct vdisk vdisk;
static struct cairn_why why;

static void open_with(uint64_t features, enum model_answers answers)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | features, .answers = answers };
    struct cairn_blk_virtio_options options = { .polls = 1, .timeout_ns = 20 * 1000 * 1000 };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, &options, NULL));
    why = (struct cairn_why){ 0 };
}

/* Only the request that failed fails, by its place. */
START_TEST(a_failed_request_is_one)
{
    static const struct {
        uint8_t status;
        enum cairn_err err;
        const char *what;
    } cases[] = { { 1, CAIRN_EIO, "I/O error" },
                  { 2, CAIRN_ENOTSUP, "does not know" },
                  { 3, CAIRN_EIO, "does not exist" },
                  { 255, CAIRN_EIO, "no status" } };
    struct cairn_blk_req reqs[5];
    open_with(_i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, MODEL_AT_ONCE);
    for (size_t i = 0; i < 5; i++)
        reqs[i] =
            (struct cairn_blk_req){ CAIRN_BLK_ZERO, .block = 10 * i, .count = 1, .why = &why };
    vdisk.model.fail_at = 3;
    vdisk.model.fail_status = cases[_i].status;
    ck_assert_int_eq(cairn_blk_submit(&vdisk.dev.base, reqs, 5), cases[_i].err);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(reqs[i].status, i == 2 ? cases[_i].err : CAIRN_OK);
    ck_assert_msg(strstr(why.what, cases[_i].what) && !strncmp(why.what, "zero: ", 6), "%s",
                  why.what);
    ck_assert_uint_eq(why.block, 20);
    ck_assert_str_eq(why.via, "virtio");
    ck_ok(cairn_blk_zero(&vdisk.dev.base, 0, 1, NULL));
    vdisk_close(&vdisk);
}
END_TEST

/* Success, but for what was written. Ids are used again, so an old status must not count. */
START_TEST(a_read_that_is_not_whole_fails)
{
    static const struct {
        int32_t length;
        bool silent;
        const char *what;
    } cases[] = { { -2, false, "wrote less" }, { 0, true, "no status" } };
    uint8_t block[512];
    open_with(_i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, MODEL_AT_ONCE);
    for (int i = 0; i < 200; i++)
        ck_ok(cairn_blk_read(&vdisk.dev.base, 0, 1, block, NULL));
    vdisk.model.fail_at = 201;
    vdisk.model.fail_length = cases[_i / 2].length;
    vdisk.model.fail_silent = cases[_i / 2].silent;
    ck_assert_int_eq(cairn_blk_read(&vdisk.dev.base, 0, 1, block, &why), CAIRN_EIO);
    ck_assert_msg(strstr(why.what, cases[_i / 2].what) != NULL, "%s", why.what);
    ck_ok(cairn_blk_read(&vdisk.dev.base, 0, 1, block, NULL));
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(a_failed_flush_poisons)
{
    open_with(0, MODEL_AT_ONCE);
    vdisk.model.fail_at = 1;
    vdisk.model.fail_status = 1;
    ck_assert_int_eq(cairn_blk_flush(&vdisk.dev.base, &why), CAIRN_EIO);
    ck_assert_str_eq(why.what, "flush: the device reports an I/O error");
    ck_assert_int_eq(cairn_blk_zero(&vdisk.dev.base, 0, 1, NULL), CAIRN_EIO);
    ck_assert_int_eq(cairn_blk_flush(&vdisk.dev.base, NULL), CAIRN_EIO);
    vdisk_close(&vdisk);
}
END_TEST

/* The device is reset, all requests fail, and it stays so. */
static void require_given_up(enum cairn_err err, const char *what)
{
    uint8_t block[512];
    struct cairn_blk_seg seg = { block, sizeof block };
    struct cairn_blk_req reqs[4];
    for (size_t i = 0; i < 4; i++) {
        reqs[i] = (struct cairn_blk_req){ CAIRN_BLK_READ, .block = i, .count = 1, .why = &why };
        reqs[i].segs = &seg;
        reqs[i].seg_count = 1;
    }
    ck_assert_int_eq(cairn_blk_submit(&vdisk.dev.base, reqs, 4), err);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(reqs[i].status, err);
    ck_assert_msg(strstr(why.what, what) && strstr(why.hint, "anew"), "%s", why.what);
    ck_assert_uint_eq(vdisk.model.status, 0);
    ck_assert_int_eq(cairn_blk_read(&vdisk.dev.base, 0, 1, block, &why), err);
    ck_assert(strstr(why.what, what));
    ck_assert_int_eq(cairn_blk_flush(&vdisk.dev.base, &why), err);
    ck_assert(strstr(why.what, what));
    ck_assert_int_eq(cairn_blk_virtio_refresh(&vdisk.dev, &why), err);
    ck_assert(strstr(why.what, what));
    ck_assert_int_eq(cairn_blk_virtio_cache_set(&vdisk.dev, true, &why), err);
    ck_assert(strstr(why.what, what) && strstr(why.hint, "anew"));
    ck_assert_int_eq(cairn_blk_begin(&vdisk.dev.base, reqs, 4), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_finish(&vdisk.dev.base, reqs, 4), err);
    vdisk_close(&vdisk);
}

START_TEST(silence_ends)
{
    open_with(_i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, _i & 2 ? MODEL_BY_THREAD : MODEL_AT_ONCE);
    vdisk.model.mute_at = 1;
    require_given_up(CAIRN_ETIMEDOUT, "did not answer in time");
}
END_TEST

/* Whoever wrote beyond a chain may have written anywhere. */
START_TEST(more_than_there_was_room_for_ends_it)
{
    open_with(_i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, MODEL_AT_ONCE);
    vdisk.model.fail_at = 1;
    vdisk.model.fail_length = _i & 2 ? INT32_MIN : 1;
    require_given_up(CAIRN_EIO, "more than there was room");
}
END_TEST

START_TEST(a_wish_for_a_reset_is_heard)
{
    open_with(0, MODEL_AT_ONCE);
    vdisk.model.mute_at = 1;
    vdisk.model.status |= CAIRN_VIRTIO_NEEDS_RESET;
    require_given_up(CAIRN_EIO, "wants to be reset");
}
END_TEST

/* Nobody is told that the memory is free, neither by a failed request nor by closing. */
START_TEST(a_device_that_cannot_be_stopped_is_told_of)
{
    uint8_t block[512];
    open_with(0, MODEL_AT_ONCE);
    vdisk.model.mute_at = 1;
    vdisk.model.unstoppable = true;
    ck_assert_int_eq(cairn_blk_read(&vdisk.dev.base, 0, 1, block, &why), CAIRN_ETIMEDOUT);
    ck_assert_msg(strstr(why.hint, "may still write") != NULL, "%s", why.hint);
    ck_assert_int_eq(cairn_blk_close(&vdisk.dev.base, &why), CAIRN_ETIMEDOUT);
    ck_assert_msg(strstr(why.hint, "may still write") != NULL, "%s", why.hint);
    why = (struct cairn_why){ 0 };
    size_t mem_bytes = cairn_blk_virtio_mem(NULL), dma_bytes = cairn_blk_virtio_dma_mem(NULL);
    ck_assert_int_eq(cairn_blk_virtio_open(&vdisk.dev, vdisk.dev.virtio, vdisk.mem, mem_bytes,
                                           vdisk.dma, dma_bytes, NULL, &why),
                     CAIRN_ETIMEDOUT);
    ck_assert_msg(strstr(why.hint, "may still write") != NULL, "%s", why.hint);
    vdisk_free(&vdisk);
}
END_TEST

/* Once it lies, with a tape that has it lie at the first chance. */
static uint64_t draw_most(void *ctx, uint64_t max)
{
    uint32_t *left = ctx;
    return *left && --*left == 0 ? max : 0;
}

START_TEST(each_lie_is_survived)
{
    uint32_t left = 0;
    open_with(_i & 1 ? CAIRN_VIRTIO_F_PACKED : 0, MODEL_AT_ONCE);
    vdisk.model.plan.draw = draw_most;
    vdisk.model.plan.ctx = &left;
    left = 1 + (uint32_t)_i / 2;
    for (int i = 0; i < 3; i++) {
        uint8_t block[512];
        enum cairn_err err = cairn_blk_read(&vdisk.dev.base, 0, 1, block, &why);
        ck_assert(!err || why.what[0]);
    }
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(hostile_devices_are_survived)
{
    struct tape_options options = { .runs = 300, .bytes_max = 2048 };
    ck_assert(tape_run("virtio_survives", virtio_survives, &options));
}
END_TEST

TCase *tcase_bad(void)
{
    TCase *tcase = tcase_create("bad");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_failed_request_is_one, 0, 4);
    tcase_add_loop_test(tcase, a_read_that_is_not_whole_fails, 0, 4);
    tcase_add_loop_test(tcase, more_than_there_was_room_for_ends_it, 0, 4);
    tcase_add_test(tcase, a_failed_flush_poisons);
    tcase_add_loop_test(tcase, silence_ends, 0, 4);
    tcase_add_test(tcase, a_wish_for_a_reset_is_heard);
    tcase_add_test(tcase, a_device_that_cannot_be_stopped_is_told_of);
    tcase_add_loop_test(tcase, each_lie_is_survived, 0, 40);
    tcase_add_test(tcase, hostile_devices_are_survived);
    return tcase;
}
