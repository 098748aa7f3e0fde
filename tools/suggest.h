/* SPDX-License-Identifier: ISC */
/* The known word that a mistyped one is nearest to. */
#ifndef CAIRN_TOOLS_SUGGEST_H
#define CAIRN_TOOLS_SUGGEST_H

#include <stddef.h>

#define TOOL_SUGGEST_BYTES 24u

struct tool_suggest {
    char word[TOOL_SUGGEST_BYTES];
    const char *best;
    size_t distance; /* of best */
};

void tool_suggest_init(struct tool_suggest *suggest, const char *word);
void tool_suggest_offer(struct tool_suggest *suggest, const char *known);
/* NULL when nothing is near enough to be meant. */
const char *tool_suggest_best(const struct tool_suggest *suggest);

#endif
