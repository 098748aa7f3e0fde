/* SPDX-License-Identifier: ISC */
/*
 * Free space against lists of what each generation has in use. After every step that could go
 * wrong: nothing that a generation which may come back has in use was given out, nothing twice in
 * one generation, and what is opened again, of any of these generations, says what it said.
 */
#include "kv/native/space.h"
#include "sparse.h"
#include "tape/tape.h"
#include <cairn/bytes.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 400u

struct run {
    uint64_t first, count;
};

struct list {
    struct run runs[RUNS_MAX];
    uint32_t count;
};

struct world {
    struct tape *tape;
    struct sparse dev;
    struct kvn_space space;
    uint32_t keep;
    struct list now, born, spoken; /* in use; allocated in this generation; in the log */
    struct list was[KVN_RING];     /* in use by a generation */
    struct kvn_super super[KVN_RING];
    uint64_t start;              /* group where this generation's search began */
    uint64_t generation, oldest; /* the newest, and how far one may go back */
    uint8_t *memory;
    size_t memory_bytes;
};

static bool broken(struct world *world, const char *what)
{
    return tape_fail(world->tape, "generation %llu: %s", (unsigned long long)world->generation,
                     what);
}

static bool overlaps(const struct list *list, uint64_t first, uint64_t count)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (first < list->runs[i].first + list->runs[i].count &&
            list->runs[i].first < first + count)
            return true;
    return false;
}

static void add(struct list *list, uint64_t first, uint64_t count)
{
    if (count > 0) list->runs[list->count++] = (struct run){ first, count };
}

static bool open_space(struct world *world, const struct kvn_super *super)
{
    struct cairn_arena arena;
    uint8_t bytes[KVN_SUPER_BYTES];
    struct kvn_super read;
    kvn_super_encode(bytes, super);
    if (kvn_super_decode(&read, bytes, NULL)) return broken(world, "the superblock is refused");
    cairn_arena_init(&arena, world->memory, world->memory_bytes);
    if (kvn_space_init(&world->space, &arena, &world->dev.base, &read, world->keep, NULL))
        return broken(world, "opening fails");
    world->start = world->space.start;
    return true;
}

static struct kvn_super first_super(uint32_t page_bytes, uint64_t pages)
{
    struct kvn_super super = { .version = 1,
                               .page_bytes = page_bytes,
                               .uuid = "space",
                               .generation = 1,
                               .pages = pages,
                               .log_bytes = UINT64_C(3) * page_bytes,
                               .next_id = KVN_ID_FIRST };
    kvn_index_shape(&super);
    super.free_pages = pages - kvn_fixed_pages(&super);
    return super;
}

static bool world_open(struct world *world, struct tape *tape)
{
    static const uint64_t groups[] = { 0, 1, 3, 66, 130, 8100, 133000 };
    uint32_t page = KVN_PAGE_LEAST << tape_pick(tape, 5);
    uint64_t pages = groups[tape_pick(tape, CAIRN_COUNT(groups))] * kvn_group_pages(page);
    pages += 40 + tape_u64(tape, 200);
    world->tape = tape;
    world->keep = 1 + (uint32_t)tape_pick(tape, 6);
    world->generation = world->oldest = 1;
    sparse_open(&world->dev, pages * (page / SPARSE_BLOCK_BYTES));
    world->memory_bytes = (size_t)page * 7 + 4096 + (size_t)page * 16 * tape_pick(tape, 20);
    world->memory = malloc(world->memory_bytes);
    world->super[1] = first_super(page, pages);
    return open_space(world, &world->super[1]);
}

