/* SPDX-License-Identifier: ISC */
/* What the driver does with a device that keeps the rules. */
#include "units.h"
#include "vdisk.h"
#include <stdlib.h>
#include <string.h>

#define BYTES (1u << 20)
#define BATCH 40

static struct vdisk vdisk;

static void open_with(uint64_t features, const struct cairn_blk_virtio_options *options)
{
    struct cairn_why why = { 0 };
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | features };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, options, &why));
}

START_TEST(info_is_what_the_device_said)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK, .block_bytes = 4096 };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES + 512, NULL, NULL));
    const struct cairn_blk_info *info = &vdisk.dev.base.info;
    ck_assert_uint_eq(info->block_bytes, 4096);
    ck_assert_uint_eq(info->block_count, BYTES / 4096);
    ck_assert_uint_eq(info->preferred_bytes, 65536);
    ck_assert_uint_eq(info->discard_bytes, 4096);
    ck_assert(!info->read_only && info->flush == CAIRN_BLK_NATIVE);
    ck_assert(info->durability == CAIRN_BLK_DURABLE_MEDIA && info->fua == CAIRN_BLK_EMULATED);
    ck_assert(info->zero == CAIRN_BLK_NATIVE && info->discard == CAIRN_BLK_NATIVE);
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(a_poor_device_promises_little)
{
    struct model_plan plan = { .features = CAIRN_VIRTIO_F_VERSION_1 | MODEL_F(MODEL_F_RO) };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, NULL, NULL));
    const struct cairn_blk_info *info = &vdisk.dev.base.info;
    ck_assert(info->read_only && info->flush == CAIRN_BLK_ABSENT);
    ck_assert(info->durability == CAIRN_BLK_DURABLE_NONE);
    ck_assert(info->discard == CAIRN_BLK_ABSENT && info->zero == CAIRN_BLK_EMULATED);
    ck_assert_uint_eq(info->block_bytes, 512);
    ck_assert_uint_eq(vdisk.dev.segs_max, 1);
    ck_ok(cairn_blk_flush(&vdisk.dev.base, NULL));
    vdisk_close(&vdisk);
}
END_TEST

/* A batch of reads of two segments each, block after block. */
struct batch {
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH][2];
    uint8_t data[BATCH][2048];
};

static void batch_fill(struct batch *batch, enum cairn_blk_op op)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch->segs[i][0] = (struct cairn_blk_seg){ batch->data[i], 512 };
        batch->segs[i][1] = (struct cairn_blk_seg){ batch->data[i] + 1024, 1024 };
        batch->reqs[i] = (struct cairn_blk_req){ .op = op, .block = 3 * i, .count = 3 };
        batch->reqs[i].segs = batch->segs[i];
        batch->reqs[i].seg_count = 2;
    }
}

static const uint64_t rings[] = { CAIRN_VIRTIO_F_INDIRECT,
                                  CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_EVENT_IDX,
                                  CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_PACKED,
                                  CAIRN_VIRTIO_F_INDIRECT | CAIRN_VIRTIO_F_PACKED |
                                      CAIRN_VIRTIO_F_EVENT_IDX };

