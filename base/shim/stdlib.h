/* SPDX-License-Identifier: ISC */
/* <stdlib.h> for xxhash.h and the compiler's vector headers: declared, never called (the core does
 * not allocate), so never linked. */
#ifndef CAIRN_SHIM_STDLIB_H
#define CAIRN_SHIM_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes);
void free(void *mem);

#endif
