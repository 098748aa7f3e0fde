/* SPDX-License-Identifier: ISC */
/*
 * small FOLDER MIB BUDGET_KIB [LOG_MIB]: a store in FOLDER with MIB of values and so much memory:
 * filled in an order that is drawn, in durable batches, read, listed, checked; and
 * filled until LOG_MIB of log are behind the tree, left, and opened again. Times, and the most
 * memory that the process had.
 */
#include <cairn/blk_file.h>
#include <cairn/kv_check.h>
#include <cairn/kv_native.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX 1000u
#define CHANGE_BYTES 200u /* of memory for a change beside its value: for what a batch may have */
#define READS 200000u

static struct cairn_blk_file file;
static struct cairn_kv *kv;
static struct cairn_why why;
static void *mem;
static size_t mem_bytes, value_bytes = VALUE_MAX;
static uint64_t keys;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(enum cairn_err err)
{
    char text[512];
    if (!err) return;
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "small: %s\n", text);
    exit(1);
}

static void told(const char *what, double begun, uint64_t count)
{
    struct rusage usage;
    double took = now() - begun;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-28s %9.2f s %10.0f/s %8.1f MiB peak\n", what, took, (double)count / took,
           (double)usage.ru_maxrss / 1024);
    fflush(stdout);
}

/* Each key once, in an order that is no order: 7919 is prime, and divides no number of keys. */
static uint64_t key_at(uint64_t i)
{
    return i * 7919 % keys;
}

static struct cairn_kv_key key_of(char *text, uint64_t key)
{
    sprintf(text, "%016llu", (unsigned long long)key);
    return (struct cairn_kv_key){ .path = text, .bytes = 16 };
}

static void value_fill(uint8_t *value, uint64_t key)
{
    memset(value, (int)(key % 251), value_bytes);
    memcpy(value, &key, sizeof key);
}

static void device_open(const char *path, uint64_t create_bytes)
{
    struct cairn_blk_file_options options = { .block_bytes = 512,
                                              .write = true,
                                              .create = create_bytes != 0,
                                              .create_bytes = create_bytes,
                                              .io = CAIRN_BLK_IO_PREAD };
    must(cairn_blk_file_open(&file, path, &options, &why));
}

static void store_open(void)
{
    must(cairn_kv_native_open(&kv, &file.base, NULL, mem, mem_bytes, &why));
}

static void batch(uint64_t from, uint64_t count)
{
    char text[24];
    uint8_t value[VALUE_MAX];
    struct cairn_kv_batch batch;
    must(cairn_kv_batch_begin(&batch, kv, 0, &why));
    for (uint64_t i = from; i < from + count; i++) {
        value_fill(value, key_at(i));
        must(cairn_kv_set(&batch.kv, key_of(text, key_at(i)), value, value_bytes, 0, &why));
    }
    must(cairn_kv_commit(&batch, 0, &why));
}

static uint64_t batch_keys(void)
{
    uint64_t count = mem_bytes / 32 / (value_bytes + CHANGE_BYTES);
    return count < 1 ? 1 : count > 1000 ? 1000 : count;
}

static void fill(void)
{
    double begun = now();
    uint64_t each = batch_keys();
    for (uint64_t i = 0; i < keys; i += each)
        batch(i, keys - i < each ? keys - i : each);
    told("filled", begun, keys);
}

static void read_some(void)
{
    char text[24];
    uint8_t value[VALUE_MAX], seen[VALUE_MAX];
    double begun = now();
    for (uint64_t i = 0; i < READS; i++) {
        size_t done = 0;
        uint64_t key = key_at(i * 31 + 7);
        value_fill(value, key);
        must(cairn_kv_get(kv, key_of(text, key), 0, seen, value_bytes, &done, &why));
        if (done != value_bytes || memcmp(seen, value, value_bytes) != 0) abort();
    }
    told("read", begun, READS);
}

