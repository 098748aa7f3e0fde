/* SPDX-License-Identifier: ISC */
/* Devices that are not opened, and what is said of them; and odd ones that are. */
#include "units.h"
#include "vdisk.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#define BYTES (64u << 10)

static struct vdisk vdisk;

static void require_refused(const struct model_plan *plan,
                            const struct cairn_blk_virtio_options *options, enum cairn_err err,
                            const char *what)
{
    struct cairn_why why = { 0 };
    ck_assert_int_eq(vdisk_open(&vdisk, plan, BYTES, options, &why), err);
    ck_assert_msg(strstr(why.what, what) != NULL, "%s", why.what);
}

START_TEST(features_decide)
{
    struct model_plan legacy = { .features = MODEL_F(MODEL_F_FLUSH) };
    struct model_plan zoned = { .features = MODEL_FEATURES_DISK | MODEL_F(MODEL_F_ZONED) };
    require_refused(&legacy, NULL, CAIRN_ENOTSUP, "legacy");
    require_refused(&zoned, NULL, CAIRN_ENOTSUP, "zoned");
}
END_TEST

START_TEST(tiny_queues_are_refused)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK, .queue_size = 2 };
    require_refused(&plan, NULL, CAIRN_ENOTSUP, "no queue");
}
END_TEST

/* A block that no request holds. */
START_TEST(blocks_must_fit)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | MODEL_F(MODEL_F_SIZE_MAX),
                               .block_bytes = 4096,
                               .seg_max = 7,
                               .size_max = 512 };
    require_refused(&plan, NULL, CAIRN_ECORRUPT, "do not hold a block");
    plan.seg_max = 8;
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, NULL, NULL));
    uint8_t *data = malloc(BYTES);
    memset(vdisk.disk, 0x77, BYTES);
    ck_ok(cairn_blk_read(&vdisk.dev.base, 0, BYTES / 4096, data, NULL));
    ck_assert(!memcmp(data, vdisk.disk, BYTES));
    free(data);
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(options_have_limits)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK };
    static const struct cairn_blk_virtio_options wrong[] = { { .queues = 65 },
                                                             { .queue_size = 2 },
                                                             { .queue_size = 100 },
                                                             { .segs = 127 },
                                                             { .bounce_bytes = 100 } };
    struct cairn_why why = { 0 };
    uint8_t mem[64];
    ck_assert_int_eq(
        cairn_blk_virtio_open(&vdisk.dev, NULL, mem, sizeof mem, mem, sizeof mem, NULL, &why),
        CAIRN_ENOMEM);
    require_refused(&plan, &wrong[_i], CAIRN_EINVAL, _i == 4 ? "bounce" : "possible");
}
END_TEST

/* The model with a configuration of the test's. */
static enum cairn_err open_config(uint64_t features, uint32_t at, uint64_t value, uint32_t bytes,
                                  struct cairn_why *why)
{
    struct model_plan plan = { .features = features };
    size_t mem_bytes = cairn_blk_virtio_mem(NULL), dma_bytes = cairn_blk_virtio_dma_mem(NULL);
    vdisk.disk = calloc(1, BYTES);
    vdisk.mem = malloc(mem_bytes);
    vdisk.dma = malloc(dma_bytes);
    struct cairn_virtio *virtio = model_open(&vdisk.model, &plan, vdisk.disk, BYTES);
    for (uint32_t i = 0; i < bytes; i++)
        vdisk.model.config[at + i] = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;
    return cairn_blk_virtio_open(&vdisk.dev, virtio, vdisk.mem, mem_bytes, vdisk.dma, dma_bytes,
                                 NULL, why);
}

static void close_config(enum cairn_err err)
{
    if (!err) ck_ok(cairn_blk_close(&vdisk.dev.base, NULL));
    model_close(&vdisk.model);
    free(vdisk.dma);
    free(vdisk.mem);
    free(vdisk.disk);
}

