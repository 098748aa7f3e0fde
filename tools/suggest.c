/* SPDX-License-Identifier: ISC */
#include "suggest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to put in, take out or exchange (Levenshtein), one row at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[TOOL_SUGGEST_BYTES + 1], len = strlen(b);
    if (len > TOOL_SUGGEST_BYTES) return SIZE_MAX;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t exchanged = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(exchanged, row[j] + 1, diagonal + 1);
        }
    }
    return row[len];
}

void tool_suggest_init(struct tool_suggest *suggest, const char *word)
{
    *suggest = (struct tool_suggest){ .distance = SIZE_MAX };
    strncpy(suggest->word, word, sizeof suggest->word - 1);
}

void tool_suggest_offer(struct tool_suggest *suggest, const char *known)
{
    size_t d = distance(suggest->word, known);
    if (d >= suggest->distance) return;
    suggest->distance = d;
    suggest->best = known;
}

const char *tool_suggest_best(const struct tool_suggest *suggest)
{
    size_t len = strlen(suggest->word);
    return suggest->distance <= 1 + len / 4 ? suggest->best : NULL;
}
