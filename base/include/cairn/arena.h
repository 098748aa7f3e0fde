/* SPDX-License-Identifier: ISC */
/* A block of the caller's memory, handed out front to back at open and never given back singly. */
#ifndef CAIRN_ARENA_H
#define CAIRN_ARENA_H

#include <cairn/def.h>

CAIRN_BEGIN

struct cairn_arena {
    uint8_t *at; /* next free byte */
    size_t left; /* bytes behind it */
};

CAIRN_API void cairn_arena_init(struct cairn_arena *arena, void *mem, size_t bytes);

/* bytes aligned to align (a power of two), or NULL when they do not fit; not zeroed. */
CAIRN_API void *cairn_arena_take(struct cairn_arena *arena, size_t bytes, size_t align);

/* The same, count items of size bytes each, zeroed; NULL also when the product overflows. */
CAIRN_API void *cairn_arena_array(struct cairn_arena *arena, size_t count, size_t size,
                                  size_t align);

CAIRN_END

#endif
