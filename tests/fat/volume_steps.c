/* SPDX-License-Identifier: ISC */
/* The operations that a walk draws, each on the volume and on its model. */
#include "volume_walk.h"

#include <stdlib.h>
#include <string.h>

#define FAR (96u << 10) /* writes begin below this offset */

static int64_t now(const struct walk *w)
{
    return w->rig.clock.ns;
}

/* A directory of the tree was changed. */
static void dir_changed(struct walk *w, struct model *dir)
{
    dir->modified_ns = model_time_modified(now(w));
}

/* Is this directory gone, though its node is held? */
static bool is_gone(const struct walk *w, const struct model *dir)
{
    return dir != w->root && !dir->parent;
}

/* An offset or a length: near the edges of sectors, pages and clusters. */
static uint32_t offset_draw(struct walk *w, uint32_t max)
{
    const struct cairn_fat_geometry *geo = &w->rig.geometry;
    const uint32_t units[] = { 1, geo->sector_bytes, geo->cluster_bytes, 4096 };
    uint64_t unit = units[tape_pick(w->tape, CAIRN_COUNT(units))];
    uint64_t at = tape_u64(w->tape, max / unit) * unit;
    size_t beside = tape_pick(w->tape, 3);
    if (beside == 1 && at > 0) at--;
    if (beside == 2) at++;
    return (uint32_t)cairn_min_u64(at, max);
}

static uint32_t clusters_for(const struct walk *w, uint64_t bytes)
{
    return (uint32_t)cairn_div_up(bytes, w->rig.geometry.cluster_bytes);
}

/* The volume said that it is full: is it, for `clusters` more? */
static bool is_full(struct walk *w, const char *what, uint64_t clusters)
{
    uint64_t free = walk_free_clusters(w);
    tape_note(w->tape, "  no space, %llu clusters are free", (unsigned long long)free);
    if (free < clusters) return true;
    return tape_fail(w->tape, "%s: no space, but %llu clusters are free", what,
                     (unsigned long long)free);
}

/* Must the fixed root have so many adjacent free slots? With n entries there are at most n + 1
 * gaps. */
static bool root_has_room(const struct walk *w, uint32_t slots)
{
    uint32_t used = 1, entries = 1; /* the label */
    for (const struct model *child = w->root->first; child; child = child->next, entries++)
        used += 1 + (child->name.len + 12u) / 13u;
    uint32_t all = w->rig.geometry.root_entries;
    return used < all && all - used > (entries + 1) * (slots - 1);
}

/* The volume said that there is no room for a new name in dir. */
static bool name_is_full(struct walk *w, const char *what, const struct model *dir,
                         const struct fat_name *name, bool directory)
{
    uint32_t slots = 1 + (name->len + 12u) / 13u;
    bool fixed = dir == w->root && w->rig.geometry.root_entries;
    if (!fixed) return is_full(w, what, 1u + directory + clusters_for(w, slots * 32u));
    if (!root_has_room(w, slots)) return true;
    return is_full(w, what, directory);
}

/* Keep the pair among those held, in place of another, or drop it. */
static void keep(struct walk *w, struct pair *pair)
{
    size_t place = tape_pick(w->tape, 2 * WALK_HELD);
    if (place < WALK_HELD) {
        walk_drop(w, pair);
        return;
    }
    walk_drop(w, &w->held[place - WALK_HELD]);
    w->held[place - WALK_HELD] = *pair;
}

/* ---- names ----------------------------------------------------------------------------------- */

static enum cairn_err make_wanted(const struct walk *w, const struct model *dir,
                                  const struct walk_name *drawn, struct fat_name *name)
{
    enum cairn_err err = walk_name_parse(drawn, true, name);
    if (err) return err;
    if (!dir->is_directory) return CAIRN_ENOTDIR;
    if (is_gone(w, dir)) return CAIRN_ENOENT;
    return model_find(dir, name) ? CAIRN_EEXIST : CAIRN_OK;
}

