/* SPDX-License-Identifier: ISC */
/* What is done: every operation on a short name, a long name and one in a subdirectory. What a cut
 * leaves of them holds fat (1), fat (2), fat (3) and fat (4). */
#include "explore.h"

#include <cairn/bytes.h>

#define SHORT "foo.txt"
#define LONG "A long name one.text"
#define BELOW "dir/below"

static const struct op mixed[] = {
    { OP_APPEND, SHORT, NULL, 0, 1 },
    { OP_APPEND, SHORT, NULL, 1, -1 },
    { OP_APPEND, SHORT, NULL, 1, 0 },
    { OP_APPEND, SHORT, NULL, 1, 1 },
    { OP_APPEND, SHORT, NULL, 2, 0 },
    { OP_APPEND, LONG, NULL, 0, 0 },
    { OP_APPEND, LONG, NULL, 0, 1 },
    { OP_APPEND, LONG, NULL, 2, 1 },
    { OP_APPEND, BELOW, NULL, 0, 0 },
    { OP_APPEND, BELOW, NULL, 1, 0 },
    { OP_APPEND, BELOW, NULL, 1, 1 },
    { OP_APPEND, "bar.txt", NULL, 0, 1 },
    { OP_RESIZE, SHORT, NULL, 0, 0 },
    { OP_RESIZE, SHORT, NULL, 0, 1 },
    { OP_RESIZE, SHORT, NULL, 1, 0 },
    { OP_RESIZE, SHORT, NULL, 2, 1 },
    { OP_RESIZE, LONG, NULL, 0, 0 },
    { OP_RESIZE, LONG, NULL, 0, 1 },
    { OP_RESIZE, LONG, NULL, 2, 0 },
    { OP_RESIZE, BELOW, NULL, 0, 0 },
    { OP_RESERVE, SHORT, NULL, 4, 0 },
    { OP_REWRITE, SHORT, NULL, 0, 0 },
    { OP_REMOVE, SHORT, NULL, 0, 0 },
    { OP_REMOVE, LONG, NULL, 0, 0 },
    { OP_REMOVE, BELOW, NULL, 0, 0 },
    { OP_RENAME, SHORT, LONG, 0, 0 },
    { OP_RENAME, SHORT, BELOW, 0, 0 },
    { OP_RENAME, LONG, SHORT, 0, 0 },
    { OP_RENAME, LONG, BELOW, 0, 0 },
    { OP_RENAME, BELOW, SHORT, 0, 0 },
    { OP_RENAME, BELOW, LONG, 0, 0 },
    { OP_RESIZE, "dir/inner", NULL, 0, 1 },
    { OP_RENAME, SHORT, "dir/inner", 0, 0 },
    { OP_RENAME, SHORT, "FOO.TXT", 0, 0 },
    { OP_RENAME, SHORT, "Foo.txt", 0, 0 },
    { OP_RENAME, LONG, "A LONG NAME one.text", 0, 0 },
    { OP_RENAME, LONG, "A long name two.text", 0, 0 },
    { OP_RENAME, "dir", SHORT, 0, 0 },
    { OP_RENAME, "dir", SHORT "/sub", 0, 0 },
    { OP_RENAME, SHORT, "dir", 0, 0 },
    { OP_MKDIR, SHORT, NULL, 0, 0 },
    { OP_MKDIR, LONG, NULL, 0, 0 },
    { OP_MKDIR, BELOW, NULL, 0, 0 },
    { OP_HOLD, SHORT, NULL, 0, 0 },
    { OP_LET_GO, NULL, NULL, 0, 0 },
    { OP_LABEL, "LABEL", NULL, 0, 0 },
    { OP_LABEL, "", NULL, 0, 0 },
    { OP_SYNC, NULL, NULL, 0, 0 },
    { OP_IDLE, NULL, NULL, 0, 0 },
};

/* Three names that differ in nothing but their last character: any two of them could be swapped. */
#define ONE "one of three names 1"
#define TWO "one of three names 2"
#define THREE "one of three names 3"
static const char *const alike_names[] = { ONE, TWO, THREE };

static const struct op alike[] = {
    { OP_APPEND, ONE, NULL, 0, 1 },   { OP_APPEND, TWO, NULL, 0, 1 },
    { OP_APPEND, THREE, NULL, 0, 1 }, { OP_APPEND, ONE, NULL, 1, 1 },
    { OP_APPEND, TWO, NULL, 1, 1 },   { OP_APPEND, THREE, NULL, 1, 1 },
    { OP_RESIZE, ONE, NULL, 0, 0 },   { OP_RESIZE, TWO, NULL, 0, 0 },
    { OP_RESIZE, THREE, NULL, 0, 0 }, { OP_RESIZE, ONE, NULL, 1, 0 },
    { OP_RESIZE, TWO, NULL, 1, 0 },   { OP_RESIZE, THREE, NULL, 1, 0 },
    { OP_REMOVE, ONE, NULL, 0, 0 },   { OP_REMOVE, TWO, NULL, 0, 0 },
    { OP_REMOVE, THREE, NULL, 0, 0 }, { OP_RENAME, ONE, TWO, 0, 0 },
    { OP_RENAME, ONE, THREE, 0, 0 },  { OP_RENAME, TWO, ONE, 0, 0 },
    { OP_RENAME, TWO, THREE, 0, 0 },  { OP_RENAME, THREE, ONE, 0, 0 },
    { OP_RENAME, THREE, TWO, 0, 0 },  { OP_MKDIR, ONE, NULL, 0, 0 },
    { OP_MKDIR, TWO, NULL, 0, 0 },    { OP_MKDIR, THREE, NULL, 0, 0 },
    { OP_SYNC, NULL, NULL, 0, 0 },
};

const struct alphabet alphabets[] = {
    { "mixed", mixed, CAIRN_COUNT(mixed), NULL, 0 },
    { "alike", alike, CAIRN_COUNT(alike), alike_names, CAIRN_COUNT(alike_names) },
};
const uint32_t alphabet_count = CAIRN_COUNT(alphabets);
