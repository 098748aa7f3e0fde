/* SPDX-License-Identifier: ISC */
#include "contents.h"

#include <cairn/checksum.h>
#include <stdlib.h>
#include <string.h>

#define CONTENTS_SLAB 4096u

static uint8_t *place(const struct contents *contents, uint32_t number)
{
    return contents->slabs[number / CONTENTS_SLAB] + number % CONTENTS_SLAB * (size_t)DISK_BLOCK;
}

const uint8_t *contents_bytes(const struct contents *contents, uint32_t number)
{
    return place(contents, number);
}

/* Where this hash is, or belongs. Equal hashes are taken for equal contents. */
static uint32_t *entry(const struct contents *contents, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & contents->mask;
    while (contents->table[i] && contents->hashes[contents->table[i] - 1] != hash)
        i = (i + 1) & contents->mask;
    return &contents->table[i];
}

static void table_grow(struct contents *contents)
{
    contents->mask = contents->mask * 2 + 1;
    free(contents->table);
    contents->table = calloc((size_t)contents->mask + 1, sizeof *contents->table);
    for (uint32_t i = 0; i < contents->count; i++)
        *entry(contents, contents->hashes[i]) = i + 1;
}

static void room_grow(struct contents *contents)
{
    contents->room += CONTENTS_SLAB;
    contents->slabs =
        realloc(contents->slabs, contents->room / CONTENTS_SLAB * sizeof *contents->slabs);
    contents->hashes = realloc(contents->hashes, contents->room * sizeof *contents->hashes);
    contents->slabs[contents->room / CONTENTS_SLAB - 1] =
        malloc(CONTENTS_SLAB * (size_t)DISK_BLOCK);
}

uint32_t contents_number(struct contents *contents, const uint8_t *bytes)
{
    uint64_t hash = cairn_hash128(bytes, DISK_BLOCK).low;
    uint32_t *at = entry(contents, hash);
    if (*at) return *at - 1;
    if (contents->count == contents->room) room_grow(contents);
    uint32_t number = contents->count++;
    memcpy(place(contents, number), bytes, DISK_BLOCK);
    contents->hashes[number] = hash;
    *at = number + 1;
    if (contents->count > contents->mask / 2) table_grow(contents);
    return number;
}

void contents_make(struct contents *contents)
{
    static const uint8_t zeros[DISK_BLOCK];
    memset(contents, 0, sizeof *contents);
    contents->mask = CONTENTS_SLAB - 1;
    contents->table = calloc(CONTENTS_SLAB, sizeof *contents->table);
    contents_number(contents, zeros);
}

void contents_free(struct contents *contents)
{
    for (uint32_t i = 0; i < contents->room / CONTENTS_SLAB; i++)
        free(contents->slabs[i]);
    free(contents->slabs);
    free(contents->hashes);
    free(contents->table);
}
