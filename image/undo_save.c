/* SPDX-License-Identifier: ISC */
/* Writing an undo file: records as they come, the header behind each round. undo.h (1). */
#include "undo.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cairn_image_undo {
    struct cairn_hasher hasher; /* of all records so far */
    struct img_undo_header header;
    char *path;
    FILE *file;       /* NULL until the first save */
    uint64_t records; /* so far; those of the header are on the disk */
};

static enum cairn_err undo_fail(const struct cairn_image_undo *undo, const char *what,
                                struct cairn_why *why)
{
    return img_os_fail(why, undo->path, what);
}

static void undo_free(struct cairn_image_undo *undo)
{
    free(undo->path);
    free(undo);
}

static enum cairn_err name_check(const char *path, struct cairn_why *why)
{
    struct stat st;
    if (lstat(path, &st) != 0) return CAIRN_OK;
    errno = EEXIST;
    enum cairn_err err = img_os_fail(why, path, "make the undo file");
    cairn_why_hint(why, "name a file that is not there yet");
    return err;
}

enum cairn_err img_undo_begin(struct cairn_image_undo **out, const char *path,
                              const struct img_undo_header *of, struct cairn_why *why)
{
    enum cairn_err err = name_check(path, why);
    if (err) return err;
    struct cairn_image_undo *undo = aligned_alloc(_Alignof(struct cairn_image_undo), sizeof *undo);
    if (!undo) return cairn_why_fail(why, CAIRN_ENOMEM, "make the undo file");
    *undo = (struct cairn_image_undo){ .header = *of, .path = strdup(path) };
    if (!undo->path) {
        undo_free(undo);
        return cairn_why_fail(why, CAIRN_ENOMEM, "make the undo file");
    }
    cairn_hasher_init(&undo->hasher);
    *out = undo;
    return CAIRN_OK;
}

enum cairn_err cairn_image_undo_begin(struct cairn_image_undo **undo, const char *path,
                                      struct cairn_image *image, struct cairn_why *why)
{
    struct img_undo_header of = img_undo_header_of(image);
    return img_undo_begin(undo, path, &of, why);
}

/* The header stays a hole until the first round is on the disk. */
static enum cairn_err file_make(struct cairn_image_undo *undo, struct cairn_why *why)
{
    if (undo->file) return CAIRN_OK;
    int fd = open(undo->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return undo_fail(undo, "make the undo file", why);
    undo->file = fdopen(fd, "w+");
    if (!undo->file) (void)close(fd);
    if (undo->file && fseeko(undo->file, IMG_UNDO_HEADER_BYTES, SEEK_SET) == 0) return CAIRN_OK;
    return undo_fail(undo, "make the undo file", why);
}

static bool bytes_put(struct cairn_image_undo *undo, const void *bytes, size_t len)
{
    cairn_hasher_add(&undo->hasher, bytes, len);
    return fwrite(bytes, 1, len, undo->file) == len;
}

enum cairn_err cairn_image_undo_save(void *ctx, uint64_t at, const uint8_t *old, const uint8_t *now,
                                     size_t bytes, struct cairn_why *why)
{
    struct cairn_image_undo *undo = ctx;
    uint32_t block_bytes = undo->header.block_bytes;
    if (at % block_bytes || bytes % block_bytes)
        return cairn_why_fail(why, CAIRN_EINVAL, "save a part of a block");
    enum cairn_err err = file_make(undo, why);
    if (err) return err;
    for (size_t i = 0; i < bytes; i += block_bytes) {
        uint8_t head[IMG_UNDO_RECORD_HEAD] = { 0 };
        cairn_le64_put(head, (at + i) / block_bytes);
        cairn_le32_put(head + 8, undo->header.rounds + 1);
        if (!bytes_put(undo, head, sizeof head) || !bytes_put(undo, old + i, block_bytes) ||
            !bytes_put(undo, now + i, block_bytes))
            return undo_fail(undo, "write", why);
        undo->records++;
    }
    return CAIRN_OK;
}

static enum cairn_err header_write(struct cairn_image_undo *undo, struct cairn_why *why)
{
    uint8_t bytes[IMG_UNDO_HEADER_BYTES];
    img_undo_header_encode(&undo->header, bytes);
    ssize_t written = pwrite(fileno(undo->file), bytes, sizeof bytes, 0);
    if (written >= 0 && written < (ssize_t)sizeof bytes) errno = ENOSPC;
    if (written != (ssize_t)sizeof bytes || fsync(fileno(undo->file)) != 0)
        return undo_fail(undo, "write", why);
    return CAIRN_OK;
}

/* The name is durable only with its directory. */
static enum cairn_err directory_sync(const struct cairn_image_undo *undo, struct cairn_why *why)
{
    const char *slash = strrchr(undo->path, '/');
    size_t len = slash == undo->path ? 1 : slash ? (size_t)(slash - undo->path) : 0;
    char *directory = slash ? strndup(undo->path, len) : strdup(".");
    if (!directory) return cairn_why_fail(why, CAIRN_ENOMEM, "make the undo file");
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    if (fd < 0) return undo_fail(undo, "open the directory", why);
    bool synced = fsync(fd) == 0 || errno == EINVAL; /* some file systems cannot, and need not */
    enum cairn_err err = synced ? CAIRN_OK : undo_fail(undo, "sync the directory", why);
    (void)close(fd);
    return err;
}

enum cairn_err cairn_image_undo_saved(void *ctx, struct cairn_why *why)
{
    struct cairn_image_undo *undo = ctx;
    struct img_undo_header before = undo->header;
    if (undo->records == before.records) return CAIRN_OK;
    if (fflush(undo->file) != 0 || fsync(fileno(undo->file)) != 0)
        return undo_fail(undo, "write", why);
    undo->header.records = undo->records;
    undo->header.rounds++;
    undo->header.hash = cairn_hasher_value(&undo->hasher);
    enum cairn_err err = header_write(undo, why);
    if (!err && before.rounds == 0) err = directory_sync(undo, why);
    if (err) undo->header = before; /* the round will not be written */
    return err;
}

/* What the file is in the end. Of a round that was not sealed nothing is to stay. */
static enum cairn_err file_finish(struct cairn_image_undo *undo, bool finished,
                                  struct cairn_why *why)
{
    const struct img_undo_header *header = &undo->header;
    uint64_t bytes = header->records * img_undo_record_bytes(header->block_bytes);
    (void)fflush(undo->file);
    if (ftruncate(fileno(undo->file), (off_t)(IMG_UNDO_HEADER_BYTES + bytes)) != 0)
        return undo_fail(undo, "write", why);
    undo->header.finished = finished;
    return header_write(undo, why);
}

enum cairn_err cairn_image_undo_end(struct cairn_image_undo *undo, bool finished, bool *made,
                                    struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    *made = undo->header.rounds > 0;
    if (*made) err = file_finish(undo, finished, why);
    if (undo->file && !*made) (void)unlink(undo->path);
    if (undo->file && fclose(undo->file) != 0 && *made && !err) err = undo_fail(undo, "close", why);
    undo_free(undo);
    return err;
}
