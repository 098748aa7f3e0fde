/* SPDX-License-Identifier: ISC */
/*
 * An image appears under its name only when it is complete. Until then it has no name at all
 * (O_TMPFILE), so that nothing can be left behind; a filesystem without that gets a hidden name.
 */
#include "os.h"
#include "sink.h"
#include "tree.h"

#include <cairn/bytes.h>
#include <cairn/platform.h>
#include <cairn/text.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory that path is in, "." when it says none. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A name in the target's directory that nobody has: by process and moment. */
static char *temporary_name(const char *directory)
{
    char buf[64];
    struct cairn_text text;
    cairn_text_init(&text, buf, sizeof buf);
    cairn_text_fmt(&text, "/.cairn-%ld-%llu.tmp", (long)getpid(),
                   (unsigned long long)cairn_platform_mono_ns());
    char *name = malloc(cairn_str_len(directory) + text.len + 1);
    if (!name) return NULL;
    memcpy(name, directory, cairn_str_len(directory));
    memcpy(name + cairn_str_len(directory), buf, text.len + 1);
    return name;
}

/* The device's blocks, as sectors of the size that images are made of. */
static enum cairn_err device_sectors(struct img_output *output, struct cairn_blk *dev,
                                     struct cairn_why *why)
{
    output->sink.dev = dev;
    if (dev->info.block_bytes == IMG_SINK_SECTOR) return CAIRN_OK;
    size_t bytes = cairn_blk_blocksize_mem(dev, IMG_SINK_SECTOR);
    output->bounce = aligned_alloc(IMG_SINK_ALIGN, cairn_round_up(bytes, IMG_SINK_ALIGN));
    if (!output->bounce) return img_no_memory(why);
    enum cairn_err err = cairn_blk_blocksize_open(&output->sectors, dev, IMG_SINK_SECTOR,
                                                  output->bounce, bytes, why);
    if (!err) output->sink.dev = &output->sectors.base;
    return err;
}

static enum cairn_err device_room(const struct img_output *output, const char *name,
                                  uint64_t total_bytes, struct cairn_why *why)
{
    uint64_t size = cairn_blk_bytes(output->sink.dev);
    if (size >= total_bytes) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOSPC, "the image has %llu bytes, it has %llu",
                                        (unsigned long long)total_bytes, (unsigned long long)size);
    cairn_why_hint(why, "make the device larger, or the image smaller with less in it or --size");
    cairn_why_path(why, name, cairn_str_len(name));
    return err;
}

static enum cairn_err device_open(struct img_output *output, const char *name, uint64_t total_bytes,
                                  struct cairn_why *why)
{
    struct cairn_blk_file_options options = { .write = true };
    output->sink.kind = IMG_SINK_DEVICE;
    enum cairn_err err = cairn_blk_open(&output->device, name, &options, why);
    if (!err) err = device_sectors(output, output->device.dev, why);
    return err ? err : device_room(output, name, total_bytes, why);
}

static enum cairn_err partition_open(struct img_output *output,
                                     const struct cairn_image_place *place, const char *name,
                                     uint64_t total_bytes, struct cairn_why *why)
{
    struct cairn_image_open_options options = { .write = true };
    output->sink.kind = IMG_SINK_DEVICE;
    enum cairn_err err = cairn_image_open_device(&output->partition, place, &options, why);
    if (!err) err = device_sectors(output, cairn_image_blk(output->partition), why);
    return err ? err : device_room(output, name, total_bytes, why);
}

static void device_close(struct img_output *output)
{
    enum cairn_err ignored = CAIRN_OK; /* what was written was flushed, or has failed */
    if (output->sink.dev == &output->sectors.base)
        ignored = cairn_blk_close(&output->sectors.base, NULL);
    if (output->partition) ignored = cairn_image_close(output->partition, NULL);
    if (output->device.dev) ignored = cairn_blk_any_close(&output->device, NULL);
    (void)ignored;
    free(output->bounce);
}

/* A new file without a name, else one with a hidden name. */
static enum cairn_err file_new(struct img_output *output, struct cairn_why *why)
{
    output->sink.fd = open(output->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (output->sink.fd >= 0) return CAIRN_OK;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
        return img_os_fail(why, output->path, "make the image");
    char *name = temporary_name(output->directory);
    if (!name) return img_no_memory(why);
    output->sink.fd = open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (output->sink.fd >= 0) {
        output->temporary = name;
        return CAIRN_OK;
    }
    free(name);
    return img_os_fail(why, output->path, "make the image");
}

static enum cairn_err file_open(struct img_output *output, uint64_t total_bytes, mode_t mode,
                                struct cairn_why *why)
{
    output->sink.kind = IMG_SINK_FILE;
    enum cairn_err err = file_new(output, why);
    if (err) return err;
    if (output->replaces && fchmod(output->sink.fd, mode & 07777) != 0)
        return img_os_fail(why, output->path, "set the mode of");
    if (ftruncate(output->sink.fd, (off_t)total_bytes) != 0)
        return img_os_fail(why, output->path, "make the image");
    return CAIRN_OK;
}

/* What others are writing into an image would be lost with it. One that cannot be opened at all can
 * still be replaced. */
static enum cairn_err old_hold(struct img_output *output, struct cairn_why *why)
{
    struct cairn_blk_file_options options = { .write = false };
    enum cairn_err err = cairn_blk_file_open(&output->old, output->path, &options, why);
    output->holds_old = !err;
    return err == CAIRN_EBUSY ? err : CAIRN_OK;
}

static enum cairn_err file_replace(struct img_output *output, uint64_t total_bytes, mode_t mode,
                                   struct cairn_why *why)
{
    enum cairn_err err = old_hold(output, why);
    return err ? err : file_open(output, total_bytes, mode, why);
}

/* An image that is part of its own source would be another one the next time. */
static enum cairn_err not_in_source(const struct cairn_image_tree *tree, const struct stat *st,
                                    struct cairn_why *why)
{
    if (tree->root_fd < 0) return CAIRN_OK;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct img_node *node = &tree->nodes[i];
        bool same = node->origin == st->st_ino && node->device == st->st_dev;
        if (!same || node->size != (uint64_t)st->st_size) continue; /* numbers are used again */
        enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "the image is part of its source");
        cairn_why_hint(why, "name an image outside the folder, or remove the old one first");
        return img_tree_blame(tree, i, err, why);
    }
    return CAIRN_OK;
}

