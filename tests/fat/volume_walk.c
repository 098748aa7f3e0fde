/* SPDX-License-Identifier: ISC */
#include "volume_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const names[] = {
    "A",
    "README.TXT",
    "readme.txt",
    "ReadMe.txt",
    "lower",
    "MIXED.txt",
    "a long name.txt",
    "A LONG NAME.TXT",
    "another long name.text",
    "ALONGN~1.TXT",
    "FAMILY~1",
    "FAMILY~2",
    ".profile",
    "two.dots.tar.gz",
    "with+plus,comma;[x].y",
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E.txt", /* CJK */
    "\xF0\x9F\x98\x80 smile.png",               /* a surrogate pair */
    "\xC3\xA9t\xC3\xA9",                        /* e acute: in code page 437 */
    "\xC3\x89T\xC3\x89",                        /* the same in upper case */
    "\xCF\x83igma",                             /* starts with 0xE5 in code page 437 */
    "thirteen char",                            /* one slot, exactly full */
    "CON",
    /* what no volume takes */
    "",
    ".",
    "..",
    "trailing dot.",
    "trailing space ",
    "a:b",
    "a\\b",
    "tab\there",
    "\xFF\xFE",
    "\xED\xA0\x80",
};

void walk_name_draw(struct tape *tape, struct walk_name *name)
{
    size_t pick = tape_pick(tape, CAIRN_COUNT(names) + 4);
    memset(name->utf8, 0, sizeof name->utf8);
    if (pick < CAIRN_COUNT(names)) {
        name->len = strlen(names[pick]);
        memcpy(name->utf8, names[pick], name->len);
    } else if (pick < CAIRN_COUNT(names) + 2) {
        unsigned number = (unsigned)tape_u64(tape, 15);
        name->len = (size_t)snprintf(name->utf8, sizeof name->utf8, "family of names %u", number);
    } else {
        size_t lens[] = { 255, 256, 254, 40 };
        name->len = lens[tape_pick(tape, 4)];
        memset(name->utf8, 'x', name->len);
        name->utf8[0] = (char)('a' + tape_pick(tape, 3));
    }
}

enum cairn_err walk_name_parse(const struct walk_name *name, bool to_store, struct fat_name *out)
{
    uint32_t bad;
    enum cairn_err err = fat_name_from_utf8(out, name->utf8, name->len);
    return err || !to_store ? err : fat_name_check(out, &bad);
}

/* ---- picking --------------------------------------------------------------------------------- */

bool walk_wanted(struct walk *w, const char *what, enum cairn_err got, enum cairn_err wanted)
{
    char why[512] = "";
    if (got == wanted) return true;
    if (got) cairn_why_text(&w->rig.why, why, sizeof why);
    return tape_fail(w->tape, "%s: %s instead of %s (%s)", what, cairn_err_name(got),
                     cairn_err_name(wanted), why);
}

/* The volume's node of a model's: by names from the root, now the long one, now the alias, now in
 * the other case. */
static bool node_find(struct walk *w, struct model *model, struct cairn_fat_node **node)
{
    char utf8[CAIRN_FAT_NAME_BYTES];
    struct cairn_fat_node *dir;
    *node = cairn_fat_root(w->rig.fs);
    if (!model->parent) return true;
    if (!node_find(w, model->parent, &dir)) return false;
    cairn_fat_release(*node);
    size_t way = tape_pick(w->tape, 4);
    struct fat_name name = way == 2 && model->alias.len ? model->alias : model->name;
    for (uint32_t i = 0; way == 1 && i < name.len; i++)
        name.units[i] = fat_upcase(name.units[i]);
    size_t len = fat_name_to_utf8(&name, utf8);
    enum cairn_err err = cairn_fat_lookup(dir, utf8, len, node, &w->rig.why);
    cairn_fat_release(dir);
    return walk_wanted(w, "lookup", err, CAIRN_OK);
}

/* Model node number `pick`, counted round and round, that is a directory if need be. */
static struct model *model_pick(struct walk *w, bool directory, size_t pick)
{
    size_t count = 0;
    while (model_nth(w->root, count))
        count++;
    struct model *model = model_nth(w->root, pick % count);
    while (directory && !model->is_directory)
        model = model->parent;
    return model;
}

static void risk_note(struct walk *w, const struct model *model)
{
    if (w->risks < CAIRN_COUNT(w->risk)) w->risk[w->risks++] = model->id;
}

bool walk_pick(struct walk *w, bool directory, struct pair *pair)
{
    size_t pick = tape_pick(w->tape, 32);
    struct pair *held = &w->held[pick % WALK_HELD];
    if (pick >= 24 && held->node && held->model->is_directory >= directory) {
        *pair = (struct pair){ model_hold(held->model), cairn_fat_hold(held->node) };
        risk_note(w, held->model);
        return true;
    }
    pair->model = model_pick(w, directory, pick);
    risk_note(w, pair->model);
    if (!node_find(w, pair->model, &pair->node)) return false;
    model_hold(pair->model);
    return true;
}

void walk_drop(struct walk *w, struct pair *pair)
{
    (void)w;
    if (pair->node) cairn_fat_release(pair->node);
    if (pair->node) model_release(pair->model);
    pair->node = NULL;
}

