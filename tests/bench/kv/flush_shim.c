/* SPDX-License-Identifier: ISC */
#include "flush_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096
#define SPIN_NS 60000u /* a sleep may end so much too late; the rest is waited for awake */

struct flush_shim *flush_shim(void);
struct flush_shim *flush_shim(void)
{
    static struct flush_shim state;
    return &state;
}

/* What a descriptor is, found out at its first write and forgotten when it is closed. */
enum kind { UNKNOWN, OTHER, PLAIN, WRITE_THROUGH };
static _Atomic unsigned char kinds[FDS];

/* The C library's function of this name. */
#define NEXT(name)                                                                                 \
    static __typeof__(&name) next;                                                                 \
    if (!next) next = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    struct timespec at = { .tv_sec = (time_t)(ns / 1000000000u),
                           .tv_nsec = (long)(ns % 1000000000u) };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* A flush that began at `from` ends here, not before its time. */
static void flush_end(uint64_t from)
{
    static _Thread_local int exact;
    uint64_t until = from + flush_shim()->delay_ns;
    int error = errno;
    __atomic_fetch_add(&flush_shim()->flushes, 1, __ATOMIC_RELAXED);
    if (!exact) exact = prctl(PR_SET_TIMERSLACK, 1000ul) == 0;
    if (now_ns() + SPIN_NS < until) sleep_until(until - SPIN_NS);
    while (now_ns() < until)
        ;
    errno = error;
}

static enum kind kind_find(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &st) != 0) return UNKNOWN;
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) return OTHER;
    return flags & O_DSYNC ? WRITE_THROUGH : PLAIN; /* O_SYNC holds O_DSYNC */
}

static enum kind kind_of(int fd)
{
    if (fd < 0 || fd >= FDS) return kind_find(fd);
    if (kinds[fd] == UNKNOWN) kinds[fd] = (unsigned char)kind_find(fd);
    return (enum kind)kinds[fd];
}

/* A write that began at `from` has given `done`. */
static ssize_t written(int fd, ssize_t done, uint64_t from, int through)
{
    enum kind kind = kind_of(fd);
    if (done < 0 || kind == OTHER) return done;
    __atomic_fetch_add(&flush_shim()->write_bytes, (uint64_t)done, __ATOMIC_RELAXED);
    if (through || kind == WRITE_THROUGH) flush_end(from);
    return done;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    NEXT(write);
    uint64_t from = now_ns();
    return written(fd, next(fd, data, bytes), from, 0);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    NEXT(pwrite);
    uint64_t from = now_ns();
    return written(fd, next(fd, data, bytes, offset), from, 0);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    return pwrite(fd, data, bytes, offset);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    NEXT(writev);
    uint64_t from = now_ns();
    return written(fd, next(fd, iov, count), from, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    NEXT(pwritev);
    uint64_t from = now_ns();
    return written(fd, next(fd, iov, count, offset), from, 0);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t offset)
{
    return pwritev(fd, iov, count, offset);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
    NEXT(pwritev2);
    uint64_t from = now_ns();
    ssize_t done = next(fd, iov, count, offset, flags);
    return written(fd, done, from, (flags & (RWF_DSYNC | RWF_SYNC)) != 0);
}

ssize_t pwritev64v2(int fd, const struct iovec *iov, int count, off64_t offset, int flags)
{
    return pwritev2(fd, iov, count, offset, flags);
}

int fsync(int fd)
{
    NEXT(fsync);
    uint64_t from = now_ns();
    int result = next(fd);
    flush_end(from);
    return result;
}

int fdatasync(int fd)
{
    NEXT(fdatasync);
    uint64_t from = now_ns();
    int result = next(fd);
    flush_end(from);
    return result;
}

int syncfs(int fd)
{
    NEXT(syncfs);
    uint64_t from = now_ns();
    int result = next(fd);
    flush_end(from);
    return result;
}

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
    NEXT(sync_file_range);
    uint64_t from = now_ns();
    int result = next(fd, offset, bytes, flags);
    if (flags & SYNC_FILE_RANGE_WAIT_AFTER) flush_end(from);
    return result;
}

int msync(void *mem, size_t bytes, int flags)
{
    NEXT(msync);
    uint64_t from = now_ns();
    int result = next(mem, bytes, flags);
    if (flags & MS_SYNC) flush_end(from);
    return result;
}

int close(int fd)
{
    NEXT(close);
    if (fd >= 0 && fd < FDS) kinds[fd] = UNKNOWN;
    return next(fd);
}