static bool made(struct walk *w, struct pair *dir, const struct fat_name *name, bool directory,
                 struct cairn_fat_node *node)
{
    struct model *model =
        model_add(dir->model, name, directory, now(w), w->rig.shape.utc_offset_min);
    struct pair pair = { model_hold(model), node };
    dir_changed(w, dir->model);
    bool agrees = walk_alias(w, dir->node, model) && walk_stat_agrees(w, &pair);
    keep(w, &pair);
    return agrees;
}

static bool make(struct walk *w, struct pair *dir, bool directory)
{
    struct walk_name drawn;
    struct fat_name name;
    struct cairn_fat_node *node;
    walk_name_draw(w->tape, &drawn);
    tape_note(w->tape, "%s '%s'", directory ? "mkdir" : "create", drawn.utf8);
    enum cairn_err wanted = make_wanted(w, dir->model, &drawn, &name);
    enum cairn_err err = (directory ? cairn_fat_mkdir : cairn_fat_create)(
        dir->node, drawn.utf8, drawn.len, &node, &w->rig.why);
    if (!wanted && err == CAIRN_ENOSPC)
        return name_is_full(w, "make", dir->model, &name, directory);
    if (!walk_wanted(w, directory ? "mkdir" : "create", err, wanted)) return false;
    return err || made(w, dir, &name, directory, node);
}

static bool step_create(struct walk *w, struct pair *dir)
{
    return make(w, dir, false);
}

static bool step_mkdir(struct walk *w, struct pair *dir)
{
    return make(w, dir, true);
}

/* A name of the directory's own, or any. */
static void name_of(struct walk *w, const struct model *dir, struct walk_name *drawn)
{
    size_t pick = tape_pick(w->tape, 8);
    const struct model *child = dir->first;
    while (child && pick-- > 1)
        child = child->next;
    if (!child || pick == SIZE_MAX) {
        walk_name_draw(w->tape, drawn);
        return;
    }
    const struct fat_name *name =
        tape_bool(w->tape) && child->alias.len ? &child->alias : &child->name;
    drawn->len = fat_name_to_utf8(name, drawn->utf8);
}

static bool is_dots(const struct walk_name *name)
{
    return (name->len == 1 || name->len == 2) && memcmp(name->utf8, "..", name->len) == 0;
}

static enum cairn_err remove_wanted(const struct walk *w, const struct model *dir,
                                    const struct walk_name *drawn, struct model **victim)
{
    struct fat_name name;
    if (is_dots(drawn)) return CAIRN_EBUSY;
    enum cairn_err err = walk_name_parse(drawn, false, &name);
    if (err) return err;
    if (!dir->is_directory) return CAIRN_ENOTDIR;
    if (is_gone(w, dir)) return CAIRN_ENOENT;
    *victim = model_find(dir, &name);
    if (!*victim) return CAIRN_ENOENT;
    return (*victim)->first ? CAIRN_ENOTEMPTY : CAIRN_OK;
}

static bool step_remove(struct walk *w, struct pair *dir)
{
    struct walk_name drawn;
    struct model *victim = NULL;
    name_of(w, dir->model, &drawn);
    tape_note(w->tape, "remove '%s'", drawn.utf8);
    enum cairn_err wanted = remove_wanted(w, dir->model, &drawn, &victim);
    enum cairn_err err = cairn_fat_remove(dir->node, drawn.utf8, drawn.len, &w->rig.why);
    if (!walk_wanted(w, "remove", err, wanted)) return false;
    if (err) return true;
    model_remove(victim);
    dir_changed(w, dir->model);
    return true;
}

