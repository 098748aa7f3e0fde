/* SPDX-License-Identifier: ISC */
/* New files and directories. */
#include "ops.h"

/* Put a node that has no entry yet into dir under name. May sync. */
static enum cairn_err node_enter(struct cairn_fat_node *node, struct cairn_fat_node *dir,
                                 const struct fat_name *name, struct cairn_why *why)
{
    struct fat_dir_place place;
    enum cairn_err err = fat_dir_prepare(dir, name, &node->entry, &place, why);
    if (err) return err;
    uint32_t first = place.slot_first, slot = first + place.slots - 1;
    fat_dir_commit(&place, name, &node->entry);
    fat_node_attach(node, dir, first, slot);
    fat_dir_changed(dir);
    return CAIRN_OK;
}

/* The first cluster of a new directory: "." and "..", the rest zeros. */
static enum cairn_err dir_init(struct cairn_fat_node *node, const struct cairn_fat_node *parent,
                               struct cairn_why *why)
{
    struct cairn_fat *fs = node->fs;
    struct fat_page *page;
    uint8_t *at;
    enum cairn_err err = fat_chain_grow(node, 1, why);
    if (err) return err;
    uint32_t sector = fat_cluster_sector(fs, node->entry.start);
    uint32_t rest = fs->geo.cluster_sectors - fs->cache.page_sectors;
    if (rest) {
        fat_wrote(fs, rest);
        err = cairn_blk_zero(fs->dev, fat_block(fs, sector + fs->cache.page_sectors),
                             fat_block(fs, rest), why);
        if (err) return err;
    }
    err = fat_page_fresh(fs, sector, &page, &at, why);
    if (err) return err;
    fat_dot_slots(at, &node->entry, parent->is_root ? 0 : parent->entry.start);
    fat_page_drop(page);
    return CAIRN_OK;
}

static enum cairn_err make_locked(struct cairn_fat_node *dir, const char *utf8, size_t len,
                                  uint8_t attributes, struct cairn_fat_node **out,
                                  struct cairn_why *why)
{
    struct cairn_fat *fs = dir->fs;
    struct fat_name name;
    struct fat_found found;
    struct fat_dirent entry;
    struct cairn_fat_node *node;
    enum cairn_err err = fat_name_parse(utf8, len, true, &name, why);
    if (!err) err = fat_dir_check(dir, why);
    if (!err) err = fat_begin(fs, why);
    if (err) return err;
    err = fat_dir_find(dir, &name, &found, why);
    if (!err) err = cairn_why_fail(why, CAIRN_EEXIST, "create the name");
    if (err != CAIRN_ENOENT) return err;
    fat_entry_init(fs, attributes, &entry);
    err = fat_node_new(fs, &entry, &node, why);
    if (err) return err;
    node->clusters = 0;
    if (attributes & CAIRN_FAT_DIRECTORY) err = dir_init(node, dir, why);
    if (!err) err = node_enter(node, dir, &name, why);
    if (err)
        fat_node_release(node);
    else
        *out = node;
    return err;
}

static enum cairn_err make(struct cairn_fat_node *dir, const char *name, size_t len,
                           uint8_t attributes, struct cairn_fat_node **node, struct cairn_why *why)
{
    *node = NULL;
    fat_enter(dir->fs);
    enum cairn_err err = make_locked(dir, name, len, attributes, node, why);
    if (err) cairn_why_path(why, name, len);
    err = fat_leave_changed(dir->fs, err, why);
    if (!err || !*node) return err;
    cairn_fat_release(*node);
    *node = NULL;
    return err;
}

enum cairn_err cairn_fat_create(struct cairn_fat_node *dir, const char *name, size_t len,
                                struct cairn_fat_node **node, struct cairn_why *why)
{
    return make(dir, name, len, CAIRN_FAT_ARCHIVE, node, why);
}

enum cairn_err cairn_fat_mkdir(struct cairn_fat_node *dir, const char *name, size_t len,
                               struct cairn_fat_node **node, struct cairn_why *why)
{
    return make(dir, name, len, CAIRN_FAT_DIRECTORY, node, why);
}
