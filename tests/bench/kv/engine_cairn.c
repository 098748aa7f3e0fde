/* SPDX-License-Identifier: ISC */
/* Cairn's native store: "cairn" on a file through system calls, "cairn-mapped" on a file in memory
 * that is mapped, as a unikernel has memory. The budget is the memory given at open. Without
 * durability it is lazy, and commits are durable with a later one. */
#include "engine.h"

#include <cairn/blk_file.h>
#include <cairn/blk_mem.h>
#include <cairn/kv_native.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_BYTES 512u
#define DEVICE_LEAST_BYTES (UINT64_C(1) << 30)
#define LOG_MOST (UINT64_C(96) << 20)
#define LIST_BYTES (64u << 10)

struct store {
    struct cairn_kv *kv;
    struct cairn_blk_file file;
    struct cairn_blk_mem mapped;
    struct cairn_blk *dev;
    void *mem;
    size_t mem_bytes, value_bytes;
    bool durable;
};

struct session {
    struct store *store;
    struct cairn_kv_batch batch;
    struct cairn_kv *to; /* changes: the batch's, or the store's own */
    uint8_t list[LIST_BYTES];
};

static const char *cairn_version(void)
{
    return "native";
}

static void check(enum cairn_err err, const struct cairn_why *why)
{
    char text[512] = "";
    if (err) cairn_why_text(why, text, sizeof text);
    must(!err, "cairn", text);
}

static uint64_t device_bytes(const struct settings *settings)
{
    uint64_t bytes = 4 * settings->keys * (KEY_BYTES + settings->value_bytes);
    if (bytes < DEVICE_LEAST_BYTES) bytes = DEVICE_LEAST_BYTES;
    return bytes & ~UINT64_C(0xfffff);
}

static void file_open(struct store *store, const char *path, uint64_t create_bytes)
{
    struct cairn_why why = { 0 };
    struct cairn_blk_file_options options = { .block_bytes = BLOCK_BYTES,
                                              .write = true,
                                              .create = create_bytes != 0,
                                              .create_bytes = create_bytes,
                                              .io = CAIRN_BLK_IO_PREAD };
    check(cairn_blk_file_open(&store->file, path, &options, &why), &why);
    store->dev = &store->file.base;
}

static void mapped_open(struct store *store, const char *path, uint64_t bytes)
{
    struct cairn_why why = { 0 };
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    must(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "cairn-mapped", path);
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(mem != MAP_FAILED, "cairn-mapped", path);
    close(fd);
    check(cairn_blk_mem_open(&store->mapped, mem, BLOCK_BYTES, bytes / BLOCK_BYTES, &why), &why);
    store->dev = &store->mapped.base;
}

/* Memory as an application gives it: pages come when they are touched. */
static void *budget(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(mem != MAP_FAILED, "memory", "cannot be had");
    (void)madvise(mem, bytes, MADV_HUGEPAGE); /* as cairn_kv_host_open does */
    return mem;
}

/* The log as the memory that what is in it takes: a checkpoint is due by both at once. */
static void format(struct store *store)
{
    struct cairn_why why = { 0 };
    struct cairn_kv_native_format_options options = { .log_bytes = store->mem_bytes / 8 * 3 };
    if (options.log_bytes > LOG_MOST) options.log_bytes = LOG_MOST;
    check(cairn_kv_native_format(store->dev, &options, store->mem, store->mem_bytes, &why), &why);
}

static struct store *store_open(const struct settings *settings, bool mapped)
{
    struct store *store = must_alloc(sizeof *store);
    struct cairn_why why = { 0 };
    struct cairn_kv_native_options options = { .lazy = !settings->durable };
    char path[4200];
    snprintf(path, sizeof path, "%s/kv.img", settings->folder);
    bool fresh = access(path, F_OK) != 0;
    uint64_t bytes = device_bytes(settings);
    store->durable = settings->durable;
    store->value_bytes = settings->value_bytes;
    store->mem_bytes = settings->memory_bytes;
    store->mem = budget(store->mem_bytes);
    if (mapped)
        mapped_open(store, path, bytes);
    else
        file_open(store, path, fresh ? bytes : 0);
    if (fresh) format(store);
    check(
        cairn_kv_native_open(&store->kv, store->dev, &options, store->mem, store->mem_bytes, &why),
        &why);
    return store;
}

static struct store *cairn_open(const struct settings *settings)
{
    return store_open(settings, false);
}

static struct store *mapped_store_open(const struct settings *settings)
{
    return store_open(settings, true);
}

