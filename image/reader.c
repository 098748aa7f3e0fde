/* SPDX-License-Identifier: ISC */
#include "reader.h"

#include "os.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void img_reader_init(struct img_reader *reader, const struct cairn_image_tree *tree)
{
    *reader = (struct img_reader){ .tree = tree, .fd = -1 };
}

void img_reader_free(struct img_reader *reader)
{
    if (reader->fd >= 0) close(reader->fd);
    reader->fd = -1;
}

static enum cairn_err changed(struct cairn_why *why, const char *how)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ESTALE, "the source file %s", how);
    cairn_why_hint(why, "build again when nothing changes the source");
    return err;
}

static enum cairn_err open_failed(struct cairn_why *why)
{
    bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
    return gone ? changed(why, "vanished") : img_os_fail(why, NULL, "open");
}

static enum cairn_err enter(struct img_reader *reader, uint32_t directory, struct cairn_why *why)
{
    if (reader->fd >= 0 && reader->directory == directory) return CAIRN_OK;
    img_reader_free(reader);
    reader->fd = img_tree_open_directory(reader->tree, directory);
    reader->directory = directory;
    return reader->fd < 0 ? open_failed(why) : CAIRN_OK;
}

enum cairn_err img_reader_open(struct img_reader *reader, uint32_t node, struct img_opened *file,
                               struct cairn_why *why)
{
    const struct cairn_image_tree *tree = reader->tree;
    *file = (struct img_opened){ .node = node, .fd = tree->spool_fd };
    if (tree->spool_fd >= 0) {
        file->offset = tree->nodes[node].origin;
        return CAIRN_OK;
    }
    enum cairn_err err = enter(reader, tree->nodes[node].parent, why);
    if (err) return err;
    /* Without waiting, in case a FIFO stands there by now. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (tree->follows ? 0 : O_NOFOLLOW);
    file->fd = openat(reader->fd, tree->nodes[node].source_name, flags);
    return file->fd < 0 ? open_failed(why) : CAIRN_OK;
}

enum cairn_err img_reader_read(struct img_reader *reader, const struct img_opened *file,
                               uint64_t at, void *buf, size_t bytes, struct cairn_why *why)
{
    (void)reader;
    char *to = buf;
    while (bytes > 0) {
        ssize_t got = pread(file->fd, to, bytes, (off_t)(file->offset + at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return img_os_fail(why, NULL, "read");
        if (got == 0) return changed(why, "became shorter while it was read");
        to += got;
        at += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return CAIRN_OK;
}

static bool is_as_scanned(const struct img_node *node, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return false;
    int64_t ns = (int64_t)((uint64_t)st.st_mtim.tv_sec * (uint64_t)CAIRN_NS_PER_SEC +
                           (uint64_t)st.st_mtim.tv_nsec);
    bool same_time =
        ns == node->modified_ns || node->modified_ns == INT64_MAX || node->modified_ns == INT64_MIN;
    return same_time && (uint64_t)st.st_size == node->size && S_ISREG(st.st_mode);
}

enum cairn_err img_reader_close(struct img_reader *reader, struct img_opened *file,
                                enum cairn_err err, struct cairn_why *why)
{
    const struct cairn_image_tree *tree = reader->tree;
    bool in_folder = tree->spool_fd < 0;
    bool opened = in_folder && file->fd >= 0;
    if (opened && !is_as_scanned(&tree->nodes[file->node], file->fd))
        err = changed(why, "changed while it was read"); /* and so it failed, if it did */
    if (opened) close(file->fd);
    return err ? img_tree_blame(tree, file->node, err, why) : CAIRN_OK;
}
