/* SPDX-License-Identifier: ISC */
/* What every public header needs: attributes, visibility and the C++ guards. */
#ifndef CAIRN_DEF_H
#define CAIRN_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CAIRN_BEGIN extern "C" {
#define CAIRN_END }
#else
#define CAIRN_BEGIN
#define CAIRN_END
#endif

/* Public: exported by the shared library. Everything else is hidden there. */
#define CAIRN_API __attribute__((visibility("default")))

/* A result that must be looked at. On a function, and on a pointer to one. */
#define CAIRN_MUST_USE __attribute__((warn_unused_result))

#define CAIRN_PRINTF(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

#define CAIRN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