static bool step_lookup(struct walk *w, struct pair *dir)
{
    struct walk_name drawn;
    struct fat_name name;
    struct pair found = { NULL, NULL };
    name_of(w, dir->model, &drawn);
    tape_note(w->tape, "lookup '%s'", drawn.utf8);
    enum cairn_err wanted = CAIRN_OK;
    if (!dir->model->is_directory) wanted = CAIRN_ENOTDIR;
    if (!wanted && is_gone(w, dir->model)) wanted = CAIRN_ENOENT;
    if (!wanted && !is_dots(&drawn)) wanted = walk_name_parse(&drawn, false, &name);
    if (!wanted && is_dots(&drawn))
        found.model = drawn.len == 2 && dir->model->parent ? dir->model->parent : dir->model;
    else if (!wanted)
        found.model = model_find(dir->model, &name);
    if (!wanted && !found.model) wanted = CAIRN_ENOENT;
    enum cairn_err err =
        cairn_fat_lookup(dir->node, drawn.utf8, drawn.len, &found.node, &w->rig.why);
    if (!walk_wanted(w, "lookup", err, wanted)) return false;
    if (err) return true;
    model_hold(found.model);
    bool agrees = walk_stat_agrees(w, &found);
    keep(w, &found);
    return agrees;
}

/* ---- renaming -------------------------------------------------------------------------------- */

struct renaming {
    struct pair from_dir, to_dir;
    struct walk_name from, to;
    struct fat_name to_name;
    struct model *node, *victim; /* victim: what has the new name already */
    uint32_t flags;
};

static enum cairn_err over_wanted(const struct renaming *r)
{
    if (r->flags & CAIRN_FAT_RENAME_NO_REPLACE) return CAIRN_EEXIST;
    if (r->victim->is_directory && !r->node->is_directory) return CAIRN_EISDIR;
    if (!r->victim->is_directory && r->node->is_directory) return CAIRN_ENOTDIR;
    return r->victim->first ? CAIRN_ENOTEMPTY : CAIRN_OK;
}

static enum cairn_err rename_wanted(const struct walk *w, struct renaming *r)
{
    struct fat_name name;
    enum cairn_err err = walk_name_parse(&r->from, false, &name);
    if (!err) err = walk_name_parse(&r->to, true, &r->to_name);
    if (err) return err;
    if (!r->from_dir.model->is_directory) return CAIRN_ENOTDIR;
    if (is_gone(w, r->from_dir.model)) return CAIRN_ENOENT;
    if (!r->to_dir.model->is_directory) return CAIRN_ENOTDIR;
    if (is_gone(w, r->to_dir.model)) return CAIRN_ENOENT;
    r->node = model_find(r->from_dir.model, &name);
    if (!r->node) return CAIRN_ENOENT;
    if (model_is_below(r->to_dir.model, r->node)) return CAIRN_EINVAL;
    r->victim = model_find(r->to_dir.model, &r->to_name);
    return r->victim && r->victim != r->node ? over_wanted(r) : CAIRN_OK;
}

/* A replaced name stays as it was; a node renamed to its own name, too. */
static bool renamed(struct walk *w, struct renaming *r)
{
    if (r->node == r->victim && fat_name_same(&r->to_name, &r->node->name)) return true;
    if (r->victim && r->victim != r->node) {
        r->to_name = r->victim->name;
        model_remove(r->victim);
    }
    model_move(r->node, r->to_dir.model, &r->to_name);
    dir_changed(w, r->from_dir.model);
    dir_changed(w, r->to_dir.model);
    return walk_alias(w, r->to_dir.node, r->node);
}

