/* SPDX-License-Identifier: ISC */
/*
 * Lock and condition, and which thread it is. Which kind is a matter of linking, so that core
 * objects are the same on every target: base/sync_none.c (one thread: nothing to do) or
 * base/host/sync_pthread.c.
 */
#ifndef CAIRN_SYNC_H
#define CAIRN_SYNC_H

#include <cairn/def.h>

CAIRN_BEGIN

struct cairn_lock {
    uint64_t opaque[8];
};

struct cairn_cond {
    uint64_t opaque[8];
};

CAIRN_API void cairn_lock_init(struct cairn_lock *lock);
CAIRN_API void cairn_lock_destroy(struct cairn_lock *lock);
CAIRN_API void cairn_lock_take(struct cairn_lock *lock);
CAIRN_API void cairn_lock_drop(struct cairn_lock *lock);

CAIRN_API void cairn_cond_init(struct cairn_cond *cond);
CAIRN_API void cairn_cond_destroy(struct cairn_cond *cond);
/* Drop the lock, wait for a signal (or nothing: callers loop on their condition), take it again. */
CAIRN_API void cairn_cond_wait(struct cairn_cond *cond, struct cairn_lock *lock);
CAIRN_API void cairn_cond_broadcast(struct cairn_cond *cond);

/* A number of the calling thread's, not 0, that no other one has at the same time; one that begins
 * when this has ended may get it again. */
CAIRN_API uintptr_t cairn_thread_number(void);

CAIRN_END

#endif
