/* SPDX-License-Identifier: ISC */
/*
 * A directory of a FAT volume as a store (kv_fat.h).
 *
 * Invariants:
 *  1. Names are told apart by their bytes: each segment is looked up with cairn_fat_find and
 *     compared with how it is spelled on the volume. Nothing is read, changed or removed under
 *     another spelling.
 *  2. A new value is a file in `aside` until it is whole; then one rename gives it its name.
 *  3. What fails leaves no file in `aside`, and no dictionary that it made on its way.
 *  4. A dictionary that is removed has left its place before anything in it is removed, where there
 *     is room for that.
 *  5. What lies in `aside` at open is removed only on a volume that was unmounted, or repaired: a
 *     cut in the middle of a rename leaves both names, whose clusters are the same.
 *
 * Locks: `lock` is held by whoever changes something, from beginning to end; it guards `aside`,
 * `next` and `buf`. Reading takes none: the volume has its own.
 */
#ifndef CAIRN_KV_ONFAT_H
#define CAIRN_KV_ONFAT_H

#include "../impl.h"

#include <cairn/kv_fat.h>
#include <cairn/sync.h>

struct kv_fat {
    struct cairn_kv kv;
    struct cairn_fat *fs;
    struct cairn_fat_node *root;  /* the store's; held */
    struct cairn_fat_node *aside; /* CAIRN_KV_FAT_RESERVED in it, held; NULL: not needed yet */
    struct cairn_lock lock;
    uint64_t copy_max;
    uint32_t next; /* number of the next file in aside */
    bool lazy;
    bool is_volume; /* root is the volume's */
    size_t buf_bytes;
    uint8_t *buf; /* for copies */
};

static inline struct kv_fat *kv_fat_of(const struct cairn_kv *kv)
{
    return kv->of;
}

/* ---- keys (path.c) --------------------------------------------------------------------------- */

/* How the volume knows a name. */
enum kv_fat_match {
    KV_FAT_ABSENT, /* not at all */
    KV_FAT_FOUND,  /* spelled just so */
    KV_FAT_OTHER   /* as another one, which FAT takes for the same */
};

/* Where a key's last segment stands, or would stand. Of the root: dir is it, name is empty. */
struct kv_fat_place {
    struct cairn_fat_node *dir; /* held */
    const char *name;           /* in the key's bytes */
    size_t bytes;
    enum kv_fat_match match;
    struct cairn_fat_entry entry; /* unless absent */
};

/* Dictionaries that were made on the way to a place. */
struct kv_fat_made {
    struct cairn_fat_node *dir; /* that holds the first; held; NULL: none was made */
    const char *name;
    size_t bytes;
};

static inline bool kv_fat_is_dictionary(const struct kv_fat_place *place)
{
    return place->match == KV_FAT_FOUND && place->entry.stat.is_directory;
}

/* Is it the name of `aside`, in any case? It means that only in the store's root. */
bool kv_fat_is_reserved(const struct kv_fat *store, const struct cairn_fat_node *dir,
                        const char *name, size_t bytes);

/* Find a key. made NULL: dictionaries above it have to be there, CAIRN_ENOENT; else they are made,
 * and nothing is left of that when this fails. CAIRN_ENOTDIR. The place is to be left. */
enum cairn_err kv_fat_find(const struct kv_fat *store, struct cairn_kv_key key,
                           struct kv_fat_made *made, struct kv_fat_place *place,
                           struct cairn_why *why) CAIRN_MUST_USE;
/* The same by directory and name: dir's hold is the place's from here on, also when this fails. */
enum cairn_err kv_fat_find_in(const struct kv_fat *store, struct cairn_fat_node *dir,
                              const char *name, size_t bytes, struct kv_fat_place *place,
                              struct cairn_why *why) CAIRN_MUST_USE;
void kv_fat_leave(struct kv_fat_place *place);
/* The call that made these has come to err, or to an end: away with them, or they stay. */
void kv_fat_made_end(const struct kv_fat *store, struct kv_fat_made *made, enum cairn_err err);

/* May something be stored at the place? CAIRN_EINVAL: its name is reserved; CAIRN_EEXIST: FAT takes
 * it for another one. */
enum cairn_err kv_fat_may_store(const struct kv_fat *store, const struct kv_fat_place *place,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* The node of a key, held. CAIRN_ENOENT, CAIRN_ENOTDIR. */
enum cairn_err kv_fat_node(const struct kv_fat *store, struct cairn_kv_key key,
                           struct cairn_fat_node **node, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- aside (aside.c) ------------------------------------------------------------------------- */

#define KV_FAT_ASIDE_BYTES 8u

/* A name in `aside`, and the file under it while it is being written. */
struct kv_fat_temp {
    char name[KV_FAT_ASIDE_BYTES];
    struct cairn_fat_node *file; /* held; NULL: none */
};

/* What a crash left there goes (invariant 5). */
enum cairn_err kv_fat_aside_sweep(struct kv_fat *store, struct cairn_why *why) CAIRN_MUST_USE;
/* The directory goes, when it is there. */
enum cairn_err kv_fat_aside_close(struct kv_fat *store, struct cairn_why *why) CAIRN_MUST_USE;

/* A new file, for which `size` bytes are reserved. */
enum cairn_err kv_fat_temp_make(struct kv_fat *store, uint64_t size, struct kv_fat_temp *temp,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* Give it its place, unless err; else, or when that fails, it goes. Returns what went wrong. */
enum cairn_err kv_fat_temp_end(struct kv_fat *store, struct kv_fat_temp *temp,
                               const struct kv_fat_place *place, enum cairn_err err,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Move a dictionary to a new name there. CAIRN_ENOSPC. */
enum cairn_err kv_fat_aside_move(struct kv_fat *store, const struct kv_fat_place *place,
                                 struct kv_fat_temp *temp, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- removing (remove.c) --------------------------------------------------------------------- */

/* Remove a file, or a directory with all in it. */
enum cairn_err kv_fat_tree_remove(const struct kv_fat *store, struct cairn_fat_node *dir,
                                  const char *name, size_t bytes,
                                  struct cairn_why *why) CAIRN_MUST_USE;
/* Remove all in dir but `aside`. */
enum cairn_err kv_fat_tree_clear(const struct kv_fat *store, struct cairn_fat_node *dir,
                                 struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_remove(struct cairn_kv *kv, struct cairn_kv_key key,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* ---- the other operations -------------------------------------------------------------------- */

/* What was changed is durable, unless the store is lazy. */
enum cairn_err kv_fat_settle(const struct kv_fat *store, struct cairn_why *why) CAIRN_MUST_USE;
/* A change has come to err: settle it when that is good, and drop the lock. */
enum cairn_err kv_fat_changed(struct kv_fat *store, enum cairn_err err,
                              struct cairn_why *why) CAIRN_MUST_USE;

enum cairn_err kv_fat_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                           struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                           size_t mem_bytes, size_t *count, bool *end,
                           struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_set(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_write(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            const void *data, size_t bytes, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_allocate(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                               struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_make(struct cairn_kv *kv, struct cairn_kv_key key,
                           struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_rename(struct cairn_kv *kv, struct cairn_kv_key from, struct cairn_kv_key to,
                             uint32_t flags, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kv_fat_time_set(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                               struct cairn_why *why) CAIRN_MUST_USE;

#endif
