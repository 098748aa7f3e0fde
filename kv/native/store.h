/* SPDX-License-Identifier: ISC */
/*
 * The store: a tree of the newest checkpoint, and two overlays of what was committed since: one
 * that takes changes, and, while a checkpoint runs, one that is being merged.
 *
 * Commits have numbers. What a commit staged is seen by all from then on; it is durable when its
 * record is, or when a checkpoint has it. Commits go to the log in the order of their numbers,
 * always.
 *
 * Who does what: one thread at a time changes (`writer`), one writes the log (`logging`), one steps
 * the checkpoint (`stepping`); they are different threads or the same one. `lock` guards
 * everything, and is dropped while the device works. Waiting is for one of three conditions, each
 * told by who ends what it is about.
 *
 * Invariants:
 * 1. A change is seen whole or not at all: readers look as of a number that is complete.
 * 2. Log records hold commits in order; what is acknowledged is flushed.
 * 3. A checkpoint's superblock is written after everything that it leads to was flushed, and the
 * log before its start is not needed from then on.
 * 4. The log has room for what is staged: a change that could not be logged is refused before.
 * 5. A reader of a tree is counted, and its pages are not reused while it reads.
 * 6. After an error of the device in a commit or a checkpoint nothing is changed any more
 * (`failed`).
 * 7. An older state counts only when the log behind it reaches what the newest had.
 */
#ifndef CAIRN_KV_NATIVE_STORE_H
#define CAIRN_KV_NATIVE_STORE_H

#include <cairn/arena.h>
#include <cairn/sync.h>

#include "bulk.h"
#include "log.h"
#include "merge.h"
#include "overlay.h"
#include "pool.h"
#include "space.h"
#include "tree.h"
#include "value.h"

#define KVN_ROOT_ID_FIRST KVN_ID_FIRST /* the root's id when it has no record yet */
#define KVN_READER_SLOTS 8u

/* A checkpoint on its way. */
struct kvn_checkpoint {
    bool running;
    struct kvn_merge *merge;
    struct kvn_merge_job job;
    struct kvn_super super;          /* that will be */
    uint32_t frozen;                 /* which overlay it merges */
    uint64_t number;                 /* of the last commit in it */
    const struct kvn_entry *last;    /* merged so far; NULL: none */
    struct kvn_overlay_walk walk;    /* over the frozen overlay */
    const struct kvn_version *first; /* the oldest of the entry that is merged at the moment */
    bool written;                    /* it is durable; readers of what was before are waited for */
};

/* Views of a snapshot that are open. */
struct kvn_open_snapshot {
    uint64_t generation;
    uint32_t count; /* 0: unused */
};
#define KVN_SNAPSHOTS_OPEN 8u

struct kvn_store {
    struct cairn_kv kv; /* the front's */
    struct cairn_blk *dev;
    struct cairn_kv_native_options options;
    struct cairn_clock_wall *clock;
    struct cairn_lock lock;
    struct cairn_cond changed;     /* of the checkpoint: a step ended, its readers left */
    struct cairn_cond writer_left; /* for who waits to become the writer */
    struct cairn_cond log_left;    /* for who waits for a commit, or to write the log */

    struct kvn_super super; /* the newest durable one */
    struct kvn_tree tree;   /* of it */
    struct kvn_pool pool;
    struct kvn_space space;
    struct kvn_log log;
    struct kvn_values values;
    struct kvn_overlay overlay[2];
    uint32_t active; /* which takes changes */
    struct kvn_checkpoint checkpoint;
    struct kvn_bulk bulk;

    uint64_t staged, logged, durable; /* numbers of commits */
    struct kvn_version *log_behind; /* of the active overlay, the last version that is in the log */
    uint64_t pending_bytes;         /* of changes staged and not logged, encoded */
    bool writer, logging, stepping;
    uint64_t paced; /* versions of the active overlay for which a step was done */
    bool sealing;   /* between the bitmap's last write and the superblock: nothing is allocated */
    uint64_t writer_thread;
    uint64_t tried; /* the generation in which waiting for freed pages was of no use */
    enum cairn_err failed;
    uint64_t next_id;
    uint64_t root_id;                   /* as the writer has it, */
    uint64_t root_committed;            /* and as readers do */
    uint64_t oldest;                    /* the generation whose readers still find their overlays */
    bool graves;                        /* there may be some */
    uint32_t readers[KVN_READER_SLOTS]; /* by generation */
    struct kvn_open_snapshot open_snapshots[KVN_SNAPSHOTS_OPEN];
    uint32_t inline_max;
    void *merge_mem;
    uint32_t merge_levels, run_pages;
    uint8_t *super_page;      /* a page, of who writes superblocks */
    uint8_t *chunk_mem;       /* of the writer, for pages of a chunk: */
    uint32_t chunk_mem_bytes; /* whole pages */
    uint8_t *record_mem;      /* of the writer: a record in place, encoded, */
    uint8_t *inline_mem;      /* and the bytes of one; */
    uint8_t *copy_mem;        /* a page */
    uint64_t commits, flushes, checkpoints, pages_written, replayed;
    uint64_t fell_back;                     /* superblocks without a root that opening passed by, */
    uint64_t passed_generation, passed_seq; /* the newest of them, and where its log begins */
};

