/* SPDX-License-Identifier: ISC */
/*
 * From the image to the host. Nothing leaves the destination: every folder below it is reached by
 * openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, and files are made with O_EXCL.
 */
#include "extract.h"
#include "os.h"
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int img_beneath_open(int root, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path[0] ? path : ".", &how, sizeof how);
}

int img_beneath_open_parent(int root, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (!slash) return img_beneath_open(root, "");
    char *parent = strndup(path, (size_t)(slash - path));
    if (!parent) {
        errno = ENOMEM;
        return -1;
    }
    int fd = img_beneath_open(root, parent);
    int saved = errno;
    free(parent);
    errno = saved;
    return fd;
}

/* ---- folders ------------------------------------------------------------------------------- */

static enum cairn_err in_the_way(const char *path, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EEXIST, "make the folder");
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why, "something that is no folder has its name; move it away");
    return err;
}

enum cairn_err img_folder_make(int root, const char *path, struct cairn_why *why)
{
    const char *name;
    struct stat st;
    int parent = img_beneath_open_parent(root, path, &name);
    if (parent < 0) return img_os_fail(why, path, "open the folder above");
    enum cairn_err err = CAIRN_OK;
    if (mkdirat(parent, name, 0777) != 0) {
        if (errno != EEXIST)
            err = img_os_fail(why, path, "make the folder");
        else if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
            err = in_the_way(path, why);
    }
    (void)close(parent);
    return err;
}

static enum cairn_err folders_make(int root, const struct img_jobs *jobs, struct cairn_why *why)
{
    for (size_t i = 1; i < jobs->dir_count; i++) {
        enum cairn_err err = img_folder_make(root, jobs->dirs[i].path, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err img_folder_finish(int root, const char *path, int64_t modified_ns,
                                 struct cairn_why *why)
{
    struct timespec times[2];
    enum cairn_err err = CAIRN_OK;
    img_times_from_ns(times, modified_ns);
    int fd = img_beneath_open(root, path);
    if (fd < 0 || futimens(fd, times) != 0) err = img_os_fail(why, path, "set the time of");
    if (fd >= 0) (void)close(fd);
    return err;
}

/* Last and innermost first: making files in a folder changes its time. */
static enum cairn_err folders_finish(int root, const struct img_jobs *jobs, struct cairn_why *why)
{
    for (size_t i = jobs->dir_count; i-- > 1;) {
        const struct img_job_dir *dir = &jobs->dirs[i];
        enum cairn_err err = img_folder_finish(root, dir->path, dir->modified_ns, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err img_dest_open(const char *dest, int *root, struct cairn_why *why)
{
    if (mkdir(dest, 0777) != 0 && errno != EEXIST) return img_os_fail(why, dest, "make the folder");
    *root = open(dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *root < 0 ? img_os_fail(why, dest, "open the folder") : CAIRN_OK;
}

static enum cairn_err dir_extract(struct cairn_image *image, const char *path, const char *dest,
                                  const struct cairn_image_copy_options *options,
                                  struct cairn_image_copy_result *result, struct cairn_why *why)
{
    struct img_jobs jobs;
    int root = -1;
    enum cairn_err err = img_jobs_plan(&jobs, cairn_image_fat(image), path, why);
    if (err) return err;
    err = img_dest_open(dest, &root, why);
    if (!err) err = folders_make(root, &jobs, why);
    if (!err) err = img_files_extract(image, path, root, &jobs, options, why);
    if (!err) err = folders_finish(root, &jobs, why);
    if (root >= 0) (void)close(root);
    result->files += jobs.file_count;
    result->directories += jobs.dir_count - 1; /* dest is the caller's */
    result->bytes += jobs.bytes;
    img_jobs_free(&jobs);
    return err;
}

/* ---- one file ------------------------------------------------------------------------------ */

struct single {
    const struct cairn_image_copy_options *options;
    uint64_t done, size;
};

static bool single_piece(void *ctx, uint64_t bytes)
{
    struct single *single = ctx;
    single->done += bytes;
    return !single->options->progress ||
           single->options->progress(single->options->ctx, single->done, single->size);
}

static enum cairn_err single_write(struct cairn_image *image, struct cairn_fat_node *node,
                                   const struct cairn_fat_stat *stat, int dir, const char *name,
                                   const struct cairn_image_copy_options *options,
                                   struct cairn_why *why)
{
    struct img_outfile out;
    bool read_only = options->preserve && (stat->attributes & CAIRN_FAT_READ_ONLY);
    struct single single = { .options = options, .size = stat->size };
    uint8_t *buf = malloc(IMG_COPY_BYTES);
    if (!buf) return cairn_why_fail(why, CAIRN_ENOMEM, "copy a file");
    enum cairn_err err =
        img_outfile_open(&out, dir, name, read_only ? 0444 : 0666, options->no_replace, why);
    if (!err) {
        err = img_file_copy_out(image, node, stat->size, out.fd, buf, single_piece, &single, why);
        if (err)
            img_outfile_abort(&out);
        else
            err = img_outfile_commit(&out, options->preserve ? stat->modified_ns : INT64_MIN, why);
    }
    free(buf);
    return err;
}

enum cairn_err img_dest_parent_open(const char *dest, int *dir, const char **name,
                                    struct cairn_why *why)
{
    const char *slash = strrchr(dest, '/');
    *name = slash ? slash + 1 : dest;
    size_t len = slash ? (size_t)(*name - dest) : 1;
    char *parent = strndup(slash ? dest : ".", len);
    if (!parent) return cairn_why_fail(why, CAIRN_ENOMEM, "copy a file");
    *dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum cairn_err err = *dir < 0 ? img_os_fail(why, parent, "open the folder") : CAIRN_OK;
    free(parent);
    return err;
}

static enum cairn_err single_extract(struct cairn_image *image, struct cairn_fat_node *node,
                                     const struct cairn_fat_stat *stat, const char *dest,
                                     const struct cairn_image_copy_options *options,
                                     struct cairn_why *why)
{
    int dir = -1;
    const char *name;
    enum cairn_err err = img_dest_parent_open(dest, &dir, &name, why);
    if (err) return err;
    err = single_write(image, node, stat, dir, name, options, why);
    (void)close(dir);
    return err;
}

enum cairn_err cairn_image_extract(struct cairn_image *image, const char *path, const char *dest,
                                   const struct cairn_image_copy_options *options,
                                   struct cairn_image_copy_result *result, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_walk(cairn_image_fat(image), path, strlen(path), &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    if (!err && !stat.is_directory) {
        err = single_extract(image, node, &stat, dest, options, why);
        result->files++;
        result->bytes += stat.size;
    }
    cairn_fat_release(node);
    if (err || !stat.is_directory) return err;
    return dir_extract(image, path, dest, options, result, why);
}