static void world_close(struct world *world)
{
    sparse_close(&world->dev);
    free(world->memory);
    free(world);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static bool may_be_given(struct world *world, uint64_t first, uint64_t count)
{
    const struct kvn_super *shape = &world->space.shape;
    if (kvn_has_fixed(shape, first, count)) return broken(world, "a page that is always in use");
    if (overlaps(&world->now, first, count)) return broken(world, "a page that is in use");
    if (overlaps(&world->born, first, count)) return broken(world, "a page twice in a generation");
    for (uint64_t g = world->oldest; g <= world->generation; g++)
        if (g + world->keep >= world->generation &&
            overlaps(&world->was[g % KVN_RING], first, count))
            return broken(world, "a page that an older generation has in use");
    return true;
}

/* Where replaying made the search jump over groups and no other has room, it goes there after all.
 */
static void last_resort(struct world *world)
{
    if (world->space.start != world->start) world->born.count = 0;
}

static uint32_t want_draw(struct world *world)
{
    uint64_t group = kvn_group_pages(world->space.shape.page_bytes);
    return (uint32_t)(1 + tape_u64(world->tape, tape_pick(world->tape, 3) == 2 ? group : 20));
}

static bool step_alloc(struct world *world)
{
    uint64_t first;
    uint32_t got, want = want_draw(world);
    uint64_t room = kvn_space_room(&world->space);
    if (world->now.count + 40 > RUNS_MAX || world->born.count + 2 > RUNS_MAX) return true;
    enum cairn_err err = kvn_space_alloc(&world->space, want, &first, &got, NULL);
    if (err == CAIRN_ENOSPC) return room == 0 || broken(world, "no space where there was room");
    if (err || got == 0 || got > want) return broken(world, "allocating fails");
    tape_note(world->tape, "alloc %u: %llu + %u", want, (unsigned long long)first, got);
    last_resort(world);
    if (!may_be_given(world, first, got)) return false;
    add(&world->now, first, got);
    add(&world->born, first, got);
    if (tape_bool(world->tape)) add(&world->spoken, first, got);
    return true;
}

/* A part of a run. */
static bool step_free(struct world *world)
{
    if (world->now.count == 0 || world->now.count + 40 > RUNS_MAX) return true;
    struct run *run = &world->now.runs[tape_pick(world->tape, world->now.count)], old = *run;
    uint64_t from = tape_u64(world->tape, old.count - 1);
    uint64_t count = 1 + tape_u64(world->tape, old.count - from - 1);
    tape_note(world->tape, "free %llu + %llu", (unsigned long long)(old.first + from),
              (unsigned long long)count);
    if (kvn_space_free(&world->space, old.first + from, (uint32_t)count, NULL))
        return broken(world, "freeing fails");
    if (kvn_space_free(&world->space, old.first + from, 1, NULL) != CAIRN_ECORRUPT)
        return broken(world, "freed twice");
    *run = world->now.runs[--world->now.count];
    add(&world->now, old.first, from);
    add(&world->now, old.first + from + count, old.count - from - count);
    return true;
}

static bool step_undo(struct world *world)
{
    uint64_t first;
    uint32_t got;
    enum cairn_err err = kvn_space_alloc(&world->space, 5, &first, &got, NULL);
    if (err == CAIRN_ENOSPC) return true;
    last_resort(world);
    if (err || !may_be_given(world, first, got)) return broken(world, "allocating fails");
    return !kvn_space_undo(&world->space, first, got, NULL) || broken(world, "undoing fails");
}

/* Do the bits say what the list says, at and around each run? */
static bool says(struct world *world, const struct list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct run run = list->runs[i];
        uint64_t at[] = { run.first - 1, run.first, run.first + run.count - 1,
                          run.first + run.count };
        for (size_t k = 0; k < CAIRN_COUNT(at); k++) {
            bool in_use,
                should = overlaps(list, at[k], 1) || kvn_has_fixed(&world->space.shape, at[k], 1);
            if (kvn_space_in_use(&world->space, at[k], &in_use, NULL))
                return broken(world, "a bit cannot be read");
            if (in_use != should) return broken(world, in_use ? "in use" : "not in use");
        }
    }
    return true;
}

static uint64_t pages_of(const struct list *list)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < list->count; i++)
        pages += list->runs[i].count;
    return pages;
}

