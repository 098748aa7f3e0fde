/* SPDX-License-Identifier: ISC */
#include "walk.h"

#include "shape.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 12u

struct level {
    struct cairn_fat_node *dir; /* held */
    uint64_t next;
    uint32_t things; /* that the directory may be */
    bool by_alias;   /* its name, or one above, is half there: what is below does not count */
};

struct walk {
    const struct promise *promise;
    enum walk_when when;
    struct level levels[DEPTH_MAX];
    uint32_t depth;
    uint32_t found; /* things */
    bool unasked;   /* the entry may be repair's own, which need not agree with anything */
    char *what;
    size_t bytes;
};

static bool differs(struct walk *walk, const char *name, const char *how)
{
    snprintf(walk->what, walk->bytes, "%.300s: %s", name, how);
    return false;
}

static bool descend(struct walk *walk, struct cairn_fat_node *dir, uint32_t things, bool by_alias)
{
    if (walk->depth == DEPTH_MAX) {
        cairn_fat_release(dir);
        return differs(walk, "a directory", "is too deep");
    }
    walk->levels[walk->depth++] =
        (struct level){ .dir = dir, .things = things, .by_alias = by_alias };
    return true;
}

static bool file_agrees(struct walk *walk, struct cairn_fat_node *file, const struct level *level,
                        const char *name, uint32_t number, bool is_bare)
{
    static uint8_t buf[OP_BYTES_MAX];
    struct cairn_fat_stat stat;
    size_t done;
    if (cairn_fat_stat(file, &stat, NULL) ||
        cairn_fat_read(file, 0, buf, sizeof buf, &done, NULL) || done != stat.size)
        return differs(walk, name, "cannot be read");
    uint32_t things = promise_files(walk->promise, level->things, number, buf, (uint32_t)done);
    bool by_alias = level->by_alias || (!things && is_bare && walk->when != WALK_REPAIRED_FULL);
    if (!things && is_bare)
        things = promise_files(walk->promise, level->things, PROMISE_ALIAS(name[0]), buf,
                               (uint32_t)done);
    if (!by_alias) walk->found |= things;
    if (things || walk->unasked) return true;
    if (walk->when == WALK_REPAIRED_FULL && walk->promise->renamed && !done) return true;
    char how[80];
    snprintf(how, sizeof how, "nothing that holds these %u bytes may be here", (unsigned)done);
    return differs(walk, name, how);
}

/* found/, or what is kept beside it where no cluster is free for it. */
static bool is_found(const char *name)
{
    return strcmp(name, "found") == 0 || strncmp(name, "FILE0", 5) == 0 ||
           strncmp(name, "DIR0", 4) == 0;
}

/* What repair brings, which need not be in the promise. */
static bool is_repairs(const struct walk *walk, const struct cairn_fat_entry *entry)
{
    bool in_root = walk->depth == 1;
    if (walk->when == WALK_CUT) return false;
    return (in_root && is_found(entry->name)) || walk->promise->recased ||
           strcmp(entry->name, SHAPE_STALE) == 0;
}

/* The node that an entry shows, held: by either of its names, since two entries can have one in
 * common after a change of case. NULL: neither leads there. */
static struct cairn_fat_node *entry_open(const struct level *level,
                                         const struct cairn_fat_entry *entry)
{
    const char *const names[] = { entry->name, entry->alias };
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    for (uint32_t i = 0; i < 2; i++) {
        if (cairn_fat_lookup(level->dir, names[i], strlen(names[i]), &node, NULL)) continue;
        if (!cairn_fat_stat(node, &stat, NULL) && stat.size == entry->stat.size &&
            stat.first_cluster == entry->stat.first_cluster)
            return node;
        cairn_fat_release(node);
    }
    return NULL;
}

static bool entry_agrees(struct walk *walk, const struct level *level,
                         const struct cairn_fat_entry *entry)
{
    uint32_t number = promise_name(entry->name, entry->name_len);
    walk->unasked = number >= PROMISE_NAMES && is_repairs(walk, entry);
    struct cairn_fat_node *node = entry_open(level, entry);
    if (!node && walk->promise->recased) return true;
    if (!node) return walk->unasked || differs(walk, entry->name, "is listed and not found");
    bool is_bare = strcmp(entry->name, entry->alias) == 0;
    if (!entry->stat.is_directory) {
        bool agrees = file_agrees(walk, node, level, entry->name, number, is_bare);
        cairn_fat_release(node);
        return agrees;
    }
    uint32_t things = promise_dirs(walk->promise, level->things, number);
    bool by_alias = level->by_alias || (!things && is_bare && walk->when == WALK_CUT);
    if (!things && is_bare)
        things = promise_dirs(walk->promise, level->things, PROMISE_ALIAS(entry->name[0]));
    if (!by_alias) walk->found |= things; /* repair keeps one of a directory's names, maybe this */
    if (things) return descend(walk, node, things, by_alias);
    cairn_fat_release(node);
    return walk->unasked || differs(walk, entry->name, "no such directory may be here");
}

static bool step(struct walk *walk)
{
    struct level *level = &walk->levels[walk->depth - 1];
    struct cairn_fat_entry entry;
    enum cairn_err err = cairn_fat_list(level->dir, level->next, &entry, NULL);
    if (err == CAIRN_ENOENT) {
        cairn_fat_release(level->dir);
        walk->depth--;
        return true;
    }
    if (err) return differs(walk, "a directory", "cannot be listed");
    level->next = entry.next;
    return entry_agrees(walk, level, &entry);
}

bool walk_agrees(struct cairn_fat *fs, const struct promise *promise, enum walk_when when,
                 char *what, size_t bytes)
{
    struct walk walk = { .promise = promise, .when = when, .what = what, .bytes = bytes };
    bool agrees = descend(&walk, cairn_fat_root(fs), 1, false);
    while (agrees && walk.depth)
        agrees = step(&walk);
    while (walk.depth)
        cairn_fat_release(walk.levels[--walk.depth].dir);
    uint32_t missing = promise_musts(promise) & ~walk.found;
    if (!agrees || !missing) return agrees;
    return differs(&walk, promise_thing_name(promise, missing), "is gone");
}
