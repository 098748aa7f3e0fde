/* SPDX-License-Identifier: ISC */
/* Key-value stores filled from folders and archives, walked, and written out. Hosted only. */
#ifndef CAIRN_IMAGE_KV_H
#define CAIRN_IMAGE_KV_H

#include <cairn/image.h>
#include <cairn/kv.h>

CAIRN_BEGIN

/* ---- walking ------------------------------------------------------------------------------- */

struct cairn_image_kv_step {
    struct cairn_kv_key key; /* in the store */
    const char *path;        /* from where the walk began, "a/b"; NUL-terminated */
    size_t path_bytes;
    struct cairn_kv_entry entry; /* its name is the end of path */
    uint32_t depth;              /* 1: directly in where the walk began */
    bool last;                   /* nothing follows in its dictionary */
};
struct cairn_image_kv_walker {
    /* Each value and dictionary; before what is in it. CAIRN_MUST_USE of what they return. */
    enum cairn_err (*visit)(void *ctx, const struct cairn_image_kv_step *step,
                            struct cairn_why *why);
    /* A dictionary, after what is in it; may be NULL. */
    enum cairn_err (*leave)(void *ctx, const struct cairn_image_kv_step *step,
                            struct cairn_why *why);
    void *ctx;
    uint32_t depth_most; /* dictionaries at this depth are not entered; 0: no limit */
};
/* All below the dictionary at key, depth first, by raw bytes, in constant memory. Stops at the
 * first error of theirs. CAIRN_ENAMETOOLONG: a path of over CAIRN_KV_WALK_BYTES. */
CAIRN_API enum cairn_err cairn_image_kv_walk(struct cairn_kv *kv, struct cairn_kv_key key,
                                             const struct cairn_image_kv_walker *walker,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* ---- loading and dumping ------------------------------------------------------------------- */

struct cairn_image_kv_options {
    /* Called now and then; return false to stop. May be NULL. */
    bool (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
    void *ctx;
};
struct cairn_image_kv_result {
    uint64_t values, dictionaries, bytes;
};

/* All of the tree, which was scanned with `keys`, into the dictionary at key, which is made when it
 * is absent: in one sorted batch where the store has batches, so all or nothing, and the same bytes
 * in a new store of the same clock every time; else value by value. Then dictionaries get their
 * times. CAIRN_ECANCELED: progress said stop. */
CAIRN_API enum cairn_err cairn_image_kv_load(struct cairn_kv *kv, struct cairn_kv_key key,
                                             const struct cairn_image_tree *tree,
                                             const struct cairn_image_kv_options *options,
                                             struct cairn_image_kv_result *result,
                                             struct cairn_why *why) CAIRN_MUST_USE;

/* All that is in `from` into `to`, which is empty, with its times: in sorted batches where `to` has
 * batches. total_bytes is for the progress only. CAIRN_ENAMETOOLONG: a path of over
 * CAIRN_KV_WALK_BYTES; CAIRN_ECANCELED; and what either store says. */
CAIRN_API enum cairn_err cairn_image_kv_copy(struct cairn_kv *from, struct cairn_kv *to,
                                             uint64_t total_bytes,
                                             const struct cairn_image_kv_options *options,
                                             struct cairn_image_kv_result *result,
                                             struct cairn_why *why) CAIRN_MUST_USE;

enum cairn_image_kv_form {
    CAIRN_IMAGE_KV_FOLDER, /* files and folders */
    CAIRN_IMAGE_KV_TAR,    /* pax */
    CAIRN_IMAGE_KV_LINES   /* JSON lines; docs/cli.md */
};

/* All below the dictionary at key, or one value, to dest: a folder, which is made when it is absent
 * (and nothing is ever written outside of it); a file, which is there only when it is whole; or
 * "-", standard output. CAIRN_EINVAL: a folder cannot hold such a key; why names it. */
CAIRN_API enum cairn_err cairn_image_kv_dump(struct cairn_kv *kv, struct cairn_kv_key key,
                                             enum cairn_image_kv_form form, const char *dest,
                                             const struct cairn_image_kv_options *options,
                                             struct cairn_image_kv_result *result,
                                             struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
