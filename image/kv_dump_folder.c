/* SPDX-License-Identifier: ISC */
/* A store as files and folders. Nothing leaves the destination: image/extract.c. */
#include "dump.h"
#include "extract.h"
#include "os.h"
#include "outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
    int root;
};

static enum cairn_err write_all(int fd, const char *bytes, size_t count, struct cairn_why *why)
{
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return img_os_fail(why, NULL, "write");
        bytes += done;
        count -= (size_t)done;
    }
    return CAIRN_OK;
}

static enum cairn_err value_write(struct img_dump *dump, const struct img_dump_item *item, int fd,
                                  struct cairn_why *why)
{
    for (uint64_t at = 0; at < item->stat.size;) {
        uint64_t left = item->stat.size - at;
        size_t bytes = left < IMG_DUMP_PIECE ? (size_t)left : IMG_DUMP_PIECE;
        enum cairn_err err = img_dump_read(dump, item, at, bytes, why);
        if (!err) err = write_all(fd, dump->piece, bytes, why);
        if (err) return err;
        at += bytes;
    }
    return CAIRN_OK;
}

static enum cairn_err value_put(const struct folder *folder, struct img_dump *dump,
                                const struct img_dump_item *item, struct cairn_why *why)
{
    struct img_outfile file;
    const char *name;
    int dir = img_beneath_open_parent(folder->root, item->path, &name);
    if (dir < 0) return img_os_fail(why, item->path, "open the folder above");
    enum cairn_err err = img_outfile_open(&file, dir, name, 0666, false, why);
    if (!err) {
        err = value_write(dump, item, file.fd, why);
        if (err)
            img_outfile_abort(&file);
        else
            err = img_outfile_commit(&file, item->stat.modified_ns, why);
    }
    (void)close(dir);
    return err;
}

static enum cairn_err put(void *out, struct img_dump *dump, const struct img_dump_item *item,
                          struct cairn_why *why)
{
    const struct folder *folder = out;
    enum cairn_err err = img_dump_path_check(item, why);
    if (err) return err;
    return item->stat.kind == CAIRN_KV_DICTIONARY ? img_folder_make(folder->root, item->path, why)
                                                  : value_put(folder, dump, item, why);
}

static enum cairn_err leave(void *out, const struct img_dump_item *item, struct cairn_why *why)
{
    const struct folder *folder = out;
    return img_folder_finish(folder->root, item->path, item->stat.modified_ns, why);
}

static enum cairn_err end(void *out, enum cairn_err err, struct cairn_why *why)
{
    struct folder *folder = out;
    (void)why;
    (void)close(folder->root);
    free(folder);
    return err;
}

enum cairn_err img_dump_folder(void **out, const struct img_dump_form **form, const char *dest,
                               struct cairn_why *why)
{
    static const struct img_dump_form folder_form = { put, leave, end };
    struct folder *folder = malloc(sizeof *folder);
    if (!folder) return img_no_memory(why);
    enum cairn_err err = img_dest_open(dest, &folder->root, why);
    *out = folder;
    *form = &folder_form;
    if (err) free(folder);
    return err;
}
