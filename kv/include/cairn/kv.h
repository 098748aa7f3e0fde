/* SPDX-License-Identifier: ISC */
/*
 * KV: values under keys, and what can be asked of them. One interface; the native store on a block
 * device (kv_native.h), a directory of a FAT volume (kv_fat.h) and memory (kv_mem.h) implement it.
 *
 * A key is a path: segments of 1 to 255 bytes, any but '/', with one '/' between two. "" is the
 * root. A segment names a value or a dictionary of further segments. Setting "a/b" makes the
 * dictionary "a" when it is absent. A dictionary stays when its last entry goes, until it is
 * removed itself.
 *
 * Writing: every call that changes something is atomic, and durable when it returns, unless the
 * store was opened lazy. Several changes are one in a batch, which is a store itself: what is set
 * in it is read from it at once, and nobody else sees it before its commit. Likewise a view (the
 * store as it was at a moment) and a snapshot (a view with a name that lasts) are stores that only
 * read.
 *
 * Every function here checks its arguments and then calls the implementation. Beside the errors
 * that each names, all may return what the device below returns and CAIRN_EINVAL        the key has
 * an empty segment, or begins or ends with '/' CAIRN_ENAMETOOLONG  a segment is above 255 bytes
 *   CAIRN_ENOTDIR       a value stands where the key needs a dictionary
 *   CAIRN_ECORRUPT      the store contradicts itself; `why` names the place
 *   CAIRN_ENOMEM        the memory given at open is too small for this step
 *   CAIRN_ESTALE        of a view: it lags too far behind
 * and, of those that change something,
 *   CAIRN_EROFS         the store, its device, or a view
 *   CAIRN_ENOSPC        no room; nothing was changed. Removing succeeds on a full store.
 *
 * Threads: hosted implementations may be called from several threads at once. A batch, a view and a
 * list belong to one thread at a time.
 */
#ifndef CAIRN_KV_H
#define CAIRN_KV_H

#include <cairn/checksum.h>
#include <cairn/why.h>

CAIRN_BEGIN

#define CAIRN_KV_SEGMENT_MAX 255u
#define CAIRN_KV_VALUE_MAX (UINT64_C(1) << 48) /* bytes of a value */

struct cairn_kv;

/* A key, not NUL-terminated; its bytes are the caller's, for the time of the call. */
struct cairn_kv_key {
    const char *path;
    size_t bytes;
};

/* The key that a text ending in NUL spells. */
CAIRN_API struct cairn_kv_key cairn_kv_key(const char *text);

enum cairn_kv_kind { CAIRN_KV_NONE, CAIRN_KV_VALUE, CAIRN_KV_DICTIONARY };

struct cairn_kv_stat {
    enum cairn_kv_kind kind;
    uint64_t size;       /* bytes of the value; 0 of a dictionary */
    int64_t modified_ns; /* wall clock: when the value was last changed, or an entry directly in the
                            dictionary last came or went. The root's is 0 when nothing ever did. */
};

/* What commits promise, as far as the device below tells the truth. */
enum cairn_kv_durability {
    CAIRN_KV_DURABLE_NONE, /* nothing: memory, or a device without flush */
    CAIRN_KV_DURABLE_HOST, /* survives this process, not the host's power */
    CAIRN_KV_DURABLE_MEDIA /* survives power loss */
};

struct cairn_kv_info {
    bool read_only;
    bool atomic_batches; /* else a batch is refused with CAIRN_ENOTSUP */
    bool views;          /* views and snapshots; else CAIRN_ENOTSUP */
    enum cairn_kv_durability durability;
    uint64_t value_max; /* bytes of a value, at most CAIRN_KV_VALUE_MAX */
    uint32_t
        inline_max; /* values up to this size cost no I/O of their own; 0: there is no such size */
};

/* Where a value's bytes go. */
#define CAIRN_KV_REPLACE_DICTIONARY                                                                \
    1u /* set: also in the place of a dictionary, with all in it                                   \
        */

#define CAIRN_KV_INTO 1u       /* rename: when the target is a dictionary, move into it */
#define CAIRN_KV_NO_REPLACE 2u /* rename: CAIRN_EEXIST when the target exists */

#define CAIRN_KV_VALUES 1u /* list: with the values, where they fit into the list's memory */

#define CAIRN_KV_LATER 1u /* commit: durable with a later commit, or cairn_kv_sync */

