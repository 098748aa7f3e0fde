/* SPDX-License-Identifier: ISC */
/* Devices that read badly, end early or have large blocks; too little memory. */
#include "test_check.h"

#include <stdlib.h>

/* Memory in which one block cannot be read. */
struct bad_block {
    struct cairn_blk_mem mem;
    struct cairn_blk_ops ops;
    const struct cairn_blk_ops *real;
    uint64_t block;
};

static enum cairn_err bad_submit(struct cairn_blk *dev, struct cairn_blk_req *reqs, size_t count)
{
    struct bad_block *bad = (struct bad_block *)dev;
    if (count == 1 && reqs->block <= bad->block && bad->block - reqs->block < reqs->count)
        return reqs->status = CAIRN_EIO;
    return bad->real->submit(dev, reqs, count);
}

static void bad_check(struct gathered *out, const struct sample *s, uint64_t block)
{
    struct bad_block bad = { .block = block };
    ck_assert_int_eq(cairn_blk_mem_open(&bad.mem, s->bytes, 512, s->size / 512, NULL), CAIRN_OK);
    bad.real = bad.mem.base.ops;
    bad.ops = *bad.real;
    bad.ops.submit = bad_submit;
    bad.ops.begin = bad.ops.finish = NULL;
    bad.ops.borrow = NULL;
    bad.mem.base.ops = &bad.ops;
    bad.mem.base.info.borrow = CAIRN_BLK_ABSENT;
    check_dev(out, &bad.mem.base, 0);
}

/* One unreadable sector in each region: told of once, the rest is checked. */
START_TEST(unreadable_sectors_are_told_of_once)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    const uint64_t sectors[] = { 0, 1, 6, s.geometry.reserved_sectors,
                                 s.geometry.data_start + (uint64_t)s.files[SAMPLE_SUB].start - 2 };
    for (size_t i = 0; i < CAIRN_COUNT(sectors); i++) {
        struct gathered out = { .watched = CAIRN_FAT_FAULT_READ };
        bad_check(&out, &s, sectors[i]);
        ck_assert_int_eq(out.err, CAIRN_OK);
        ck_assert_msg(out.counts[CAIRN_FAT_FAULT_READ] == 1, "%s", out.log);
        ck_assert_uint_eq(out.first.sector, sectors[i]);
    }
    sample_free(&s);
}
END_TEST

/* Where nothing is read, nothing can fail: file contents are not looked at. */
START_TEST(contents_are_not_read)
{
    struct sample s;
    struct gathered out = { 0 };
    sample_make(&s, CAIRN_FAT16);
    bad_check(&out, &s, s.geometry.data_start + (uint64_t)s.files[SAMPLE_A].start - 2);
    ck_assert_msg(out.total == 0, "%s", out.log);
    sample_free(&s);
}
END_TEST

START_TEST(large_blocks_make_no_difference)
{
    for (uint32_t bytes = 1024; bytes <= 65536; bytes *= 2) {
        struct sample s;
        struct gathered out = { 0 };
        struct offer offer = { .block_bytes = bytes, .no_borrow = bytes & 0xAAAAA };
        sample_make(&s, check_types[_i]);
        s.size = cairn_round_up(s.size, bytes);
        check_sample(&out, &s, &offer);
        ck_assert_int_eq(out.err, CAIRN_OK);
        ck_assert_msg(out.total == 0, "%s", out.log);
        sample_free(&s);
    }
}
END_TEST

/* From nothing upward: an error or a result, never a crash or a false finding. */
START_TEST(any_memory_is_survived)
{
    struct sample s;
    sample_make(&s, check_types[_i]);
    bool well = false;
    for (size_t bytes = 1; !well; bytes += bytes < 20000 ? 997 : 20011) {
        struct gathered out = { 0 };
        struct offer offer = { .no_borrow = true, .mem_bytes = bytes };
        check_sample(&out, &s, &offer);
        ck_assert_msg(out.err == CAIRN_OK || out.err == CAIRN_ENOMEM, "%d", out.err);
        ck_assert_msg(out.total == 0, "%s", out.log);
        well = out.err == CAIRN_OK;
        ck_assert_uint_lt(bytes, 4u << 20);
    }
    sample_free(&s);
}
END_TEST

START_TEST(no_volume_is_an_error_that_explains_itself)
{
    static uint8_t zeros[8192];
    struct cairn_blk_mem dev;
    struct gathered out = { .watched = CAIRN_FAT_FAULT_BOOT };
    ck_assert_int_eq(cairn_blk_mem_open(&dev, zeros, 512, 16, NULL), CAIRN_OK);
    check_dev(&out, &dev.base, 0);
    ck_assert_int_eq(out.err, CAIRN_EINVAL);
    ck_assert_int_eq(out.why.err, CAIRN_EINVAL);
    ck_assert(out.why.what[0] && out.why.hint[0]);
    ck_assert_uint_eq(out.counts[CAIRN_FAT_FAULT_BOOT], 1);
}
END_TEST

/* A device cut off anywhere: memory and time stay bounded by what is there. */
START_TEST(cut_devices_are_survived)
{
    struct sample s;
    sample_make(&s, CAIRN_FAT32);
    for (size_t size = 512; size < s.size; size = size * 3 / 2 / 512 * 512 + 512) {
        struct gathered out = { 0 };
        struct sample cut = s;
        cut.size = size;
        check_sample(&out, &cut, NULL);
        ck_assert_int_eq(out.err, CAIRN_OK);
        ck_assert_uint_eq(out.counts[CAIRN_FAT_FAULT_SIZE], 1);
    }
    sample_free(&s);
}
END_TEST

TCase *check_device_tests(void)
{
    TCase *tests = tcase_create("device");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, unreadable_sectors_are_told_of_once);
    tcase_add_test(tests, contents_are_not_read);
    tcase_add_loop_test(tests, large_blocks_make_no_difference, 0, 3);
    tcase_add_loop_test(tests, any_memory_is_survived, 0, 3);
    tcase_add_test(tests, no_volume_is_an_error_that_explains_itself);
    tcase_add_test(tests, cut_devices_are_survived);
    return tests;
}
