/* SPDX-License-Identifier: ISC */
/* What resize and defrag share: the device, memory, progress. */
#ifndef CAIRN_TOOLS_LAYOUT_H
#define CAIRN_TOOLS_LAYOUT_H

#include "progress.h"
#include "verb.h"

#include <cairn/fat_layout.h>
#include <cairn/image.h>

struct tool_layout {
    const char *text; /* the operand */
    struct cairn_image *image;
    struct cairn_blk *dev; /* the volume's */
    struct cairn_fat_layout_options options;
    struct cairn_fat_layout_result result;
    struct tool_progress progress;
};

/* Open the image that the operand names; what: "Resizing". After TOOL_DONE, tool_layout_end. */
enum tool_status tool_layout_begin(struct tool_layout *layout, const struct tool_args *args,
                                   const char *what, bool write, bool quiet);
/* Close it; err is what came of the work, told here. */
enum tool_status tool_layout_end(struct tool_layout *layout, enum cairn_err err,
                                 struct cairn_why *why);

/* Run the work in the memory that it takes. */
enum cairn_err tool_layout_resize(struct tool_layout *layout, uint64_t bytes,
                                  struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err tool_layout_defrag(struct tool_layout *layout, struct cairn_why *why) CAIRN_MUST_USE;

#endif
