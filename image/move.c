/* SPDX-License-Identifier: ISC */
#include "put.h"

#include <stdlib.h>
#include <string.h>

static enum cairn_err root_stays(const char *path, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EBUSY, "move the root");
    cairn_why_path(why, path, strlen(path));
    return err;
}

enum cairn_err cairn_image_move(struct cairn_image *image, const char *from, const char *to,
                                bool no_replace, struct cairn_why *why)
{
    struct cairn_fat *fs = cairn_image_fat(image);
    struct cairn_fat_node *dir, *node;
    const char *name;
    size_t len;
    if (from[strspn(from, "/.")] == '\0') return root_stays(from, why);
    enum cairn_err err = cairn_fat_walk_parent(fs, from, strlen(from), &dir, &name, &len, why);
    if (err) return err;
    /* What is moved must be there before where it goes is looked at: the clearer message. */
    err = cairn_fat_lookup(dir, name, len, &node, why);
    char *base = strndup(name, len);
    if (!base) err = cairn_why_fail(why, CAIRN_ENOMEM, "move");
    if (!err) {
        struct img_target target;
        cairn_fat_release(node);
        err = img_target_find(fs, to, base, &target, why);
        if (!err) {
            err = cairn_fat_rename(dir, name, len, target.dir, target.name, target.name_len,
                                   no_replace ? CAIRN_FAT_RENAME_NO_REPLACE : 0, why);
            cairn_fat_release(target.dir);
        }
    }
    free(base);
    cairn_fat_release(dir);
    return err;
}
