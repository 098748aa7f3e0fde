/* SPDX-License-Identifier: ISC */
/* The contents of all files into a sink. */
#ifndef CAIRN_IMAGE_COPY_H
#define CAIRN_IMAGE_COPY_H

#include "plan.h"
#include "sink.h"

/* Adds to result. CAIRN_ESTALE: a source file is not what was scanned. CAIRN_ECANCELED: progress
 * returned false. */
enum cairn_err img_copy_contents(const struct cairn_image_plan *plan, struct img_sink *sink,
                                 const struct cairn_image_write_options *options,
                                 struct cairn_image_write_result *result,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
