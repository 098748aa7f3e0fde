/* SPDX-License-Identifier: ISC */
/* How far a long work is: one line on a terminal, from half a second on, gone when it is done. */
#ifndef CAIRN_TOOLS_PROGRESS_H
#define CAIRN_TOOLS_PROGRESS_H

#include <cairn/def.h>

struct tool_progress {
    const char *what; /* "Building disk.img" */
    uint64_t start_ns, shown_ns;
    bool on; /* standard error is a terminal */
    bool is_shown;
};

void tool_progress_init(struct tool_progress *progress, const char *what, bool quiet);
/* Returns false when the user asked to stop. */
bool tool_progress_tick(struct tool_progress *progress, uint64_t done, uint64_t total);
void tool_progress_clear(struct tool_progress *progress);

#endif
