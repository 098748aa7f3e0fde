/* SPDX-License-Identifier: ISC */
/* <limits.h> for xxhash.h only: the compiler's own one looks for the C library's behind it. */
#ifndef CAIRN_SHIM_LIMITS_H
#define CAIRN_SHIM_LIMITS_H

#define UINT_MAX (__INT_MAX__ * 2U + 1U)
#define ULONG_MAX (__LONG_MAX__ * 2UL + 1UL)
#define ULLONG_MAX (__LONG_LONG_MAX__ * 2ULL + 1ULL)

#endif
