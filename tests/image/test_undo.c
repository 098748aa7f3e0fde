/* SPDX-License-Identifier: ISC */
/* What a repair saves takes the image back to the byte; what is not as the repair left it stays. */
#include "folder.h"
#include "undo_build.h"

#include <cairn/blk_mem.h>
#include <cairn/bytes.h>
#include <cairn/fat_format.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512u
#define BLOCKS 4096u

static struct folder folder;
static struct cairn_image *image;
static struct cairn_image_undo *undo;
static struct cairn_image_undo_result result;
static uint8_t *original, *now;

static const char *undo_path(void)
{
    return folder_path(&folder, "undo");
}

/* An image with known bytes in every block. */
static void setup(void)
{
    folder_make(&folder);
    original = malloc((size_t)BLOCKS * BLOCK);
    now = malloc((size_t)BLOCKS * BLOCK);
    for (size_t i = 0; i < (size_t)BLOCKS * BLOCK; i++)
        original[i] = (uint8_t)(i * 7 / BLOCK + i);
    struct cairn_image_place place = { .path = "" };
    snprintf(place.image, sizeof place.image, "%s", folder_path(&folder, "d.img"));
    FILE *file = fopen(place.image, "w");
    ck_assert_uint_eq(fwrite(original, BLOCK, BLOCKS, file), BLOCKS);
    ck_assert_int_eq(fclose(file), 0);
    struct cairn_image_open_options how = { .write = true };
    ck_assert_int_eq(cairn_image_open_disk(&image, &place, &how, &folder.why), CAIRN_OK);
    memcpy(now, original, (size_t)BLOCKS * BLOCK);
}

static void teardown(void)
{
    ck_assert_int_eq(cairn_image_close(image, NULL), CAIRN_OK);
    free(original);
    free(now);
    folder_remove(&folder);
}

static void begin(void)
{
    ck_assert_int_eq(cairn_image_undo_begin(&undo, undo_path(), image, &folder.why), CAIRN_OK);
}

/* Announce that byte `at` of each of `count` blocks changes. */
static void announce(uint64_t block, uint64_t count, uint32_t at)
{
    size_t from = (size_t)block * BLOCK, bytes = (size_t)count * BLOCK;
    uint8_t *before = malloc(bytes);
    memcpy(before, now + from, bytes);
    for (size_t i = 0; i < bytes; i += BLOCK)
        now[from + i + at] ^= 0xFF;
    ck_assert_int_eq(cairn_image_undo_save(undo, from, before, now + from, bytes, &folder.why),
                     CAIRN_OK);
    free(before);
}

static void seal(void)
{
    ck_assert_int_eq(cairn_image_undo_saved(undo, &folder.why), CAIRN_OK);
}

/* Write the announced contents. */
static void write_blocks(uint64_t block, uint64_t count)
{
    ck_assert_int_eq(
        cairn_blk_write(cairn_image_blk(image), block, count, now + block * BLOCK, &folder.why),
        CAIRN_OK);
}

static void end(bool finished, bool made)
{
    bool is_made;
    ck_assert_int_eq(cairn_image_undo_end(undo, finished, &is_made, &folder.why), CAIRN_OK);
    ck_assert_int_eq(is_made, made);
    ck_assert_int_eq(access(undo_path(), F_OK) == 0, made);
}

static enum cairn_err apply(void)
{
    return cairn_image_undo_apply(undo_path(), image, &result, &folder.why);
}

static void assert_image(const uint8_t *bytes)
{
    uint8_t *is = malloc((size_t)BLOCKS * BLOCK);
    ck_assert_int_eq(cairn_blk_read(cairn_image_blk(image), 0, BLOCKS, is, NULL), CAIRN_OK);
    ck_assert_int_eq(memcmp(is, bytes, (size_t)BLOCKS * BLOCK), 0);
    free(is);
}

/* Two rounds that share a block. */
static void two_rounds(bool finished)
{
    begin();
    announce(10, 3, 0);
    announce(100, 1, 7);
    seal();
    write_blocks(10, 3);
    write_blocks(100, 1);
    announce(11, 1, 511);
    announce(4000, 1, 1);
    seal();
    write_blocks(11, 1);
    if (finished) write_blocks(4000, 1);
    end(finished, true);
}

