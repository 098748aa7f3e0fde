/* SPDX-License-Identifier: ISC */
/* What goes into an image comes out of it: for any tree, any shape of volume, any way in. */
#include "drawn.h"
#include "trip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct drawn tree;

/* Zeros are the defaults. FAT32 only with small clusters: it has 65,525 of them at least. */
static void options_draw(struct trip *trip)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT_AUTO, CAIRN_FAT12, CAIRN_FAT16,
                                                 CAIRN_FAT32 };
    static const uint32_t aligns[] = { 0, 512, 4096, 65536, 1 << 20 };
    struct cairn_image_plan_options *options = &trip->options;
    struct cairn_fat_format_options *format = &options->format;
    *options = (struct cairn_image_plan_options){ .now_ns = INT64_MIN };
    format->type = types[tape_pick(trip->tape, CAIRN_COUNT(types))];
    bool is_large = format->type == CAIRN_FAT32;
    size_t sector = tape_pick(trip->tape, is_large ? 3 : 5);
    format->sector_bytes = sector ? 256u << sector : 0;
    size_t cluster = tape_pick(trip->tape, is_large ? 2 : 9);
    uint32_t least = sector ? format->sector_bytes : 512;
    format->cluster_bytes = cluster && least << (cluster - 1) <= 65536 ? least << (cluster - 1) : 0;
    uint32_t align = aligns[tape_pick(trip->tape, CAIRN_COUNT(aligns))];
    format->align_bytes = align < least ? 0 : align;
    format->fat_count = (uint32_t)tape_pick(trip->tape, 3);
    format->root_entries = is_large ? 0 : 128 * (uint32_t)tape_pick(trip->tape, 3);
    options->free_bytes = tape_u64(trip->tape, 1 << 20);
    options->id_from_content = tape_bool(trip->tape);
    if (tape_bool(trip->tape)) memcpy(format->label, "ROUND TRIP", sizeof "ROUND TRIP");
    tape_note(trip->tape,
              "FAT%d, sectors of %u, clusters of %u, aligned to %u, %u FATs, %u root entries, "
              "%" PRIu64 " bytes free",
              (int)format->type, format->sector_bytes, format->cluster_bytes, format->align_bytes,
              format->fat_count, format->root_entries, options->free_bytes);
}

static bool comes_out(struct trip *trip, const char *image, const char *folder)
{
    return trip_extract(trip, image, folder) &&
           drawn_is(&tree, trip_path(trip, folder), trip->tape);
}

static bool built_and_extracted(struct trip *trip, bool by_fsck)
{
    drawn_make(&tree, trip_path(trip, "tree"), false);
    drawn_make(&tree, trip_path(trip, "copy"), true);
    return trip_build(trip, "tree", "image") && trip_check(trip, "image") &&
           (!by_fsck || trip_fsck(trip, "image")) && comes_out(trip, "image", "out") &&
           trip_stream(trip, "tree", "image") && trip_build(trip, "copy", "again") &&
           trip_same(trip, "image", "again");
}

static bool inserted_and_extracted(struct trip *trip, bool by_fsck)
{
    drawn_make(&tree, trip_path(trip, "tree"), false);
    return trip_format(trip, "volume") && trip_insert(trip, "tree", "volume") &&
           trip_check(trip, "volume") && (!by_fsck || trip_fsck(trip, "volume")) &&
           comes_out(trip, "volume", "out");
}

static bool travel(struct tape *tape, bool (*way)(struct trip *trip, bool by_fsck))
{
    struct trip trip = { .tape = tape };
    bool by_fsck = tape_pick(tape, 16) == 15;
    options_draw(&trip);
    drawn_tree(&tree, tape);
    folder_make(&trip.folder);
    bool same = way(&trip, by_fsck);
    folder_remove(&trip.folder);
    return same;
}

static bool build_then_extract(struct tape *tape)
{
    return travel(tape, built_and_extracted);
}

static bool insert_then_extract(struct tape *tape)
{
    return travel(tape, inserted_and_extracted);
}

/* Is it in the folder that was extracted, with these contents? */
static bool holds(struct trip *trip, const char *name, const char *contents)
{
    size_t bytes;
    char *data = folder_slurp(&trip->folder, name, &bytes);
    bool same = strcmp(data, contents) == 0;
    free(data);
    return same || tape_fail(trip->tape, "%s is another file", name);
}

/* A file comes, by copying, or by moving, under the name that was a neighbour's 8.3 alias. */
static bool alias_comes(struct trip *trip)
{
    folder_put(&trip->folder, "a long name.txt", "long");
    if (!trip_format(trip, "volume") || !trip_insert(trip, "source", "volume")) return false;
    folder_put(&trip->folder, "ALONGN~1.TXT", "short");
    folder_put(&trip->folder, "moved", "moved");
    return trip_insert(trip, "source", "volume") &&
           trip_move(trip, "volume", "/moved", "/ALONGN~2.TXT") &&
           trip_move(trip, "volume", "/a long name.txt", "/ALONGN~3.TXT") &&
           trip_check(trip, "volume") && trip_extract(trip, "volume", "out") &&
           holds(trip, "out/ALONGN~1.TXT", "short") && holds(trip, "out/ALONGN~2.TXT", "moved") &&
           holds(trip, "out/ALONGN~3.TXT", "long");
}

static bool aliases_give_way(struct tape *tape)
{
    struct trip trip = { .tape = tape };
    folder_make(&trip.folder);
    bool held = alias_comes(&trip);
    folder_remove(&trip.folder);
    return held;
}

START_TEST(a_name_is_not_the_neighbour_whose_alias_it_was)
{
    ck_assert(tape_replay(aliases_give_way, NULL, 0));
}
END_TEST

START_TEST(build_then_extract_is_the_identity)
{
    ck_assert(
        tape_run("build_then_extract", build_then_extract, &(struct tape_options){ .runs = 60 }));
}
END_TEST

START_TEST(insert_then_extract_is_the_identity)
{
    ck_assert(
        tape_run("insert_then_extract", insert_then_extract, &(struct tape_options){ .runs = 60 }));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image/roundtrip");
    TCase *tests = tcase_create("roundtrip");
    tcase_set_timeout(tests, 0); /* the tape has its own */
    tcase_add_test(tests, a_name_is_not_the_neighbour_whose_alias_it_was);
    tcase_add_test(tests, build_then_extract_is_the_identity);
    tcase_add_test(tests, insert_then_extract_is_the_identity);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
