/* SPDX-License-Identifier: ISC */
/*
 * A volume whose clusters are to be moved: mounted, alone, with a map of who owns each cluster.
 *
 * The map makes a move a matter of clusters: whatever leads to a run (the cluster before it, or a
 * directory entry) is found without a look at the tree. Moves are written in the volume's stages:
 * copies and their FAT entries NEW, the link to them LINK (from a cluster) or ADD (from an entry),
 * ".." REMOVE; the old clusters are free when that is on the disk.
 *
 * Invariants:
 * 1. owner[] is what the FAT and the directories say with all changes in memory; clusters that were
 *    left are HELD until the sync behind their move, and only then 0 in the FAT and in the map.
 * 2. A cluster is written to only when its owner was 0, so never while anything on the disk leads
 * to it.
 * 3. After every step the tree is whole: a sync may come between any two.
 * 4. The walk stands at a slot, and follows when the cluster with that slot moves.
 */
#ifndef CAIRN_FAT_LAYOUT_PRIVATE_H
#define CAIRN_FAT_LAYOUT_PRIVATE_H

#include "../volume/table.h"
#include <cairn/fat_layout.h>

/* An owner: the cluster before this one in its chain; for a chain's HEAD the cluster of the
 * directory that has its entry, 0 for the fixed root, or for FAT32's root the boot sector. */
#define FAT_OWNER_NONE 0u
#define FAT_OWNER_FIXED 1u /* marked bad: it stays */
#define FAT_OWNER_HEAD (1u << 31)
#define FAT_OWNER_DIR (1u << 30)  /* the cluster is of a directory */
#define FAT_OWNER_COPY (1u << 29) /* regrow.c: of, or copied to, the cluster it names */
#define FAT_OWNER_HELD (FAT_OWNER_COPY | 1u)
#define FAT_OWNER_NUMBER 0x0FFFFFFFu

#define FAT_MOVES_MAX 64u
#define FAT_LEFT_MAX 1024u
#define FAT_FREE_GROUP                                                                             \
    1024u /* clusters that are stepped over at once when none of them is free                      \
           */

struct fat_move {
    uint32_t from, to, count;
};

/* Clusters that were moved away from, in this epoch. */
struct fat_left {
    uint32_t first, count, epoch;
};

/* Clusters [from, to). */
struct fat_range {
    uint32_t from, to;
};

struct fat_walk {
    struct fat_layout *l;
    uint32_t cluster; /* of the directory; 0: the fixed root */
    uint32_t slot;    /* in it; the next to look at */
    bool enter;       /* the slot before is of a directory: go into it */
    bool leave;       /* the directory is at its end: go up */
};

struct fat_layout {
    struct cairn_fat *fs;
    struct cairn_blk *dev;
    const struct cairn_fat_layout_options *options;
    struct cairn_fat_layout_result *result;
    uint32_t *owner;
    uint32_t owners;   /* entries of it, from 0 on */
    uint16_t *free_in; /* clusters whose owner is 0, of each FAT_FREE_GROUP */
    uint8_t *buffer;
    uint32_t buffer_bytes;
    void *mount_mem;
    size_t mount_bytes;
    bool was_dirty;   /* at the beginning */
    bool was_cut;     /* and says that such work was cut: it is clean at the end */
    bool is_doubtful; /* a file's clusters are not as many as it needs: it is left to repair */

    uint32_t free;             /* clusters whose owner is 0 */
    uint32_t used;             /* that something owns */
    uint32_t next;             /* where to look for free ones */
    struct fat_range searched; /* the last range that a whole run was looked for in */
    uint32_t none_so_long;     /* there is no free run of so many in it */

    struct fat_move moves[FAT_MOVES_MAX]; /* that are begun: data first, then what leads to them */
    struct cairn_blk_req reqs[FAT_MOVES_MAX];
    struct cairn_blk_seg segs[FAT_MOVES_MAX];
    uint32_t move_count, move_clusters;
    struct fat_left left[FAT_LEFT_MAX];
    uint32_t left_count;
    struct fat_walk *walk; /* to be kept in step with moves; NULL: none */
};

static inline bool fat_owner_is_used(uint32_t owner)
{
    return (owner & FAT_OWNER_HEAD) || (owner & FAT_OWNER_NUMBER) > 1;
}

static inline bool fat_owner_is_dir(uint32_t owner)
{
    return owner & FAT_OWNER_DIR;
}

/* ---- layout.c: open and close ---------------------------------------------------------------- */

