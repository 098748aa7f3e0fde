/* SPDX-License-Identifier: ISC */
#include "team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the processes share. */
struct board {
    uint32_t next; /* task to be taken */
    uint32_t broken;
    struct explore_counts counts;
    uint64_t findings[CAIRN_FAT_FAULT_COUNT];
    char what[8192];
};

static const struct alphabet *alphabet_find(const char *name)
{
    for (uint32_t i = 0; i < alphabet_count; i++)
        if (strcmp(alphabets[i].name, name) == 0) return &alphabets[i];
    fprintf(stderr, "there is no alphabet \"%s\"\n", name);
    exit(2);
}

static bool part_has(const struct part *part, const struct shape *shape)
{
    if (!*part->shape) return shape->sector_bytes == DISK_BLOCK;
    return strstr(shape->name, part->shape) != NULL;
}

static void counts_add(struct board *board, const struct explorer *e)
{
    __atomic_fetch_add(&board->counts.sequences, e->counts.sequences, __ATOMIC_RELAXED);
    __atomic_fetch_add(&board->counts.cuts, e->counts.cuts, __ATOMIC_RELAXED);
    __atomic_fetch_add(&board->counts.states, e->counts.states, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < CAIRN_FAT_FAULT_COUNT; i++)
        __atomic_fetch_add(&board->findings[i], e->judge.findings[i], __ATOMIC_RELAXED);
}

/* A task is a shape and a first operation. Tasks of one shape follow one another, since what is
 * known of a shape is of no use for the next. */
static void work(struct board *board, const struct part *part, const struct alphabet *a)
{
    struct explorer *e = malloc(sizeof *e);
    explorer_make(e);
    while (!__atomic_load_n(&board->broken, __ATOMIC_RELAXED)) {
        uint32_t task = __atomic_fetch_add(&board->next, 1, __ATOMIC_RELAXED);
        uint32_t shape = task / a->count;
        if (shape >= shape_count) break;
        if (!part_has(part, &shapes[shape])) continue;
        explorer_shape(e, &shapes[shape]);
        if (explorer_all(e, a, task % a->count, part->ops)) continue;
        if (!__atomic_exchange_n(&board->broken, 1, __ATOMIC_RELAXED))
            memcpy(board->what, e->what, sizeof board->what);
    }
    counts_add(board, e);
    explorer_free(e);
    free(e);
}

static void report(const struct board *board, const struct part *part, double seconds)
{
    const struct explore_counts *counts = &board->counts;
    printf("%s, %u operations, %s: %llu sequences, %llu cuts, %llu states, %.1f s\n",
           part->alphabet, part->ops, *part->shape ? part->shape : "all shapes",
           (unsigned long long)counts->sequences, (unsigned long long)counts->cuts,
           (unsigned long long)counts->states, seconds);
    for (uint32_t i = 0; i < CAIRN_FAT_FAULT_COUNT; i++)
        if (board->findings[i])
            printf("    %-14s %llu\n", cairn_fat_fault_name((enum cairn_fat_fault)i),
                   (unsigned long long)board->findings[i]);
    if (board->broken) printf("BROKEN: %s\n", board->what);
    fflush(stdout);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

bool team_run(const struct part *part, uint32_t jobs)
{
    const struct alphabet *a = alphabet_find(part->alphabet);
    struct board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double start = now();
    int status;
    bool ended = board != MAP_FAILED;
    fflush(stdout);
    for (uint32_t i = 0; ended && i < jobs; i++) {
        pid_t child = fork();
        if (child < 0) abort();
        if (child > 0) continue;
        work(board, part, a);
        _exit(0);
    }
    while (wait(&status) > 0)
        ended = ended && status == 0;
    report(board, part, now() - start);
    bool held = ended && !board->broken;
    if (!ended) printf("BROKEN: a process ended before its work\n");
    munmap(board, sizeof *board);
    return held;
}
