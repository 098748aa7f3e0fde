/* SPDX-License-Identifier: ISC */
/* What faults do to one another, and to files. */
#include "combo.h"

#include <fnmatch.h>
#include <string.h>

/* Is name one of a list of patterns, which blanks separate? */
static bool is_of(const char *list, const char *name)
{
    char pattern[64];
    while (*list) {
        size_t len = strcspn(list, " ");
        memcpy(pattern, list, len);
        pattern[len] = 0;
        if (fnmatch(pattern, name, 0) == 0) return true;
        list += len + (list[len] == ' ');
    }
    return false;
}

/* ---- hiding --------------------------------------------------------------------------------- */

#define STARTS "chain-start-beyond chain-start-one chain-free-start"
#define BREAKS "chain-loop chain-self chain-free chain-bad chain-range chain-shared"
#define UNREACHED "chain-start-dir chain-free-dir dir-start dir-parent dir-parent-root"

/* Faults in the list `hidden` need not be told of where one of the list `by` is. */
static const struct {
    const char *hidden, *by;
} hides[] = {
    /* What a boot sector says is lost with it; its backup then stands for it. */
    { "backup-differs backup-missing boot-signature dirty", "backup-used backup-fits" },
    { "backup-used backup-fits", "backup-missing boot-signature" },
    { "backup-differs", "backup-missing" },
    { "fsinfo-*", "fsinfo-missing" },
    /* A chain that does not begin is not followed; the first break in it is told, the length of a
     * broken one is not. */
    { BREAKS " chain-long chain-short chain-shared-*", STARTS },
    { BREAKS, BREAKS },
    { "chain-long chain-short chain-shared-file-dir", BREAKS " chain-shared-file-dir" },
    { "chain-outside", "chain-shared-start" },
    { "chain-short-none", "chain-long-empty" },
    { "chain-*-empty chain-short-none", "name-dots" },
    /* What is in a directory that is not reached, or of one that is reached only once. */
    { "dir-* name-dots-twice label-extra-dir chain-shared-dirs", UNREACHED },
    { "dir-dotdot-target", "dir-dotdot" },
    /* One finding a set of long slots; a name that is not read equals no other. */
    { "long-*", "long-*" },
    /* The second label is the first when that is gone; then it is the one that is looked at. */
    { "label-extra", "label-boot-only" },
    { "label-illegal", "label-extra" },
    /* The last cluster is not free, or not the last; then it is another fault. */
    { "chain-free-start chain-free-dir", "fat-range chain-outside" },
    { "chain-start-beyond chain-start-dir chain-range fsinfo-next", "fat-small" },
    { "size", "few-clusters" },
};

static bool hides_it(const struct damage *hidden, const struct damage *by)
{
    for (size_t i = 0; i < CAIRN_COUNT(hides); i++)
        if (is_of(hides[i].hidden, hidden->name) && is_of(hides[i].by, by->name)) return true;
    return false;
}

bool combo_says(const struct combo *combo, uint32_t i)
{
    for (uint32_t other = 0; other < combo->count; other++)
        if (other != i && hides_it(combo->of[i], combo->of[other])) return false;
    return true;
}

/* ---- files ---------------------------------------------------------------------------------- */

#define OF(file) (1u << SAMPLE_##file)

/* What faults in the list `names` do, where all is well but for them, or where one of the list
 * `with` is there, too. */
static const struct {
    const char *names, *with;
    uint32_t loses, moves;
} touches[] = {
    { STARTS, NULL, 0, OF(A) },
    { "chain-self chain-free chain-bad chain-range chain-shared chain-long", NULL, OF(A), 0 },
    { "chain-outside", NULL, OF(B), 0 },
    { "chain-shared-start", NULL, 0, OF(B) },
    { "chain-shared-start", "chain-shared", OF(B), 0 }, /* its own chain is broken, too */
    { "chain-long-empty", "chain-short-none", OF(EMPTY), 0 },
    { UNREACHED " dir-garbage", NULL, 0, OF(DEEP) },
    { "name-illegal name-control name-lower", NULL, 0, OF(A) },
    { "name-space name-dots", NULL, 0, OF(EMPTY) },
    { "name-duplicate", NULL, 0, OF(B) },
    { "long-duplicate", NULL, 0, OF(OTHER) },
    { "long-orphan", NULL, OF(LONG), 0 }, /* it was removed */
    { "long-orphan-* long-sequence* long-checksum-one long-illegal*", NULL, 0, OF(LONG) },
};

static bool has_one_of(const struct combo *combo, const char *list)
{
    for (uint32_t i = 0; i < combo->count; i++)
        if (is_of(list, combo->of[i]->name)) return true;
    return false;
}

static bool applies(const struct combo *combo, size_t rule)
{
    const char *with = touches[rule].with;
    return has_one_of(combo, touches[rule].names) && (!with || has_one_of(combo, with));
}

uint32_t combo_loses(const struct combo *combo)
{
    uint32_t files = 0;
    for (size_t rule = 0; rule < CAIRN_COUNT(touches); rule++)
        if (applies(combo, rule)) files |= touches[rule].loses;
    return files;
}

uint32_t combo_moves(const struct combo *combo)
{
    uint32_t files = 0;
    for (size_t rule = 0; rule < CAIRN_COUNT(touches); rule++)
        if (applies(combo, rule)) files |= touches[rule].moves;
    return files;
}
