/* SPDX-License-Identifier: ISC */
/*
 * vhost SOCKET [ROUNDS] - reads of 4 KiB through a vhost-user server with two queues: Cairn on one,
 * and on the other a bare loop whose descriptors are prepared once, in the same shared memory, over
 * the same connection, served by the same thread. They take turns in every round, so that what else
 * the machine does falls on all alike. Prints the median time of a batch, its ratio to the bare
 * loop's, and kicks a batch.
 */
#include "block/host/vhost_user.h"
#include <cairn/bytes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 32u
#define READ_BYTES 4096u
#define STRIDE_BYTES (8u * READ_BYTES) /* from one place to the next */
#define ROUNDS_MAX 100000u
#define RING 128u /* descriptors; a request has three */
#define POLLS 2000
#define AVAIL_AT (16u * RING)
#define USED_AT 4096u
#define HEADERS_AT 8192u
#define HEADER_BYTES 32u /* with the status behind it */
#define BARE_BYTES 16384u

struct bare {
    struct blk_vhost *link;
    uint8_t *ring;
    volatile uint16_t *avail, *used; /* flags, index, then 16-bit or 64-bit entries, an event */
    uint16_t done;
    uint64_t kicks;
};

static void must(int ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "vhost: %s\n", what);
    exit(1);
}

static void desc_put(uint8_t *ring, unsigned at, const void *data, uint32_t bytes, uint16_t flags)
{
    uint8_t *desc = ring + at * 16u;
    cairn_le64_put(desc, (uintptr_t)data);
    cairn_le32_put(desc + 8, bytes);
    cairn_le16_put(desc + 12, flags);
    cairn_le16_put(desc + 14, (uint16_t)(at + 1));
}

/* Request i: its header, 4 KiB of data, its status, for ever. */
static void bare_prepare(struct bare *bare, unsigned i, uint8_t *data)
{
    uint8_t *header = bare->ring + HEADERS_AT + i * HEADER_BYTES;
    cairn_le64_put(header + 8, (uint64_t)i * STRIDE_BYTES / 512);
    desc_put(bare->ring, 3 * i, header, 16, 1);
    desc_put(bare->ring, 3 * i + 1, data + i * READ_BYTES, READ_BYTES, 3);
    desc_put(bare->ring, 3 * i + 2, header + 16, 1, 2);
}

static void bare_open(struct bare *bare, struct cairn_blk_vhost *dev, uint8_t *data)
{
    *bare = (struct bare){ .link = dev->link, .ring = cairn_blk_vhost_memory(dev, BARE_BYTES) };
    must(bare->ring != NULL, "memory");
    bare->avail = (volatile uint16_t *)(bare->ring + AVAIL_AT);
    bare->used = (volatile uint16_t *)(bare->ring + USED_AT);
    for (unsigned i = 0; i < BATCH_MAX; i++)
        bare_prepare(bare, i, data);
    struct cairn_virtio_ring ring = { RING, (uintptr_t)bare->ring, (uintptr_t)bare->avail,
                                      (uintptr_t)bare->used };
    struct cairn_virtio *virtio = &dev->link->base;
    must(!virtio->ops->queue_enable(virtio, 1, &ring, NULL), "a second queue");
}

/* The device asks to be told when the index passes its event (virtio 1.3, section 2.7.7.2). */
static void bare_kick(struct bare *bare, uint16_t old)
{
    uint16_t new = bare->avail[1], event = *(volatile uint16_t *)(bare->used + 2 + 4 * RING);
    if ((uint16_t)(new - event - 1) >= (uint16_t)(new - old)) return;
    eventfd_write(bare->link->queues[1].kick, 1);
    bare->kicks++;
}

/* Looks as long as something happens, and a while longer; then sleeps until the last one is done.
 */