static bool step_rename(struct walk *w, struct pair *dir)
{
    struct renaming r = { .from_dir = *dir };
    if (tape_bool(w->tape))
        r.to_dir = (struct pair){ model_hold(dir->model), cairn_fat_hold(dir->node) };
    else if (!walk_pick(w, true, &r.to_dir))
        return false;
    name_of(w, r.from_dir.model, &r.from);
    name_of(w, r.to_dir.model, &r.to);
    r.flags = tape_pick(w->tape, 4) == 3 ? CAIRN_FAT_RENAME_NO_REPLACE : 0;
    tape_note(w->tape, "rename '%s' to '%s'%s, flags %u", r.from.utf8, r.to.utf8,
              r.to_dir.model == dir->model ? "" : " elsewhere", r.flags);
    enum cairn_err wanted = rename_wanted(w, &r);
    enum cairn_err err = cairn_fat_rename(dir->node, r.from.utf8, r.from.len, r.to_dir.node,
                                          r.to.utf8, r.to.len, r.flags, &w->rig.why);
    bool agrees;
    if (!wanted && err == CAIRN_ENOSPC)
        agrees = name_is_full(w, "rename", r.to_dir.model, &r.to_name, false);
    else
        agrees = walk_wanted(w, "rename", err, wanted) && (err || renamed(w, &r));
    walk_drop(w, &r.to_dir);
    return agrees;
}

/* ---- contents -------------------------------------------------------------------------------- */

static void file_changed(struct walk *w, struct model *file)
{
    file->modified_ns = model_time_modified(now(w));
    file->attributes |= CAIRN_FAT_ARCHIVE;
}

/* The volume wrote `done` bytes of len at offset and then said err. */
static bool written(struct walk *w, struct pair *file, uint32_t offset, const uint8_t *bytes,
                    uint32_t len, size_t done, enum cairn_err err)
{
    if (err == CAIRN_ENOSPC && done < len) {
        if (!is_full(w, "write", clusters_for(w, (uint64_t)offset + len))) return false;
    } else if (!walk_wanted(w, "write", err, CAIRN_OK)) {
        return false;
    } else if (done != len) {
        return tape_fail(w->tape, "wrote %zu bytes of %u without an error", done, len);
    }
    if (done == 0) return true;
    model_write(file->model, offset, bytes, (uint32_t)done);
    file_changed(w, file->model);
    return true;
}

static bool step_write(struct walk *w, struct pair *file)
{
    uint32_t offset = tape_bool(w->tape) ? file->model->size : offset_draw(w, FAR);
    uint32_t len = offset_draw(w, FAR / 4);
    size_t done = 0;
    tape_note(w->tape, "write %u bytes at %u", len, offset);
    uint8_t *bytes = malloc(len + 1u);
    memset(bytes, ++w->pattern, len);
    for (uint32_t i = 0; i < len; i += 97)
        bytes[i] = (uint8_t)i;
    enum cairn_err err = cairn_fat_write(file->node, offset, bytes, len, &done, &w->rig.why);
    bool agrees;
    if (file->model->is_directory)
        agrees = walk_wanted(w, "write to a directory", err, CAIRN_EISDIR);
    else
        agrees = written(w, file, offset, bytes, len, done, err) && walk_stat_agrees(w, file);
    free(bytes);
    return agrees;
}

static bool step_read(struct walk *w, struct pair *file)
{
    uint32_t offset = offset_draw(w, FAR), len = offset_draw(w, FAR / 4);
    const struct model *model = file->model;
    size_t done = 0;
    tape_note(w->tape, "read %u bytes at %u", len, offset);
    uint8_t *buf = malloc(len + 1u);
    enum cairn_err err = cairn_fat_read(file->node, offset, buf, len, &done, &w->rig.why);
    size_t there = offset < model->size ? cairn_min_u64(len, model->size - offset) : 0;
    bool agrees = walk_wanted(w, "read", err, model->is_directory ? CAIRN_EISDIR : CAIRN_OK);
    if (agrees && !err && (done != there || (there && memcmp(buf, model->data + offset, there))))
        agrees = tape_fail(w->tape, "%zu bytes read of %zu, or others", done, there);
    free(buf);
    return agrees;
}

