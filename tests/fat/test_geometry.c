/* SPDX-License-Identifier: ISC */
#include "codec.h"

#include <tape/tape.h>

#define MIB (UINT64_C(1) << 20)

static enum cairn_err plan(const struct cairn_fat_format_options *options,
                           struct cairn_fat_geometry *geometry)
{
    struct cairn_why why = { .err = CAIRN_OK };
    enum cairn_err err = cairn_fat_geometry_plan(options, geometry, &why);
    ck_assert_int_eq(why.err, err);
    ck_assert(err == CAIRN_OK || (why.what[0] && why.hint[0]));
    return err;
}

static uint64_t fat_sectors_for(const struct cairn_fat_geometry *g, uint64_t clusters)
{
    return cairn_div_up((clusters + 2) * g->type, g->sector_bytes * 8u);
}

/* What every geometry promises; NULL, or what is broken. */
static const char *broken_rule(const struct cairn_fat_geometry *g)
{
    uint64_t root = g->reserved_sectors + (uint64_t)g->fat_count * g->fat_sectors;
    uint64_t end = g->data_start + (uint64_t)g->cluster_count * g->cluster_sectors;
    uint32_t n = g->cluster_count;
    if (root + g->root_sectors != g->data_start) return "a gap in front of the clusters";
    if (end > g->total_sectors) return "clusters behind the end";
    if (g->fat_sectors < fat_sectors_for(g, n)) return "the FAT is too small";
    if (g->type == CAIRN_FAT12 && (n < 1 || n > 4084)) return "no FAT12 by its clusters";
    if (g->type == CAIRN_FAT16 && (n < 4085 || n > 65524)) return "no FAT16 by its clusters";
    if (g->type == CAIRN_FAT32 && n < 65525) return "no FAT32 by its clusters";
    if (g->reserved_sectors > 65535) return "too many reserved sectors";
    if (g->type != CAIRN_FAT32 && g->fat_sectors > 65535) return "too many FAT sectors";
    return NULL;
}

START_TEST(auto_chooses_as_mkfs_fat_does)
{
    static const struct {
        uint64_t kib;
        enum cairn_fat_type type;
        uint32_t cluster_bytes;
    } cases[] = { { 64, CAIRN_FAT12, 2048 },       { 1024, CAIRN_FAT12, 2048 },
                  { 8192, CAIRN_FAT12, 2048 },     { 8400, CAIRN_FAT16, 2048 },
                  { 131072, CAIRN_FAT16, 2048 },   { 200000, CAIRN_FAT16, 4096 },
                  { 300000, CAIRN_FAT16, 8192 },   { 524287, CAIRN_FAT16, 8192 },
                  { 524288, CAIRN_FAT32, 4096 },   { 8388608, CAIRN_FAT32, 4096 },
                  { 8400000, CAIRN_FAT32, 8192 },  { 16778216, CAIRN_FAT32, 16384 },
                  { 40000000, CAIRN_FAT32, 32768 } };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct cairn_fat_format_options options = { .total_bytes = cases[i].kib * 1024 };
        struct cairn_fat_geometry g;
        ck_assert_int_eq(plan(&options, &g), CAIRN_OK);
        ck_assert_int_eq(g.type, cases[i].type);
        ck_assert_uint_eq(g.cluster_bytes, cases[i].cluster_bytes);
        ck_assert_uint_eq(g.data_start % g.cluster_sectors, 0);
    }
}
END_TEST

START_TEST(no_size_lacks_a_type)
{
    static const uint32_t clusters[] = { 0, 512, 2048 };
    for (uint64_t sectors = 40; sectors < 300000; sectors += sectors < 20000 ? 3 : 97)
        for (size_t c = 0; c < CAIRN_COUNT(clusters); c++) {
            struct cairn_fat_format_options options = { .total_bytes = sectors * 512,
                                                        .cluster_bytes = clusters[c] };
            struct cairn_fat_geometry g;
            ck_assert_int_eq(plan(&options, &g), CAIRN_OK);
            ck_assert_ptr_null(broken_rule(&g));
            ck_assert(g.cluster_count != 4085 && g.cluster_count != 4086);
            ck_assert_uint_le(sectors - g.total_sectors, 600);
        }
}
END_TEST

