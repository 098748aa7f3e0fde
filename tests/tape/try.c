/* SPDX-License-Identifier: ISC */
/* Running a property where its crash does no harm: in a child process. */
#include "try.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit codes of a child that nothing else in it is likely to use: a sanitizer's is 1. */
enum { EXIT_HELD = 100, EXIT_FAILED = 101 };

struct tape_report *tape_report_new(void)
{
    void *mem = mmap(NULL, sizeof(struct tape_report), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) abort();
    return mem;
}

void tape_report_free(struct tape_report *report)
{
    munmap(report, sizeof(*report));
}

static void stderr_close(void)
{
    int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0) abort();
    close(null);
}

static enum tape_outcome child_wait(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) abort();
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? TAPE_HUNG : TAPE_CRASHED;
    if (WEXITSTATUS(status) == EXIT_HELD) return TAPE_HELD;
    return WEXITSTATUS(status) == EXIT_FAILED ? TAPE_FAILED : TAPE_CRASHED;
}

/* In the child: does not return when the property fails. */
static void child_run(tape_property *property, struct tape *tape, uint32_t timeout_s)
{
    signal(SIGALRM, SIG_DFL);
    alarm(timeout_s);
    tape->report->used = 0;
    if (!property(tape)) _exit(EXIT_FAILED);
}

enum tape_outcome tape_try(tape_property *property, const uint8_t *bytes, size_t len,
                           uint32_t timeout_s, bool loud, struct tape_report *report)
{
    pid_t child = fork();
    if (child != 0) return child_wait(child);
    struct tape tape = { .bytes = bytes, .len = len, .report = report };
    if (loud)
        tape.notes = stderr;
    else
        stderr_close();
    child_run(property, &tape, timeout_s);
    _exit(EXIT_HELD);
}

enum tape_outcome tape_try_random(tape_property *property, const struct tape_options *options,
                                  struct tape_report *report)
{
    pid_t child = fork();
    if (child != 0) return child_wait(child);
    uint8_t *bytes = malloc(options->bytes_max);
    if (!bytes) abort();
    stderr_close();
    for (report->run = 0; report->run < options->runs; report->run++) {
        size_t len = tape_random(options->seed, report->run, bytes, options->bytes_max);
        struct tape tape = { .bytes = bytes, .len = len, .report = report };
        child_run(property, &tape, options->timeout_s);
    }
    _exit(EXIT_HELD);
}
