/* SPDX-License-Identifier: ISC */
/*
 * The state of one check, shared by fat/check/. Nothing here outlives cairn_fat_check.
 *
 * Two bits a cluster suffice for everything, because the second one changes its meaning:
 *
 *   seen mark
 *    0    0   nothing came by yet, and no FAT entry points here: were it used, a chain's head
 *    0    1   nothing came by yet, some FAT entry points here
 *    1    0   belongs to a file, or to an orphan chain
 *    1    1   belongs to a directory
 *
 * What holds, whatever the volume says:
 *   (1) a cluster is claimed by files at most once, and by directories at most once; a directory is
 *       scanned only over clusters it claimed: so the walk is linear, and ends
 *   (2) memory follows from the device's size: FAT entries behind its end do not exist
 *   (3) no bit is looked up for a cluster that has no entry (entries <= cluster), and no cluster is
 *       followed but 2 .. last
 *   (4) one fault is one finding: what is a mere consequence of it in the same chain or the same
 * set of long slots is not told (5) the device is only read
 */
#ifndef CAIRN_FAT_CHECK_PRIVATE_H
#define CAIRN_FAT_CHECK_PRIVATE_H

#include <cairn/arena.h>
#include <cairn/fat_check.h>
#include <cairn/text.h>

#include "../codec/boot.h"
#include "../codec/dirent.h"
#include "../codec/fatent.h"

#define FAT_CHECK_PIECE 131072u /* bytes of the FAT looked at together */
#define FAT_CHECK_UNIT 65536u   /* bytes of a directory looked at together, at most */
#define FAT_CHECK_WINDOWS 6u
#define FAT_CHECK_PATH 4096u                       /* of directories */
#define FAT_CHECK_NAME (CAIRN_FAT_NAME_BYTES + 1u) /* '/' and a name with its NUL */
#define FAT_CHECK_DEAD 32u                         /* unreadable sectors that are reported singly */
#define FAT_CHECK_ANCESTORS 128u /* levels up that are looked at for a directory's own ancestor */
#define FAT_CHECK_PROBES 256u    /* in the table of names, so that no crafted name slows it */
#define FAT_CHECK_DIR_MAX 65536u /* slots of the largest directory that drivers accept */
#define FAT_CHECK_NOWHERE UINT64_MAX
#define FAT_CHECK_BACKUP 6u /* where everyone puts it; the dead boot sector cannot say */

/* A view of some bytes of the device: borrowed, or read into buf. */
struct fat_check_window {
    uint64_t at, end; /* bytes of the device; equal: holds nothing */
    const uint8_t *data;
    uint8_t *buf;
    uint64_t used; /* when, for choosing the one to give up */
};

/* What is known about data and holes of one copy of the FAT: [at, end) is a hole or is not. */
struct fat_check_hole {
    uint64_t at, end;
    bool hole;
};

/* A place in a directory. */
struct fat_check_cursor {
    uint32_t cluster; /* 0: FAT12/16's root, which is no chain */
    uint32_t left;    /* clusters from this one on that are the directory's */
    uint32_t offset;  /* bytes from the cluster's start */
    uint32_t slot;    /* number of the slot, from the directory's start */
    bool ahead;       /* read what follows together with it */
};

/* Slots of a directory that lie together: at most one cluster. */
struct fat_check_unit {
    const uint8_t *slots;
    uint32_t from, count;          /* slots[from..count) are new, those before were seen */
    uint64_t at;                   /* bytes of the device where slots[0] lies */
    uint32_t bad, good;            /* entries that make no sense, and that do */
    bool garbage;                  /* most make none: it is no directory */
    struct fat_check_cursor start; /* of slots[0] */
};

/* A directory on the way from the root to the one being read. */
struct fat_check_frame {
    uint32_t start;   /* first cluster; 0: FAT12/16's root */
    uint32_t subdirs; /* not yet descended into */
    struct fat_check_cursor next;
    uint32_t path_len; /* of the text of its path */
};