START_TEST(back_to_the_byte)
{
    two_rounds(true);
    assert_image(now);
    ck_assert_int_eq(apply(), CAIRN_OK);
    assert_image(original);
    ck_assert(result.finished);
    ck_assert_uint_eq(result.blocks, 5);
    ck_assert_uint_eq(result.restored, 5);
    ck_assert_int_eq(apply(), CAIRN_OK); /* a second time does nothing */
    ck_assert_uint_eq(result.restored, 0);
    assert_image(original);
}
END_TEST

START_TEST(cut_in_a_round)
{
    two_rounds(false);
    now[11 * BLOCK] ^= 0x55; /* between what was and what was to be */
    write_blocks(11, 1);
    ck_assert_int_eq(apply(), CAIRN_OK);
    ck_assert(!result.finished);
    assert_image(original);
}
END_TEST

START_TEST(cut_undo)
{
    two_rounds(true);
    memcpy(now, original, (size_t)BLOCKS * BLOCK);
    write_blocks(10, 2);
    ck_assert_int_eq(apply(), CAIRN_OK);
    assert_image(original);
    ck_assert_uint_eq(result.restored, 3);
}
END_TEST

/* Two bytes: one could be the mark of a volume in use. */
static void assert_refused(uint64_t block, uint32_t at, const char *is_said)
{
    now[block * BLOCK + 500] ^= 0x01;
    now[block * BLOCK + at] ^= 0x01;
    write_blocks(block, 1);
    uint8_t *before = malloc((size_t)BLOCKS * BLOCK);
    ck_assert_int_eq(cairn_blk_read(cairn_image_blk(image), 0, BLOCKS, before, NULL), CAIRN_OK);
    ck_assert_int_eq(apply(), CAIRN_ESTALE);
    ck_assert_msg(strstr(folder.why.what, is_said) != NULL, "%s", folder.why.what);
    assert_image(before);
    free(before);
}

START_TEST(changed_since)
{
    two_rounds(true);
    assert_refused(100, 7, "byte 51207 ");
}
END_TEST

START_TEST(changed_beside_what_a_cut_repair_changes)
{
    two_rounds(false);
    assert_refused(4000, 2, "byte 2048500 "); /* 2048002 is taken for the mark */
}
END_TEST

START_TEST(changed_where_a_whole_round_was)
{
    two_rounds(false);
    assert_refused(100, 7, "byte 51207 ");
}
END_TEST

START_TEST(nothing_to_save)
{
    begin();
    end(true, false);
    begin(); /* a round that is announced and not sealed wrote nothing */
    announce(1, 1, 0);
    end(false, false);
}
END_TEST

START_TEST(a_round_that_is_not_sealed_is_none)
{
    begin();
    announce(1, 1, 0);
    seal();
    write_blocks(1, 1);
    uint8_t now_2[BLOCK];
    memcpy(now_2, original + 2 * BLOCK, BLOCK);
    announce(2, 1, 0);
    memcpy(now + 2 * BLOCK, now_2, BLOCK);
    end(false, true);
    ck_assert_int_eq(apply(), CAIRN_OK);
    ck_assert_uint_eq(result.blocks, 1);
    assert_image(original);
}
END_TEST

START_TEST(taken_names_and_parts_of_blocks)
{
    ck_assert_int_eq(
        cairn_image_undo_begin(&undo, folder_path(&folder, "d.img"), image, &folder.why),
        CAIRN_EEXIST);
    begin();
    ck_assert_int_eq(cairn_image_undo_save(undo, 1, original, now, BLOCK, NULL), CAIRN_EINVAL);
    ck_assert_int_eq(cairn_image_undo_save(undo, 0, original, now, 5, NULL), CAIRN_EINVAL);
    end(false, false);
    ck_assert_int_eq(apply(), CAIRN_ENOENT);
}
END_TEST

/* ---- files that lie ------------------------------------------------------------------------ */

static uint8_t *slurped;
static size_t slurped_bytes;

