/* SPDX-License-Identifier: ISC */
/* A file of an image to standard output. */
#ifndef CAIRN_TOOLS_COPY_OUT_H
#define CAIRN_TOOLS_COPY_OUT_H

#include <cairn/image.h>

enum cairn_err tool_file_to_stdout(struct cairn_image *image, const char *path,
                                   struct cairn_why *why) CAIRN_MUST_USE;

#endif