static inline struct kvn_store *kvn_store_of(struct cairn_kv *kv)
{
    return kv->of;
}

/* ---- reading (read.c) ----------------------------------------------------------------------- */

/* As of when, and over which tree. */
struct kvn_reader {
    struct kvn_store *store;
    struct kvn_tree tree;
    uint64_t number; /* of overlays' versions; 0: only the tree */
    uint64_t root_id;
    uint64_t generation; /* whose pages it needs */
    bool counted;
    bool is_writer;
};

/* What the state of a struct cairn_kv is, by its first member. */
enum kvn_what { KVN_STORE, KVN_BATCH, KVN_VIEW };
struct kvn_view_state {
    uint64_t what;
    struct kvn_reader as; /* not counted */
};
_Static_assert(sizeof(struct kvn_view_state) <= sizeof(((struct cairn_kv *)0)->state), "fits");

/* Takes the lock. What is read is the store as it is, or, of the kv of a batch or a view, what that
 * sees. CAIRN_ESTALE: a view that lags. When it fails, the lock is not held. */
enum cairn_err kvn_reader_open(struct kvn_reader *reader, struct cairn_kv *kv,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Drops the lock. */
void kvn_reader_close(struct kvn_reader *reader);
/* For the writer, who has the lock: as of what it has staged; and its end, which keeps the lock. */
void kvn_reader_of_writer(struct kvn_reader *reader, struct kvn_store *store);
void kvn_reader_leave(struct kvn_reader *reader);

/* A record, where it lies: in an overlay, as long as the lock is held, or in a pinned page. */
struct kvn_found {
    bool is;
    struct kvn_slice bytes;
    struct kvn_record record;
    struct kvn_frame *frame;
};
/* The record of key, decoded. CAIRN_OK and not `is`: there is none. Close it either way. */
enum cairn_err kvn_find(struct kvn_reader *reader, struct kvn_slice key, struct kvn_found *found,
                        struct cairn_why *why) CAIRN_MUST_USE;
void kvn_found_close(struct kvn_found *found);

/* A walk over keys in order, overlays and tree together. */
struct kvn_walk {
    struct kvn_reader *reader;
    struct kvn_cursor cursor; /* at the first entry of the tree that is not behind the walk */
    struct kvn_overlay_walk active, frozen;
    uint32_t key_bytes;
    uint8_t key[KVN_KEY_MAX]; /* where it is */
    struct kvn_slice record;  /* until the next call, or the lock is dropped */
    bool end;
};
/* To the first entry at (behind: above) key; the walk is zeroed before its first seek. */
enum cairn_err kvn_walk_seek(struct kvn_walk *walk, struct kvn_reader *reader, struct kvn_slice key,
                             bool behind, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_walk_next(struct kvn_walk *walk, struct cairn_why *why) CAIRN_MUST_USE;
void kvn_walk_close(struct kvn_walk *walk);

/* ---- names (path.c) ------------------------------------------------------------------------- */

/* Where a key's last segment lies. */
struct kvn_place {
    bool is_root;        /* the key is "": `own` is its record's key */
    uint64_t dictionary; /* the id of the one above */
    uint32_t key_bytes, above_bytes;
    uint8_t key[KVN_KEY_MAX];   /* of the tree */
    uint8_t above[KVN_KEY_MAX]; /* the key of the record of the dictionary above */
    size_t missing_at;          /* of CAIRN_ENOENT: the end of the dictionary that is missing, whose
                                   place this is */
};
/* CAIRN_ENOENT, CAIRN_ENOTDIR: of a dictionary on the way. `avoid`: an id that must not be on it
 * (CAIRN_EINVAL), or 0. */
enum cairn_err kvn_place_find(struct kvn_reader *reader, struct cairn_kv_key key, uint64_t avoid,
                              struct kvn_place *place, struct cairn_why *why) CAIRN_MUST_USE;
struct kvn_slice kvn_place_key(const struct kvn_place *place);
/* The tree's key of a name in a dictionary; out has KVN_KEY_MAX. Returns its length. */
uint32_t kvn_key_make(uint8_t *out, uint64_t id, const void *name, uint32_t bytes);

/* ---- changing (change.c) -------------------------------------------------------------------- */

/* What the writer is doing: one batch, or one call outside of batches. The state of a batch's kv.
 */
struct kvn_change_set {
    uint64_t what; /* KVN_BATCH */
    struct kvn_store *store;
    uint64_t number; /* of the commit that it will be */
    int64_t time_ns;
    struct kvn_version *mark;  /* the last version staged before it */
    uint64_t next_id, root_id; /* as they were before it */
};
_Static_assert(sizeof(struct kvn_change_set) <= sizeof(((struct cairn_kv *)0)->state), "fits");

/* Become the writer, with room for changes made, and for `pages` pages of values, if there can be:
 * waits, steps the checkpoint. Takes the lock and keeps it. */
enum cairn_err kvn_change_begin(struct kvn_change_set *set, struct kvn_store *store, uint64_t pages,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* The same, without doing what removed dictionaries leave to do. */
enum cairn_err kvn_change_begin_bare(struct kvn_change_set *set, struct kvn_store *store,
                                     uint64_t pages, struct cairn_why *why) CAIRN_MUST_USE;
/* What was staged so far stays when `set` is taken back. */
void kvn_change_save(struct kvn_change_set *set);
/* Take back what was staged since `set` was begun or saved. */
enum cairn_err kvn_change_undo(struct kvn_change_set *set, struct cairn_why *why) CAIRN_MUST_USE;
/* Commit what was staged, and stay the writer. */
void kvn_change_publish(struct kvn_change_set *set);
/* No longer the writer; the lock is kept. Commits what was staged (its number may be waited for).
 */
void kvn_change_end(struct kvn_change_set *set);
enum cairn_err kvn_stage(struct kvn_change_set *set, struct kvn_slice key,
                         const struct kvn_record *record,
                         struct cairn_why *why) CAIRN_MUST_USE; /* NULL: removed */

/* What is under id is to be reclaimed. */
enum cairn_err kvn_bury(struct kvn_change_set *set, uint64_t id,
                        struct cairn_why *why) CAIRN_MUST_USE;
/* Do up to `entries` entries of what removed dictionaries and values leave to do (reclaim.c). */
enum cairn_err kvn_reclaim(struct kvn_change_set *set, uint32_t entries,
                           struct cairn_why *why) CAIRN_MUST_USE;

/* ---- committing (commit.c) ------------------------------------------------------------------ */

/* Everything up to number is durable when this returns; several threads share a flush. With the
 * lock, which is dropped meanwhile. */
enum cairn_err kvn_commit_wait(struct kvn_store *store, uint64_t number,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Make what was replayed durable, and have the log say so: the pages of its values need not be
 * there any more when it is replayed once more. CAIRN_ENOSPC: the log is full. */
enum cairn_err kvn_log_vouch(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;
/* Everything that is staged is in the log, durable or not. */
enum cairn_err kvn_log_all(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_device_flush(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;
/* What changes do when the device failed before. */
enum cairn_err kvn_store_refuses(const struct kvn_store *store,
                                 struct cairn_why *why) CAIRN_MUST_USE;

/* ---- checkpoints (checkpoint.c) ------------------------------------------------------------- */

/* Begin one when it is time, or `always`; the caller is the writer. */
enum cairn_err kvn_checkpoint_begin(struct kvn_store *store, bool always,
                                    struct cairn_why *why) CAIRN_MUST_USE;
/* What a merge into the newest tree needs, which gives a generation. */
void kvn_merge_job_fill(struct kvn_store *store, struct kvn_merge_job *job, uint64_t generation);
/* The pages that the older record has and the newer (NULL: none) has not are free, of those born in
 * generation `born` or later. */
enum cairn_err kvn_record_superseded(struct kvn_store *store, struct kvn_slice older,
                                     const struct kvn_slice *newer, uint64_t born,
                                     struct cairn_why *why) CAIRN_MUST_USE;
/* Merge up to `entries` more, and finish when that was the last. */
enum cairn_err kvn_checkpoint_step(struct kvn_store *store, uint32_t entries,
                                   struct cairn_why *why) CAIRN_MUST_USE;
/* All of one that runs. */
enum cairn_err kvn_checkpoint_finish(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;
/* Bring all that is committed into the tree; the log is empty then. The caller is the writer, and
 * has staged nothing. */
enum cairn_err kvn_checkpoint_all(struct kvn_store *store, struct cairn_why *why) CAIRN_MUST_USE;
bool kvn_checkpoint_due(const struct kvn_store *store);
/* Is there something that a step of it can do now, nobody else being at it? */
bool kvn_checkpoint_can_step(const struct kvn_store *store);
/* Tell who steps that there is something to do. */
void kvn_step_due(const struct kvn_store *store);
/* Is there room for so many pages more, beside what the checkpoints of what is staged will need?
 * `removing`: also of the reserve. CAIRN_ENOSPC. */
enum cairn_err kvn_room_check(const struct kvn_store *store, uint64_t pages, bool removing,
                              struct cairn_why *why) CAIRN_MUST_USE;
/* Pages that a change in the tree has written anew, at most: its path, and one beside it. */
static inline uint64_t kvn_path_pages(const struct kvn_store *store)
{
    return 2 * (store->tree.depth + 1u);
}
enum cairn_err kvn_super_write(struct kvn_store *store, const struct kvn_super *super,
                               struct cairn_why *why) CAIRN_MUST_USE;

extern const struct cairn_kv_ops kvn_ops;                                            /* ops.c */
enum cairn_err kvn_close(struct cairn_kv *kv, struct cairn_why *why) CAIRN_MUST_USE; /* open.c */

#endif