static bool step_commit(struct world *world)
{
    struct kvn_super super = world->super[world->generation % KVN_RING];
    struct list early = { .count = 0 };
    if (world->born.count > 0 && tape_bool(world->tape)) { /* of the next generation */
        struct run last = world->born.runs[world->born.count - 1];
        if (overlaps(&world->now, last.first, last.count) &&
            !kvn_space_hide(&world->space, last.first, (uint32_t)last.count, NULL))
            add(&early, last.first, last.count);
    }
    super.generation++;
    super.pages = world->space.shape.pages;
    if (kvn_space_write(&world->space, &super, NULL)) return broken(world, "writing fails");
    kvn_space_committed(&world->space, super.generation);
    world->start = world->space.start;
    world->generation = super.generation;
    if (world->generation >= world->oldest + world->keep + 1)
        world->oldest = world->generation - world->keep;
    struct list *was = &world->was[world->generation % KVN_RING];
    *was = (struct list){ .count = 0 };
    for (uint32_t i = 0; i < world->now.count; i++)
        if (!overlaps(&early, world->now.runs[i].first, world->now.runs[i].count))
            add(was, world->now.runs[i].first, world->now.runs[i].count);
    world->super[world->generation % KVN_RING] = super;
    tape_note(world->tape, "commit %llu", (unsigned long long)super.generation);
    world->born = early;
    world->spoken = early;
    uint64_t all = kvn_empty_free(&super, 0, kvn_groups(&super));
    if (super.free_pages != all - pages_of(was)) return broken(world, "free pages are miscounted");
    for (uint32_t i = 0; i < early.count; i++)
        if (kvn_space_mark(&world->space, early.runs[i].first, (uint32_t)early.runs[i].count, NULL))
            return broken(world, "marking fails");
    return true;
}

/* As after a cut: the newest generation, with what the log speaks of in use again. What it speaks
 * of and was freed already is freed once more, and not given out. */
static bool step_reopen(struct world *world)
{
    struct list *was = &world->was[world->generation % KVN_RING];
    if (was->count + world->spoken.count + 40 > RUNS_MAX) return true;
    tape_note(world->tape, "reopen %llu", (unsigned long long)world->generation);
    if (!open_space(world, &world->super[world->generation % KVN_RING]) || !says(world, was))
        return false;
    world->now = *was;
    world->born = world->spoken;
    for (uint32_t i = 0; i < world->spoken.count; i++) {
        struct run run = world->spoken.runs[i];
        if (kvn_space_mark(&world->space, run.first, (uint32_t)run.count, NULL))
            return broken(world, "marking fails");
        add(&world->now, run.first, run.count);
    }
    return says(world, &world->now);
}

/* Back to an older generation that may come back, for good. */
static bool step_fall_back(struct world *world)
{
    uint64_t back = tape_u64(world->tape, world->generation - world->oldest);
    world->generation -= back;
    struct list *was = &world->was[world->generation % KVN_RING];
    tape_note(world->tape, "fall back to %llu", (unsigned long long)world->generation);
    if (!open_space(world, &world->super[world->generation % KVN_RING]) || !says(world, was))
        return false;
    world->now = *was;
    world->born.count = world->spoken.count = 0;
    return true;
}

/* Writing stops somewhere: the newest generation is as it was. */
static bool step_cut(struct world *world)
{
    struct kvn_super super = world->super[world->generation % KVN_RING];
    world->dev.writes_left = tape_u64(world->tape, 6);
    super.generation++;
    enum cairn_err err = kvn_space_write(&world->space, &super, NULL);
    world->dev.writes_left = UINT64_MAX;
    if (err && err != CAIRN_EIO) return broken(world, "a cut is no other error");
    return step_reopen(world);
}

static bool step(struct world *world)
{
    switch (tape_pick(world->tape, 12)) {
    case 6:
    case 7:
    case 8:
        return step_free(world);
    case 9:
        return step_commit(world);
    case 10:
        return tape_bool(world->tape)   ? step_reopen(world)
               : tape_bool(world->tape) ? step_cut(world)
                                        : step_fall_back(world);
    case 11:
        return step_undo(world);
    default:
        return step_alloc(world);
    }
}

