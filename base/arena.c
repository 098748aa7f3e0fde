/* SPDX-License-Identifier: ISC */
#include <cairn/arena.h>
#include <cairn/bytes.h>

void cairn_arena_init(struct cairn_arena *arena, void *mem, size_t bytes)
{
    arena->at = mem;
    arena->left = mem ? bytes : 0;
}

void *cairn_arena_take(struct cairn_arena *arena, size_t bytes, size_t align)
{
    size_t skip = (size_t)(-(uintptr_t)arena->at & (align - 1));
    if (skip > arena->left || bytes > arena->left - skip) return NULL;
    uint8_t *taken = arena->at + skip;
    arena->at = taken + bytes;
    arena->left -= skip + bytes;
    return taken;
}

void *cairn_arena_array(struct cairn_arena *arena, size_t count, size_t size, size_t align)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *items = cairn_arena_take(arena, bytes, align);
    if (items) memset(items, 0, bytes);
    return items;
}