static enum cairn_err apply_bytes(size_t len)
{
    struct img_undo_header like = img_undo_header_of(image);
    int fd = undo_file(slurped, len);
    enum cairn_err err =
        img_undo_apply(fd, len, cairn_image_blk(image), &like, &result, &folder.why);
    ck_assert_int_eq(close(fd), 0);
    return err;
}

START_TEST(every_damaged_byte_is_seen)
{
    two_rounds(true);
    slurped = (uint8_t *)folder_slurp(&folder, "undo", &slurped_bytes);
    for (size_t i = 0; i < slurped_bytes; i += i < 600 ? 1 : 61) {
        slurped[i] ^= 0x10;
        enum cairn_err err = apply_bytes(slurped_bytes);
        ck_assert_int_eq(err, CAIRN_ECORRUPT);
        slurped[i] ^= 0x10;
    }
    for (size_t len = 0; len < slurped_bytes; len += 53)
        ck_assert_int_eq(apply_bytes(len), CAIRN_ECORRUPT);
    assert_image(now);
    ck_assert_int_eq(apply_bytes(slurped_bytes), CAIRN_OK);
    free(slurped);
}
END_TEST

static const struct {
    size_t at;
    uint64_t value;
    size_t bytes;
    enum cairn_err err;
} lies[] = {
    { 8, 2, 4, CAIRN_ENOTSUP },    /* version */
    { 12, 0, 4, CAIRN_ECORRUPT },  /* bytes of a block */
    { 12, 1024, 4, CAIRN_EINVAL }, /* of another device */
    { 16, 2, 4, CAIRN_ECORRUPT },  /* flags */
    { 20, 0, 4, CAIRN_ECORRUPT },  /* no rounds */
    { 20, 1, 4, CAIRN_ECORRUPT },  /* fewer than the records know */
    { 24, 0, 8, CAIRN_ECORRUPT },  /* no records */
    { 24, UINT64_MAX, 8, CAIRN_ECORRUPT },
    { 24, INT64_MAX / 1040, 8, CAIRN_ECORRUPT },
    { 32, BLOCK, 8, CAIRN_ECORRUPT }, /* a device smaller than its volume */
    { 32, (BLOCKS + 1) * BLOCK, 8, CAIRN_EINVAL },
    { 40, BLOCK, 8, CAIRN_ECORRUPT }, /* the volume begins later */
    { 48, (BLOCKS - 1) * BLOCK, 8, CAIRN_EINVAL },
    { 512, BLOCKS, 8, CAIRN_ECORRUPT }, /* a block beyond the volume */
    { 520, 3, 4, CAIRN_ECORRUPT },      /* a round beyond the last */
    { 524, 1, 4, CAIRN_ECORRUPT },      /* not zero */
    { 512, 11, 8, CAIRN_ECORRUPT },     /* two records that contradict each other */
};

START_TEST(lies_with_right_checksums)
{
    uint8_t value[8];
    two_rounds(true);
    slurped = (uint8_t *)folder_slurp(&folder, "undo", &slurped_bytes);
    cairn_le64_put(value, lies[_i].value);
    memcpy(slurped + lies[_i].at, value, lies[_i].bytes);
    undo_sign(slurped, slurped_bytes);
    ck_assert_int_eq(apply_bytes(slurped_bytes), lies[_i].err);
    ck_assert(folder.why.what[0]);
    assert_image(now);
    free(slurped);
}
END_TEST

Suite *undo_suite(void)
{
    Suite *suite = suite_create("undo");
    TCase *tc = tcase_create("undo");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, back_to_the_byte);
    tcase_add_test(tc, cut_in_a_round);
    tcase_add_test(tc, cut_undo);
    tcase_add_test(tc, changed_since);
    tcase_add_test(tc, changed_beside_what_a_cut_repair_changes);
    tcase_add_test(tc, changed_where_a_whole_round_was);
    tcase_add_test(tc, nothing_to_save);
    tcase_add_test(tc, a_round_that_is_not_sealed_is_none);
    tcase_add_test(tc, taken_names_and_parts_of_blocks);
    tcase_add_test(tc, every_damaged_byte_is_seen);
    tcase_add_loop_test(tc, lies_with_right_checksums, 0, CAIRN_COUNT(lies));
    suite_add_tcase(suite, tc);
    return suite;
}