START_TEST(odd_block_sizes_are_sectors)
{
    static const uint32_t odd[] = { 0, 1, 256, 513, 3000, 131072, UINT32_MAX };
    enum cairn_err err = open_config(MODEL_FEATURES_DISK, 20, odd[_i], 4, NULL);
    ck_ok(err);
    ck_assert_uint_eq(vdisk.dev.base.info.block_bytes, 512);
    ck_assert_uint_eq(vdisk.dev.base.info.block_count, BYTES / 512);
    close_config(err);
}
END_TEST

START_TEST(impossible_configurations_are_refused)
{
    static const struct {
        uint64_t features;
        uint32_t at;
        uint64_t value;
        uint32_t bytes;
        enum cairn_err err;
        const char *what;
    } cases[] = {
        { MODEL_FEATURES_DISK, 0, UINT64_MAX, 8, CAIRN_ECORRUPT, "too large" },
        { MODEL_FEATURES_DISK, 0, UINT64_C(1) << 54, 8, CAIRN_ECORRUPT, "too large" },
        { MODEL_FEATURES_DISK | MODEL_F(MODEL_F_SIZE_MAX), 8, 1, 4, CAIRN_ECORRUPT, "do not hold" },
        { MODEL_FEATURES_DISK | MODEL_F(MODEL_F_MQ), 34, 0, 2, CAIRN_ENOTSUP, "no queue" },
    };
    struct cairn_why why = { 0 };
    enum cairn_err err =
        open_config(cases[_i].features, cases[_i].at, cases[_i].value, cases[_i].bytes, &why);
    ck_assert_int_eq(err, cases[_i].err);
    ck_assert_msg(strstr(why.what, cases[_i].what) != NULL, "%s", why.what);
    ck_assert_str_eq(why.via, "virtio");
    ck_assert_uint_eq(vdisk.model.status, CAIRN_VIRTIO_FAILED);
    close_config(err);
}
END_TEST

/* Limits of 0 on discards and zeroes: they are not there. */
START_TEST(limits_of_nothing_are_absent)
{
    enum cairn_err err = open_config(MODEL_FEATURES_DISK, 36, 0, 24, NULL);
    ck_ok(err);
    ck_assert(vdisk.dev.base.info.discard == CAIRN_BLK_ABSENT);
    ck_assert(vdisk.dev.base.info.zero == CAIRN_BLK_EMULATED);
    memset(vdisk.disk, 1, BYTES);
    ck_ok(cairn_blk_zero(&vdisk.dev.base, 0, BYTES / 512, NULL));
    ck_assert_uint_eq(vdisk.disk[BYTES - 1], 0);
    close_config(err);
}
END_TEST

/* qemu-storage-daemon 7.2 offers SIZE_MAX, and leaves the field 0. */
START_TEST(a_segment_limit_of_nothing_is_none)
{
    enum cairn_err err =
        open_config(MODEL_FEATURES_DISK | MODEL_F(MODEL_F_SIZE_MAX), 8, 0, 4, NULL);
    ck_ok(err);
    ck_assert_uint_ge(vdisk.dev.seg_bytes_max, 1u << 20);
    close_config(err);
}
END_TEST

TCase *tcase_open(void)
{
    TCase *tcase = tcase_create("open");
    tcase_add_test(tcase, features_decide);
    tcase_add_test(tcase, tiny_queues_are_refused);
    tcase_add_test(tcase, blocks_must_fit);
    tcase_add_loop_test(tcase, options_have_limits, 0, 5);
    tcase_add_loop_test(tcase, odd_block_sizes_are_sectors, 0, 7);
    tcase_add_loop_test(tcase, impossible_configurations_are_refused, 0, 4);
    tcase_add_test(tcase, limits_of_nothing_are_absent);
    tcase_add_test(tcase, a_segment_limit_of_nothing_is_none);
    return tcase;
}