/* A batch that is written in order, however large it is, faster than any other way. Its entries
 * come in ascending order of dictionary and name: all of one dictionary together and sorted, and
 * dictionaries in the order in which they were made (breadth first); a dictionary is made before
 * what is in it, or along with its first value. It replaces values, and no dictionaries. All of it
 * has the time of its beginning. Reads from it see the store as it was before; it is durable when
 * it is committed, always. CAIRN_EINVAL: out of order, or a call other than set, write (appending
 * to the value just set), make, and time_set of the value just written. CAIRN_ENOMEM: its
 * dictionaries, and chunks of large values, have outgrown the memory given at open. A change that
 * the device fails, or that has no space, ends it: then nothing but abort is left. */
#define CAIRN_KV_SORTED 1u

struct cairn_kv_entry {
    const char *name; /* the segment; in the list's memory, until the next call on the list */
    uint32_t name_bytes;
    enum cairn_kv_kind kind;
    uint64_t size;
    int64_t modified_ns;
    const void *value; /* all of it, or NULL: not asked for, too large, or a dictionary */
};

/* The functions of an implementation. The front has checked keys and sizes; `batch`, `view` and
 * what follows are NULL where info says that they are absent. */
struct cairn_kv_ops {
    enum cairn_err (*stat)(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                           struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*get)(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                          size_t bytes, size_t *done, struct cairn_why *why) CAIRN_MUST_USE;
    /* Entries of the dictionary, by raw bytes ascending, from name `from` on, or behind it when
     * `behind`; as many as fit: structs from the beginning of mem, what they point to from its end.
     * *end: there are no more behind these. CAIRN_ERANGE: not even one fits. */
    enum cairn_err (*list)(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                           struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                           size_t mem_bytes, size_t *count, bool *end,
                           struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*set)(struct cairn_kv *kv, struct cairn_kv_key key, const void *data,
                          size_t bytes, uint32_t flags, struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*write)(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                            const void *data, size_t bytes, struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*allocate)(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t size,
                               struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*make)(struct cairn_kv *kv, struct cairn_kv_key key,
                           struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*remove)(struct cairn_kv *kv, struct cairn_kv_key key,
                             struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*rename)(struct cairn_kv *kv, struct cairn_kv_key from, struct cairn_kv_key to,
                             uint32_t flags, struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*time_set)(struct cairn_kv *kv, struct cairn_kv_key key, int64_t modified_ns,
                               struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*sync)(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE;

    /* `inner` is to be made a store that stages; commit and abort end it. */
    enum cairn_err (*batch_begin)(struct cairn_kv *kv, uint32_t flags, struct cairn_kv *inner,
                                  struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*commit)(struct cairn_kv *inner, uint32_t flags,
                             struct cairn_why *why) CAIRN_MUST_USE;
    void (*abort)(struct cairn_kv *inner);

    /* `inner` is to be made a store that only reads: of this moment, or of a snapshot. */
    enum cairn_err (*view_open)(struct cairn_kv *kv, struct cairn_kv_key snapshot,
                                struct cairn_kv *inner, struct cairn_why *why) CAIRN_MUST_USE;
    void (*view_close)(struct cairn_kv *inner);
    enum cairn_err (*snapshot_make)(struct cairn_kv *kv, struct cairn_kv_key name,
                                    struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*snapshot_remove)(struct cairn_kv *kv, struct cairn_kv_key name,
                                      struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*snapshot_list)(struct cairn_kv *kv, struct cairn_kv_key from, bool behind,
                                    void *mem, size_t mem_bytes, size_t *count, bool *end,
                                    struct cairn_why *why) CAIRN_MUST_USE;
    enum cairn_err (*close)(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE;
};

/* The base of every store, filled by its implementation; callers only read info and name. */
struct cairn_kv {
    const struct cairn_kv_ops *ops;
    struct cairn_kv_info info;
    const char *name;   /* for explanations: "disk.img" */
    void *of;           /* the implementation's own */
    uint64_t state[12]; /* of batches and views: the implementation's own */
};

static inline const struct cairn_kv_info *cairn_kv_info(const struct cairn_kv *kv)
{
    return &kv->info;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What stands under key; CAIRN_KV_NONE when nothing does, also when a value stands above it. */
CAIRN_API enum cairn_err cairn_kv_exists(struct cairn_kv *kv, struct cairn_kv_key key,
                                         enum cairn_kv_kind *kind,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* CAIRN_ENOENT. */
CAIRN_API enum cairn_err cairn_kv_stat(struct cairn_kv *kv, struct cairn_kv_key key,
                                       struct cairn_kv_stat *stat,
                                       struct cairn_why *why) CAIRN_MUST_USE;

/* bytes of the value from offset; *done is less only at its end, 0 at and behind it.
 * CAIRN_ENOENT, CAIRN_EISDIR. Memory does not grow with the value. */
CAIRN_API enum cairn_err cairn_kv_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                                      void *data, size_t bytes, size_t *done,
                                      struct cairn_why *why) CAIRN_MUST_USE;

/* A list of a dictionary's entries: a struct and memory of the caller's. */
struct cairn_kv_list {
    struct cairn_kv *kv;
    struct cairn_kv_key dictionary;
    uint32_t flags;
    uint32_t last_bytes; /* of `last`, the name that was given out last */
    bool behind, end;
    void *mem;
    size_t mem_bytes, count, at;
    char last[CAIRN_KV_SEGMENT_MAX + 1];
};

/* The least memory of a list, which holds any name; with more it asks the store less often, and
 * gets larger values. 64 KiB is a good size for many entries with values. */
#define CAIRN_KV_LIST_MEM 512u

/* Begin a list of dictionary, by raw bytes ascending, from the name `from` on ("" is the first).
 * mem and the dictionary's bytes stay until the list is done with; there is nothing to close. A
 * list may be begun anew at any name. What comes or goes meanwhile may be listed or not; what is
 * there all along is listed once. Of a view all is as it was. CAIRN_ERANGE: mem is below
 * CAIRN_KV_LIST_MEM. */
CAIRN_API enum cairn_err cairn_kv_list_begin(struct cairn_kv_list *list, struct cairn_kv *kv,
                                             struct cairn_kv_key dictionary,
                                             struct cairn_kv_key from, uint32_t flags, void *mem,
                                             size_t mem_bytes,
                                             struct cairn_why *why) CAIRN_MUST_USE;
/* The next entry, or *entry NULL at the end. CAIRN_ENOENT: there is no such dictionary (any more);
 * CAIRN_ENOTDIR: it is a value. */
CAIRN_API enum cairn_err cairn_kv_list_next(struct cairn_kv_list *list,
                                            const struct cairn_kv_entry **entry,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* A hash of what is under key, independent of times, layout and implementation. Of a value: of the
 * hashes of its pieces of 64 KiB. Of a dictionary: of every value and dictionary beneath it, in the
 * order of a walk by raw bytes: length of its path from there, path, kind, size and the value's
 * digest. mem is for lists and data, at least CAIRN_KV_DIGEST_MEM. CAIRN_ENOENT.
 * CAIRN_ENAMETOOLONG: a path in it is longer than CAIRN_KV_WALK_BYTES. */
#define CAIRN_KV_WALK_BYTES 4096u
#define CAIRN_KV_DIGEST_MEM (80u * 1024)
CAIRN_API enum cairn_err cairn_kv_digest(struct cairn_kv *kv, struct cairn_kv_key key,
                                         struct cairn_hash128 *digest, void *mem, size_t mem_bytes,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* ---- writing ------------------------------------------------------------------------------- */

/* The value of key is data, whatever it was. flags: CAIRN_KV_REPLACE_DICTIONARY, which also counts
 * as a change of the dictionary above, as coming and going do.
 * CAIRN_EISDIR: key is a dictionary (the root always). CAIRN_EFBIG: above info.value_max. */
CAIRN_API enum cairn_err cairn_kv_set(struct cairn_kv *kv, struct cairn_kv_key key,
                                      const void *data, size_t bytes, uint32_t flags,
                                      struct cairn_why *why) CAIRN_MUST_USE;

/* Change bytes of the value at offset, or make it; a gap behind the old end reads as zeros. Writing
 * no bytes makes a value that is absent, empty, and changes nothing of one that is there. Atomic
 * like any change. CAIRN_EISDIR, CAIRN_EFBIG. */
CAIRN_API enum cairn_err cairn_kv_write(struct cairn_kv *kv, struct cairn_kv_key key,
                                        uint64_t offset, const void *data, size_t bytes,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* Make a value of size zeros whose room is reserved: the first writing of each of its bytes does
 * not fail for want of space. CAIRN_EEXIST: there is something under key. CAIRN_EFBIG. */
CAIRN_API enum cairn_err cairn_kv_allocate(struct cairn_kv *kv, struct cairn_kv_key key,
                                           uint64_t size, struct cairn_why *why) CAIRN_MUST_USE;

/* Make an empty dictionary, and those above it; one that is there already is left as it is.
 * CAIRN_EEXIST: key is a value. */
CAIRN_API enum cairn_err cairn_kv_make(struct cairn_kv *kv, struct cairn_kv_key key,
                                       struct cairn_why *why) CAIRN_MUST_USE;

/* Remove a value, or a dictionary with all in it, in one step; what is absent is removed already
 * (CAIRN_OK), but for what would lie beneath a value (CAIRN_ENOTDIR). The root becomes empty. */
CAIRN_API enum cairn_err cairn_kv_remove(struct cairn_kv *kv, struct cairn_kv_key key,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* Move a value, or a dictionary with all in it, in constant time. As POSIX has it: a value replaces
 * a value, a dictionary an empty dictionary, and the same key twice changes nothing; dictionaries
 * above `to` are made. With CAIRN_KV_INTO and a dictionary as `to`, the target is `to` and the last
 * segment of `from`. Times stay. CAIRN_ENOENT     there is no `from`           CAIRN_EINVAL   into
 * itself or below, or the root CAIRN_EISDIR     value onto dictionary        CAIRN_ENOTDIR
 * dictionary onto value CAIRN_ENOTEMPTY  the dictionary is not empty  CAIRN_EEXIST
 * CAIRN_KV_NO_REPLACE */
CAIRN_API enum cairn_err cairn_kv_rename(struct cairn_kv *kv, struct cairn_kv_key from,
                                         struct cairn_kv_key to, uint32_t flags,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* Set last modified. CAIRN_ENOENT; CAIRN_EINVAL: the root. */
CAIRN_API enum cairn_err cairn_kv_time_set(struct cairn_kv *kv, struct cairn_kv_key key,
                                           int64_t modified_ns,
                                           struct cairn_why *why) CAIRN_MUST_USE;

/* All that was committed is durable, as far as info.durability goes. */
CAIRN_API enum cairn_err cairn_kv_sync(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE;

/* Close the store; it is gone also when this fails. No batch, view or list of it is open. Commits
 * that were lazy are made durable first. Its device stays open. */
CAIRN_API enum cairn_err cairn_kv_close(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- batches ------------------------------------------------------------------------------- */

struct cairn_kv_batch {
    struct cairn_kv kv; /* use it like any store */
};

/* Begin a batch; one at a time: hosted, another thread's is waited for, as any change outside waits
 * for this one; without threads CAIRN_EBUSY. flags: CAIRN_KV_SORTED. CAIRN_ENOTSUP. A change that
 * fails inside a batch leaves the batch as it was before that change, and open. CAIRN_ENOMEM from a
 * change: the batch has outgrown the memory given at open; commit it in parts. */
CAIRN_API enum cairn_err cairn_kv_batch_begin(struct cairn_kv_batch *batch, struct cairn_kv *kv,
                                              uint32_t flags, struct cairn_why *why) CAIRN_MUST_USE;
/* All of it, or (when this fails) nothing; the batch is over either way. A failure of the device in
 * the middle leaves open which of the two is found after opening anew; the store then refuses
 * further changes. flags: CAIRN_KV_LATER. */
CAIRN_API enum cairn_err cairn_kv_commit(struct cairn_kv_batch *batch, uint32_t flags,
                                         struct cairn_why *why) CAIRN_MUST_USE;
/* None of it. */
CAIRN_API void cairn_kv_abort(struct cairn_kv_batch *batch);

/* ---- views and snapshots ------------------------------------------------------------------- */

struct cairn_kv_view {
    struct cairn_kv kv; /* reads only */
};

/* The store as it is now. It blocks no writer; after many changes (at least as many as fit into the
 * memory given at open) its reads say CAIRN_ESTALE. CAIRN_ENOTSUP. */
CAIRN_API enum cairn_err cairn_kv_view_open(struct cairn_kv_view *view, struct cairn_kv *kv,
                                            struct cairn_why *why) CAIRN_MUST_USE;
/* The snapshot called name, a single segment. It never lags. CAIRN_ENOENT. While it is open it
 * cannot be removed. */
CAIRN_API enum cairn_err cairn_kv_snapshot_open(struct cairn_kv_view *view, struct cairn_kv *kv,
                                                struct cairn_kv_key name,
                                                struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API void cairn_kv_view_close(struct cairn_kv_view *view);

/* Keep the store as it is now under a name; durable when it returns. CAIRN_EEXIST. */
CAIRN_API enum cairn_err cairn_kv_snapshot_make(struct cairn_kv *kv, struct cairn_kv_key name,
                                                struct cairn_why *why) CAIRN_MUST_USE;
/* Its room comes back in steps, with later changes. CAIRN_ENOENT. CAIRN_EBUSY: it is open. */
CAIRN_API enum cairn_err cairn_kv_snapshot_remove(struct cairn_kv *kv, struct cairn_kv_key name,
                                                  struct cairn_why *why) CAIRN_MUST_USE;
/* Snapshots by name, as entries of kind CAIRN_KV_DICTIONARY whose modified_ns is when they were
 * made; one call fills mem with those behind `behind` ("": all). *more: there are further ones. */
CAIRN_API enum cairn_err cairn_kv_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key behind,
                                                void *mem, size_t mem_bytes, size_t *count,
                                                bool *more, struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
