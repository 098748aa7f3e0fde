/* SPDX-License-Identifier: ISC */
/* The changes of the interface, staged in a set: what each does to the tree's entries. */
#ifndef CAIRN_KV_NATIVE_EDIT_H
#define CAIRN_KV_NATIVE_EDIT_H

#include "store.h"

/* Arguments of any of them. */
struct kvn_edit {
    struct cairn_kv_key key, to;
    const void *data;
    uint64_t offset, size;
    size_t bytes;
    uint32_t flags;
    int64_t time_ns;
};

/* Each has the lock, which it may drop, and stages; after an error the caller takes back what was.
 */
typedef enum cairn_err kvn_edit_fn(struct kvn_change_set *set, const struct kvn_edit *edit,
                                   struct cairn_why *why) CAIRN_MUST_USE;
kvn_edit_fn kvn_edit_set, kvn_edit_write, kvn_edit_allocate; /* edit_value.c */
kvn_edit_fn kvn_edit_make, kvn_edit_remove, kvn_edit_time;   /* edit_name.c */
kvn_edit_fn kvn_edit_rename;                                 /* edit_rename.c */

/* What stands at a key, copied so that it outlives the lock. */
struct kvn_stands {
    struct kvn_place place;
    bool is;
    struct kvn_record record; /* its data and chunk are not to be looked at */
    bool has_chunk;
    struct kvn_chunk chunk;
    uint32_t inline_bytes; /* of a value in place, whose bytes are in the store's inline_mem */
};
enum cairn_err kvn_stands_find(struct kvn_change_set *set, struct cairn_kv_key key, uint64_t avoid,
                               struct kvn_stands *stands, struct cairn_why *why) CAIRN_MUST_USE;
/* The same, of the place that stands->place is already. */
enum cairn_err kvn_stands_at(struct kvn_change_set *set, struct kvn_stands *stands,
                             struct cairn_why *why) CAIRN_MUST_USE;
/* The same, and dictionaries that are missing above it are made. */
enum cairn_err kvn_stands_make(struct kvn_change_set *set, struct cairn_kv_key key, uint64_t avoid,
                               struct kvn_stands *stands, struct cairn_why *why) CAIRN_MUST_USE;
/* An entry came or went in the dictionary above: its time of last change is the set's. */
enum cairn_err kvn_touch_above(struct kvn_change_set *set, const struct kvn_place *place,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* What is under the record's id is to be reclaimed, if it has one. */
enum cairn_err kvn_bury_record(struct kvn_change_set *set, const struct kvn_record *record,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* The record that stands, once more, under this key and with this time. */
enum cairn_err kvn_stage_again(struct kvn_change_set *set, const struct kvn_stands *stands,
                               struct kvn_slice key, int64_t time_ns,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* A copy of the first `size` bytes of a chunk, with pages of its own. */
enum cairn_err kvn_chunk_copy(struct kvn_change_set *set, const struct kvn_chunk *chunk,
                              uint64_t size, struct kvn_chunk *copy,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Is nothing under this id? */
enum cairn_err kvn_id_is_empty(struct kvn_change_set *set, uint64_t id, bool *empty,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Write into a chunk (old NULL: there is none) in pieces that the writer's memory holds. */
enum cairn_err kvn_chunk_put(struct kvn_change_set *set, const struct kvn_chunk *old,
                             uint32_t offset, const uint8_t *data, uint32_t bytes,
                             struct kvn_chunk *out, struct cairn_why *why) CAIRN_MUST_USE;
/* Before pages are allocated: a checkpoint that must end first does, and there is room; of what is
 * kept for removing, too, when the store does not grow by them. Drops the lock. */
enum cairn_err kvn_pages_ready(struct kvn_change_set *set, uint64_t pages, bool grows,
                               struct cairn_why *why) CAIRN_MUST_USE;

#endif
