/* SPDX-License-Identifier: ISC */
/*
 * A native store and the thread that steps it. The store says when there is something to do, with
 * its own lock held; so `lock` here is a leaf, and the thread calls the store without it.
 */
#include <cairn/kv_host.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAUSE_NS 20000 /* between two steps */

struct kv_host {
    struct cairn_kv kv; /* the store's, but for its end */
    struct cairn_kv_ops ops;
    struct cairn_kv *store;
    void *mem;
    size_t mem_bytes;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool due, over;
};

/* ---- the thread ----------------------------------------------------------------------------- */

static void due(void *ctx)
{
    struct kv_host *host = ctx;
    pthread_mutex_lock(&host->lock);
    host->due = true;
    pthread_cond_signal(&host->changed);
    pthread_mutex_unlock(&host->lock);
}

/* Wait until there is something to do; false: no more. */
static bool due_wait(struct kv_host *host)
{
    pthread_mutex_lock(&host->lock);
    while (!host->due && !host->over)
        pthread_cond_wait(&host->changed, &host->lock);
    bool goes_on = !host->over;
    host->due = false;
    pthread_mutex_unlock(&host->lock);
    return goes_on;
}

/* A failed step is not tried again before a change asks for it, not even if it asked itself. */
static void due_forget(struct kv_host *host)
{
    pthread_mutex_lock(&host->lock);
    host->due = false;
    pthread_mutex_unlock(&host->lock);
}

/* What fails here has made the store refuse changes, or will be met again by the next one. */
static void *run(void *ctx)
{
    /* A mutex goes to who asks first, and a thread that was woken for it is late: let it come. */
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    struct kv_host *host = ctx;
    while (due_wait(host)) {
        bool more = true;
        enum cairn_err err = CAIRN_OK;
        while (more && !err) {
            err = cairn_kv_native_step(host->store, &more, NULL);
            if (more && !err) nanosleep(&pause, NULL);
        }
        if (err) due_forget(host);
    }
    return NULL;
}

/* ---- beginning and end ---------------------------------------------------------------------- */

/* In huge pages where the system has them: a search goes all over this memory, and with small ones
 * it would wait as long for their addresses as for what is in them. NULL: there is none. */
static void *memory_take(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) return NULL;
    (void)madvise(mem, bytes, MADV_HUGEPAGE);
    return mem;
}

static void release(struct kv_host *host)
{
    pthread_cond_destroy(&host->changed);
    pthread_mutex_destroy(&host->lock);
    if (host->mem) munmap(host->mem, host->mem_bytes);
    free(host);
}

static enum cairn_err close_host(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kv_host *host = (struct kv_host *)(void *)((char *)kv - offsetof(struct kv_host, kv));
    pthread_mutex_lock(&host->lock);
    host->over = true;
    pthread_cond_signal(&host->changed);
    pthread_mutex_unlock(&host->lock);
    pthread_join(host->thread, NULL);
    enum cairn_err err = cairn_kv_close(host->store, why);
    release(host);
    return err;
}

static struct kv_host *make(size_t mem_bytes)
{
    struct kv_host *host = calloc(1, sizeof *host);
    if (!host) return NULL;
    host->mem = memory_take(mem_bytes);
    host->mem_bytes = mem_bytes;
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->changed, NULL);
    if (host->mem) return host;
    release(host);
    return NULL;
}

/* The store's own functions find it behind `of`, whoever asks. */
static enum cairn_err start(struct kv_host *host, struct cairn_why *why)
{
    host->kv = *host->store;
    host->ops = *host->store->ops;
    host->ops.close = close_host;
    host->kv.ops = &host->ops;
    if (!pthread_create(&host->thread, NULL, run, host)) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOMEM, "start the store's thread");
    if (cairn_kv_close(host->store, NULL)) cairn_why_hint(why, "the store did not close either");
    return err;
}

enum cairn_err cairn_kv_host_open(struct cairn_kv **kv, struct cairn_blk *dev,
                                  const struct cairn_kv_host_options *options,
                                  struct cairn_why *why)
{
    struct cairn_kv_native_options native = { .lazy = false };
    size_t mem_bytes = options && options->mem_bytes ? options->mem_bytes : CAIRN_KV_HOST_MEM_BYTES;
    struct kv_host *host = make(mem_bytes);
    if (!host) return cairn_why_fail(why, CAIRN_ENOMEM, "open the store");
    if (options) native = options->native;
    native.stepped = true;
    native.due = due;
    native.due_ctx = host;
    enum cairn_err err =
        cairn_kv_native_open(&host->store, dev, &native, host->mem, mem_bytes, why);
    if (!err) err = start(host, why);
    if (err)
        release(host);
    else
        *kv = &host->kv;
    return err;
}