static bool step_truncate(struct walk *w, struct pair *file)
{
    uint32_t size = offset_draw(w, FAR);
    tape_note(w->tape, "truncate from %u to %u", file->model->size, size);
    enum cairn_err err = cairn_fat_truncate(file->node, size, &w->rig.why);
    if (file->model->is_directory) return walk_wanted(w, "truncate a directory", err, CAIRN_EISDIR);
    if (err == CAIRN_ENOSPC && size > file->model->size)
        return is_full(w, "truncate", clusters_for(w, size)) && walk_stat_agrees(w, file);
    if (!walk_wanted(w, "truncate", err, CAIRN_OK)) return false;
    model_truncate(file->model, size);
    file_changed(w, file->model);
    return walk_stat_agrees(w, file);
}

static bool step_allocate(struct walk *w, struct pair *file)
{
    uint32_t size = offset_draw(w, FAR);
    struct cairn_fat_stat stat;
    tape_note(w->tape, "allocate %u", size);
    enum cairn_err err = cairn_fat_allocate(file->node, size, &w->rig.why);
    if (file->model->is_directory)
        return walk_wanted(w, "allocate to a directory", err, CAIRN_EISDIR);
    if (err == CAIRN_ENOSPC) return is_full(w, "allocate", clusters_for(w, size));
    if (!walk_wanted(w, "allocate", err, CAIRN_OK) || !walk_stat_agrees(w, file)) return false;
    err = cairn_fat_stat(file->node, &stat, &w->rig.why);
    if (err || stat.allocated < size) return tape_fail(w->tape, "allocated less");
    return true;
}

/* ---- what is told of a node ------------------------------------------------------------------ */

static bool step_stat_set(struct walk *w, struct pair *pair)
{
    struct model *model = pair->model;
    int64_t ns = RIG_TIME_NS + (int64_t)tape_u64(w->tape, 100000) * 1234567890;
    uint32_t which = (uint32_t)tape_u64(w->tape, 15);
    struct cairn_fat_stat stat = { .attributes = (uint8_t)tape_u64(w->tape, 0xFF),
                                   .modified_ns = ns,
                                   .created_ns = ns + 1,
                                   .accessed_ns = ns + 2 };
    tape_note(w->tape, "set %x, attributes %x", which, stat.attributes);
    enum cairn_err err = cairn_fat_stat_set(pair->node, &stat, which, &w->rig.why);
    if (model == w->root) return walk_wanted(w, "stat_set of the root", err, CAIRN_EPERM);
    if (!walk_wanted(w, "stat_set", err, CAIRN_OK)) return false;
    if (which & CAIRN_FAT_SET_ATTRIBUTES)
        model->attributes = (uint8_t)((model->attributes & ~CAIRN_FAT_ATTR_SETTABLE) |
                                      (stat.attributes & CAIRN_FAT_ATTR_SETTABLE));
    if (which & CAIRN_FAT_SET_MODIFIED) model->modified_ns = model_time_modified(ns);
    if (which & CAIRN_FAT_SET_CREATED) model->created_ns = model_time_created(ns + 1);
    if (which & CAIRN_FAT_SET_ACCESSED)
        model->accessed_ns = model_time_accessed(ns + 2, w->rig.shape.utc_offset_min);
    return walk_stat_agrees(w, pair);
}

static bool step_compare(struct walk *w, struct pair *pair)
{
    tape_note(w->tape, "compare");
    if (!walk_stat_agrees(w, pair) || !walk_contents_agree(w, pair)) return false;
    return !pair->model->is_directory || is_gone(w, pair->model) || walk_list_agrees(w, pair);
}

static bool step_hold(struct walk *w, struct pair *pair)
{
    struct pair more = { model_hold(pair->model), cairn_fat_hold(pair->node) };
    tape_note(w->tape, "hold, or let go");
    keep(w, &more);
    return true;
}

/* ---- the volume ------------------------------------------------------------------------------ */