/* One notification a batch, and the device meets the caller's own memory. */
START_TEST(a_batch_is_announced_once_and_not_copied)
{
    static struct batch batch;
    open_with(rings[_i], NULL);
    batch_fill(&batch, CAIRN_BLK_READ);
    uint32_t before = model_notifies(&vdisk.model);
    ck_ok(cairn_blk_submit(&vdisk.dev.base, batch.reqs, BATCH));
    ck_assert_uint_eq(model_notifies(&vdisk.model) - before, 1);
    ck_assert_uint_eq(vdisk.model.requests, BATCH);
    ck_assert_uint_eq(vdisk.model.seen_count, 2 * BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        ck_assert_ptr_eq(vdisk.model.seen[2 * i].data, batch.data[i]);
        ck_assert_ptr_eq(vdisk.model.seen[2 * i + 1].data, batch.data[i] + 1024);
        ck_assert_uint_eq(vdisk.model.seen[2 * i + 1].bytes, 1024);
    }
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(no_memory_of_the_device_is_left_behind)
{
    ck_assert_uint_ge(cairn_blk_virtio_dma_mem(NULL), 128 * (16 + 64));
    open_with(0, NULL);
    for (int i = 0; i < 1000; i++)
        ck_ok(cairn_blk_zero(&vdisk.dev.base, (uint64_t)i, 1, NULL));
    for (uint16_t i = 0; i < vdisk.dev.queue_count; i++)
        ck_assert_uint_eq(vdisk.model.queues[i].avail, vdisk.model.queues[i].used);
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(what_is_out_of_reach_is_bounced)
{
    static struct batch batch;
    struct cairn_blk_virtio_options options = { .bounce_bytes = 4096 };
    size_t bytes = cairn_blk_virtio_dma_mem(&options), own = cairn_blk_virtio_mem(&options);
    uint8_t *shared = malloc(bytes), *mem = malloc(own), *disk = calloc(1, BYTES);
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | CAIRN_VIRTIO_F_INDIRECT,
                               .reach = shared,
                               .reach_bytes = bytes };
    if (!_i) options.bounce_bytes = 0;
    struct cairn_virtio *virtio = model_open(&vdisk.model, &plan, disk, BYTES);
    ck_ok(cairn_blk_virtio_open(&vdisk.dev, virtio, mem, own, shared, bytes, &options, NULL));
    batch_fill(&batch, CAIRN_BLK_WRITE);
    memset(batch.data, 0x5a, sizeof batch.data);
    struct cairn_why why = { 0 };
    batch.reqs[0].why = &why;
    enum cairn_err err = cairn_blk_submit(&vdisk.dev.base, batch.reqs, BATCH);
    ck_assert_int_eq(err, _i ? CAIRN_OK : CAIRN_EINVAL);
    ck_assert(_i || (strstr(why.what, "reach") && why.hint[0]));
    memset(batch.data, 0, sizeof batch.data);
    batch_fill(&batch, CAIRN_BLK_READ);
    if (_i) ck_ok(cairn_blk_submit(&vdisk.dev.base, batch.reqs, BATCH));
    for (size_t i = 0; _i && i < BATCH; i++) {
        ck_assert(batch.data[i][0] == 0x5a && batch.data[i][2047] == 0x5a);
        ck_assert(batch.data[i][600] == 0);
    }
    ck_ok(cairn_blk_close(&vdisk.dev.base, NULL));
    model_close(&vdisk.model);
    free(disk);
    free(mem);
    free(shared);
}
END_TEST

/* More batches under way than are kept track of; finished last first. */
START_TEST(batches_overlap)
{
    static struct batch batches[12];
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | rings[_i],
                               .answers = MODEL_ON_WAIT };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, NULL, NULL));
    memset(vdisk.disk, 0x11, BYTES);
    for (size_t i = 0; i < 12; i++) {
        batch_fill(&batches[i], CAIRN_BLK_READ);
        ck_ok(cairn_blk_begin(&vdisk.dev.base, batches[i].reqs, BATCH));
    }
    for (size_t i = 12; i-- > 0;) {
        ck_ok(cairn_blk_finish(&vdisk.dev.base, batches[i].reqs, BATCH));
        ck_assert_int_eq(batches[i].data[BATCH - 1][0], 0x11);
    }
    vdisk_close(&vdisk);
}
END_TEST

/* Who sleeps for a batch is woken once, by the last of it. */
START_TEST(a_batch_is_one_interrupt)
{
    static struct batch batch;
    struct model_plan plan = { .features = MODEL_FEATURES_DISK | CAIRN_VIRTIO_F_EVENT_IDX |
                                           CAIRN_VIRTIO_F_INDIRECT,
                               .answers = MODEL_ON_WAIT };
    struct cairn_blk_virtio_options options = { .polls = 1 };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, &options, NULL));
    for (uint32_t i = 1; i < 100; i++) {
        batch_fill(&batch, CAIRN_BLK_READ);
        ck_ok(cairn_blk_submit(&vdisk.dev.base, batch.reqs, BATCH));
        ck_assert_uint_eq(vdisk.model.raised, i);
    }
    vdisk_close(&vdisk);
}
END_TEST

/* A batch that begin does at once, as there is no place to keep track of it: when one of its writes
 * fails the others are as durable as they were to be, since no finish follows. */
