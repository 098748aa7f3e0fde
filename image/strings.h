/* SPDX-License-Identifier: ISC */
/* Many small strings that are freed together. */
#ifndef CAIRN_IMAGE_STRINGS_PRIVATE_H
#define CAIRN_IMAGE_STRINGS_PRIVATE_H

#include <stddef.h>

struct img_strings_chunk;
/* Zeroed: empty. */
struct img_strings {
    struct img_strings_chunk *chunks;
};

/* A copy of text[0..len) with a NUL behind it, at most 64 KiB; NULL when memory is out. */
char *img_strings_keep(struct img_strings *strings, const char *text, size_t len);
void img_strings_free(struct img_strings *strings);

#endif