/* Where path leads, with st of what is there. */
static enum cairn_err resolve(struct img_output *output, const char *path, struct stat *st,
                              struct cairn_why *why)
{
    struct stat link;
    output->path = realpath(path, NULL);
    output->replaces = output->path && stat(output->path, st) == 0;
    if (output->replaces) return CAIRN_OK;
    bool absent = errno == ENOENT;
    if (!absent) return img_os_fail(why, path, "look at");
    if (lstat(path, &link) == 0)
        return cairn_why_fail(why, CAIRN_ENOENT, "'%s' is a symbolic link to nothing", path);
    output->path = strdup(path);
    return output->path ? CAIRN_OK : img_no_memory(why);
}

enum cairn_err img_output_open(struct img_output *output, const char *path, uint64_t total_bytes,
                               const struct cairn_image_tree *tree, struct cairn_why *why)
{
    struct stat st = { 0 };
    const char *file = cairn_blk_file_path(path);
    struct cairn_image_place place;
    *output = (struct img_output){ .sink.fd = -1 };
    enum cairn_err err = cairn_image_place_parse(path, &place, why);
    if (err) return err;
    if (place.part[0]) return partition_open(output, &place, path, total_bytes, why);
    if (!file) return device_open(output, path, total_bytes, why);
    err = resolve(output, file, &st, why);
    if (err) return err;
    output->directory = directory_of(output->path);
    if (!output->directory) return img_no_memory(why);
    if (!output->replaces) return file_open(output, total_bytes, 0, why);
    err = not_in_source(tree, &st, why);
    if (err) return err;
    if (S_ISBLK(st.st_mode)) return device_open(output, path, total_bytes, why);
    if (S_ISREG(st.st_mode)) return file_replace(output, total_bytes, st.st_mode, why);
    err = cairn_why_fail(why, S_ISDIR(st.st_mode) ? CAIRN_EISDIR : CAIRN_ENOTSUP,
                         "not a file nor a block device");
    cairn_why_path(why, path, cairn_str_len(path));
    return err;
}

/* Give the nameless file a name; false: errno. */
static bool link_to(int fd, const char *path)
{
    char proc[64];
    struct cairn_text text;
    cairn_text_init(&text, proc, sizeof proc);
    cairn_text_fmt(&text, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
           (errno == ENOENT && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0);
}

/* A name cannot be taken over by linking, only by renaming: so by way of a hidden one. */
static enum cairn_err name_give(struct img_output *output, struct cairn_why *why)
{
    if (!output->temporary) {
        if (!output->replaces && link_to(output->sink.fd, output->path)) return CAIRN_OK;
        output->temporary = temporary_name(output->directory);
        if (!output->temporary) return img_no_memory(why);
        if (!link_to(output->sink.fd, output->temporary)) {
            free(output->temporary);
            output->temporary = NULL;
            return img_os_fail(why, output->path, "name the image");
        }
    }
    if (rename(output->temporary, output->path) != 0)
        return img_os_fail(why, output->path, "name the image");
    free(output->temporary);
    output->temporary = NULL;
    return CAIRN_OK;
}

static enum cairn_err directory_sync(const struct img_output *output, struct cairn_why *why)
{
    int fd = open(output->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? -1 : fsync(fd);
    enum cairn_err err = failed ? img_os_fail(why, output->directory, "sync") : CAIRN_OK;
    if (fd >= 0) close(fd);
    return err;
}

enum cairn_err img_output_finish(struct img_output *output, bool sync, struct cairn_why *why)
{
    if (output->sink.kind == IMG_SINK_DEVICE)
        return sync ? img_sink_flush(&output->sink, why) : CAIRN_OK;
    if (sync && fsync(output->sink.fd) != 0) return img_os_fail(why, output->path, "sync");
    enum cairn_err err = name_give(output, why);
    if (err || !sync) return err;
    return directory_sync(output, why);
}

void img_output_close(struct img_output *output)
{
    if (output->holds_old) {
        enum cairn_err ignored = cairn_blk_close(&output->old.base, NULL);
        (void)ignored; /* it was only read */
    }
    if (output->sink.fd >= 0) close(output->sink.fd);
    device_close(output);
    if (output->temporary) unlink(output->temporary);
    free(output->temporary);
    free(output->directory);
    free(output->path);
}