bool walk_alias(struct walk *w, struct cairn_fat_node *dir, struct model *model)
{
    struct cairn_fat_entry entry;
    char utf8[CAIRN_FAT_NAME_BYTES];
    fat_name_to_utf8(&model->name, utf8);
    model->alias.len = 0;
    for (uint64_t at = 0; !cairn_fat_list(dir, at, &entry, NULL); at = entry.next) {
        if (strcmp(entry.name, utf8) != 0) continue;
        if (model->alias.len) return tape_fail(w->tape, "listed twice: %s", utf8);
        if (fat_name_from_utf8(&model->alias, entry.alias, strlen(entry.alias)))
            return tape_fail(w->tape, "no alias: %s", utf8);
    }
    if (!model->alias.len) return tape_fail(w->tape, "not listed: %s", utf8);
    for (const struct model *other = model->parent->first; other; other = other->next) {
        if (other == model) continue;
        if (fat_name_equal(&other->name, &model->alias) ||
            fat_name_equal(&other->alias, &model->alias) ||
            fat_name_equal(&other->alias, &model->name))
            return tape_fail(w->tape, "the alias of %s is another's name", utf8);
    }
    return true;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool times_agree(struct walk *w, const struct model *model,
                        const struct cairn_fat_stat *stat)
{
    if (stat->modified_ns != model->modified_ns)
        return tape_fail(w->tape, "modified %lld, not %lld", (long long)stat->modified_ns,
                         (long long)model->modified_ns);
    if (stat->created_ns != model->created_ns)
        return tape_fail(w->tape, "created %lld, not %lld", (long long)stat->created_ns,
                         (long long)model->created_ns);
    if (stat->accessed_ns != model->accessed_ns)
        return tape_fail(w->tape, "accessed %lld, not %lld", (long long)stat->accessed_ns,
                         (long long)model->accessed_ns);
    return true;
}

static bool stat_agrees(struct walk *w, const struct model *model,
                        const struct cairn_fat_stat *stat)
{
    if (stat->is_directory != model->is_directory) return tape_fail(w->tape, "another kind");
    if (stat->size != model->size)
        return tape_fail(w->tape, "size %llu, not %u", (unsigned long long)stat->size, model->size);
    if (stat->allocated < stat->size) return tape_fail(w->tape, "more bytes than clusters");
    if (model == w->root) return true;
    if (stat->attributes != model->attributes)
        return tape_fail(w->tape, "attributes %x, not %x", stat->attributes, model->attributes);
    return times_agree(w, model, stat);
}

bool walk_stat_agrees(struct walk *w, const struct pair *pair)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_stat(pair->node, &stat, &w->rig.why);
    return walk_wanted(w, "stat", err, CAIRN_OK) && stat_agrees(w, pair->model, &stat);
}

bool walk_contents_agree(struct walk *w, const struct pair *pair)
{
    size_t done, size = pair->model->size;
    if (pair->model->is_directory) return true;
    uint8_t *buf = malloc(size + 1);
    enum cairn_err err = cairn_fat_read(pair->node, 0, buf, size + 1, &done, &w->rig.why);
    size_t differs = 0;
    while (!err && done == size && differs < size && buf[differs] == pair->model->data[differs])
        differs++;
    free(buf);
    if (!walk_wanted(w, "read", err, CAIRN_OK)) return false;
    if (done != size) return tape_fail(w->tape, "read %zu bytes of %zu", done, size);
    return differs == size || tape_fail(w->tape, "byte %zu of %zu differs", differs, size);
}

static bool entry_agrees(struct walk *w, const struct model *dir,
                         const struct cairn_fat_entry *entry)
{
    char utf8[CAIRN_FAT_NAME_BYTES];
    struct fat_name name;
    if (strlen(entry->name) != entry->name_len) return tape_fail(w->tape, "length of a name");
    if (fat_name_from_utf8(&name, entry->name, entry->name_len))
        return tape_fail(w->tape, "a listed name is none");
    const struct model *model = model_find(dir, &name);
    if (!model) return tape_fail(w->tape, "lists %s, which is not there", entry->name);
    fat_name_to_utf8(&model->name, utf8);
    if (strcmp(utf8, entry->name) != 0)
        return tape_fail(w->tape, "lists %s instead of %s", entry->name, utf8);
    fat_name_to_utf8(&model->alias, utf8);
    if (strcmp(utf8, entry->alias) != 0)
        return tape_fail(w->tape, "lists alias %s instead of %s", entry->alias, utf8);
    return stat_agrees(w, model, &entry->stat);
}

bool walk_list_agrees(struct walk *w, const struct pair *dir)
{
    struct cairn_fat_entry entry;
    size_t count = 0, wanted = 0;
    enum cairn_err err = CAIRN_OK;
    for (const struct model *child = dir->model->first; child; child = child->next)
        wanted++;
    for (uint64_t at = 0; count <= wanted; at = entry.next, count++) {
        err = cairn_fat_list(dir->node, at, &entry, &w->rig.why);
        if (err) break;
        if (entry.next <= at) return tape_fail(w->tape, "the cursor stands still");
        if (!entry_agrees(w, dir->model, &entry)) return false;
    }
    if (!walk_wanted(w, "list", err, CAIRN_ENOENT)) return false;
    return count == wanted || tape_fail(w->tape, "lists %zu entries of %zu", count, wanted);
}

static bool node_agrees(struct walk *w, struct pair *pair)
{
    if (!walk_stat_agrees(w, pair) || !walk_contents_agree(w, pair)) return false;
    return !pair->model->is_directory || walk_list_agrees(w, pair);
}

bool walk_tree_agrees(struct walk *w)
{
    struct pair pair = { .model = w->root };
    for (size_t i = 0; pair.model; pair.model = model_nth(w->root, ++i)) {
        if (!node_find(w, pair.model, &pair.node)) return false;
        bool agrees = node_agrees(w, &pair);
        cairn_fat_release(pair.node);
        if (!agrees) return false;
    }
    return true;
}

uint64_t walk_free_clusters(struct walk *w)
{
    struct cairn_fat_usage usage;
    enum cairn_err err = cairn_fat_usage(w->rig.fs, &usage, &w->rig.why);
    if (err) return UINT64_MAX;
    return usage.free_clusters;
}
