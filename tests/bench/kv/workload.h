/* SPDX-License-Identifier: ISC */
/* What the engines are made to do: plan.c lists the workloads, workload.c and ycsb.c carry them out
 * in the threads of one process. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "engine.h"
#include "latency.h"
#include "random.h"

struct worker;

enum order {
    ASCENDING, /* each key once */
    SHUFFLED,  /* each key once */
    UNIFORM    /* any key at any time */
};

struct workload {
    const char *group, *name;
    void (*body)(struct worker *worker);
    enum order order;
    uint32_t batch;   /* changes in a commit; 0: no batches */
    uint32_t threads; /* 0: 1 */
    uint32_t count;   /* entries of a scan */
    uint32_t value_bytes;
    uint32_t keys_divisor;   /* of the keys asked for; 0: 1 */
    uint32_t ops_divisor;    /* operations are so much fewer than keys; 0: 1 */
    uint32_t memory_divisor; /* the budget is the data's size by so much; 0: as asked for */
    char ycsb;               /* 'A' to 'F' */
    bool durable, fresh, sorted;
    bool warm;  /* all keys are read once before, not counted */
    bool crash; /* the process ends without closing */
    bool quiet; /* makes what the next ones need; is not reported */
};

extern const struct workload workloads[];
extern const unsigned workload_count;

/* What all threads of a workload share. */
struct job {
    const struct engine *engine;
    const struct workload *workload;
    const struct settings *settings;
    struct store *store;
    uint64_t ops;          /* of all threads */
    uint64_t until_ns;     /* or the end before; 0: none */
    const uint32_t *order; /* SHUFFLED */
    const uint8_t *filler; /* bytes that values are cut from */
    struct zipf zipf;
    uint64_t inserted; /* YCSB: keys that exist; atomic */
};

/* One thread of it. */
struct worker {
    const struct job *job;
    uint64_t *inserted; /* the job's */
    struct session *session;
    uint64_t first, ops; /* its part: operations [first, first + ops) */
    uint64_t random;
    uint64_t done, commits; /* operations and commits that came to be */
    uint64_t touched;       /* so that no read can be left out */
    struct latency latency;
    uint8_t *value;
    char key[KEY_BYTES + 1];
};

/* The outcome of a workload of one engine. */
struct result {
    double seconds;
    uint64_t ops, commits;
    uint64_t write_bytes, flushes;
    uint64_t disk_bytes, log_bytes; /* the log is part of the disk's */
    uint64_t peak_bytes;            /* resident at most, mapped files included */
    uint64_t own_bytes;             /* resident at the end, mapped files not included */
    double p50_us, p99_us, p999_us;
    bool made;
};

/* Carry it out on an open store: seconds, ops, commits and latency of the result. */
void workload_run(struct job *job, uint64_t seconds_max, struct result *result);

uint64_t bench_now_ns(void);
/* Set worker->key, and worker->value for key number n. */
void worker_key(struct worker *worker, uint64_t n);
void worker_value(struct worker *worker, uint64_t n);
void worker_must_get(struct worker *worker, uint64_t n);

void body_write(struct worker *worker);
void body_remove(struct worker *worker);
void body_read(struct worker *worker);
void body_scan(struct worker *worker);
void body_read_part(struct worker *worker);
void body_write_part(struct worker *worker);
void body_open(struct worker *worker);
void body_ycsb(struct worker *worker);

#endif