/* A "." or ".." that was met. */
struct fat_check_dot {
    uint64_t at; /* bytes of the device; 0: none was met */
    uint32_t slot;
};

/* What a scan of one directory gathers. */
struct fat_check_scan {
    uint32_t start, parent; /* "." and ".." must say these */
    bool is_root;
    bool is_file; /* repair: it never was a directory, and is none any more */
    bool ended;   /* the end mark was met */
    bool cut;     /* repair: what is left of its chain is not its own any more */
    struct fat_check_dot dot[2];
    uint32_t subdirs;
    uint32_t after_end, after_end_slot;
    uint32_t slots; /* in use, up to the end mark */
    /* for repair */
    uint64_t entry_at;                  /* the slot that names it, bytes of the device; 0: none */
    struct fat_check_cursor first, end; /* slot 0, with all that was added; the end mark */
    uint64_t tail_at;                   /* the first free slot behind the last used one; 0: none */
    uint32_t tail;                      /* its number */
    uint32_t number;                    /* the last that made a name unique */
    uint32_t tail_keep; /* clusters up to what is no directory, nor comes back to one; 0: unknown */
};

/* A chain: what its entry says, and what fat_check_claim found. */
struct fat_check_chain {
    uint32_t start, size;
    bool is_dir;
    uint32_t last; /* the last cluster so far; 0: none */
    uint32_t clusters, runs;
    uint32_t outside, outside_first; /* clusters behind the device's end */
    bool sound;                      /* it ends in an end mark */
    bool met_file;                   /* a directory's chain went into a file's clusters */
    bool cut;                        /* repair has cut it here */
    uint32_t rest;                   /* then: what came behind */
    bool elsewhere;                  /* repair: a directory whose ".." knows another entry of it */
};

struct fat_mend; /* fat/repair/mend.h */

struct fat_check {
    struct cairn_blk *dev;
    struct fat_mend *mend; /* NULL: nothing is changed */
    bool quiet;            /* nothing is reported, nor mended */
    struct cairn_fat_check_options options;
    struct cairn_fat_check_result *result;
    struct cairn_arena arena;
    uint64_t dev_bytes;
    bool canceled;   /* report said stop */
    bool cut_names;  /* too little memory to compare all names of a directory */
    bool cut_tree;   /* too little memory to descend */
    uint64_t told;   /* the last progress */
    uint64_t sector; /* where the next finding is; FAT_CHECK_NOWHERE */

    /* boot sector */
    uint8_t boot[512]; /* the one in force */
    bool has_backup;   /* which is that, in place of the boot sector */
    struct cairn_fat_geometry geometry;
    bool is_dirty, has_error;

    /* FAT */
    uint64_t fat_at, fat_bytes; /* of the copy in force: its entries only */
    uint32_t entries;           /* clusters 2 .. entries - 1 have an entry on the device */
    uint32_t last;              /* the last cluster */
    uint32_t outside;           /* the first cluster that is not wholly on the device */
    const uint8_t *fat;         /* the whole copy when it can be borrowed */
    struct fat_check_window windows[FAT_CHECK_WINDOWS], *window; /* the last one used */
    uint32_t window_count;
    uint64_t fat_read; /* the offset in the FAT that was asked for last */
    uint64_t ticks;
    struct fat_check_hole holes[4];
    uint64_t *seen, *mark;
    uint32_t claimed;                   /* bits in seen */
    uint64_t own_left;                  /* steps that walks besides the claim may take */
    struct fat_check_window dir_window; /* directories, and all that is no FAT */
    struct fat_check_window head;       /* a directory's first slots; small, so that a look at them
                                           costs no other window */
    uint64_t dead[FAT_CHECK_DEAD];      /* unreadable blocks that were reported */
    uint32_t dead_count;

