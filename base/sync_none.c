/* SPDX-License-Identifier: ISC */
/* One thread: locks have nothing to keep apart, and whoever waits would wait for itself; callers
 * loop on their condition, which only the work they do in that loop can change. */
#include <cairn/sync.h>

void cairn_lock_init(struct cairn_lock *lock)
{
    (void)lock;
}

void cairn_lock_destroy(struct cairn_lock *lock)
{
    (void)lock;
}

void cairn_lock_take(struct cairn_lock *lock)
{
    (void)lock;
}

void cairn_lock_drop(struct cairn_lock *lock)
{
    (void)lock;
}

void cairn_cond_init(struct cairn_cond *cond)
{
    (void)cond;
}

void cairn_cond_destroy(struct cairn_cond *cond)
{
    (void)cond;
}

void cairn_cond_wait(struct cairn_cond *cond, struct cairn_lock *lock)
{
    (void)cond;
    (void)lock;
}

void cairn_cond_broadcast(struct cairn_cond *cond)
{
    (void)cond;
}

uintptr_t cairn_thread_number(void)
{
    return 1;
}
