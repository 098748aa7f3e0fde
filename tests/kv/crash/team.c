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
    uint64_t sequences;
    struct judge_counts counts;
    char what[4096];
};

static const struct alphabet *alphabet_find(const char *name)
{
    for (uint32_t i = 0; i < alphabet_count; i++)
        if (strcmp(alphabets[i].name, name) == 0) return &alphabets[i];
    fprintf(stderr, "there is no alphabet \"%s\"\n", name);
    exit(2);
}

static void add(uint64_t *to, uint64_t count)
{
    __atomic_fetch_add(to, count, __ATOMIC_RELAXED);
}

static void counts_add(struct board *board, const struct explorer *e)
{
    add(&board->sequences, e->sequences);
    for (uint32_t i = 0; i < JUDGE_DEPTH_MAX; i++) {
        add(&board->counts.cuts[i], e->judge.counts.cuts[i]);
        add(&board->counts.states[i], e->judge.counts.states[i]);
    }
}

static void task_do(struct board *board, const struct part *part, const struct shape *shape,
                    const struct alphabet *a, uint32_t first)
{
    struct explorer *e = malloc(sizeof *e);
    explorer_make(e, shape, part->cuts);
    e->judge.thorough = part->thorough;
    bool held = explorer_all(e, a, first, part->ops);
    if (!held && !__atomic_exchange_n(&board->broken, 1, __ATOMIC_RELAXED))
        memcpy(board->what, e->what, sizeof board->what);
    counts_add(board, e);
    explorer_free(e);
    free(e);
}

/* A task is a shape and a first operation. */
static void work(struct board *board, const struct part *part, const struct alphabet *a)
{
    while (!__atomic_load_n(&board->broken, __ATOMIC_RELAXED)) {
        uint32_t task = __atomic_fetch_add(&board->next, 1, __ATOMIC_RELAXED);
        uint32_t shape = task / a->count;
        if (shape >= shape_count) break;
        if (strstr(shapes[shape].name, part->shape))
            task_do(board, part, &shapes[shape], a, task % a->count);
    }
}

static void report(const struct board *board, const struct part *part, double seconds)
{
    const struct judge_counts *counts = &board->counts;
    printf("%s, %u operations, %s: %llu sequences", part->alphabet, part->ops,
           *part->shape ? part->shape : "all shapes", (unsigned long long)board->sequences);
    for (uint32_t i = 0; i < part->cuts; i++)
        printf("; %llu %s, %llu states", (unsigned long long)counts->cuts[i],
               i == 0 ? "cuts" : "in those", (unsigned long long)counts->states[i]);
    printf("; %.1f s\n", seconds);
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