    /* tree: frames grow from room's start; behind them lies the table of names */
    uint8_t *room;
    size_t room_bytes;
    uint32_t depth;
    uint64_t *names;
    uint32_t names_mask, names_count; /* mask 0: no table */
    char path[FAT_CHECK_PATH + FAT_CHECK_NAME];
    uint32_t path_len;
    bool in_tree;                /* findings have a path */
    const struct fat_name *name; /* of the entry at hand, NULL: the directory itself */
    char shown[CAIRN_FAT_CHECK_PATH_BYTES], remark[128];

    /* the entry at hand */
    struct fat_check_chain *chain; /* being claimed, or NULL */
    uint64_t slot_at; /* bytes of the device where its slot lies; FAT_CHECK_NOWHERE: none */
    struct fat_long_reader reader;
    uint64_t long_at[FAT_LONG_SLOTS_MAX]; /* where the long slots in front of it lie, as on disk */
    uint32_t long_count;
    bool long_broken;            /* a fault was reported for the set at hand */
    bool long_odd;               /* its reserved fields were reported */
    struct fat_check_scan *scan; /* of the directory at hand */
    const struct fat_check_unit *unit;
    struct fat_name short_name; /* of the entry at hand */
    struct fat_name entry_name; /* of the subdirectory to go down into */

    uint8_t root_label[CAIRN_FAT_LABEL_BYTES];
    bool has_label;
};

/* ---- fault.c ------------------------------------------------------------------------------- */

/* Report a fault at c->sector, on the path of the entry at hand. cluster 0: none. true: it was
 * mended, and what is at hand now looks different: look again. */
bool fat_check_find(struct fat_check *c, enum cairn_fat_fault fault, uint32_t cluster, uint64_t a,
                    uint64_t b);
/* The same at a sector of the volume. */
bool fat_check_find_at(struct fat_check *c, enum cairn_fat_fault fault, uint64_t sector, uint64_t a,
                       uint64_t b);
/* One more of what was told of already: nothing is reported, but repair mends it, too. */
void fat_check_find_more(struct fat_check *c, enum cairn_fat_fault fault);
/* What ends the next finding's sentence. */
void fat_check_remark(struct fat_check *c, const char *fmt, ...) CAIRN_PRINTF(2, 3);

/* ---- path.c -------------------------------------------------------------------------------- */

/* The path of the entry at hand, "" when no directory is being read; cut in the middle. Good until
 * the next call. */
const char *fat_check_path(struct fat_check *c);
/* Go down into a directory called name; back by setting path_len. */
void fat_check_path_push(struct fat_check *c, const struct fat_name *name);

/* ---- io.c ---------------------------------------------------------------------------------- */

/* Memory of a window's buffer for dev, and its alignment. */
size_t fat_check_window_bytes(const struct cairn_blk *dev);
/* bytes (at most FAT_CHECK_PIECE) of the device at `at`, good until the window's next use. Zeros
 * where the device ends or cannot be read; the latter is reported. */
const uint8_t *fat_check_view(struct fat_check *c, struct fat_check_window *window, uint64_t at,
                              uint32_t bytes);
bool fat_check_holds(const struct fat_check_window *window, uint64_t at, uint32_t bytes);
/* Does [at, at + bytes) read as zeros for sure? hole keeps the answer for the next question. */
bool fat_check_is_hole(struct fat_check *c, struct fat_check_hole *hole, uint64_t at,
                       uint32_t bytes);

static inline uint64_t fat_check_sector_at(const struct fat_check *c, uint64_t sector)
{
    return sector * c->geometry.sector_bytes;
}

static inline uint64_t fat_check_cluster_at(const struct fat_check *c, uint32_t cluster)
{
    return fat_check_sector_at(c, c->geometry.data_start) +
           (uint64_t)(cluster - 2) * c->geometry.cluster_bytes;
}

/* ---- check.c ------------------------------------------------------------------------------- */

/* cairn_fat_check_mem with more bitmaps of a bit a cluster, and more windows. */
size_t fat_check_mem(struct cairn_blk *dev, uint64_t entries, uint32_t bitmaps, uint32_t windows);
/* cairn_fat_check; mend: repair's, or NULL. */
enum cairn_err fat_check_run(struct cairn_blk *dev, const struct cairn_fat_check_options *options,
                             void *mem, size_t mem_bytes, struct cairn_fat_check_result *result,
                             struct fat_mend *mend, struct cairn_why *why) CAIRN_MUST_USE;