/* The FAT is minimal: with one sector less, the clusters that then fit would lack entries. */
static bool is_tight(const struct cairn_fat_format_options *o, const struct cairn_fat_geometry *g)
{
    uint32_t reserved = o->reserved_sectors ? o->reserved_sectors : g->type == CAIRN_FAT32 ? 32 : 1;
    uint32_t align = o->reserved_sectors ? 1 : g->cluster_sectors, less = g->fat_sectors - 1;
    if (g->type == CAIRN_FAT32 && reserved < 2) reserved = 2;
    if (o->align_bytes) align = o->align_bytes / g->sector_bytes;
    uint64_t before = (uint64_t)g->hidden_sectors + reserved + g->root_sectors;
    uint64_t start = cairn_round_up(before + (uint64_t)less * g->fat_count, align);
    uint64_t end = (uint64_t)g->hidden_sectors + g->total_sectors;
    return less == 0 || fat_sectors_for(g, (end - start) / g->cluster_sectors) > less;
}

static bool geometry_is_tight(struct tape *tape)
{
    static const enum cairn_fat_type types[] = { CAIRN_FAT16, CAIRN_FAT12, CAIRN_FAT32,
                                                 CAIRN_FAT_AUTO };
    struct cairn_fat_format_options o = { .type = types[tape_pick(tape, 4)],
                                          .sector_bytes = 512u << tape_u64(tape, 3),
                                          .fat_count = (uint32_t)tape_u64(tape, 4),
                                          .hidden_sectors = (uint32_t)tape_u64(tape, 9999),
                                          .reserved_sectors = (uint32_t)tape_u64(tape, 70),
                                          .root_entries = (uint32_t)tape_u64(tape, 2000) };
    struct cairn_fat_geometry g;
    o.total_bytes = tape_u64(tape, (UINT64_C(1) << (20 + tape_u64(tape, 24))) - 1);
    if (tape_bool(tape)) o.cluster_bytes = o.sector_bytes << tape_u64(tape, 4);
    if (tape_bool(tape)) o.align_bytes = o.sector_bytes * (uint32_t)tape_u64(tape, 4096);
    if (plan(&o, &g)) return true;
    const char *broken = broken_rule(&g);
    if (broken) return tape_fail(tape, "%s", broken);
    if (o.align_bytes &&
        ((uint64_t)g.hidden_sectors + g.data_start) * g.sector_bytes % o.align_bytes)
        return tape_fail(tape, "not aligned");
    if (!is_tight(&o, &g))
        return tape_fail(tape, "%u FAT sectors for %u clusters", g.fat_sectors, g.cluster_count);
    return true;
}

START_TEST(every_plan_is_valid_and_tight)
{
    struct tape_options options = { .runs = 6000, .bytes_max = 48 };
    ck_assert(tape_run("geometry_is_tight", geometry_is_tight, &options));
}
END_TEST

START_TEST(impossible_wishes_are_explained)
{
    static const struct {
        struct cairn_fat_format_options options;
        enum cairn_err err;
    } cases[] = {
        { { .total_bytes = 0 }, CAIRN_ENOSPC },
        { { .total_bytes = 16384 }, CAIRN_ENOSPC },
        { { .type = CAIRN_FAT32, .total_bytes = 20 << 20 }, CAIRN_ENOSPC },
        { { .type = CAIRN_FAT16, .total_bytes = 1 << 20 }, CAIRN_ENOSPC },
        { { .type = CAIRN_FAT32, .total_bytes = 64 << 20, .cluster_bytes = 4096 }, CAIRN_EINVAL },
        { { .type = CAIRN_FAT12, .total_bytes = 64 << 20, .cluster_bytes = 512 }, CAIRN_EINVAL },
        { { .type = CAIRN_FAT12, .total_bytes = UINT64_C(1) << 30 }, CAIRN_EFBIG },
        { { .total_bytes = UINT64_C(2) << 40 }, CAIRN_EFBIG },
        { { .total_bytes = 1 << 20, .sector_bytes = 8192 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .cluster_bytes = 3000 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .cluster_bytes = 131072 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .fat_count = 5 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .align_bytes = 100 }, CAIRN_EINVAL },
        { { .total_bytes = MIB << 10, .align_bytes = 64 << 20 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .media = 1 }, CAIRN_EINVAL },
        { { .total_bytes = 1 << 20, .root_entries = UINT32_MAX }, CAIRN_EINVAL },
        { { .type = CAIRN_FAT32, .total_bytes = 64 << 20, .reserved_sectors = 1 }, CAIRN_EINVAL },
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct cairn_fat_geometry g;
        ck_assert_msg(plan(&cases[i].options, &g) == cases[i].err, "case %zu", i);
    }
}
END_TEST

/* ---- fit --------------------------------------------------------------------------------- */

