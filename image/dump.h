/* SPDX-License-Identifier: ISC */
/* A store written out: what a form of that has to do, and what all of them use. */
#ifndef CAIRN_IMAGE_DUMP_H
#define CAIRN_IMAGE_DUMP_H

#include <cairn/image_kv.h>

#define IMG_DUMP_PIECE ((size_t)3 << 18) /* bytes read at once; base64 makes no padding of it */

struct img_dump {
    struct cairn_kv *kv;
    const struct cairn_image_kv_options *options;
    struct cairn_image_kv_result *result;
    char *piece; /* IMG_DUMP_PIECE bytes */
};

/* A value or a dictionary, which is put before what is in it. */
struct img_dump_item {
    struct cairn_kv_key key; /* in the store */
    const char *path;        /* outside; ends in NUL */
    size_t path_bytes;
    struct cairn_kv_stat stat;
};

struct img_dump_form {
    enum cairn_err (*put)(void *out, struct img_dump *dump, const struct img_dump_item *item,
                          struct cairn_why *why);
    /* A dictionary, when all in it was put; NULL: nothing to do. */
    enum cairn_err (*leave)(void *out, const struct img_dump_item *item, struct cairn_why *why);
    /* With the path of what it was about on err; ends `out`. */
    enum cairn_err (*end)(void *out, enum cairn_err err, struct cairn_why *why);
};

/* Each opens its own `out`, which its form ends. */
enum cairn_err img_dump_folder(void **out, const struct img_dump_form **form, const char *dest,
                               struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_dump_tar(void **out, const struct img_dump_form **form, int fd,
                            struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err img_dump_lines(void **out, const struct img_dump_form **form, int fd,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Bytes of the item's value from offset on into dump->piece. CAIRN_ESTALE: it became shorter. */
enum cairn_err img_dump_read(struct img_dump *dump, const struct img_dump_item *item,
                             uint64_t offset, size_t bytes, struct cairn_why *why) CAIRN_MUST_USE;

/* Can the item's path stand in a file system? CAIRN_EINVAL: not with a part "." or "..", or a NUL.
 */
enum cairn_err img_dump_path_check(const struct img_dump_item *item,
                                   struct cairn_why *why) CAIRN_MUST_USE;

#endif
