/* SPDX-License-Identifier: ISC */
/*
 * uring FILE [ROUNDS] - random 4 KiB reads of a file: Cairn by io_uring, Cairn by system calls one
 * after the other, and a bare ring that is set up once. They take turns in every round, each with
 * places of its own, so that what else the machine does falls on all alike. Prints the median time
 * of a batch, and its ratio to the bare ring's. The file is in the page cache at first.
 */
#include <cairn/blk_file.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 64u
#define READ_BYTES 4096u
#define ROUNDS_MAX 10000u

struct bench {
    struct cairn_blk_file uring, calls;
    struct io_uring ring;
    int fd;
    uint8_t *memory;
    uint64_t pages, state;
    struct cairn_blk_req reqs[BATCH_MAX];
    struct cairn_blk_seg segs[BATCH_MAX];
};

static void must(int ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "uring: %s\n", what);
    exit(1);
}

/* Where read i of a batch goes: anywhere in its share of the file, the shares in no order. */
static uint64_t page_draw(struct bench *b, unsigned i)
{
    uint64_t share = b->pages / BATCH_MAX;
    b->state = b->state * 6364136223846793005u + 1442695040888963407u;
    return (i * 37u % BATCH_MAX) * share + (b->state >> 33) % share;
}

static void bare_batch(struct bench *b, unsigned count)
{
    struct io_uring_cqe *cqe;
    for (unsigned i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&b->ring);
        io_uring_prep_read(sqe, 0, b->memory + i * READ_BYTES, READ_BYTES,
                           page_draw(b, i) * READ_BYTES);
        sqe->flags |= IOSQE_FIXED_FILE;
    }
    must(io_uring_submit_and_wait(&b->ring, count) == (int)count, "submit");
    for (unsigned i = 0; i < count; i++) {
        must(!io_uring_peek_cqe(&b->ring, &cqe) && cqe->res == (int)READ_BYTES, "read");
        io_uring_cqe_seen(&b->ring, cqe);
    }
}

static void cairn_batch(struct bench *b, struct cairn_blk *dev, unsigned count)
{
    uint32_t blocks = READ_BYTES / dev->info.block_bytes;
    for (unsigned i = 0; i < count; i++) {
        b->segs[i] = (struct cairn_blk_seg){ b->memory + i * READ_BYTES, READ_BYTES };
        b->reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                             .block = page_draw(b, i) * blocks,
                                             .count = blocks,
                                             .segs = &b->segs[i],
                                             .seg_count = 1 };
    }
    must(!cairn_blk_submit(dev, b->reqs, count), "cairn_blk_submit");
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, unsigned count)
{
    qsort(times, count, sizeof *times, compare);
    return times[count / 2];
}

static void row(const char *label, double us, double bare)
{
    printf("  %-44s %10.1f us  x %6.2f\n", label, us, us / bare);
}

static double turn_start(const struct bench *b, bool is_cold)
{
    if (is_cold) must(!posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED), "posix_fadvise");
    return now_us();
}

/* is_cold: the page cache forgets the file before each batch. */
static void rounds(struct bench *b, const char *title, unsigned batch, unsigned count, bool is_cold)
{
    static double uring[ROUNDS_MAX], calls[ROUNDS_MAX], bare[ROUNDS_MAX];
    for (unsigned i = 0; i < count; i++) {
        double start = turn_start(b, is_cold);
        bare_batch(b, batch);
        bare[i] = now_us() - start;
        start = turn_start(b, is_cold);
        cairn_batch(b, &b->uring.base, batch);
        uring[i] = now_us() - start;
        start = turn_start(b, is_cold);
        cairn_batch(b, &b->calls.base, batch);
        calls[i] = now_us() - start;
    }
    double limit = median(bare, count);
    printf(" %s\n", title);
    row("bare ring", limit, limit);
    row("cairn, io_uring", median(uring, count), limit);
    row("cairn, one call after the other", median(calls, count), limit);
}

static void bench_open(struct bench *b, const char *path, enum cairn_blk_file_direct direct)
{
    struct cairn_blk_file_options how = { .direct = direct, .io = CAIRN_BLK_IO_URING };
    must(!cairn_blk_file_open(&b->uring, path, &how, NULL), "cairn_blk_file_open");
    must(b->uring.io == CAIRN_BLK_IO_URING, "there is no io_uring");
    how.io = CAIRN_BLK_IO_PREAD;
    must(!cairn_blk_file_open(&b->calls, path, &how, NULL), "cairn_blk_file_open");
    b->fd = open(path, O_RDONLY | (direct ? O_DIRECT : 0));
    must(b->fd >= 0, "open");
    must(!io_uring_queue_init(BATCH_MAX, &b->ring, 0), "io_uring_queue_init");
    must(!io_uring_register_files(&b->ring, &b->fd, 1), "io_uring_register_files");
    b->pages = cairn_blk_bytes(&b->uring.base) / READ_BYTES;
    must(b->pages >= BATCH_MAX, "the file is too small");
}

static void bench_close(struct bench *b)
{
    io_uring_queue_exit(&b->ring);
    close(b->fd);
    must(!cairn_blk_close(&b->calls.base, NULL) && !cairn_blk_close(&b->uring.base, NULL), "close");
}

int main(int argc, char **argv)
{
    static struct bench b = { .state = 1 };
    unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 500;
    must(argc > 1 && count > 0 && count <= ROUNDS_MAX, "usage: uring FILE [ROUNDS]");
    b.memory = aligned_alloc(READ_BYTES, BATCH_MAX * READ_BYTES);
    must(b.memory != NULL, "memory");
    bench_open(&b, argv[1], CAIRN_BLK_DIRECT_ON);
    rounds(&b, "O_DIRECT, 64 at once", BATCH_MAX, count, false);
    rounds(&b, "O_DIRECT, one", 1, count, false);
    bench_close(&b);
    bench_open(&b, argv[1], CAIRN_BLK_DIRECT_OFF);
    rounds(&b, "page cache, warm, 64 at once", BATCH_MAX, count, false);
    rounds(&b, "page cache, warm, one", 1, count, false);
    rounds(&b, "page cache, cold, 64 at once", BATCH_MAX, count / 5 + 1, true);
    bench_close(&b);
    return 0;
}
