/* SPDX-License-Identifier: ISC */
#include "memo.h"

#include <stdlib.h>

#define MEMO_FIRST (1u << 16)

void memo_make(struct memo *memo)
{
    memo->keys = calloc(MEMO_FIRST, sizeof *memo->keys);
    memo->mask = MEMO_FIRST - 1;
    memo->count = 0;
}

void memo_free(struct memo *memo)
{
    free(memo->keys);
}

static uint64_t *memo_place(const struct memo *memo, uint64_t key)
{
    uint64_t i = key & memo->mask;
    while (memo->keys[i] && memo->keys[i] != key)
        i = (i + 1) & memo->mask;
    return &memo->keys[i];
}

static void memo_grow(struct memo *memo)
{
    struct memo old = *memo;
    memo->mask = old.mask * 2 + 1;
    memo->keys = calloc((size_t)memo->mask + 1, sizeof *memo->keys);
    for (uint64_t i = 0; i <= old.mask; i++)
        if (old.keys[i]) *memo_place(memo, old.keys[i]) = old.keys[i];
    free(old.keys);
}

bool memo_seen(struct memo *memo, uint64_t key)
{
    uint64_t *place = memo_place(memo, key |= 1);
    if (*place) return true;
    *place = key;
    if (++memo->count > memo->mask / 2) memo_grow(memo);
    return false;
}
