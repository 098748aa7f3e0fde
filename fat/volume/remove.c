/* SPDX-License-Identifier: ISC */
/* Removing files and empty directories. */
#include "ops.h"

static enum cairn_err remove_found(struct cairn_fat_node *dir, const struct fat_found *found,
                                   struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct fat_dir_place place;
    enum cairn_err err = fat_node_get(dir, found, &node, why);
    if (err) return err;
    if (fat_node_is_dir(node)) err = fat_dir_empty(node, why);
    if (!err) err = fat_dir_pin(dir, node->slot_first, node->slot, &place, why);
    if (!err) {
        fat_dir_erase(&place, found);
        fat_node_orphan(node);
        fat_dir_changed(dir);
    }
    fat_node_release(node);
    return err;
}

static enum cairn_err remove_locked(struct cairn_fat_node *dir, const char *utf8, size_t len,
                                    struct cairn_why *why)
{
    struct fat_name name;
    struct fat_found found;
    if ((len == 1 && utf8[0] == '.') || (len == 2 && utf8[0] == '.' && utf8[1] == '.'))
        return cairn_why_fail(why, CAIRN_EBUSY, "remove '.' or '..'");
    enum cairn_err err = fat_name_parse(utf8, len, false, &name, why);
    if (!err) err = fat_dir_check(dir, why);
    if (!err) err = fat_begin(dir->fs, why);
    if (!err) err = fat_op_find(dir, &name, &found, why);
    if (!err) err = remove_found(dir, &found, why);
    return err;
}

enum cairn_err cairn_fat_remove(struct cairn_fat_node *dir, const char *name, size_t len,
                                struct cairn_why *why)
{
    fat_enter(dir->fs);
    enum cairn_err err = remove_locked(dir, name, len, why);
    if (err) cairn_why_path(why, name, len);
    return fat_leave_changed(dir->fs, err, why);
}
