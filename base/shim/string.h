/* SPDX-License-Identifier: ISC */
/* <string.h> for xxhash.h only. The built-ins, because -ffreestanding would otherwise turn each of
 * its small fixed-size copies into a call. */
#ifndef CAIRN_SHIM_STRING_H
#define CAIRN_SHIM_STRING_H

#include <cairn/bytes.h>

#define memcpy(dst, src, n) __builtin_memcpy((dst), (src), (n))
#define memset(dst, c, n) __builtin_memset((dst), (c), (n))

#endif
