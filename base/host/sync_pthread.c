/* SPDX-License-Identifier: ISC */
/* What these calls can fail with are mistakes in our own code, and going on without the lock would
 * damage data: they stop the process. */
#include <cairn/sync.h>
#include <pthread.h>
#include <stdlib.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct cairn_lock), "a lock holds a mutex");
_Static_assert(_Alignof(pthread_mutex_t) <= _Alignof(struct cairn_lock), "and aligns it");
_Static_assert(sizeof(pthread_cond_t) <= sizeof(struct cairn_cond), "a cond holds a condition");
_Static_assert(_Alignof(pthread_cond_t) <= _Alignof(struct cairn_cond), "and aligns it");

static void must(int failed)
{
    if (failed) abort();
}

static pthread_mutex_t *lock_mutex(struct cairn_lock *lock)
{
    return (pthread_mutex_t *)(void *)lock->opaque;
}

static pthread_cond_t *cond_condition(struct cairn_cond *cond)
{
    return (pthread_cond_t *)(void *)cond->opaque;
}

void cairn_lock_init(struct cairn_lock *lock)
{
    must(pthread_mutex_init(lock_mutex(lock), NULL));
}

void cairn_lock_destroy(struct cairn_lock *lock)
{
    must(pthread_mutex_destroy(lock_mutex(lock)));
}

void cairn_lock_take(struct cairn_lock *lock)
{
    must(pthread_mutex_lock(lock_mutex(lock)));
}

void cairn_lock_drop(struct cairn_lock *lock)
{
    must(pthread_mutex_unlock(lock_mutex(lock)));
}

void cairn_cond_init(struct cairn_cond *cond)
{
    must(pthread_cond_init(cond_condition(cond), NULL));
}

void cairn_cond_destroy(struct cairn_cond *cond)
{
    must(pthread_cond_destroy(cond_condition(cond)));
}

void cairn_cond_wait(struct cairn_cond *cond, struct cairn_lock *lock)
{
    must(pthread_cond_wait(cond_condition(cond), lock_mutex(lock)));
}

void cairn_cond_broadcast(struct cairn_cond *cond)
{
    must(pthread_cond_broadcast(cond_condition(cond)));
}

uintptr_t cairn_thread_number(void)
{
    return (uintptr_t)pthread_self();
}
