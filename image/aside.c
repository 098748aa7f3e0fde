/* SPDX-License-Identifier: ISC */
#include "aside.h"

#include <cairn/text.h>
#include <fat/codec/name.h>
#include <string.h>

static bool names_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct fat_name x, y;
    return !fat_name_from_utf8(&x, a, a_len) && !fat_name_from_utf8(&y, b, b_len) &&
           fat_name_equal(&x, &y);
}

/* The entry of a node of dir that is held. */
static enum cairn_err entry_find(struct cairn_fat_node *dir, struct cairn_fat_node *node,
                                 struct cairn_fat_entry *entry, struct cairn_why *why)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_stat(node, &stat, why);
    for (entry->next = 0; !err;) {
        err = cairn_fat_list(dir, entry->next, entry, why);
        if (!err && entry->stat.id == stat.id) break;
    }
    return err;
}

static enum cairn_err move_away(struct img_aside *aside, const struct cairn_fat_entry *entry,
                                struct cairn_why *why)
{
    struct cairn_text temp;
    cairn_text_init(&temp, aside->temp, sizeof aside->temp);
    enum cairn_err err = img_temp_name(aside->dir, &temp, why);
    if (!err)
        err = cairn_fat_rename(aside->dir, entry->name, entry->name_len, aside->dir, temp.at,
                               temp.len, CAIRN_FAT_RENAME_NO_REPLACE, why);
    if (err) {
        aside->temp[0] = '\0';
        return err;
    }
    aside->name_len = entry->name_len;
    memcpy(aside->name, entry->name, entry->name_len);
    return CAIRN_OK;
}

enum cairn_err img_aside_begin(struct img_aside *aside, const struct img_target *target,
                               const struct cairn_fat_node *moved, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct cairn_fat_entry entry;
    aside->dir = target->dir;
    aside->temp[0] = '\0';
    /* An alias that is not its file's own name has a tail; the others need no search. */
    if (!memchr(target->name, '~', target->name_len)) return CAIRN_OK;
    if (cairn_fat_lookup(target->dir, target->name, target->name_len, &node, NULL)) return CAIRN_OK;
    bool is_moved = node == moved;
    enum cairn_err err = is_moved ? CAIRN_OK : entry_find(target->dir, node, &entry, why);
    cairn_fat_release(node);
    if (err || is_moved) return err;
    if (names_equal(entry.name, entry.name_len, target->name, target->name_len)) return CAIRN_OK;
    return move_away(aside, &entry, why);
}

enum cairn_err img_aside_end(struct img_aside *aside, enum cairn_err err, struct cairn_why *why)
{
    if (!aside->temp[0]) return err;
    enum cairn_err back =
        cairn_fat_rename(aside->dir, aside->temp, strlen(aside->temp), aside->dir, aside->name,
                         aside->name_len, CAIRN_FAT_RENAME_NO_REPLACE, err ? NULL : why);
    return err ? err : back;
}
