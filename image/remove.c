/* SPDX-License-Identifier: ISC */
#include <cairn/image.h>
#include <string.h>

static enum cairn_err entry_remove(const struct cairn_image_step *step, struct cairn_why *why)
{
    return cairn_fat_remove(step->dir, step->entry->name, strlen(step->entry->name), why);
}

static enum cairn_err visit(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    (void)ctx;
    return step->node ? CAIRN_OK : entry_remove(step, why);
}

static enum cairn_err leave(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    (void)ctx;
    return step->depth ? entry_remove(step, why) : CAIRN_OK;
}

/* Remove what is below path, then path. */
static enum cairn_err path_remove(struct cairn_fat *fs, const char *path, bool is_directory,
                                  struct cairn_why *why)
{
    struct cairn_image_walker walker = { .visit = visit, .leave = leave };
    struct cairn_fat_node *dir;
    const char *name;
    size_t len;
    enum cairn_err err = is_directory ? cairn_image_walk(fs, path, &walker, why) : CAIRN_OK;
    if (!err) err = cairn_fat_walk_parent(fs, path, strlen(path), &dir, &name, &len, why);
    if (err) return err;
    err = cairn_fat_remove(dir, name, len, why);
    cairn_fat_release(dir);
    return err;
}

static enum cairn_err refuse(enum cairn_err err, const char *path, const char *hint,
                             struct cairn_why *why)
{
    err = cairn_why_fail(why, err, "remove");
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why, "%s", hint);
    return err;
}

enum cairn_err cairn_image_remove(struct cairn_image *image, const char *path, bool recursive,
                                  struct cairn_why *why)
{
    struct cairn_fat *fs = cairn_image_fat(image);
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    if (path[strspn(path, "/.")] == '\0')
        return refuse(CAIRN_EBUSY, path, "the root stays; name what is in it", why);
    enum cairn_err err = cairn_fat_walk(fs, path, strlen(path), &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    cairn_fat_release(node);
    if (err) return err;
    if (stat.is_directory && !recursive)
        return refuse(CAIRN_EISDIR, path, "-r removes a directory with all that is in it", why);
    return path_remove(fs, path, stat.is_directory, why);
}
