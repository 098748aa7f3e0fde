/* SPDX-License-Identifier: ISC */
/* Files and directories into a volume, wherever their bytes come from. */
#ifndef CAIRN_IMAGE_PUT_PRIVATE_H
#define CAIRN_IMAGE_PUT_PRIVATE_H

#include <cairn/image.h>

/* Bytes at offset; *got is less only at the end. */
struct img_feed {
    enum cairn_err (*read)(void *ctx, uint64_t offset, void *buf, size_t bytes, size_t *got,
                           struct cairn_why *why);
    void *ctx;
};

/* One copying into one volume. */
struct img_put {
    struct cairn_fat *fs;
    const struct cairn_image_copy_options *options;
    struct cairn_image_copy_result *result;
    uint64_t done, total; /* bytes, for progress */
    uint64_t clusters;    /* that all files need */
    uint8_t *buf;         /* IMG_PUT_BYTES */
};
#define IMG_PUT_BYTES (1u << 20)

enum cairn_err img_put_begin(struct img_put *put, struct cairn_fat *fs,
                             const struct cairn_image_copy_options *options,
                             struct cairn_image_copy_result *result,
                             struct cairn_why *why) CAIRN_MUST_USE;
void img_put_end(struct img_put *put);

/* Tell beforehand of each file, then ask whether there is room for all, so that a volume that is
 * too full stays as it is. What directories need is not counted. CAIRN_ENOSPC. */
void img_put_expect(struct img_put *put, uint64_t size);
enum cairn_err img_put_room(struct img_put *put, struct cairn_why *why) CAIRN_MUST_USE;

/* The last segment of path without slashes behind it; "" for "/", "." and "..", whose contents are
 * meant. The caller frees it; NULL: no memory. */
char *img_base_name(const char *path);

/* Where path means something called base to go: into path when that is a directory, else to path
 * itself. *dir is held. The name is a part of path, or base. */
struct img_target {
    struct cairn_fat_node *dir;
    const char *name;
    size_t name_len;
};
enum cairn_err img_target_find(struct cairn_fat *fs, const char *path, const char *base,
                               struct img_target *target, struct cairn_why *why) CAIRN_MUST_USE;

/* The file: size as far as known, UINT64_MAX where only the feed knows; stat's members `which` are
 * set when all bytes are there. What was called so stays until then. */
struct img_file {
    struct img_feed feed;
    uint64_t size;
    struct cairn_fat_stat stat;
    uint32_t which;
};
enum cairn_err img_put_file(struct img_put *put, const struct img_target *target,
                            const struct img_file *file, struct cairn_why *why) CAIRN_MUST_USE;

/* A name that nothing in dir has, into the buffer of `name`. */
struct cairn_text;
enum cairn_err img_temp_name(struct cairn_fat_node *dir, struct cairn_text *name,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* The directory, made or there before; held. */
enum cairn_err img_put_directory(struct img_put *put, const struct img_target *target,
                                 struct cairn_fat_node **node,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
