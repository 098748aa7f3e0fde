/* SPDX-License-Identifier: ISC */
#include <cairn/clock.h>
#include <cairn/platform.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec now = { 0 };
    (void)clock_gettime(id, &now); /* fails for an unknown clock only */
    return (int64_t)now.tv_sec * CAIRN_NS_PER_SEC + now.tv_nsec;
}

uint64_t cairn_platform_mono_ns(void)
{
    return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

int64_t cairn_platform_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

void cairn_platform_sleep_ns(uint64_t duration_ns)
{
    struct timespec left = {
        .tv_sec = (time_t)(duration_ns / (uint64_t)CAIRN_NS_PER_SEC),
        .tv_nsec = (long)(duration_ns % (uint64_t)CAIRN_NS_PER_SEC),
    };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

void cairn_platform_console_write(const char *text, size_t len)
{
    int saved = errno; /* a message logged between a call and the look at its errno */
    while (len > 0) {
        ssize_t done = write(STDERR_FILENO, text, len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        text += done;
        len -= (size_t)done;
    }
    errno = saved;
}

uint64_t cairn_platform_dma_address(const void *mem, size_t bytes)
{
    (void)bytes;
    return (uintptr_t)mem;
}
