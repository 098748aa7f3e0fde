/* SPDX-License-Identifier: ISC */
/* A directory read as a whole: one array of entries, their names in memory that never moves. */
#include "list.h"
#include "strings.h"

#include <cairn/bytes.h>
#include <cairn/image.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more; doubled at powers of two, so that no capacity needs to be kept. */
static bool entries_grow(struct cairn_image_list *list)
{
    if (list->count != 0 && !cairn_is_pow2(list->count)) return true;
    size_t room = list->count ? list->count * 2 : 1;
    struct cairn_image_entry *entries = realloc(list->entries, room * sizeof *entries);
    if (!entries) return false;
    list->entries = entries;
    return true;
}

static bool entry_keep(struct cairn_image_list *list, const struct cairn_fat_entry *entry)
{
    if (!entries_grow(list)) return false;
    struct img_strings strings = { list->memory };
    struct cairn_image_entry *kept = &list->entries[list->count];
    kept->name = img_strings_keep(&strings, entry->name, entry->name_len);
    kept->alias = img_strings_keep(&strings, entry->alias, strlen(entry->alias));
    kept->stat = entry->stat;
    list->memory = strings.chunks;
    if (!kept->name || !kept->alias) return false;
    list->count++;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct cairn_image_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static enum cairn_err read_all(struct cairn_image_list *list, struct cairn_fat_node *dir,
                               struct cairn_why *why)
{
    struct cairn_fat_entry entry = { .next = 0 };
    for (;;) {
        enum cairn_err err = cairn_fat_list(dir, entry.next, &entry, why);
        if (err) return err == CAIRN_ENOENT ? CAIRN_OK : err;
        if (!entry_keep(list, &entry)) return cairn_why_fail(why, CAIRN_ENOMEM, "list a directory");
    }
}

enum cairn_err cairn_image_list_read(struct cairn_image_list *list, struct cairn_fat_node *dir,
                                     bool sorted, struct cairn_why *why)
{
    memset(list, 0, sizeof *list);
    enum cairn_err err = read_all(list, dir, why);
    if (err) {
        cairn_image_list_free(list);
        return err;
    }
    if (sorted && list->count) qsort(list->entries, list->count, sizeof *list->entries, by_name);
    return CAIRN_OK;
}

void cairn_image_list_free(struct cairn_image_list *list)
{
    struct img_strings strings = { list->memory };
    img_strings_free(&strings);
    free(list->entries);
    memset(list, 0, sizeof *list);
}

enum cairn_err img_entry_open(struct cairn_fat_node *dir, const char *name, uint32_t first_cluster,
                              struct cairn_fat_node **node, struct cairn_why *why)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_lookup(dir, name, strlen(name), node, why);
    if (err) return err;
    err = cairn_fat_stat(*node, &stat, why);
    if (!err && stat.first_cluster == first_cluster) return CAIRN_OK;
    cairn_fat_release(*node);
    if (err) return err;
    err = cairn_why_fail(why, CAIRN_ECORRUPT, "two entries have this name");
    cairn_why_path(why, name, strlen(name));
    cairn_why_hint(why, "`cairn check` shows all that is wrong");
    return err;
}
