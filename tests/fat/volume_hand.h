/* SPDX-License-Identifier: ISC */
/* What the units of the volume do by hand: one mounted volume, and short words for its calls. Each
 * file of units has its own. */
#ifndef CAIRN_TESTS_FAT_VOLUME_HAND_H
#define CAIRN_TESTS_FAT_VOLUME_HAND_H

#include "rig.h"
#include <fat/codec/boot.h>
#include <fat/codec/dirent.h>
#include <fat/codec/fatent.h>
#include <stdio.h>
#include <string.h>

static struct rig rig;

static inline struct cairn_fat_node *root(void)
{
    return rig.fs ? cairn_fat_root(rig.fs) : NULL;
}

static inline void mounted(struct rig_shape shape)
{
    rig_make(&rig, &shape);
    ck_assert_int_eq(rig_mount(&rig), CAIRN_OK);
}

static inline void mounted_plainly(void)
{
    mounted((struct rig_shape){ 0 });
}

/* Unmount; nothing may be wrong. */
static inline void unmounted(void)
{
    ck_assert_int_eq(rig_unmount(&rig), CAIRN_OK);
    ck_assert_msg(rig_check(&rig, CAIRN_FAT_MINOR), "%s", rig.finding);
}

static inline void ended(void)
{
    unmounted();
    rig_free(&rig);
}

/* By path; held. */
static inline struct cairn_fat_node *at(const char *path)
{
    struct cairn_fat_node *node;
    ck_assert_int_eq(cairn_fat_walk(rig.fs, path, strlen(path), &node, &rig.why), CAIRN_OK);
    return node;
}

static inline bool is_there(const char *path)
{
    struct cairn_fat_node *node;
    if (cairn_fat_walk(rig.fs, path, strlen(path), &node, NULL)) return false;
    cairn_fat_release(node);
    return true;
}

static inline enum cairn_err create(const char *name)
{
    struct cairn_fat_node *dir = root(), *node;
    enum cairn_err err = cairn_fat_create(dir, name, strlen(name), &node, &rig.why);
    if (!err) cairn_fat_release(node);
    cairn_fat_release(dir);
    return err;
}

static inline enum cairn_err make_dir(const char *name)
{
    struct cairn_fat_node *dir = root(), *node;
    enum cairn_err err = cairn_fat_mkdir(dir, name, strlen(name), &node, &rig.why);
    if (!err) cairn_fat_release(node);
    cairn_fat_release(dir);
    return err;
}

static inline enum cairn_err erase(const char *name)
{
    struct cairn_fat_node *dir = root();
    enum cairn_err err = cairn_fat_remove(dir, name, strlen(name), &rig.why);
    cairn_fat_release(dir);
    return err;
}

/* From the root into the directory `into`. */
static inline enum cairn_err move(const char *from, const char *into, const char *to)
{
    struct cairn_fat_node *dir = root(), *target = at(into);
    enum cairn_err err =
        cairn_fat_rename(dir, from, strlen(from), target, to, strlen(to), 0, &rig.why);
    cairn_fat_release(target);
    cairn_fat_release(dir);
    return err;
}

static inline void put(struct cairn_fat_node *file, uint64_t offset, const char *text)
{
    size_t done;
    ck_assert_int_eq(cairn_fat_write(file, offset, text, strlen(text), &done, &rig.why), CAIRN_OK);
    ck_assert_uint_eq(done, strlen(text));
}

static inline void put_path(const char *path, const char *text)
{
    if (!is_there(path)) ck_assert_int_eq(create(path), CAIRN_OK);
    struct cairn_fat_node *file = at(path);
    put(file, 0, text);
    cairn_fat_release(file);
}

static inline void assert_holds(struct cairn_fat_node *file, const char *text)
{
    char buf[64] = "";
    size_t done;
    ck_assert_int_eq(cairn_fat_read(file, 0, buf, sizeof buf - 1, &done, &rig.why), CAIRN_OK);
    ck_assert_str_eq(buf, text);
}

static inline struct cairn_fat_stat stat_of(struct cairn_fat_node *node)
{
    struct cairn_fat_stat stat;
    ck_assert_int_eq(cairn_fat_stat(node, &stat, &rig.why), CAIRN_OK);
    return stat;
}

/* Entry number n of the root. */
static inline struct cairn_fat_entry entry_of(uint32_t n)
{
    struct cairn_fat_node *dir = root();
    struct cairn_fat_entry entry = { .next = 0 };
    for (uint32_t i = 0; i <= n; i++)
        ck_assert_int_eq(cairn_fat_list(dir, entry.next, &entry, &rig.why), CAIRN_OK);
    cairn_fat_release(dir);
    return entry;
}

static inline uint64_t free_clusters(void)
{
    struct cairn_fat_usage usage;
    ck_assert_int_eq(cairn_fat_usage(rig.fs, &usage, &rig.why), CAIRN_OK);
    return usage.free_clusters;
}

static inline void synced(void)
{
    ck_assert_int_eq(cairn_fat_sync(rig.fs, &rig.why), CAIRN_OK);
}

#endif