START_TEST(a_begin_that_fails_keeps_the_promises_of_the_rest)
{
    static struct batch batches[9];
    open_with(0, NULL);
    for (size_t i = 0; i < 8; i++) {
        batch_fill(&batches[i], CAIRN_BLK_READ);
        ck_ok(cairn_blk_begin(&vdisk.dev.base, batches[i].reqs, 1));
    }
    batch_fill(&batches[8], CAIRN_BLK_WRITE);
    for (size_t i = 0; i < 3; i++)
        batches[8].reqs[i].flags = CAIRN_BLK_FUA;
    vdisk.model.fail_at = 9;
    vdisk.model.fail_status = 1;
    ck_assert_int_eq(cairn_blk_begin(&vdisk.dev.base, batches[8].reqs, 3), CAIRN_EIO);
    ck_ok(batches[8].reqs[1].status);
    ck_assert_uint_eq(vdisk.model.flushes, 1);
    for (size_t i = 0; i < 8; i++)
        ck_ok(cairn_blk_finish(&vdisk.dev.base, batches[i].reqs, 1));
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(questions_are_answered)
{
    char serial[CAIRN_BLK_VIRTIO_SERIAL_BYTES + 1];
    struct cairn_blk_virtio_lifetime life;
    open_with(rings[_i], NULL);
    ck_ok(cairn_blk_virtio_serial(&vdisk.dev, serial, NULL));
    ck_assert_str_eq(serial, "cairn model 1");
    ck_ok(cairn_blk_virtio_lifetime(&vdisk.dev, &life, NULL));
    ck_assert(life.pre_eol == 1 && life.slc == 3 && life.mlc == 4);
    ck_ok(cairn_blk_flush(&vdisk.dev.base, NULL));
    ck_assert_uint_eq(vdisk.model.flushes, 1);
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(the_cache_has_modes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_virtio_options options = { .without = MODEL_F(MODEL_F_CONFIG_WCE) };
    open_with(0, NULL);
    ck_ok(cairn_blk_virtio_cache_set(&vdisk.dev, false, NULL));
    ck_assert_uint_eq(vdisk.model.flushes, 1);
    ck_assert_uint_eq(vdisk.model.config[32], 0);
    ck_ok(cairn_blk_virtio_cache_set(&vdisk.dev, true, NULL));
    ck_assert_uint_eq(vdisk.model.flushes, 1);
    vdisk_close(&vdisk);
    open_with(0, &options);
    ck_assert_int_eq(cairn_blk_virtio_cache_set(&vdisk.dev, true, &why), CAIRN_ENOTSUP);
    ck_assert_str_eq(why.via, "virtio");
    vdisk_close(&vdisk);
    options.without = MODEL_F(MODEL_F_FLUSH); /* who cannot flush does not turn it on */
    open_with(0, &options);
    ck_assert_int_eq(cairn_blk_virtio_cache_set(&vdisk.dev, true, &why), CAIRN_ENOTSUP);
    vdisk_close(&vdisk);
}
END_TEST

/* A limit that no clock reaches is none. */
START_TEST(one_can_wait_for_ever)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK, .answers = MODEL_BY_THREAD };
    struct cairn_blk_virtio_options options = { .polls = 1, .timeout_ns = UINT64_MAX };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, &options, NULL));
    for (int i = 0; i < 50; i++)
        ck_ok(cairn_blk_flush(&vdisk.dev.base, NULL));
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(a_grown_disk_is_seen_when_asked)
{
    open_with(0, NULL);
    model_resize(&vdisk.model, BYTES / 1024);
    ck_assert_uint_eq(vdisk.dev.base.info.block_count, BYTES / 512);
    ck_ok(cairn_blk_virtio_refresh(&vdisk.dev, NULL));
    ck_assert_uint_eq(vdisk.dev.base.info.block_count, BYTES / 1024);
    model_resize(&vdisk.model, UINT64_MAX / 512);
    ck_assert_int_eq(cairn_blk_virtio_refresh(&vdisk.dev, NULL), CAIRN_ECORRUPT);
    vdisk.model.sectors = BYTES / 512;
    vdisk_close(&vdisk);
}
END_TEST

/* A change that interrupts a sleeping driver is noted. */
START_TEST(a_change_is_noted)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK,
                               .answers = MODEL_ON_WAIT,
                               .pci = _i };
    struct cairn_blk_virtio_options options = { .polls = 1 };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, &options, NULL));
    model_resize(&vdisk.model, BYTES / 512);
    vdisk.model.interrupts |= 0x80; /* of a later version: not to be acknowledged */
    ck_assert(!vdisk.dev.virtio->config_changed);
    ck_ok(cairn_blk_flush(&vdisk.dev.base, NULL));
    ck_assert(vdisk.dev.virtio->config_changed);
    ck_ok(cairn_blk_virtio_refresh(&vdisk.dev, NULL));
    ck_assert(!vdisk.dev.virtio->config_changed);
    vdisk_close(&vdisk);
}
END_TEST

START_TEST(a_bus_without_interrupts_is_polled)
{
    struct model_plan plan = { .features = MODEL_FEATURES_DISK,
                               .answers = MODEL_BY_THREAD,
                               .no_wait = true };
    struct cairn_blk_virtio_options options = { .polls = 1 };
    ck_ok(vdisk_open(&vdisk, &plan, BYTES, &options, NULL));
    for (int i = 0; i < 50; i++)
        ck_ok(cairn_blk_flush(&vdisk.dev.base, NULL));
    ck_assert_uint_eq(vdisk.model.raised, 0);
    vdisk_close(&vdisk);
}
END_TEST

TCase *tcase_disk(void)
{
    TCase *tcase = tcase_create("disk");
    tcase_add_test(tcase, info_is_what_the_device_said);
    tcase_add_test(tcase, a_poor_device_promises_little);
    tcase_add_loop_test(tcase, a_batch_is_announced_once_and_not_copied, 0, 4);
    tcase_add_test(tcase, no_memory_of_the_device_is_left_behind);
    tcase_add_loop_test(tcase, what_is_out_of_reach_is_bounced, 0, 2);
    tcase_add_loop_test(tcase, batches_overlap, 0, 4);
    tcase_add_test(tcase, a_batch_is_one_interrupt);
    tcase_add_test(tcase, a_begin_that_fails_keeps_the_promises_of_the_rest);
    tcase_add_loop_test(tcase, questions_are_answered, 0, 4);
    tcase_add_test(tcase, the_cache_has_modes);
    tcase_add_test(tcase, a_grown_disk_is_seen_when_asked);
    tcase_add_loop_test(tcase, a_change_is_noted, 0, 2);
    tcase_add_test(tcase, a_bus_without_interrupts_is_polled);
    tcase_add_test(tcase, one_can_wait_for_ever);
    return tcase;
}
