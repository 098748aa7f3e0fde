/* SPDX-License-Identifier: ISC */
/* The workloads, in the order in which they are run: those of a group share a store, which the
 * first of them (`fresh`) begins anew. */
#include "workload.h"

#define SMALL .value_bytes = 100
#define RECORD .value_bytes = 1000, .keys_divisor = 4
#define LARGE .value_bytes = 1u << 20, .keys_divisor = 4096

/* A store of four times the budget. */
#define TIGHT SMALL, .group = "tight", .memory_divisor = 4

#define DURABLE(of, by)                                                                            \
    {                                                                                              \
        .group = "durable", .name = "durable" #of "x" #by, .body = body_write, .order = UNIFORM,   \
        .batch = of, .threads = by, .durable = true, SMALL                                         \
    }

#define YCSB(letter, name_)                                                                        \
    {                                                                                              \
        .group = "ycsb", .name = name_, .body = body_ycsb, .order = UNIFORM, .ycsb = letter,       \
        .warm = true, RECORD                                                                       \
    }

const struct workload workloads[] = {
    { .group = "plain",
      .name = "fillseq",
      .body = body_write,
      .batch = 1000,
      .fresh = true,
      SMALL },
    { .group = "plain",
      .name = "bulkload",
      .body = body_write,
      .sorted = true,
      .fresh = true,
      SMALL },
    { .group = "plain",
      .name = "fillrandom",
      .body = body_write,
      .order = SHUFFLED,
      .batch = 1000,
      .fresh = true,
      SMALL },
    { .group = "plain",
      .name = "readrandom",
      .body = body_read,
      .order = UNIFORM,
      .warm = true,
      SMALL },
    { .group = "plain", .name = "readseq", .body = body_scan, .count = 1000, .warm = true, SMALL },
    { .group = "plain",
      .name = "range10",
      .body = body_scan,
      .order = UNIFORM,
      .count = 10,
      .ops_divisor = 5,
      .warm = true,
      SMALL },
    { .group = "plain",
      .name = "overwrite",
      .body = body_write,
      .order = UNIFORM,
      .batch = 1000,
      SMALL },
    { .group = "plain",
      .name = "delete",
      .body = body_remove,
      .order = SHUFFLED,
      .batch = 1000,
      SMALL },

    { .group = "durable",
      .name = "fill",
      .body = body_write,
      .order = SHUFFLED,
      .batch = 1000,
      .fresh = true,
      .quiet = true,
      SMALL },
    DURABLE(1, 1),
    DURABLE(10, 1),
    DURABLE(100, 1),
    DURABLE(1000, 1),
    DURABLE(1, 8),
    DURABLE(10, 8),
    DURABLE(100, 8),
    DURABLE(1000, 8),
    { .group = "recover",
      .name = "fill",
      .body = body_write,
      .order = SHUFFLED,
      .batch = 1000,
      .durable = true,
      .fresh = true,
      .quiet = true,
      .crash = true,
      SMALL },
    { .group = "recover", .name = "recover", .body = body_open, SMALL },

    { .group = "ycsb",
      .name = "load",
      .body = body_write,
      .order = SHUFFLED,
      .batch = 1000,
      .fresh = true,
      .quiet = true,
      RECORD },
    YCSB('A', "ycsb-a"),
    YCSB('B', "ycsb-b"),
    YCSB('C', "ycsb-c"),
    YCSB('F', "ycsb-f"),
    YCSB('D', "ycsb-d"),
    YCSB('E', "ycsb-e"),

    { .group = "large", .name = "large-put", .body = body_write, .batch = 1, .fresh = true, LARGE },
    { .group = "large", .name = "large-read4k", .body = body_read_part, .order = UNIFORM, LARGE },
    { .group = "large", .name = "large-write4k", .body = body_write_part, .order = UNIFORM, LARGE },

    { TIGHT, .name = "tight-fillrandom", .body = body_write, .order = SHUFFLED, .batch = 1000,
      .fresh = true },
    { TIGHT, .name = "tight-readrandom", .body = body_read, .order = UNIFORM, .warm = true },
    { TIGHT, .name = "tight-overwrite", .body = body_write, .order = UNIFORM, .batch = 1000 },
};

const unsigned workload_count = sizeof workloads / sizeof *workloads;