static bool generations(struct tape *tape)
{
    struct world *world = calloc(1, sizeof *world);
    bool held = world_open(world, tape);
    while (held && tape_more(tape))
        held = step(world);
    if (held) held = says(world, &world->now) && step_commit(world) && step_reopen(world);
    world_close(world);
    return held;
}

START_TEST(generations_keep_what_is_theirs)
{
    struct tape_options options = { .runs = 400, .bytes_max = 1200 };
    ck_assert(tape_run("generations", generations, &options));
}
END_TEST

/* ---- units ----------------------------------------------------------------------------------- */

static struct world *plain_world(uint32_t page_bytes, uint64_t pages)
{
    struct world *world = calloc(1, sizeof *world);
    world->keep = 1;
    world->generation = world->oldest = 1;
    world->memory_bytes = 1u << 20;
    world->memory = malloc(world->memory_bytes);
    sparse_open(&world->dev, UINT64_C(1) << 40);
    world->super[1] = first_super(page_bytes, pages);
    ck_assert(open_space(world, &world->super[1]));
    return world;
}

static void commit(struct world *world)
{
    struct kvn_super super = world->super[1];
    super.generation = world->space.shape.generation + 1;
    super.pages = world->space.shape.pages;
    ck_assert(!kvn_space_write(&world->space, &super, NULL));
    kvn_space_committed(&world->space, super.generation);
    world->super[1] = super;
}

/* Everything, to the last page. */
static uint64_t take_all(struct world *world)
{
    uint64_t first, taken = 0;
    uint32_t got;
    while (!kvn_space_alloc(&world->space, UINT32_MAX / 2, &first, &got, NULL))
        taken += got;
    return taken;
}

START_TEST(all_room_can_be_had_and_comes_back)
{
    static const uint64_t groups[] = { 0, 2, 66 };
    for (size_t i = 0; i < CAIRN_COUNT(groups); i++) {
        struct world *world = plain_world(4096, 200 + groups[i] * kvn_group_pages(4096));
        uint64_t room = kvn_space_room(&world->space);
        uint64_t first;
        uint32_t got;
        ck_assert_uint_eq(room, kvn_empty_free(&world->super[1], 0, kvn_groups(&world->super[1])));
        ck_assert_int_eq(kvn_space_alloc(&world->space, 100, &first, &got, NULL), CAIRN_OK);
        ck_assert_uint_eq(take_all(world), room - got);
        ck_assert_uint_eq(kvn_space_room(&world->space), 0);
        commit(world);
        ck_assert(!kvn_space_free(&world->space, first, got, NULL));
        ck_assert_uint_eq(take_all(world), 0);
        commit(world); /* generation 3; 2 may come back */
        ck_assert_uint_eq(take_all(world), 0);
        commit(world);
        ck_assert_uint_eq(kvn_space_room(&world->space), got);
        ck_assert_uint_eq(take_all(world), got);
        world_close(world);
    }
}
END_TEST

START_TEST(a_full_store_is_searched_by_its_index)
{
    struct world *world = plain_world(4096, UINT64_C(1) << 32);
    uint64_t first, last = 0, group = kvn_group_pages(4096);
    uint32_t got;
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert(!kvn_space_alloc(&world->space, UINT32_MAX / 2, &first, &got, NULL));
        ck_assert_uint_ge(first / group, last);
        last = first / group;
    }
    commit(world);
    world->dev.reads = 0;
    world->super[1].search_group = 0;
    ck_assert(open_space(world, &world->super[1]));
    ck_assert(!kvn_space_alloc(&world->space, 1, &first, &got, NULL));
    ck_assert_uint_ge(first / group, last);
    ck_assert_uint_gt(last, 900);
    ck_assert_uint_lt(world->dev.reads, 40);
    world_close(world);
}
END_TEST