static void list(void)
{
    static uint8_t list_mem[65536];
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    uint64_t seen = 0;
    double begun = now();
    must(cairn_kv_list_begin(&list, kv, cairn_kv_key(""), cairn_kv_key(""), CAIRN_KV_VALUES,
                             list_mem, sizeof list_mem, &why));
    for (;;) {
        must(cairn_kv_list_next(&list, &entry, &why));
        if (!entry) break;
        seen++;
    }
    if (seen != keys) abort();
    told("listed", begun, seen);
}

static void check(void)
{
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    double begun = now();
    must(cairn_kv_check_begin(&check, &file.base, NULL, mem, mem_bytes, &why));
    while (more)
        must(cairn_kv_check_step(check, 1u << 20, &more, &why));
    cairn_kv_check_result(check, &result);
    if (result.findings[CAIRN_KV_MINOR] + result.findings[CAIRN_KV_MAJOR]) abort();
    told("checked", begun, keys);
}

static void make(const char *path, uint64_t log_bytes)
{
    struct cairn_kv_native_format_options options = { .log_bytes = log_bytes };
    (void)unlink(path);
    device_open(path, (keys * (value_bytes + 100) * 3 + log_bytes + (UINT64_C(64) << 20)) &
                          ~UINT64_C(0xfffff));
    must(cairn_kv_native_format(&file.base, &options, mem, mem_bytes, &why));
    store_open();
}

static void close_all(void)
{
    must(cairn_kv_close(kv, &why));
    must(cairn_blk_close(&file.base, &why));
}

static void all_of_it(const char *path)
{
    make(path, 0);
    fill();
    read_some();
    list();
    must(cairn_kv_close(kv, &why));
    check();
    double begun = now();
    store_open();
    told("opened", begun, 1);
    close_all();
}

/* Each of these ends without closing, as a cut ends it, in a process of its own with a peak of its
 * own. */
static void log_leave(const char *path, uint64_t log_bytes)
{
    struct cairn_kv_native_usage usage = { 0 };
    make(path, log_bytes);
    for (uint64_t i = 0; i + 100 < keys && usage.log_used_bytes < log_bytes / 10 * 7; i += 100) {
        batch(i, 100);
        must(cairn_kv_native_usage(kv, &usage, &why));
    }
    printf("log left behind: %.1f of %.1f MiB, %llu checkpoints\n",
           (double)usage.log_used_bytes / 1048576, (double)log_bytes / 1048576,
           (unsigned long long)usage.checkpoints);
}

static void recover(const char *path, uint64_t bytes)
{
    char what[64];
    struct cairn_kv_native_usage usage;
    mem_bytes = bytes;
    snprintf(what, sizeof what, "recovered in %llu KiB", (unsigned long long)bytes >> 10);
    device_open(path, 0);
    double begun = now();
    store_open();
    must(cairn_kv_native_usage(kv, &usage, &why));
    told(what, begun, usage.replayed_ops);
}

static void in_child(void (*run)(const char *path, uint64_t bytes), const char *path,
                     uint64_t bytes)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        run(path, bytes);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) exit(1);
}

int main(int argc, char **argv)
{
    char path[4096];
    if (argc < 4) return fprintf(stderr, "small FOLDER MIB BUDGET_KIB [LOG_MIB]\n"), 2;
    snprintf(path, sizeof path, "%s/small.img", argv[1]);
    if (argc > 4) value_bytes = 100;
    keys = (strtoull(argv[2], NULL, 10) << 20) / (value_bytes + 24);
    keys += keys % 7919 == 0;
    mem_bytes = strtoull(argv[3], NULL, 10) << 10;
    mem = aligned_alloc(4096, mem_bytes);
    if (argc == 4) {
        all_of_it(path);
    } else {
        in_child(log_leave, path, strtoull(argv[4], NULL, 10) << 20);
        in_child(recover, path, mem_bytes); /* leaves the log as it is */
        in_child(recover, path, 1u << 20);
    }
    (void)unlink(path);
    return 0;
}
