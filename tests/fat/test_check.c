/* SPDX-License-Identifier: ISC */
#include "test_check.h"

#include <stdio.h>
#include <stdlib.h>

const enum cairn_fat_type check_types[3] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };

/* Every finding must be fit to print: a path where there is one, a sentence, a known name. */
static bool gather(void *ctx, const struct cairn_fat_finding *found)
{
    struct gathered *out = ctx;
    ck_assert_uint_lt(found->fault, CAIRN_FAT_FAULT_COUNT);
    ck_assert(found->path && found->text[0]);
    ck_assert_ptr_null(strchr(found->text, '%'));
    ck_assert_uint_lt(strlen(found->text), sizeof found->text - 1);
    if (out->counts[found->fault]++ == 0 && found->fault == out->watched) {
        out->first = *found;
        strcpy(out->path, found->path);
    }
    size_t len = strlen(out->log);
    snprintf(out->log + len, sizeof out->log - len, "%s: %s: %s\n",
             cairn_fat_fault_name(found->fault), found->path, found->text);
    return ++out->total != out->stop_after;
}

void check_dev(struct gathered *out, struct cairn_blk *dev, size_t mem_bytes)
{
    struct cairn_fat_check_options options = { .report = gather, .ctx = out };
    size_t bytes = mem_bytes ? mem_bytes : cairn_fat_check_mem(dev, 0);
    void *mem = malloc(bytes);
    ck_assert_ptr_nonnull(mem);
    memset(mem, 0xA5, bytes);
    out->err = cairn_fat_check(dev, &options, mem, bytes, &out->result, &out->why);
    free(mem);
}

void check_sample(struct gathered *out, const struct sample *s, const struct offer *offer)
{
    static struct cairn_blk_ops ops;
    struct cairn_blk_mem dev;
    uint32_t unit = offer && offer->block_bytes ? offer->block_bytes : 512;
    ck_assert_int_eq(cairn_blk_mem_open(&dev, s->bytes, unit, s->size / unit, NULL), CAIRN_OK);
    if (offer && offer->no_borrow) {
        ops = *dev.base.ops;
        ops.borrow = NULL;
        ops.extents = NULL;
        dev.base.ops = &ops;
        dev.base.info.borrow = dev.base.info.extents = CAIRN_BLK_ABSENT;
    }
    check_dev(out, &dev.base, offer ? offer->mem_bytes : 0);
    ck_assert_int_eq(cairn_blk_close(&dev.base, NULL), CAIRN_OK);
}

int main(void)
{
    Suite *suite = suite_create("fat-check");
    suite_add_tcase(suite, check_fault_tests());
    suite_add_tcase(suite, check_tree_tests());
    suite_add_tcase(suite, check_device_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