START_TEST(a_store_grows_through_all_shapes)
{
    struct world *world = plain_world(4096, 100);
    static const uint64_t steps[] = { 101,     131,     140,       32256 + 5, 32256 + 40,
                                      3000000, 3000001, 260200000, 260200003, 4300000000 };
    struct list list = { .count = 0 };
    for (size_t i = 0; i < CAIRN_COUNT(steps); i++) {
        uint64_t first;
        uint32_t got;
        struct kvn_super *super = &world->super[1];
        if (!kvn_space_alloc(&world->space, 7, &first, &got, NULL)) add(&list, first, got);
        ck_assert(!kvn_space_grow(&world->space, steps[i], NULL));
        commit(world);
        ck_assert_uint_eq(super->free_pages,
                          kvn_empty_free(super, 0, kvn_groups(super)) - pages_of(&list));
        ck_assert(open_space(world, super));
        ck_assert(says(world, &list));
        commit(world);
        commit(world);
        ck_assert_uint_eq(kvn_space_room(&world->space), super->free_pages);
        if (steps[i] < 3000001) continue;
        uint64_t groups = kvn_groups(super); /* the whole of it can be found */
        world->super[1].search_group = groups - 1;
        ck_assert(open_space(world, super));
        ck_assert(!kvn_space_alloc(&world->space, 1, &first, &got, NULL));
        ck_assert_uint_eq(first / kvn_group_pages(4096), groups - 1);
        ck_assert(!kvn_space_undo(&world->space, first, got, NULL));
        super->search_group = 0;
        ck_assert(open_space(world, super));
    }
    world_close(world);
}
END_TEST

START_TEST(damaged_pages_of_the_map_are_told)
{
    struct world *world = plain_world(4096, 200);
    struct cairn_why why = { 0 };
    uint64_t first;
    uint32_t got;
    uint8_t block[4096];
    ck_assert(!kvn_space_alloc(&world->space, 3, &first, &got, NULL));
    commit(world);
    uint64_t home = kvn_homes_page(&world->super[1], 0, 0) + world->super[1].top[0].home;
    ck_assert(!cairn_blk_read(&world->dev.base, home, 1, block, NULL));
    block[2000] ^= 1;
    ck_assert(!cairn_blk_write(&world->dev.base, home, 1, block, NULL));
    ck_assert(open_space(world, &world->super[1]));
    ck_assert_int_eq(kvn_space_alloc(&world->space, 1, &first, &got, &why), CAIRN_ECORRUPT);
    ck_assert(why.what[0] && why.hint[0]);
    world_close(world);
}
END_TEST

START_TEST(what_never_comes_and_goes_is_refused)
{
    struct world *world = plain_world(4096, 200);
    static const uint64_t fixed[] = { 0, 8, 12, 192, 199, 200, UINT64_C(1) << 60 };
    for (size_t i = 0; i < CAIRN_COUNT(fixed); i++) {
        ck_assert_int_eq(kvn_space_free(&world->space, fixed[i], 1, NULL), CAIRN_ECORRUPT);
        ck_assert_int_eq(kvn_space_mark(&world->space, fixed[i], 1, NULL), CAIRN_ECORRUPT);
    }
    ck_assert_int_eq(kvn_space_free(&world->space, 100, 1, NULL), CAIRN_ECORRUPT);
    ck_assert_int_eq(kvn_space_mark(&world->space, 190, 3, NULL), CAIRN_ECORRUPT);
    world_close(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kv space");
    TCase *tcase = tcase_create("space");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, generations_keep_what_is_theirs);
    tcase_add_test(tcase, all_room_can_be_had_and_comes_back);
    tcase_add_test(tcase, a_full_store_is_searched_by_its_index);
    tcase_add_test(tcase, a_store_grows_through_all_shapes);
    tcase_add_test(tcase, damaged_pages_of_the_map_are_told);
    tcase_add_test(tcase, what_never_comes_and_goes_is_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