bool fat_check_window_take(struct fat_check *c, struct fat_check_window *window);
/* A window for less than a piece. */
bool fat_check_window_small(struct fat_check *c, struct fat_check_window *window, uint32_t bytes);

/* ---- boot.c -------------------------------------------------------------------------------- */

/* Fill geometry from the boot sector, or from its backup. CAIRN_EINVAL: neither can be used. */
enum cairn_err fat_check_boot_read(struct fat_check *c, struct cairn_why *why) CAIRN_MUST_USE;
/* All about the boot sector that needs no FAT. */
void fat_check_boot(struct fat_check *c);
/* Dirty and error bits, when FAT[1] was seen; FSInfo, when free clusters were counted. */
void fat_check_state(struct fat_check *c);
void fat_check_fsinfo(struct fat_check *c);

/* ---- doubt.c ------------------------------------------------------------------------------- */

/* Is more of the volume where the backup says than where the boot sector says? */
bool fat_check_backup_fits_better(struct fat_check *c, const struct cairn_fat_geometry *boot,
                                  const struct cairn_fat_geometry *backup);
/* Is so much elsewhere that the boot sector must be wrong? Then a remark tells what. */
bool fat_check_boot_is_doubtful(struct fat_check *c);

/* ---- label.c ------------------------------------------------------------------------------- */

/* May the label have this byte at this place? */
bool fat_check_label_is_legal(uint8_t byte, uint32_t place);
void fat_check_label_slot(struct fat_check *c, const struct fat_check_scan *scan,
                          const uint8_t label[CAIRN_FAT_LABEL_BYTES]);
void fat_check_label(struct fat_check *c);

/* ---- fat.c --------------------------------------------------------------------------------- */

/* A part of the FAT in force: entries of clusters first .. end - 1. */
struct fat_check_piece {
    uint64_t offset; /* bytes from the FAT's start */
    uint32_t bytes;
    uint32_t first, end;
    const uint8_t *data;
};
/* The next piece that is no hole (start with a zeroed one); false: none. */
bool fat_check_piece_next(struct fat_check *c, struct fat_check_piece *piece);
/* Its data once more, after something else was read. */
void fat_check_piece_again(struct fat_check *c, struct fat_check_piece *piece);
/* From `cluster` on, the first of the piece whose entry is not free for sure, or its end. */
uint32_t fat_check_piece_skip(const struct fat_check *c, const struct fat_check_piece *piece,
                              uint32_t cluster);
uint32_t fat_check_piece_get(const struct fat_check *c, const struct fat_check_piece *piece,
                             uint32_t cluster);
/* Copies 1 to this one, exclusively, must equal copy 0, which is then the one in force. */
uint32_t fat_check_copies_live(const struct fat_check *c);
uint64_t fat_check_copy_at(const struct fat_check *c, uint32_t copy);
/* Count, mark what is pointed at, compare the copies. */
void fat_check_fat(struct fat_check *c);
/* Chains that nothing names, after the tree was walked. */
void fat_check_orphans(struct fat_check *c);
/* Does a directory begin in the cluster? */
bool fat_check_is_lost_dir(struct fat_check *c, uint32_t head);
void fat_check_progress(struct fat_check *c, uint64_t done);

/* ---- chain.c ------------------------------------------------------------------------------- */

/* The entry of a cluster in 2 .. last, as fatent_get gives it. */
uint32_t fat_check_next(struct fat_check *c, uint32_t cluster);
/* Walk the chain, of which start, size and is_dir are set, and take its clusters for the entry at
 * hand; reports what is wrong with it. A file stops at what another has taken, a directory at what
 * another directory has. c->chain is it from then on. */
void fat_check_claim(struct fat_check *c, struct fat_check_chain *chain);
/* Go on behind the end of a chain, which was mended. */
void fat_check_claim_more(struct fat_check *c, struct fat_check_chain *chain);

