/* SPDX-License-Identifier: ISC */
/* A set of hashes: what was looked at already. */
#ifndef CAIRN_TESTS_CRASH_MEMO_H
#define CAIRN_TESTS_CRASH_MEMO_H

#include <stdbool.h>
#include <stdint.h>

struct memo {
    uint64_t *keys; /* 0: free */
    uint64_t count, mask;
};
void memo_make(struct memo *memo);
void memo_free(struct memo *memo);
/* Was it there already? It is now. */
bool memo_seen(struct memo *memo, uint64_t key);

#endif
