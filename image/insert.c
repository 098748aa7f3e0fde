/* SPDX-License-Identifier: ISC */
/* From the host into an image: one file, or a folder by way of a scan, which knows the policies. */
#include "os.h"
#include "put.h"
#include "tree.h"

#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening a FIFO must not wait for a writer; what it is shows afterwards. */
#define IN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* ---- bytes of a descriptor ----------------------------------------------------------------- */

static enum cairn_err fd_read(int fd, void *buf, size_t bytes, size_t *got, struct cairn_why *why)
{
    *got = 0;
    while (*got < bytes) {
        ssize_t n = read(fd, (char *)buf + *got, bytes - *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return img_os_fail(why, NULL, "read");
        if (n == 0) break;
        *got += (size_t)n;
    }
    return CAIRN_OK;
}

static int64_t modified_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * CAIRN_NS_PER_SEC + st->st_mtim.tv_nsec;
}

/* A file of the host, as it was when it was opened. */
struct host_file {
    int fd;
    struct stat st;
};

/* Front to back. Behind its last byte the file must be as it was before the first. */
static enum cairn_err host_file_read(void *ctx, uint64_t offset, void *buf, size_t bytes,
                                     size_t *got, struct cairn_why *why)
{
    const struct host_file *file = ctx;
    struct stat now;
    enum cairn_err err = fd_read(file->fd, buf, bytes, got, why);
    if (err || *got == bytes) return err;
    if (fstat(file->fd, &now) == 0 && modified_ns(&now) == modified_ns(&file->st) &&
        offset + *got == (uint64_t)file->st.st_size)
        return CAIRN_OK;
    err = cairn_why_fail(why, CAIRN_ESTALE, "it changed while it was read");
    cairn_why_hint(why, "copy it again when nothing writes to it");
    return err;
}

static enum cairn_err fd_put(struct img_put *put, const struct img_target *target, int fd,
                             const struct stat *st, struct cairn_why *why)
{
    struct host_file host = { fd, *st };
    struct img_file file = { .feed = { host_file_read, &host }, .size = (uint64_t)st->st_size };
    if (put->options->preserve) {
        file.stat.modified_ns = modified_ns(st);
        file.stat.attributes = CAIRN_FAT_ARCHIVE;
        if (!(st->st_mode & 0222)) file.stat.attributes |= CAIRN_FAT_READ_ONLY;
        file.which = CAIRN_FAT_SET_MODIFIED | CAIRN_FAT_SET_ATTRIBUTES;
    }
    return img_put_file(put, target, &file, why);
}

/* ---- one file ------------------------------------------------------------------------------ */

/* May it go on? Asked where the answer of the progress callback would come too late. */
static bool go_on(const struct img_put *put)
{
    const struct cairn_image_copy_options *options = put->options;
    return !options->progress || options->progress(options->ctx, put->done, put->total);
}

/* Nobody knows when a pipe has bytes, so a signal must end the waiting: poll is what every signal
 * interrupts, read only some. */
static enum cairn_err stdin_read(void *ctx, uint64_t offset, void *buf, size_t bytes, size_t *got,
                                 struct cairn_why *why)
{
    (void)offset;
    *got = 0;
    while (*got < bytes) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
        if (poll(&input, 1, -1) < 0) {
            if (errno != EINTR) return img_os_fail(why, NULL, "wait for standard input");
            if (!go_on(ctx)) return cairn_why_fail(why, CAIRN_ECANCELED, "copy");
            continue;
        }
        ssize_t n = read(STDIN_FILENO, (char *)buf + *got, bytes - *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return img_os_fail(why, NULL, "read standard input");
        if (n == 0) break;
        *got += (size_t)n;
    }
    return CAIRN_OK;
}

static enum cairn_err stdin_insert(struct img_put *put, const char *path, struct cairn_why *why)
{
    struct img_file file = { .feed = { stdin_read, put }, .size = UINT64_MAX };
    struct img_target target;
    enum cairn_err err = img_target_find(put->fs, path, "", &target, why);
    if (err) return err;
    if (target.name_len == 0) {
        err = cairn_why_fail(why, CAIRN_EISDIR, "store standard input");
        cairn_why_hint(why, "name the file it becomes");
    } else {
        err = img_put_file(put, &target, &file, why);
    }
    cairn_fat_release(target.dir);
    return err;
}