static bool step_sync(struct walk *w, struct pair *pair)
{
    (void)pair;
    tape_note(w->tape, "sync");
    return walk_wanted(w, "sync", cairn_fat_sync(w->rig.fs, &w->rig.why), CAIRN_OK);
}

static bool step_clock(struct walk *w, struct pair *pair)
{
    (void)pair;
    w->rig.clock.ns += (int64_t)tape_u64(w->tape, 255) * 500 * CAIRN_NS_PER_MS;
    return true;
}

static bool step_label(struct walk *w, struct pair *pair)
{
    static const char *const labels[] = { "", "CAIRN", "lower case", "ELEVENCHARS",
                                          "TWELVE CHARS" };
    const char *label = labels[tape_pick(w->tape, CAIRN_COUNT(labels))];
    char encoded[CAIRN_FAT_LABEL_BYTES + 1] = "", got[CAIRN_FAT_ALIAS_BYTES];
    (void)pair;
    tape_note(w->tape, "label '%s'", label);
    enum cairn_err wanted =
        label[0] ? cairn_fat_label_encode(label, strlen(label), encoded, NULL) : CAIRN_OK;
    enum cairn_err err = cairn_fat_label_set(w->rig.fs, label, strlen(label), &w->rig.why);
    if (!wanted && err == CAIRN_ENOSPC)
        return name_is_full(w, "label", w->root, &(struct fat_name){ .len = 0 }, false);
    if (!walk_wanted(w, "label_set", err, wanted)) return false;
    if (!err) memcpy(w->label, encoded, sizeof encoded);
    err = cairn_fat_label(w->rig.fs, got, &w->rig.why);
    if (!walk_wanted(w, "label", err, CAIRN_OK)) return false;
    return strcmp(got, w->label) == 0 || tape_fail(w->tape, "label '%s', not '%s'", got, w->label);
}

static bool step_remount(struct walk *w, struct pair *pair)
{
    w->remounts++;
    walk_drop(w, pair);
    for (size_t i = 0; i < WALK_HELD; i++)
        walk_drop(w, &w->held[i]);
    tape_note(w->tape, "remount");
    uint64_t free = walk_free_clusters(w);
    if (!walk_wanted(w, "unmount", rig_unmount(&w->rig), CAIRN_OK)) return false;
    if (!rig_check(&w->rig, CAIRN_FAT_MINOR)) return tape_fail(w->tape, "%s", w->rig.finding);
    if (!walk_wanted(w, "mount", rig_mount(&w->rig), CAIRN_OK)) return false;
    return free == walk_free_clusters(w) || tape_fail(w->tape, "the free count has changed");
}

/* ---- drawing --------------------------------------------------------------------------------- */

static const struct {
    bool (*run)(struct walk *w, struct pair *pair);
    uint8_t weight;
    bool directory; /* wants one most of the time */
} steps[] = {
    { step_create, 6, true },    { step_mkdir, 3, true },    { step_write, 8, false },
    { step_rename, 6, true },    { step_remove, 4, true },   { step_truncate, 4, false },
    { step_read, 2, false },     { step_lookup, 3, true },   { step_allocate, 2, false },
    { step_stat_set, 2, false }, { step_compare, 2, false }, { step_hold, 3, false },
    { step_sync, 2, false },     { step_clock, 2, false },   { step_label, 1, false },
    { step_remount, 1, false },
};

bool walk_step(struct walk *w)
{
    size_t all = 0, i = 0;
    struct pair pair;
    w->risks = 0;
    for (size_t n = 0; n < CAIRN_COUNT(steps); n++)
        all += steps[n].weight;
    size_t pick = tape_pick(w->tape, all);
    while (pick >= steps[i].weight)
        pick -= steps[i++].weight;
    bool directory = steps[i].directory && tape_pick(w->tape, 16) != 15;
    if (!walk_pick(w, directory, &pair)) return false;
    bool agrees = steps[i].run(w, &pair);
    walk_drop(w, &pair);
    return agrees;
}
