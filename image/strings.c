/* SPDX-License-Identifier: ISC */
#include "strings.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

struct img_strings_chunk {
    struct img_strings_chunk *next;
    size_t used;
    char bytes[CHUNK_BYTES];
};

static struct img_strings_chunk *chunk_add(struct img_strings *strings)
{
    struct img_strings_chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) return NULL;
    chunk->next = strings->chunks;
    chunk->used = 0;
    strings->chunks = chunk;
    return chunk;
}

char *img_strings_keep(struct img_strings *strings, const char *text, size_t len)
{
    struct img_strings_chunk *chunk = strings->chunks;
    if (len >= CHUNK_BYTES) return NULL;
    if (!chunk || CHUNK_BYTES - chunk->used <= len) chunk = chunk_add(strings);
    if (!chunk) return NULL;
    char *kept = chunk->bytes + chunk->used;
    memcpy(kept, text, len);
    kept[len] = '\0';
    chunk->used += len + 1;
    return kept;
}

void img_strings_free(struct img_strings *strings)
{
    for (struct img_strings_chunk *chunk = strings->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    strings->chunks = NULL;
}