static enum cairn_err kind_check(const struct stat *st, const char *host_path,
                                 struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    if (S_ISDIR(st->st_mode)) {
        err = cairn_why_fail(why, CAIRN_EISDIR, "copy");
        cairn_why_hint(why, "-r copies a folder with all that is in it");
    } else if (!S_ISREG(st->st_mode)) {
        err = cairn_why_fail(why, CAIRN_ENOTSUP, "copy a FIFO, socket or device");
        cairn_why_hint(why, "FAT has only files and directories; - copies standard input");
    } else if ((uint64_t)st->st_size > CAIRN_FAT_FILE_MAX) {
        err = cairn_why_fail(why, CAIRN_EFBIG, "copy");
        cairn_why_hint(why, "FAT holds files up to 4 GiB - 1");
    }
    if (err) cairn_why_path(why, host_path, strlen(host_path));
    return err;
}

/* A socket cannot even be opened: what it is says more than that. */
static enum cairn_err open_failed(const char *host_path, struct cairn_why *why)
{
    struct stat st;
    enum cairn_err err = img_os_fail(why, host_path, "open");
    if (stat(host_path, &st) != 0 || S_ISREG(st.st_mode)) return err;
    return kind_check(&st, host_path, why);
}

static enum cairn_err file_insert(struct img_put *put, const char *host_path, const char *base,
                                  const char *path, struct cairn_why *why)
{
    struct stat st;
    struct img_target target;
    int fd = open(host_path, IN_FLAGS);
    if (fd < 0) return open_failed(host_path, why);
    enum cairn_err err =
        fstat(fd, &st) == 0 ? kind_check(&st, host_path, why) : img_os_fail(why, host_path, "stat");
    if (!err) {
        img_put_expect(put, (uint64_t)st.st_size);
        err = img_put_room(put, why);
    }
    if (!err) err = img_target_find(put->fs, path, base, &target, why);
    if (!err) {
        err = fd_put(put, &target, fd, &st, why);
        cairn_fat_release(target.dir);
    }
    (void)close(fd);
    return err;
}

/* ---- a folder ------------------------------------------------------------------------------ */

/* One folder of the tree, open on both sides. */
struct pair {
    const struct cairn_image_tree *tree;
    int host;
    struct cairn_fat_node *dir;
};

static enum cairn_err child_insert(struct img_put *put, const struct pair *pair, uint32_t index,
                                   struct cairn_why *why)
{
    const struct img_node *node = &pair->tree->nodes[index];
    struct img_target target = { pair->dir, node->name, node->name_len };
    if (node->is_directory) {
        struct cairn_fat_node *made;
        enum cairn_err err = img_put_directory(put, &target, &made, why);
        if (!err) cairn_fat_release(made);
        return err;
    }
    int fd =
        openat(pair->host, node->source_name, IN_FLAGS | (pair->tree->follows ? 0 : O_NOFOLLOW));
    struct stat st;
    if (fd < 0) return img_os_fail(why, NULL, "open");
    enum cairn_err err = CAIRN_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != node->size)
        err = cairn_why_fail(why, CAIRN_ESTALE, "it changed while the folder was read");
    if (!err) err = fd_put(put, &target, fd, &st, why);
    (void)close(fd);
    return err;
}

static enum cairn_err children_insert(struct img_put *put, const struct pair *pair, uint32_t dir,
                                      struct cairn_why *why)
{
    const struct img_node *node = &pair->tree->nodes[dir];
    for (uint32_t i = 0; i < node->child_count; i++) {
        uint32_t index = node->first_child + i;
        enum cairn_err err = child_insert(put, pair, index, why);
        if (err) return img_tree_blame(pair->tree, index, err, why);
    }
    return CAIRN_OK;
}

/* The directory of the volume that tree's directory `dir` became, below root; held. */
static enum cairn_err made_find(struct cairn_fat_node *root, const struct cairn_image_tree *tree,
                                uint32_t dir, struct cairn_fat_node **node, struct cairn_why *why)
{
    char *path = img_tree_path(tree, dir, false, NULL);
    if (!path) return img_no_memory(why);
    enum cairn_err err = CAIRN_OK;
    struct cairn_fat_node *at = cairn_fat_hold(root);
    for (char *part = strtok(path, "/"); part && !err; part = strtok(NULL, "/")) {
        struct cairn_fat_node *next;
        err = cairn_fat_lookup(at, part, strlen(part), &next, why);
        cairn_fat_release(at);
        at = err ? NULL : next;
    }
    free(path);
    *node = at;
    return err;
}

