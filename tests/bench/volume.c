/* SPDX-License-Identifier: ISC */
/*
 * volume: the FAT library on memory that was touched before. Names in one directory, streams,
 * random reads of contiguous and of fragmented files, each beside the bare copy of the same bytes.
 * A figure is the least of some rounds, so that a busy machine disturbs it little.
 */
#include <cairn/blk_mem.h>
#include <cairn/fat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MIB (UINT64_C(1) << 20)
#define PIECE (1u << 20)
#define CLUSTER 4096u

struct volume {
    struct cairn_blk_mem disk;
    struct cairn_fat *fs;
    struct cairn_fat_node *root;
    uint8_t *bytes;
    void *mem;
    size_t mem_bytes;
};

static struct cairn_why why;
static uint8_t piece[PIECE];

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void must(enum cairn_err err)
{
    char text[512];
    if (!err) return;
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "volume: %s: %s\n", cairn_err_name(err), text);
    exit(1);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Memory that is there, in large pages where the kernel has them: else look-ups of addresses are
 * most of what is measured. */
static void *touched(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) abort();
    (void)madvise(mem, bytes, MADV_HUGEPAGE);
    memset(mem, 0, bytes);
    return mem;
}

static void volume_open(struct volume *v, uint64_t bytes, uint64_t files)
{
    struct cairn_fat_format_options options = { .cluster_bytes = CLUSTER };
    struct cairn_fat_geometry geometry;
    v->bytes = touched(bytes);
    must(cairn_blk_mem_open(&v->disk, v->bytes, 512, bytes / 512, &why));
    must(cairn_fat_format(&v->disk.base, &options, piece, sizeof piece, &geometry, &why));
    v->mem_bytes = cairn_fat_mem_good(&v->disk.base, files);
    v->mem = touched(v->mem_bytes);
    must(cairn_fat_mount(&v->fs, &v->disk.base, NULL, v->mem, v->mem_bytes, &why));
    v->root = cairn_fat_root(v->fs);
}

static void volume_close(struct volume *v)
{
    cairn_fat_release(v->root);
    must(cairn_fat_unmount(v->fs, &why));
    munmap(v->mem, v->mem_bytes);
    munmap(v->bytes, (size_t)cairn_blk_bytes(&v->disk.base));
}

/* ---- names ----------------------------------------------------------------------------------- */

struct names {
    unsigned count;
    const char *format;
    double create, open, open_random, remove; /* nanoseconds each */
};

static struct cairn_fat_node *named(struct cairn_fat_node *dir, const char *format, unsigned i,
                                    bool create)
{
    char name[32];
    struct cairn_fat_node *node;
    size_t len = (size_t)snprintf(name, sizeof name, format, i);
    must(create ? cairn_fat_create(dir, name, len, &node, &why)
                : cairn_fat_lookup(dir, name, len, &node, &why));
    return node;
}

static double names_open(struct cairn_fat_node *dir, const struct names *n, unsigned step)
{
    double start = now_ns();
    for (unsigned i = 0; i < n->count; i++)
        cairn_fat_release(named(dir, n->format, (unsigned)((uint64_t)i * step % n->count), false));
    return (now_ns() - start) / n->count;
}

/* One round in a new directory; a sync lies between the steps, and is counted with the creates. */
static void names_round(struct volume *v, struct names *n)
{
    struct cairn_fat_node *dir;
    char name[32];
    must(cairn_fat_mkdir(v->root, "dir", 3, &dir, &why));
    double start = now_ns();
    for (unsigned i = 0; i < n->count; i++)
        cairn_fat_release(named(dir, n->format, i, true));
    must(cairn_fat_sync(v->fs, &why));
    n->create = least(n->create, (now_ns() - start) / n->count);
    n->open = least(n->open, names_open(dir, n, 1));
    n->open_random = least(n->open_random, names_open(dir, n, 7919));
    start = now_ns();
    for (unsigned i = 0; i < n->count; i++)
        must(cairn_fat_remove(dir, name, (size_t)snprintf(name, sizeof name, n->format, i), &why));
    must(cairn_fat_sync(v->fs, &why));
    n->remove = least(n->remove, (now_ns() - start) / n->count);
    cairn_fat_release(dir);
    must(cairn_fat_remove(v->root, "dir", 3, &why));
}

static void names_measure(unsigned count, const char *format, unsigned rounds)
{
    struct volume v;
    struct names n = { .count = count,
                       .format = format,
                       .create = 1e18,
                       .open = 1e18,
                       .open_random = 1e18,
                       .remove = 1e18 };
    volume_open(&v, 512 * MIB, count);
    for (unsigned r = 0; r < rounds; r++)
        names_round(&v, &n);
    volume_close(&v);
    printf("  %6u x %-20s create %6.0f ns  open %5.0f ns  at random %5.0f ns  remove %5.0f ns\n",
           count, format, n.create, n.open, n.open_random, n.remove);
}

/* ---- streams --------------------------------------------------------------------------------- */

static struct cairn_fat_node *file_new(struct volume *v, const char *name)
{
    struct cairn_fat_node *file;
    must(cairn_fat_create(v->root, name, strlen(name), &file, &why));
    return file;
}

static double stream_write(struct volume *v, struct cairn_fat_node *file, uint64_t bytes)
{
    size_t done;
    double start = now_ns();
    for (uint64_t at = 0; at < bytes; at += PIECE)
        must(cairn_fat_write(file, at, piece, (size_t)(bytes - at < PIECE ? bytes - at : PIECE),
                             &done, &why));
    must(cairn_fat_sync(v->fs, &why));
    return now_ns() - start;
}