static void cairn_close(struct store *store)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_close(store->kv, &why), &why);
    check(cairn_blk_close(store->dev, &why), &why);
    munmap(store->mem, store->mem_bytes);
    free(store);
}

static struct session *cairn_attach(struct store *store)
{
    struct session *session = must_alloc(sizeof *session);
    session->store = store;
    session->to = store->kv;
    return session;
}

static void cairn_detach(struct session *session)
{
    free(session);
}

static void cairn_begin(struct session *session, bool sorted)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_batch_begin(&session->batch, session->store->kv, sorted ? CAIRN_KV_SORTED : 0,
                               &why),
          &why);
    session->to = &session->batch.kv;
}

static void cairn_commit(struct session *session)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_commit(&session->batch, session->store->durable ? 0 : CAIRN_KV_LATER, &why),
          &why);
    session->to = session->store->kv;
}

static struct cairn_kv_key key_of(const char *key)
{
    return (struct cairn_kv_key){ .path = key, .bytes = KEY_BYTES };
}

static void cairn_put(struct session *session, const char *key, const void *value, size_t bytes)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_set(session->to, key_of(key), value, bytes, 0, &why), &why);
}

static void cairn_remove(struct session *session, const char *key)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_remove(session->to, key_of(key), &why), &why);
}

static bool cairn_get(struct session *session, const char *key, uint64_t offset, void *data,
                      size_t bytes)
{
    struct cairn_why why = { 0 };
    size_t done = 0;
    enum cairn_err err =
        cairn_kv_get(session->store->kv, key_of(key), offset, data, bytes, &done, &why);
    if (err != CAIRN_ENOENT) check(err, &why);
    return done == bytes;
}

/* The list's memory is what a scan of so many entries needs, so that a short one gathers few. */
static size_t list_bytes(const struct store *store, size_t count)
{
    size_t each = sizeof(struct cairn_kv_entry) + KEY_BYTES + store->value_bytes + 8;
    size_t bytes = CAIRN_KV_LIST_MEM + count * each;
    return bytes < LIST_BYTES ? bytes : LIST_BYTES;
}

static size_t cairn_scan(struct session *session, const char *from, size_t count, uint64_t *sum)
{
    struct cairn_why why = { 0 };
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    size_t seen = 0;
    check(cairn_kv_list_begin(&list, session->store->kv, cairn_kv_key(""), key_of(from),
                              CAIRN_KV_VALUES, session->list, list_bytes(session->store, count),
                              &why),
          &why);
    while (seen < count) {
        check(cairn_kv_list_next(&list, &entry, &why), &why);
        if (!entry) break;
        must(entry->value, "cairn", "a list without the value");
        *sum += ((const uint8_t *)entry->value)[entry->size - 1];
        seen++;
    }
    return seen;
}

static void cairn_write_at(struct session *session, const char *key, uint64_t offset,
                           const void *data, size_t bytes)
{
    struct cairn_why why = { 0 };
    check(cairn_kv_write(session->to, key_of(key), offset, data, bytes, &why), &why);
}

static uint64_t cairn_tree_bytes(struct store *store)
{
    struct cairn_why why = { 0 };
    struct cairn_kv_native_usage usage;
    check(cairn_kv_native_checkpoint(store->kv, &why), &why);
    check(cairn_kv_native_usage(store->kv, &usage, &why), &why);
    return (usage.tree_pages + usage.data_pages) * usage.geometry.page_bytes;
}

const struct engine engine_cairn = {
    .name = "cairn",
    .version = cairn_version,
    .open = cairn_open,
    .close = cairn_close,
    .attach = cairn_attach,
    .detach = cairn_detach,
    .begin = cairn_begin,
    .commit = cairn_commit,
    .put = cairn_put,
    .remove = cairn_remove,
    .get = cairn_get,
    .scan = cairn_scan,
    .write_at = cairn_write_at,
    .tree_bytes = cairn_tree_bytes,
};

const struct engine engine_cairn_mapped = {
    .name = "cairn-mapped",
    .version = cairn_version,
    .open = mapped_store_open,
    .close = cairn_close,
    .attach = cairn_attach,
    .detach = cairn_detach,
    .begin = cairn_begin,
    .commit = cairn_commit,
    .put = cairn_put,
    .remove = cairn_remove,
    .get = cairn_get,
    .scan = cairn_scan,
    .write_at = cairn_write_at,
    .tree_bytes = cairn_tree_bytes,
};
