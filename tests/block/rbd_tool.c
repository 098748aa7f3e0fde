/* SPDX-License-Identifier: ISC */
/*
 * rbd-tool NAME ROUNDS SECONDS - a device that fails and comes back must keep its word.
 *
 * First a new image's extents are looked at. Each round writes a batch of blocks drawn from its
 * number, each with its own place and the round in it, and flushes. What was flushed must be there
 * in the end, or what a later round tried to write in its place. Rounds go on for SECONDS at least,
 * and at least ROUNDS; a device that is poisoned or lost is opened anew. Prints a dot for a round
 * and what failed on standard error, at last one line of counts.
 */
#include <cairn/blk_open.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES 4096u
#define BATCH 32
#define BLOCKS 2048u
#define ROUNDS_MAX 100000u
#define OPEN_TRIES 30

static struct cairn_blk_any device;
static uint64_t flushed[BLOCKS]; /* the last round whose flush succeeded */
static uint8_t memory[BATCH][BLOCK_BYTES];
static unsigned failures;
static double longest;
static const char *longest_call = "none";

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* The i-th block of a round; of one round all differ. */
static uint64_t block_of(uint64_t round, uint64_t i)
{
    uint64_t mixed = round * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return (mixed + i * 61) % BLOCKS;
}

static bool was_in(uint64_t round, uint64_t block)
{
    for (uint64_t i = 0; i < BATCH; i++)
        if (block_of(round, i) == block) return true;
    return false;
}

static void fill(uint8_t *data, uint64_t block, uint64_t round)
{
    uint64_t words[2] = { block + 1, round };
    for (size_t at = 0; at < BLOCK_BYTES; at += sizeof words)
        memcpy(data + at, words, sizeof words);
}

static void say(const char *what, enum cairn_err err, const struct cairn_why *why)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    failures++;
}

/* The longest that one call took is what nobody may wait longer for. */
static void note_time(const char *call, double from)
{
    double took = now() - from;
    if (took <= longest) return;
    longest = took;
    longest_call = call;
}

static bool device_open(const char *name)
{
    struct cairn_blk_file_options options = { .write = true, .block_bytes = BLOCK_BYTES };
    for (int i = 0; i < OPEN_TRIES; i++) {
        struct cairn_why why = { 0 };
        double from = now();
        enum cairn_err err = cairn_blk_open(&device, name, &options, &why);
        note_time("open", from);
        if (!err) return true;
        say("open", err, &why);
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
    return false;
}

static bool reopen(const char *name)
{
    struct cairn_why why = { 0 };
    double from = now();
    say("close", cairn_blk_any_close(&device, &why), &why);
    note_time("close", from);
    return device_open(name);
}

static enum cairn_err round_write(uint64_t round, struct cairn_why *why)
{
    struct cairn_blk_req reqs[BATCH];
    struct cairn_blk_seg segs[BATCH];
    for (uint64_t i = 0; i < BATCH; i++) {
        fill(memory[i], block_of(round, i), round);
        segs[i] = (struct cairn_blk_seg){ memory[i], BLOCK_BYTES };
        reqs[i] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                          .block = block_of(round, i),
                                          .count = 1,
                                          .segs = &segs[i],
                                          .seg_count = 1,
                                          .why = why };
    }
    double from = now();
    enum cairn_err err = cairn_blk_submit(device.dev, reqs, BATCH);
    note_time("write", from);
    return err;
}

/* One round; false: the device cannot be had any more. */
static bool round_run(const char *name, uint64_t round)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = round_write(round, &why);
    say("write", err, &why);
    double from = now();
    enum cairn_err flush = cairn_blk_flush(device.dev, &why);
    note_time("flush", from);
    say("flush", flush, &why);
    for (uint64_t i = 0; !err && !flush && i < BATCH; i++)
        flushed[block_of(round, i)] = round;
    return flush ? reopen(name) : true;
}

/* Block's content: what was flushed last, or what a later round tried. */
static bool block_holds(uint64_t block, const uint8_t *data, uint64_t rounds)
{
    uint8_t wanted[BLOCK_BYTES];
    uint64_t words[2];
    memcpy(words, data, sizeof words);
    if (!flushed[block] && !words[1]) return true;
    if (words[1] < flushed[block] || words[1] > rounds || !was_in(words[1], block)) return false;
    fill(wanted, block, words[1]);
    return !memcmp(wanted, data, BLOCK_BYTES);
}

static unsigned verify(uint64_t rounds)
{
    unsigned lost = 0;
    for (uint64_t block = 0; block < BLOCKS; block++) {
        struct cairn_why why = { 0 };
        enum cairn_err err = cairn_blk_read(device.dev, block, 1, memory[0], &why);
        say("read", err, &why);
        if (!err && block_holds(block, memory[0], rounds)) continue;
        fprintf(stderr, "block %llu: what was flushed in round %llu is gone\n",
                (unsigned long long)block, (unsigned long long)flushed[block]);
        lost++;
    }
    return lost;
}

/* Of an image that is new, one block in its middle makes one object data; the rest are holes. */
static bool extents_hold(void)
{
    struct cairn_blk_extent extents[8];
    uint64_t count = cairn_blk_info(device.dev)->block_count, middle = count / 2;
    size_t used = 0;
    fill(memory[0], middle, 0);
    if (cairn_blk_write(device.dev, middle, 1, memory[0], NULL)) return false;
    if (cairn_blk_extents(device.dev, 0, count, extents, 8, &used, NULL)) return false;
    bool shape = used == 3 && !extents[0].data && extents[1].data && !extents[2].data;
    return shape && extents[1].block <= middle && middle - extents[1].block < extents[1].count &&
           extents[2].block + extents[2].count == count;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    uint64_t least = strtoull(argv[2], NULL, 10), round = 0;
    double until = now() + strtod(argv[3], NULL);
    if (!device_open(argv[1]) || cairn_blk_info(device.dev)->block_count < BLOCKS) return 1;
    if (!extents_hold()) return 1;
    if (cairn_blk_zero(device.dev, 0, BLOCKS, NULL)) return 1;
    while ((round < least || now() < until) && round < ROUNDS_MAX) {
        if (!round_run(argv[1], ++round)) return 1;
        if (round % 16 == 0) fprintf(stderr, ".");
    }
    if (!reopen(argv[1])) return 1;
    unsigned lost = verify(round);
    printf("%llu rounds, %u failures, %u lost, longest %.1f s (%s)\n", (unsigned long long)round,
           failures, lost, longest, longest_call);
    struct cairn_why why = { 0 };
    say("close", cairn_blk_any_close(&device, &why), &why);
    return lost ? 1 : 0;
}