/* May a chain of the volume go on there? */
static inline bool fat_check_in_range(const struct fat_check *c, uint32_t cluster)
{
    return cluster >= 2 && cluster <= c->last;
}

static inline bool fat_check_bit(const uint64_t *bits, uint32_t cluster)
{
    return bits[cluster / 64] >> cluster % 64 & 1;
}

static inline void fat_check_bit_set(uint64_t *bits, uint32_t cluster)
{
    bits[cluster / 64] |= (uint64_t)1 << cluster % 64;
}

static inline void fat_check_bit_clear(uint64_t *bits, uint32_t cluster)
{
    bits[cluster / 64] &= ~((uint64_t)1 << cluster % 64);
}

/* ---- dir.c --------------------------------------------------------------------------------- */

/* Everything about a directory whose clusters are claimed, except what lies below it. */
void fat_check_dir(struct fat_check *c, const struct fat_check_cursor *start,
                   struct fat_check_scan *scan);
/* The next slots of a directory; false: none are left. */
bool fat_check_unit_next(struct fat_check *c, struct fat_check_cursor *cursor,
                         struct fat_check_unit *unit);
/* Is a slot of a garbage unit to be passed over? */
bool fat_check_slot_is_nonsense(const uint8_t *slot);
/* 0: ".", 1: "..", 2: neither. */
uint32_t fat_check_dot_kind(const uint8_t raw[FAT_SHORT_BYTES]);

/* ---- entry.c ------------------------------------------------------------------------------- */

/* An 8.3 entry that is no "." or "..". slot shows what repair makes of it. */
void fat_check_entry(struct fat_check *c, struct fat_check_scan *scan, const uint8_t *slot);
/* Attributes that do not go together. true: look again. */
bool fat_check_attributes(struct fat_check *c, const struct fat_dirent *entry);
/* A directory that can be descended into? */
bool fat_check_is_subdir(const struct fat_check *c, const struct fat_dirent *entry);

/* ---- name.c -------------------------------------------------------------------------------- */

void fat_check_long_slot(struct fat_check *c, const uint8_t *slot, uint32_t number);
/* For repair, remember where the long slot at hand lies. */
void fat_check_long_track(struct fat_check *c, const uint8_t *slot);
/* The set of long slots at hand ends without an 8.3 entry of its own. */
void fat_check_long_cut(struct fat_check *c);
/* Put the entry's 8.3 name into short_name; name is that, or the long one: is there one? */
bool fat_check_name_take(struct fat_check *c, const struct fat_dirent *entry);
/* The entry's name, and what is wrong with it, alone and among its neighbours. `entry` is what slot
 * holds, also afterwards. */
void fat_check_entry_name(struct fat_check *c, const struct fat_check_scan *scan,
                          const uint8_t *slot, struct fat_dirent *entry);

/* ---- names.c ------------------------------------------------------------------------------- */

/* Begin the table of names of a directory. */
void fat_check_names_begin(struct fat_check *c, const struct fat_check_cursor *start);
/* Read the 8.3 name from its slot again, since repair has changed it. */
void fat_check_short_read(struct fat_check *c, const uint8_t *slot);
/* Compare the entry's names, as in slot and (has_long) name, with those of all before it. */
void fat_check_names_compare(struct fat_check *c, const uint8_t *slot, uint32_t number,
                             bool has_long);
/* Does any entry have this name, be it before or behind the one at hand? Repair only. */
bool fat_check_name_taken(struct fat_check *c, const struct fat_name *name);

/* ---- tree.c -------------------------------------------------------------------------------- */

/* The directories, from the root on. */
void fat_check_tree(struct fat_check *c);
/* After that: what lies below a directory that repair has put into directory `parent` of the root
 * (without a name: into the root), with the name in entry_name, in the slot at hand. */
void fat_check_tree_more(struct fat_check *c, uint32_t parent, const struct fat_name *parent_name,
                         uint32_t start);

#endif
