/* SPDX-License-Identifier: ISC */
#include "aside.h"

#include <stdlib.h>
#include <string.h>

static enum cairn_err root_stays(const char *path, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EBUSY, "move the root");
    cairn_why_path(why, path, strlen(path));
    return err;
}

static enum cairn_err rename_to(const struct img_target *from, struct cairn_fat_node *node,
                                const struct img_target *to, bool no_replace, struct cairn_why *why)
{
    struct img_aside aside;
    enum cairn_err err = img_aside_begin(&aside, to, node, why);
    if (err) return err;
    err = cairn_fat_rename(from->dir, from->name, from->name_len, to->dir, to->name, to->name_len,
                           no_replace ? CAIRN_FAT_RENAME_NO_REPLACE : 0, why);
    return img_aside_end(&aside, err, why);
}

enum cairn_err cairn_image_move(struct cairn_image *image, const char *from, const char *to,
                                bool no_replace, struct cairn_why *why)
{
    struct cairn_fat *fs = cairn_image_fat(image);
    struct cairn_fat_node *node;
    struct img_target source, target;
    if (from[strspn(from, "/.")] == '\0') return root_stays(from, why);
    enum cairn_err err = cairn_fat_walk_parent(fs, from, strlen(from), &source.dir, &source.name,
                                               &source.name_len, why);
    if (err) return err;
    /* What is moved must be there before where it goes is looked at: the clearer message. */
    err = cairn_fat_lookup(source.dir, source.name, source.name_len, &node, why);
    if (!err) {
        char *base = strndup(source.name, source.name_len);
        if (!base) err = cairn_why_fail(why, CAIRN_ENOMEM, "move");
        if (!err) err = img_target_find(fs, to, base, &target, why);
        if (!err) {
            err = rename_to(&source, node, &target, no_replace, why);
            cairn_fat_release(target.dir);
        }
        free(base);
        cairn_fat_release(node);
    }
    cairn_fat_release(source.dir);
    return err;
}