static void bare_wait(struct bare *bare)
{
    eventfd_t count;
    for (int i = 0, seen = bare->used[1]; i < POLLS; i = bare->used[1] == seen ? i + 1 : 0) {
        seen = bare->used[1];
        if (seen == bare->done) return;
        __builtin_ia32_pause();
    }
    bare->avail[2 + RING] = (uint16_t)(bare->done - 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (bare->used[1] != bare->done) {
        struct pollfd call = { .fd = bare->link->queues[1].call, .events = POLLIN };
        must(poll(&call, 1, 10000) == 1, "no answer");
        eventfd_read(call.fd, &count);
    }
}

static void bare_batch(struct bare *bare, unsigned count)
{
    uint16_t old = bare->avail[1];
    for (unsigned i = 0; i < count; i++)
        bare->avail[2 + (uint16_t)(old + i) % RING] = (uint16_t)(3 * i);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bare->avail[1] = (uint16_t)(old + count);
    bare->done = bare->avail[1];
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bare_kick(bare, old);
    bare_wait(bare);
    for (unsigned i = 0; i < count; i++)
        must(!bare->ring[HEADERS_AT + i * HEADER_BYTES + 16], "status");
}

static void cairn_batch(struct cairn_blk *dev, uint8_t *data, unsigned count)
{
    static struct cairn_blk_req reqs[BATCH_MAX];
    static struct cairn_blk_seg segs[BATCH_MAX];
    uint32_t block_bytes = dev->info.block_bytes;
    for (unsigned i = 0; i < count; i++) {
        segs[i] = (struct cairn_blk_seg){ data + i * READ_BYTES, READ_BYTES };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                          .block = (uint64_t)i * STRIDE_BYTES / block_bytes,
                                          .count = READ_BYTES / block_bytes,
                                          .segs = &segs[i],
                                          .seg_count = 1 };
    }
    must(!cairn_blk_submit(dev, reqs, count), "cairn_blk_submit");
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

static void row(const char *label, double us, double bare, uint64_t kicks, unsigned rounds)
{
    printf("  %-44s %10.1f us  x %6.2f  %5.2f kicks\n", label, us, us / bare,
           (double)kicks / rounds);
}

/* One of those that take turns. */
enum turn { BARE, SHARED, COPIED, TURNS };

struct bench {
    struct cairn_blk_vhost dev;
    struct bare bare;
    uint8_t *shared, own[BATCH_MAX * READ_BYTES];
    double times[TURNS][ROUNDS_MAX];
    uint64_t kicks[TURNS];
};

static void turn_take(struct bench *b, enum turn turn, unsigned batch, unsigned round)
{
    uint64_t kicks = b->bare.kicks + cairn_blk_vhost_kicks(&b->dev);
    double start = now_us();
    if (turn == BARE)
        bare_batch(&b->bare, batch);
    else
        cairn_batch(&b->dev.disk.base, turn == SHARED ? b->shared : b->own, batch);
    b->times[turn][round] = now_us() - start;
    b->kicks[turn] += b->bare.kicks + cairn_blk_vhost_kicks(&b->dev) - kicks;
}

/* Each is as often behind one of the others as behind the other. */
static void rounds(struct bench *b, unsigned batch, unsigned count)
{
    static const char *const labels[TURNS] = { "bare loop", "cairn, shared memory",
                                               "cairn, memory of the caller's" };
    memset(b->kicks, 0, sizeof b->kicks);
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < TURNS; k++)
            turn_take(b, (enum turn)((i & 1 ? k : TURNS - k) + i) % TURNS, batch, i);
    double limit = median(b->times[BARE], count);
    printf(" %u at once\n", batch);
    for (unsigned k = 0; k < TURNS; k++)
        row(labels[k], median(b->times[k], count), limit, b->kicks[k], count);
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct cairn_blk_vhost_options options = { .memory_bytes =
                                                   BARE_BYTES + BATCH_MAX * READ_BYTES };
    struct cairn_why why = { 0 };
    unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 5000;
    must(argc > 1 && count > 0 && count <= ROUNDS_MAX, "usage: vhost SOCKET [ROUNDS]");
    must(!cairn_blk_vhost_open(&b.dev, argv[1], &options, &why), why.what);
    must(cairn_blk_bytes(&b.dev.disk.base) >= BATCH_MAX * STRIDE_BYTES, "the disk is too small");
    b.shared = cairn_blk_vhost_memory(&b.dev, BATCH_MAX * READ_BYTES);
    must(b.shared != NULL, "memory");
    bare_open(&b.bare, &b.dev, b.shared);
    rounds(&b, 1, count);
    rounds(&b, BATCH_MAX, count);
    must(!cairn_blk_close(&b.dev.disk.base, NULL), "close");
    return 0;
}
