/* SPDX-License-Identifier: ISC */
/* Nodes: root, hold, release, lookup; and paths. */
#include "ops.h"

struct cairn_fat_node *cairn_fat_root(struct cairn_fat *fs)
{
    return cairn_fat_hold(fs->nodes.root);
}

struct cairn_fat_node *cairn_fat_hold(struct cairn_fat_node *node)
{
    fat_enter(node->fs);
    fat_node_hold(node);
    cairn_lock_drop(&node->fs->lock);
    return node;
}

void cairn_fat_release(struct cairn_fat_node *node)
{
    struct cairn_fat *fs = node->fs;
    fat_enter(fs);
    fat_node_release(node);
    enum cairn_err err = fat_leave_changed(fs, CAIRN_OK, NULL);
    if (err) cairn_log(&fat_log, CAIRN_LOG_WARNING, "not durable: %s", cairn_err_text(err));
}

static bool is_dots(const char *name, size_t len, size_t count)
{
    return len == count && name[0] == '.' && name[len - 1] == '.';
}

static enum cairn_err lookup_locked(struct cairn_fat_node *dir, const char *utf8, size_t len,
                                    struct cairn_fat_node **node, struct cairn_why *why)
{
    struct fat_name name;
    struct fat_found found;
    enum cairn_err err = fat_dir_check(dir, why);
    if (err) return err;
    if (is_dots(utf8, len, 1) || is_dots(utf8, len, 2)) {
        *node = len == 2 && dir->parent ? dir->parent : dir;
        fat_node_hold(*node);
        return CAIRN_OK;
    }
    err = fat_name_parse(utf8, len, false, &name, why);
    if (!err) err = fat_op_find(dir, &name, &found, why);
    if (!err) err = fat_node_get(dir, &found, node, why);
    return err;
}

enum cairn_err cairn_fat_lookup(struct cairn_fat_node *dir, const char *name, size_t len,
                                struct cairn_fat_node **node, struct cairn_why *why)
{
    *node = NULL;
    fat_enter(dir->fs);
    return fat_leave(dir->fs, lookup_locked(dir, name, len, node, why));
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* The segment that begins at or behind *at; false: there is none. */
static bool segment_next(const char *path, size_t len, size_t *at, const char **segment,
                         size_t *segment_len)
{
    for (;;) {
        while (*at < len && path[*at] == '/')
            (*at)++;
        size_t start = *at;
        while (*at < len && path[*at] != '/')
            (*at)++;
        if (*at == start) return false;
        *segment = path + start;
        *segment_len = *at - start;
        if (!is_dots(*segment, *segment_len, 1)) return true;
    }
}

enum cairn_err cairn_fat_walk(struct cairn_fat *fs, const char *path, size_t len,
                              struct cairn_fat_node **node, struct cairn_why *why)
{
    struct cairn_fat_node *dir = cairn_fat_root(fs);
    const char *segment;
    size_t segment_len, at = 0;
    *node = NULL;
    while (segment_next(path, len, &at, &segment, &segment_len)) {
        struct cairn_fat_node *next;
        enum cairn_err err = cairn_fat_lookup(dir, segment, segment_len, &next, why);
        cairn_fat_release(dir);
        if (err) {
            cairn_why_path(why, path, len);
            return err;
        }
        dir = next;
    }
    *node = dir;
    return CAIRN_OK;
}

enum cairn_err cairn_fat_walk_parent(struct cairn_fat *fs, const char *path, size_t len,
                                     struct cairn_fat_node **dir, const char **name,
                                     size_t *name_len, struct cairn_why *why)
{
    size_t at = 0, segment_len;
    const char *segment;
    *name = NULL;
    while (segment_next(path, len, &at, &segment, &segment_len)) {
        *name = segment;
        *name_len = segment_len;
    }
    if (!*name) return cairn_why_fail(why, CAIRN_EINVAL, "the path has no name in it");
    enum cairn_err err = cairn_fat_walk(fs, path, (size_t)(*name - path), dir, why);
    if (err) return err;
    fat_enter(fs);
    bool is_dir = fat_node_is_dir(*dir);
    cairn_lock_drop(&fs->lock);
    if (is_dir) return CAIRN_OK;
    cairn_fat_release(*dir);
    (void)cairn_why_fail(why, CAIRN_ENOTDIR, "look into a file");
    cairn_why_path(why, path, len);
    return CAIRN_ENOTDIR;
}