/* Divide mem, mount dev and learn who owns what. After CAIRN_OK, fat_layout_close. */
enum cairn_err fat_layout_open(struct fat_layout **l, struct cairn_blk *dev, uint64_t bytes,
                               const struct cairn_fat_layout_options *options, void *mem,
                               size_t mem_bytes, struct cairn_fat_layout_result *result,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Unmount; err is what went before, and what is returned when it is an error. */
enum cairn_err fat_layout_close(struct fat_layout *l, enum cairn_err err,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* Forget the mounted volume, which has nothing left to write, and mount what is there now. */
enum cairn_err fat_layout_remount(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;

/* Progress; CAIRN_ECANCELED. */
enum cairn_err fat_layout_tell(struct fat_layout *l, uint64_t done, uint64_t total,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* Sequential transfers of whole sectors, outside the cache. */
enum cairn_err fat_layout_read(struct fat_layout *l, uint64_t sector, uint32_t sectors, void *to,
                               struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err fat_layout_write(struct fat_layout *l, uint64_t sector, uint32_t sectors,
                                const void *from, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- slots.c: directories by cluster and slot ------------------------------------------------ */

/* Slots of a directory's cluster, or of the fixed root (0). */
uint32_t fat_layout_slots(const struct fat_layout *l, uint32_t cluster);
/* The slot, its page pinned. */
enum cairn_err fat_layout_slot(struct fat_layout *l, uint32_t cluster, uint32_t slot,
                               struct fat_page **page, uint8_t **at,
                               struct cairn_why *why) CAIRN_MUST_USE;
bool fat_layout_is_dot(const uint8_t *slot);
/* Does the slot lead to clusters (not ".", not "..")? */
bool fat_layout_leads(const struct fat_layout *l, const uint8_t *slot);
uint32_t fat_layout_start(const struct fat_layout *l, const uint8_t *slot);
/* Change the start in a slot. */
void fat_layout_start_put(struct fat_layout *l, struct fat_page *page, uint8_t *slot,
                          uint32_t start, enum fat_stage stage);
/* The slot of the chain that starts at `start`, in a directory's cluster; its page pinned. */
enum cairn_err fat_layout_slot_of(struct fat_layout *l, uint32_t cluster, uint32_t start,
                                  uint32_t *slot, struct fat_page **page, uint8_t **at,
                                  struct cairn_why *why) CAIRN_MUST_USE;
/* The first cluster of the chain that has this one. */
uint32_t fat_layout_head(const struct fat_layout *l, uint32_t cluster);
/* Let ".." of the subdirectories of the directory that starts at `head` (0: the fixed root) lead to
 * it. */
enum cairn_err fat_layout_dotdots(struct fat_layout *l, uint32_t head,
                                  struct cairn_why *why) CAIRN_MUST_USE;
/* The entries in slots [0, count) of directory cluster `cluster` are owned by it. */
enum cairn_err fat_layout_adopt(struct fat_layout *l, uint32_t cluster, uint32_t count,
                                struct cairn_why *why) CAIRN_MUST_USE;

/* ---- walk.c: the tree, depth first, each directory's entries behind its own ------------------ */

enum fat_walk_kind { FAT_WALK_FILE, FAT_WALK_DIR, FAT_WALK_LEAVE, FAT_WALK_DONE };
struct fat_walk_step {
    enum fat_walk_kind kind;
    uint32_t start;   /* of the file or directory; LEAVE: of the directory, 0 for the fixed root */
    uint32_t bytes;   /* of the file */
    uint32_t cluster; /* of the directory that has its entry */
};
void fat_walk_init(struct fat_walk *walk, struct fat_layout *l);
/* The next entry that has clusters. A directory must be owned, and is gone into by the next call.
 */
enum cairn_err fat_walk_next(struct fat_walk *walk, struct fat_walk_step *step,
                             struct cairn_why *why) CAIRN_MUST_USE;
/* Where the chain of the last step starts now, after moves. */
enum cairn_err fat_walk_start(struct fat_walk *walk, uint32_t *start,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* May clusters that no file has be freed, and stale ".." be mended? */
static inline bool fat_layout_mends(const struct fat_layout *l)
{
    return l->was_cut || (l->was_dirty && l->options->dirty);
}

/* Fill owner[] from the tree; free what a cut has left. CAIRN_ECORRUPT (survey.c). */
enum cairn_err fat_layout_survey(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;
/* Pieces that all chains have. */
uint64_t fat_layout_pieces(const struct fat_layout *l);

/* A chain's clusters; *whole when they are adjacent. */
enum cairn_err fat_layout_measure(struct fat_layout *l, uint32_t start, uint32_t *count,
                                  bool *whole, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- take.c ---------------------------------------------------------------------------------- */

/* Take `want` adjacent free clusters of the range. false: there is no such run. */
bool fat_layout_take_run(struct fat_layout *l, struct fat_range range, uint32_t want,
                         uint32_t *first);
/* A cluster is free from now on. */
static inline void fat_layout_release(struct fat_layout *l, uint32_t cluster)
{
    l->owner[cluster] = FAT_OWNER_NONE;
    l->free_in[cluster / FAT_FREE_GROUP]++;
    l->free++;
}
/* Take these, which are free. */
void fat_layout_hold(struct fat_layout *l, uint32_t first, uint32_t count);
/* The same as take_run, or else the next run, which is shorter. *count 0: none. */
void fat_layout_take(struct fat_layout *l, struct fat_range range, uint32_t want, uint32_t *first,
                     uint32_t *count);
/* The highest ones outside the range, at most want. */
void fat_layout_take_high(struct fat_layout *l, struct fat_range outside, uint32_t want,
                          uint32_t *first, uint32_t *count);

/* Begin a change, as fat_begin; clusters that became free are. */
enum cairn_err fat_layout_begin(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;
/* Behind a sync: what was left before it is free. */
enum cairn_err fat_layout_left_free(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;
/* Clusters that were left: free behind the next sync. */
enum cairn_err fat_layout_leave(struct fat_layout *l, uint32_t first, uint32_t count,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* ---- move.c ---------------------------------------------------------------------------------- */

/* Move a run of one chain, adjacent on the disk, to free clusters that were taken. Begun only:
 * fat_layout_flush. count at most fat_layout_piece. */
enum cairn_err fat_layout_move(struct fat_layout *l, uint32_t from, uint32_t to, uint32_t count,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* Do what was begun. */
enum cairn_err fat_layout_flush(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;
/* And have it on the disk, and the clusters that were left free. */
enum cairn_err fat_layout_sync(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;
/* Let whatever led to the chain that begins with `from` lead to `to`. */
enum cairn_err fat_layout_relink(struct fat_layout *l, uint32_t from, uint32_t to,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* How many clusters from `cluster` on, at most max and a buffer full, are adjacent parts of one
 * chain. */
uint32_t fat_layout_piece(const struct fat_layout *l, uint32_t cluster, uint32_t max);

/* Move everything out of `what` to `where`; what is done when this returns. CAIRN_ENOSPC. */
enum cairn_err fat_layout_evacuate(struct fat_layout *l, struct fat_range what,
                                   struct fat_range where, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- defrag.c, compact.c, pack.c ------------------------------------------------------------- */

/* Write the directory anew without removed slots where that is worth it and there is room. */
enum cairn_err fat_layout_compact(struct fat_layout *l, uint32_t head,
                                  struct cairn_why *why) CAIRN_MUST_USE;
/* Everything to the front. */
enum cairn_err fat_layout_pack(struct fat_layout *l, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- shape.c, regrow.c ----------------------------------------------------------------------- */

/* What a volume becomes. */
struct fat_shape {
    struct cairn_fat_geometry after;
    uint32_t shift;  /* clusters that the FATs grow over: numbers fall by it */
    bool alternates; /* the FATs grow where they are, one after the other */
};
/* CAIRN_EINVAL, CAIRN_EFBIG: `why` names the limits. */
enum cairn_err fat_shape_plan(const struct cairn_fat_geometry *before, uint64_t bytes,
                              struct fat_shape *shape, struct cairn_why *why) CAIRN_MUST_USE;
uint32_t fat_shape_clusters_least(const struct cairn_fat_geometry *geo);
uint64_t fat_shape_bytes_most(const struct cairn_fat_geometry *geo);

/* Write the shape into the boot sector, flushed before and behind: one write that counts. */
enum cairn_err fat_layout_commit(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* The same into the backup, where there is one that can be read. */
enum cairn_err fat_layout_commit_backup(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                        struct cairn_why *why) CAIRN_MUST_USE;
/* Copy the active FAT over the others. */
enum cairn_err fat_layout_copies(struct fat_layout *l, const struct cairn_fat_geometry *geo,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* And turn mirroring on. */
enum cairn_err fat_layout_mirror(struct fat_layout *l, struct cairn_fat_geometry *geo,
                                 struct cairn_why *why) CAIRN_MUST_USE;
/* Give the volume a larger FAT. */
enum cairn_err fat_layout_regrow(struct fat_layout *l, struct fat_shape *shape,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
