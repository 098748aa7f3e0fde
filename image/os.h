/* SPDX-License-Identifier: ISC */
/* Failures of the host, explained. */
#ifndef CAIRN_IMAGE_OS_H
#define CAIRN_IMAGE_OS_H

#include <cairn/why.h>

/* Fail with errno's value: "path: what: <error's text>". path may be NULL. */
enum cairn_err img_os_fail(struct cairn_why *why, const char *path,
                           const char *what) CAIRN_MUST_USE;

/* Fail with CAIRN_ENOMEM: the host gives us no more memory. */
enum cairn_err img_no_memory(struct cairn_why *why) CAIRN_MUST_USE;

#endif
