/* SPDX-License-Identifier: ISC */
/* Extraction in three steps: plan (what is there, are the names good), folders, files. */
#ifndef CAIRN_IMAGE_EXTRACT_PRIVATE_H
#define CAIRN_IMAGE_EXTRACT_PRIVATE_H

#include "strings.h"

#include <cairn/image.h>

struct img_job_dir {
    const char *path; /* below dest; "" for it */
    int64_t modified_ns;
};
struct img_job_file {
    const char *name;
    size_t dir; /* of dirs */
    uint64_t size;
    int64_t modified_ns;
    uint32_t first_cluster;
    bool read_only;
};
struct img_jobs {
    struct img_job_dir *dirs;
    struct img_job_file *files;
    size_t dir_count, file_count;
    uint64_t bytes;
    struct img_strings strings;
};

/* Everything below the directory at path; parents before what is in them. CAIRN_ECORRUPT: a name
 * that no file of the host can bear. */
enum cairn_err img_jobs_plan(struct img_jobs *jobs, struct cairn_fat *fs, const char *path,
                             struct cairn_why *why) CAIRN_MUST_USE;
void img_jobs_free(struct img_jobs *jobs);

/* The folder path below root, by openat2 within it and without symlinks; -1 and errno. */
int img_beneath_open(int root, const char *path);
/* The folder that holds path, and its last segment; as img_beneath_open. */
int img_beneath_open_parent(int root, const char *path, const char **name);
/* Make the folder path below root, unless it is there; and set its time, when all is in it. */
enum cairn_err img_folder_make(int root, const char *path, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_folder_finish(int root, const char *path, int64_t modified_ns,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* The folder dest, made when it is absent. *root is -1 when this fails. */
enum cairn_err img_dest_open(const char *dest, int *root, struct cairn_why *why) CAIRN_MUST_USE;
/* The folder that dest names its file in: the caller's own, so that symlinks in it are followed. */
enum cairn_err img_dest_parent_open(const char *dest, int *dir, const char **name,
                                    struct cairn_why *why) CAIRN_MUST_USE;

/* All files of jobs from the directory at path of image into the folders below root. */
enum cairn_err img_files_extract(struct cairn_image *image, const char *path, int root,
                                 const struct img_jobs *jobs,
                                 const struct cairn_image_copy_options *options,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* Memory through which small files and pieces of large ones go. */
#define IMG_COPY_BYTES (1u << 20)

/* The contents of node to descriptor fd, from its position 0. *done is told, and asked whether to
 * go on (false: CAIRN_ECANCELED), after each piece. */
enum cairn_err img_file_copy_out(struct cairn_image *image, struct cairn_fat_node *node,
                                 uint64_t size, int fd, uint8_t *buf,
                                 bool (*piece)(void *ctx, uint64_t bytes), void *ctx,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