/* Free clusters of a volume of so many bytes; 0: it cannot be. */
static uint64_t clusters_in(struct cairn_fat_format_options options, uint64_t total_bytes)
{
    struct cairn_fat_geometry g;
    options.total_bytes = total_bytes;
    if (cairn_fat_geometry_plan(&options, &g, NULL)) return 0;
    return g.cluster_count - (g.type == CAIRN_FAT32);
}

static uint64_t fit(const struct cairn_fat_format_options *options, uint64_t clusters)
{
    struct cairn_fat_geometry g, planned;
    struct cairn_fat_format_options same = *options;
    uint64_t total;
    ck_assert_int_eq(cairn_fat_geometry_fit(options, clusters, &g, &total, NULL), CAIRN_OK);
    ck_assert_ptr_null(broken_rule(&g));
    same.total_bytes = total;
    ck_assert_int_eq(plan(&same, &planned), CAIRN_OK);
    ck_assert_uint_eq(planned.data_start, g.data_start);
    ck_assert_uint_eq(planned.cluster_count, g.cluster_count);
    ck_assert_uint_ge(clusters_in(*options, total), clusters);
    return total;
}

START_TEST(fit_agrees_with_trying_every_size)
{
    struct cairn_fat_format_options o = { .type = CAIRN_FAT12, .cluster_bytes = 1024 };
    uint64_t total = 512;
    for (uint64_t clusters = 1; clusters <= CAIRN_FAT_CLUSTERS_MAX_12; clusters++) {
        while (clusters_in(o, total) < clusters)
            total += 512;
        ck_assert_uint_eq(fit(&o, clusters), total);
    }
}
END_TEST

START_TEST(fit_wastes_no_sector)
{
    static const struct {
        enum cairn_fat_type type;
        uint32_t sector_bytes, cluster_bytes, align_bytes;
        uint64_t clusters;
    } cases[] = {
        { CAIRN_FAT16, 512, 512, 0, 5000 },        { CAIRN_FAT16, 512, 2048, 4096, 65524 },
        { CAIRN_FAT16, 4096, 65536, 0, 60000 },    { CAIRN_FAT32, 512, 512, 0, 65525 },
        { CAIRN_FAT32, 512, 4096, 4096, 1000000 }, { CAIRN_FAT32, 512, 32768, 1 << 20, 99999 },
        { CAIRN_FAT32, 4096, 4096, 0, 70000000 }
    };
    for (size_t i = 0; i < CAIRN_COUNT(cases); i++) {
        struct cairn_fat_format_options o = { .type = cases[i].type,
                                              .sector_bytes = cases[i].sector_bytes,
                                              .cluster_bytes = cases[i].cluster_bytes,
                                              .align_bytes = cases[i].align_bytes };
        uint64_t total = fit(&o, cases[i].clusters);
        ck_assert_uint_lt(clusters_in(o, total - cases[i].sector_bytes), cases[i].clusters);
    }
}
END_TEST

START_TEST(fit_pads_up_to_what_the_type_needs)
{
    struct cairn_fat_format_options o = { .type = CAIRN_FAT32, .cluster_bytes = 512 };
    struct cairn_fat_geometry g;
    uint64_t total;
    ck_assert_int_eq(cairn_fat_geometry_fit(&o, 10, &g, &total, NULL), CAIRN_OK);
    ck_assert_uint_eq(g.cluster_count, 65525);
    o.type = CAIRN_FAT16;
    ck_assert_int_eq(cairn_fat_geometry_fit(&o, 0, &g, &total, NULL), CAIRN_OK);
    ck_assert_uint_eq(g.cluster_count, 4085);
    ck_assert_int_eq(cairn_fat_geometry_fit(&o, 65525, &g, &total, NULL), CAIRN_EFBIG);
    ck_assert_int_eq(cairn_fat_geometry_fit(&o, UINT64_MAX, &g, &total, NULL), CAIRN_EFBIG);
    o.type = CAIRN_FAT_AUTO;
    ck_assert_int_eq(cairn_fat_geometry_fit(&o, 1, &g, &total, NULL), CAIRN_EINVAL);
}
END_TEST

TCase *geometry_tests(void)
{
    TCase *tests = tcase_create("geometry");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, auto_chooses_as_mkfs_fat_does);
    tcase_add_test(tests, no_size_lacks_a_type);
    tcase_add_test(tests, every_plan_is_valid_and_tight);
    tcase_add_test(tests, impossible_wishes_are_explained);
    tcase_add_test(tests, fit_agrees_with_trying_every_size);
    tcase_add_test(tests, fit_wastes_no_sector);
    tcase_add_test(tests, fit_pads_up_to_what_the_type_needs);
    return tests;
}