static enum cairn_err dir_insert(struct img_put *put, struct cairn_fat_node *root,
                                 const struct cairn_image_tree *tree, uint32_t dir,
                                 struct cairn_why *why)
{
    struct pair pair = { .tree = tree };
    enum cairn_err err = made_find(root, tree, dir, &pair.dir, why);
    if (err) return err;
    pair.host = img_tree_open_directory(tree, dir);
    if (pair.host < 0) {
        err = img_tree_blame(tree, dir, img_os_fail(why, NULL, "open the folder"), why);
    } else {
        err = children_insert(put, &pair, dir, why);
        (void)close(pair.host);
    }
    cairn_fat_release(pair.dir);
    return err;
}

/* Last, because what came into a directory changed its time. */
static enum cairn_err dir_finish(struct cairn_fat_node *root, const struct cairn_image_tree *tree,
                                 uint32_t dir, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = made_find(root, tree, dir, &node, why);
    if (err) return err;
    struct cairn_fat_stat stat = {
        .modified_ns = tree->nodes[dir].modified_ns,
        .attributes = tree->nodes[dir].attributes,
    };
    err = cairn_fat_stat_set(node, &stat, CAIRN_FAT_SET_MODIFIED | CAIRN_FAT_SET_ATTRIBUTES, why);
    cairn_fat_release(node);
    return err;
}

static enum cairn_err tree_insert(struct img_put *put, struct cairn_fat_node *root,
                                  const struct cairn_image_tree *tree, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; i < tree->count && !err; i++)
        if (tree->nodes[i].is_directory) err = dir_insert(put, root, tree, i, why);
    if (!put->options->preserve) return err;
    for (uint32_t i = 1; i < tree->count && !err; i++)
        if (tree->nodes[i].is_directory) err = dir_finish(root, tree, i, why);
    return err;
}

static enum cairn_err folder_scan(struct cairn_image_tree **tree, const char *host_path,
                                  const struct cairn_image_copy_options *options,
                                  struct cairn_why *why)
{
    struct cairn_image_source_options source = {
        .on_symlink = options->on_symlink,
        .on_special = options->on_special,
        .on_name = options->on_name,
        .on_large = options->on_large,
        .clamp_ns = INT64_MAX,
        .notice = options->notice,
        .ctx = options->ctx,
    };
    return cairn_image_scan(tree, host_path, &source, why);
}

/* The tree names what is in the folder; for the user it is below the folder. */
static void blame_below(const char *host_path, struct cairn_why *why)
{
    char path[CAIRN_WHY_TEXT_BYTES * 2];
    if (!why || !why->path[0]) return;
    int len = snprintf(path, sizeof path, "%s/%s", host_path, why->path);
    if (len > 0 && (size_t)len < sizeof path) cairn_why_path(why, path, (size_t)len);
}

static enum cairn_err folder_insert(struct img_put *put, const char *host_path, const char *base,
                                    const char *path, struct cairn_why *why)
{
    struct cairn_image_tree *tree;
    struct img_target target;
    struct cairn_fat_node *root;
    enum cairn_err err = folder_scan(&tree, host_path, put->options, why);
    if (err) return err;
    for (uint32_t i = 0; i < tree->count; i++)
        img_put_expect(put, tree->nodes[i].size);
    err = img_put_room(put, why);
    if (!err) err = img_target_find(put->fs, path, base, &target, why);
    if (!err) {
        err = img_put_directory(put, &target, &root, why);
        cairn_fat_release(target.dir);
    }
    if (!err) {
        err = tree_insert(put, root, tree, why);
        if (err) blame_below(host_path, why);
        cairn_fat_release(root);
    }
    cairn_image_tree_free(tree);
    return err;
}

/* ---- which of them ------------------------------------------------------------------------- */

enum cairn_err cairn_image_insert(struct cairn_image *image, const char *host_path,
                                  const char *path, const struct cairn_image_copy_options *options,
                                  struct cairn_image_copy_result *result, struct cairn_why *why)
{
    struct img_put put;
    struct stat st;
    char *base = img_base_name(host_path);
    if (!base) return img_no_memory(why);
    enum cairn_err err = img_put_begin(&put, cairn_image_fat(image), options, result, why);
    if (err) {
        free(base);
        return err;
    }
    bool is_folder = stat(host_path, &st) == 0 && S_ISDIR(st.st_mode);
    if (strcmp(host_path, "-") == 0)
        err = stdin_insert(&put, path, why);
    else if (is_folder && options->recursive)
        err = folder_insert(&put, host_path, base, path, why);
    else
        err = file_insert(&put, host_path, base, path, why);
    img_put_end(&put);
    free(base);
    return err;
}
