/* SPDX-License-Identifier: ISC */
/* What the verb check does: look, plan, repair, take back. cmd_check.c has its command line. */
#ifndef CAIRN_TOOLS_CHECK_H
#define CAIRN_TOOLS_CHECK_H

#include "finding.h"
#include "progress.h"
#include "verb.h"

#include <cairn/fat_repair.h>
#include <cairn/image_undo.h>

enum tool_check_mode { CHECK_LOOK, CHECK_PLAN, CHECK_REPAIR, CHECK_UNDO };

struct tool_check {
    enum tool_check_mode mode;
    bool quiet, as_json;
    const char *text;      /* the operand */
    const char *undo_path; /* NULL: none */
    enum cairn_fat_orphans orphans;
    enum cairn_fat_codepage codepage; /* 0: 437 */
    int32_t utc_offset_min;
    int64_t now_ns;
    struct cairn_image *image;

    struct tool_json json;
    struct tool_progress progress;
    struct tool_findings findings;
    struct cairn_image_undo *undo; /* while repair runs */
    bool undo_made, no_memory;
    struct cairn_fat_repair_result result; /* without repair, only `before` */
};

/* Look, plan or repair, as the mode says. */
enum tool_status tool_check_volume(struct tool_check *check);

/* Take back what the file at undo_path says. */
enum tool_status tool_check_undo(struct tool_check *check);

/* The result, as text and as members of a JSON object. */
void tool_check_summary(const struct tool_check *check);
void tool_check_summary_json(struct tool_check *check);

#endif
