/* SPDX-License-Identifier: ISC */
/* A folder of the host as a source. Nothing in it is opened but folders. */
#include "scan.h"

#include "os.h"
#include <cairn/bytes.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    struct img_source base;
    char entries[65536] __attribute__((aligned(16))); /* of getdents64 */
};

static int64_t stat_time(const struct stat *st)
{
    int64_t ns;
    if (__builtin_mul_overflow(st->st_mtim.tv_sec, CAIRN_NS_PER_SEC, &ns) ||
        __builtin_add_overflow(ns, st->st_mtim.tv_nsec, &ns))
        return st->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void node_from_stat(struct img_node *node, const struct stat *st)
{
    node->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
    node->modified_ns = stat_time(st);
    node->device = st->st_dev;
    node->origin = st->st_ino;
    node->attributes = st->st_mode & 0222 ? 0 : (uint8_t)CAIRN_FAT_READ_ONLY;
}

static void find_from_stat(struct img_find *find, const struct stat *st)
{
    node_from_stat(&find->node, st);
    find->kind = IMG_SPECIAL;
    if (S_ISREG(st->st_mode))
        find->kind = IMG_FILE;
    else if (S_ISDIR(st->st_mode))
        find->kind = IMG_DIRECTORY;
    else if (S_ISLNK(st->st_mode))
        find->kind = IMG_SYMLINK;
    else if (S_ISFIFO(st->st_mode))
        find->what = "a FIFO";
    else if (S_ISSOCK(st->st_mode))
        find->what = "a socket";
    else
        find->what = "a device";
}

/* What a link points to takes its place. */
static void find_follow(struct img_find *find, int dir_fd)
{
    struct stat st;
    if (fstatat(dir_fd, find->node.source_name, &st, 0) == 0) {
        find_from_stat(find, &st);
        return;
    }
    find->kind = IMG_BROKEN;
    find->what = errno == ELOOP ? "a symbolic link to itself" : "a symbolic link to nothing";
}

static enum cairn_err look_at(struct img_scan *scan, int dir_fd, const char *name,
                              struct img_finds *finds, struct cairn_why *why)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        /* Removed since the folder was read: as if it never was. */
        return errno == ENOENT ? CAIRN_OK : img_os_fail(why, name, "look at");
    }
    struct img_find find = { 0 };
    size_t len = cairn_str_len(name);
    find.node.name = find.node.source_name = img_tree_keep(scan->tree, name, len);
    if (!find.node.name) return img_no_memory(why);
    find_from_stat(&find, &st);
    if (find.kind == IMG_SYMLINK && scan->tree->follows) find_follow(&find, dir_fd);
    return img_finds_add(finds, &find) ? CAIRN_OK : img_no_memory(why);
}

static enum cairn_err look_at_entries(struct img_scan *scan, const char *entries, size_t bytes,
                                      int dir_fd, struct img_finds *finds, struct cairn_why *why)
{
    for (size_t at = 0; at < bytes;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        at += entry->d_reclen;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        enum cairn_err err = look_at(scan, dir_fd, entry->d_name, finds, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

static enum cairn_err folder_list(struct img_source *source, struct img_scan *scan, uint32_t node,
                                  struct img_finds *finds, struct cairn_why *why)
{
    struct folder *folder = (struct folder *)source;
    int fd = img_tree_open_directory(scan->tree, node);
    if (fd < 0) return img_tree_blame(scan->tree, node, img_os_fail(why, NULL, "open folder"), why);
    enum cairn_err err = CAIRN_OK;
    ssize_t got;
    while (!err && (got = getdents64(fd, folder->entries, sizeof folder->entries)) != 0) {
        err = got < 0 ? img_os_fail(why, NULL, "read folder")
                      : look_at_entries(scan, folder->entries, (size_t)got, fd, finds, why);
        if (got < 0) err = img_tree_blame(scan->tree, node, err, why);
    }
    close(fd);
    return err;
}

static void folder_close(struct img_source *source)
{
    free(source);
}

enum cairn_err img_folder_open(struct img_source **source, struct img_scan *scan, const char *path,
                               struct cairn_why *why)
{
    struct cairn_image_tree *tree = scan->tree;
    struct stat st;
    tree->root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree->root_fd < 0 || fstat(tree->root_fd, &st) != 0)
        return img_os_fail(why, path, "open folder");
    node_from_stat(&tree->nodes[0], &st);
    tree->nodes[0].attributes = 0;
    struct folder *folder = malloc(sizeof *folder);
    if (!folder) return img_no_memory(why);
    folder->base = (struct img_source){ .list = folder_list, .close = folder_close };
    *source = &folder->base;
    return CAIRN_OK;
}
