/* SPDX-License-Identifier: ISC */
/* Errors of the operating system as Cairn's. Hosted only (base/host). */
#ifndef CAIRN_ERR_POSIX_H
#define CAIRN_ERR_POSIX_H

#include <cairn/err.h>

CAIRN_BEGIN

/* A value of errno (positive) as an error: the one of the same number, else the nearest, else
 * CAIRN_EIO; 0 is CAIRN_OK. */
CAIRN_API enum cairn_err cairn_err_from_errno(int os_errno) CAIRN_MUST_USE;

CAIRN_END

#endif
