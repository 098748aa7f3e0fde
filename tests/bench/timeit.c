/* SPDX-License-Identifier: ISC */
/*
 * timeit RUNS PREPARE COMMAND [ARGUMENT...]
 *
 * Run the command so many times, each after the shell command PREPARE, which is not counted; what
 * they print is dropped. Prints the median and the least wall time in milliseconds and the largest
 * peak memory in KiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 99 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* vfork: this process's memory must not count as the command's. */
static pid_t start(char **command)
{
    pid_t child = vfork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    return child;
}

/* One run: its time, and its peak memory when that is the largest so far. False when it failed. */
static int run_once(char **command, double *ms, long *peak_kib)
{
    struct rusage usage;
    int status;
    double from = now_ms();
    pid_t child = start(command);

    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 0;
    *ms = now_ms() - from;
    if (usage.ru_maxrss > *peak_kib) *peak_kib = usage.ru_maxrss;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    double ms[RUNS_MAX];
    long peak_kib = 0;
    int runs = argc > 3 ? atoi(argv[1]) : 0;
    FILE *report = fdopen(dup(STDOUT_FILENO), "w");

    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: timeit RUNS PREPARE COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (!report || !freopen("/dev/null", "w", stdout)) return 1;
    for (int i = 0; i < runs; i++) {
        if (system(argv[2]) != 0 || !run_once(argv + 3, &ms[i], &peak_kib)) {
            fprintf(stderr, "timeit: failed: %s ...\n", argv[3]);
            return 1;
        }
    }
    qsort(ms, (size_t)runs, sizeof ms[0], by_value);
    fprintf(report, "%.2f %.2f %ld\n", ms[runs / 2], ms[0], peak_kib);
    return fclose(report) != 0;
}