static double stream_read(struct cairn_fat_node *file, uint64_t bytes)
{
    size_t done;
    double start = now_ns();
    for (uint64_t at = 0; at < bytes; at += PIECE)
        must(cairn_fat_read(file, at, piece, PIECE, &done, &why));
    return now_ns() - start;
}

static double stream_bare(uint8_t *bytes, uint64_t count, bool write)
{
    double start = now_ns();
    for (uint64_t at = 0; at < count; at += PIECE) {
        memcpy(write ? bytes + at : piece, write ? piece : bytes + at, PIECE);
        __asm__ volatile("" : : "r"(piece) : "memory");
    }
    return now_ns() - start;
}

static void streams_measure(void)
{
    const uint64_t bytes = 2048 * MIB;
    struct volume v;
    double best[4] = { 1e18, 1e18, 1e18, 1e18 };
    volume_open(&v, bytes + 64 * MIB, 0);
    for (unsigned r = 0; r < 3; r++) {
        struct cairn_fat_node *file = file_new(&v, "stream");
        best[0] = least(best[0], stream_write(&v, file, bytes));
        best[1] = least(best[1], stream_bare(v.bytes + 16 * MIB, bytes, true));
        best[2] = least(best[2], stream_read(file, bytes));
        best[3] = least(best[3], stream_bare(v.bytes + 16 * MIB, bytes, false));
        cairn_fat_release(file);
        must(cairn_fat_remove(v.root, "stream", 6, &why));
        must(cairn_fat_sync(v.fs, &why));
    }
    volume_close(&v);
    printf("  2 GiB in 1 MiB pieces: write %.1f GB/s, %.0f%% of memcpy; read %.1f GB/s, %.0f%%\n",
           (double)bytes / best[0], 100 * best[1] / best[0], (double)bytes / best[2],
           100 * best[3] / best[2]);
}

/* ---- random reads ---------------------------------------------------------------------------- */

#define READS 200000u

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Where reads go: anywhere, or to 512 places all over the file. The places touch as little memory
 * in a large file as in a small one, so that what grows is the library's part, not the machine's.
 */
#define PLACES 512u

static uint64_t random_place(uint64_t *state, uint64_t bytes, bool few)
{
    uint64_t n = random_next(state), sectors = bytes / 512;
    if (few) n = n % PLACES * UINT64_C(0x9E3779B97F4A7C15) >> 20;
    return n % sectors * 512;
}

static double random_read(struct cairn_fat_node *file, uint64_t bytes, bool few)
{
    uint64_t state = 88172645463325252u;
    size_t done;
    double start = now_ns();
    for (unsigned i = 0; i < READS; i++)
        must(cairn_fat_read(file, random_place(&state, bytes, few), piece, 512, &done, &why));
    return (now_ns() - start) / READS;
}

static double random_bare(const uint8_t *bytes, uint64_t count)
{
    uint64_t state = 88172645463325252u;
    double start = now_ns();
    for (unsigned i = 0; i < READS; i++) {
        memcpy(piece, bytes + random_place(&state, count, false), 512);
        __asm__ volatile("" : : "r"(piece) : "memory");
    }
    return (now_ns() - start) / READS;
}

/* Two files written in turns, a cluster each: every cluster of the first lies alone. */
static struct cairn_fat_node *file_fragmented(struct volume *v, uint64_t bytes)
{
    struct cairn_fat_node *file = file_new(v, "fragmented"), *other = file_new(v, "between");
    size_t done;
    for (uint64_t at = 0; at < bytes; at += CLUSTER) {
        uint64_t left = bytes - at;
        must(cairn_fat_write(file, at, piece, (size_t)(left < CLUSTER ? left : CLUSTER), &done,
                             &why));
        must(cairn_fat_write(other, at, piece, 1, &done, &why));
        must(cairn_fat_truncate(other, at + 1, &why));
        if (at % (256 * CLUSTER) == 0) must(cairn_fat_sync(v->fs, &why));
    }
    cairn_fat_release(other);
    return file;
}

static void random_measure(uint64_t bytes, bool fragmented)
{
    struct volume v;
    double ours = 1e18, bare = 1e18, places = 1e18;
    volume_open(&v, bytes * (fragmented ? 2 : 1) + 80 * MIB, 0);
    struct cairn_fat_node *file;
    if (fragmented) {
        file = file_fragmented(&v, bytes);
    } else {
        file = file_new(&v, "contiguous");
        (void)stream_write(&v, file, bytes);
    }
    for (unsigned r = 0; r < 10; r++) {
        ours = least(ours, random_read(file, bytes, false));
        places = least(places, random_read(file, bytes, true));
        bare = least(bare, random_bare(v.bytes + 16 * MIB, bytes));
    }
    printf(
        "  %7.1f MiB, %-10s  %4.0f ns a read, bare copy %3.0f ns: %.2f of its speed; "
        "%3.0f ns among %u places\n",
        (double)bytes / (double)MIB, fragmented ? "fragmented" : "contiguous", ours, bare,
        bare / ours, places, PLACES);
    cairn_fat_release(file);
    volume_close(&v);
}

int main(void)
{
    static const uint64_t sizes[] = { MIB, 64 * MIB, 2048 * MIB, 4096 * MIB - 1 };
    memset(piece, 7, sizeof piece);
    names_measure(1000, "file number %u.txt", 20);
    names_measure(20000, "file number %u.txt", 5);
    names_measure(1000, "F%07u.TXT", 20);
    names_measure(60000, "F%07u.TXT", 3);
    streams_measure();
    for (unsigned i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++)
        random_measure(sizes[i / 2], i % 2);
    return 0;
}
