/* SPDX-License-Identifier: ISC */
/*
 * FAT12, FAT16 and FAT32 volumes on a BLOCK device.
 *
 * A volume lives in one block of memory that the caller gives at mount; nothing is allocated
 * afterwards. Nodes are files and directories by identity: a node that is held survives rename and
 * removal. Names are UTF-8 here and UTF-16 on disk, compared without case, never normalised.
 *
 * Changes stay in memory (but file data, whose whole sectors go to the device at once) until
 * cairn_fat_sync, unmount, until the memory given is full, or until the options say; they reach the
 * device in an order that a power cut cannot turn into loss of what was synced (fat/README.md,
 * invariants).
 *
 * Threads: any number may use one volume; each call takes the volume's lock, but not while file
 * data moves. Two calls never run on one struct cairn_fat_file at once.
 *
 * Every function may also return what the device returns, CAIRN_ECORRUPT (the volume contradicts
 * itself; `why` names the place) and CAIRN_ENOMEM (the memory given is too small for this step).
 */
#ifndef CAIRN_FAT_H
#define CAIRN_FAT_H

#include <cairn/clock.h>
#include <cairn/fat_format.h>

CAIRN_BEGIN

struct cairn_fat;      /* a mounted volume; lives in the memory given to mount */
struct cairn_fat_node; /* a file or directory of it; counted by hold and release */

#define CAIRN_FAT_NAME_UNITS 255                            /* UTF-16 units of a name */
#define CAIRN_FAT_NAME_BYTES (CAIRN_FAT_NAME_UNITS * 3 + 1) /* of it in UTF-8, with NUL */
#define CAIRN_FAT_ALIAS_BYTES (12 * 3 + 1)                  /* "NAME.EXT" in UTF-8, with NUL */
#define CAIRN_FAT_FILE_MAX UINT32_MAX                       /* bytes of a file: 4 GiB - 1 */

/* Attributes (fatgen103, "FAT Directory Structure"). */
#define CAIRN_FAT_READ_ONLY 0x01u
#define CAIRN_FAT_HIDDEN 0x02u
#define CAIRN_FAT_SYSTEM 0x04u
#define CAIRN_FAT_VOLUME 0x08u
#define CAIRN_FAT_DIRECTORY 0x10u
#define CAIRN_FAT_ARCHIVE 0x20u
#define CAIRN_FAT_ATTR_SETTABLE                                                                    \
    (CAIRN_FAT_READ_ONLY | CAIRN_FAT_HIDDEN | CAIRN_FAT_SYSTEM | CAIRN_FAT_ARCHIVE)

/* Code pages, which say what the bytes of 8.3 names mean: those of one byte a character. */
enum cairn_fat_codepage {
    CAIRN_FAT_CP437 = 437, /* United States; the default */
    CAIRN_FAT_CP737 = 737,
    CAIRN_FAT_CP775 = 775,
    CAIRN_FAT_CP850 = 850,
    CAIRN_FAT_CP852 = 852,
    CAIRN_FAT_CP855 = 855,
    CAIRN_FAT_CP857 = 857,
    CAIRN_FAT_CP860 = 860,
    CAIRN_FAT_CP861 = 861,
    CAIRN_FAT_CP862 = 862,
    CAIRN_FAT_CP863 = 863,
    CAIRN_FAT_CP864 = 864,
    CAIRN_FAT_CP865 = 865,
    CAIRN_FAT_CP866 = 866,
    CAIRN_FAT_CP869 = 869,
    CAIRN_FAT_CP874 = 874,
    CAIRN_FAT_CP1250 = 1250,
    CAIRN_FAT_CP1251 = 1251,
    CAIRN_FAT_CP1252 = 1252,
    CAIRN_FAT_CP1255 = 1255
};
/* Is it one of these? */
CAIRN_API bool cairn_fat_codepage_known(uint32_t number);

/* What becomes of names that are 8.3 but for case, as Linux vfat's option `shortname` has it. The
 * case bits of an entry without long name are NT's; Windows 95 does not know them. */
enum cairn_fat_short_names {
    CAIRN_FAT_SHORT_MIXED, /* shown by the case bits; long names unless all upper case */
    CAIRN_FAT_SHORT_LOWER, /* shown in lower case; long names unless all upper case */
    CAIRN_FAT_SHORT_WIN95, /* shown in upper case; long names unless all upper case */
    CAIRN_FAT_SHORT_WINNT  /* shown by the case bits, and stored with them, where they can tell */
};

/* When changes become durable without cairn_fat_sync. A sync is always one of the whole volume: its
 * order is one for all files. */
enum cairn_fat_sync_policy {
    CAIRN_FAT_SYNC_ASKED,    /* never, but for the two bounds in the options */
    CAIRN_FAT_SYNC_ON_CLOSE, /* when cairn_fat_close closes a file that was opened for writing */
    CAIRN_FAT_SYNC_AT_ONCE   /* before a call that changes something returns; where that fails, the
                                change is made all the same, and will be tried again */
};

/* What to do with a volume that was not unmounted, when it is mounted for writing. What a power cut
 * leaves harms no reader, but two names of one file come apart when one of them is written to. */
enum cairn_fat_dirty_policy {
    CAIRN_FAT_DIRTY_REFUSE,    /* CAIRN_ECORRUPT: repair it first */
    CAIRN_FAT_DIRTY_READ_ONLY, /* mount it read-only, and log that */
    CAIRN_FAT_DIRTY_WRITE      /* write all the same, as Linux does; it stays dirty */
};

struct cairn_fat_options {
    bool read_only;
    enum cairn_fat_dirty_policy on_dirty;
    enum cairn_fat_sync_policy sync;
    /* Bounds of what is not durable: bytes of changed pages and of data written since the last
     * flush, and the age of the oldest change. Kept where a call that changes something begins (so
     * that one call may exceed the first) and in cairn_fat_tick. 0: none; nothing is written behind
     * the caller's back. */
    uint64_t dirty_bytes_max;
    uint64_t dirty_age_max_ns;
    uint64_t idle_ns;                 /* for cairn_fat_tick; 0: 5 s */
    struct cairn_clock_mono *timer;   /* of the two above; NULL: the platform's */
    enum cairn_fat_codepage codepage; /* of 8.3 names; 0: 437 */
    enum cairn_fat_short_names short_names;
    bool no_numeric_tail;           /* aliases get "~1" only when the plain one is taken */
    int32_t utc_offset_min;         /* local time of the volume minus UTC, in minutes */
    struct cairn_clock_wall *clock; /* NULL: the platform's */
    bool no_order;                  /* no stages, no flush between them: for measuring only */
};

/* Zeros are the defaults. */

/* The least memory that mounts this device's volume and can do every operation on it, and one that
 * makes the promise "cost does not grow" hold for about `files` files in one directory (0: 20,000).
 */
CAIRN_API size_t cairn_fat_mem_least(const struct cairn_blk *dev);
CAIRN_API size_t cairn_fat_mem_good(const struct cairn_blk *dev, uint64_t files);

/* Mount the volume on dev. dev and mem stay the caller's, also when mounting fails, and outlive the
 * volume. Read-only when dev or options say so.
 *   CAIRN_EINVAL  not a FAT volume (why says what the first sector lacks), or an unknown code page
 *   CAIRN_ECORRUPT  besides: it was not unmounted, and is not to be written to (on_dirty)
 *   CAIRN_ENOMEM  mem_bytes is below cairn_fat_mem_least */
CAIRN_API enum cairn_err cairn_fat_mount(struct cairn_fat **fs, struct cairn_blk *dev,
                                         const struct cairn_fat_options *options, void *mem,
                                         size_t mem_bytes, struct cairn_why *why) CAIRN_MUST_USE;

/* Sync, mark clean, forget. The volume is gone also when this fails: what was not synced is lost
 * then. No node may be held. */
CAIRN_API enum cairn_err cairn_fat_unmount(struct cairn_fat *fs,
                                           struct cairn_why *why) CAIRN_MUST_USE;

/* All changes are durable when this returns CAIRN_OK, as far as the device's durability goes. */
CAIRN_API enum cairn_err cairn_fat_sync(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

/* To be called now and then by whoever owns the volume: a loop, a thread. Syncs when one of the
 * bounds is reached; and when nothing has changed for idle_ns, syncs and marks the volume clean, as
 * unmount does. The next change marks it dirty first. */
CAIRN_API enum cairn_err cairn_fat_tick(struct cairn_fat *fs, struct cairn_why *why) CAIRN_MUST_USE;

struct cairn_fat_usage {
    uint64_t cluster_bytes;
    uint64_t clusters, free_clusters; /* free counts what sync will free, too */
    uint64_t syncs, flushes, drains;  /* since mount; drains: syncs that an operation needed */
};
/* Counting free clusters reads the FAT once, on the first call that cannot use FSInfo. Syncs when
 * some are waiting to be freed. */
CAIRN_API enum cairn_err cairn_fat_usage(struct cairn_fat *fs, struct cairn_fat_usage *usage,
                                         struct cairn_why *why) CAIRN_MUST_USE;
/* As it was at mount; state has what FAT[1] says, too. */
CAIRN_API const struct cairn_fat_geometry *cairn_fat_geometry(const struct cairn_fat *fs);
CAIRN_API bool cairn_fat_is_read_only(const struct cairn_fat *fs);
/* The device that it is mounted from. */
CAIRN_API struct cairn_blk *cairn_fat_blk(const struct cairn_fat *fs);

/* The label: the root directory's volume entry, else the boot sector's; UTF-8, NUL-terminated,
 * empty when there is none. out has CAIRN_FAT_ALIAS_BYTES. Setting writes both; "" removes it. */
CAIRN_API enum cairn_err cairn_fat_label(struct cairn_fat *fs, char out[CAIRN_FAT_ALIAS_BYTES],
                                         struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_fat_label_set(struct cairn_fat *fs, const char *utf8, size_t len,
                                             struct cairn_why *why) CAIRN_MUST_USE;
/* cairn_fat_label_encode, in a code page; 0: 437. */
CAIRN_API enum cairn_err cairn_fat_label_encode_in(enum cairn_fat_codepage page, const char *utf8,
                                                   size_t len, char out[CAIRN_FAT_LABEL_BYTES + 1],
                                                   struct cairn_why *why) CAIRN_MUST_USE;

/* ---- nodes ------------------------------------------------------------------------------- */

struct cairn_fat_stat {
    uint64_t id; /* unique among live nodes of this mount, stable across rename */
    bool is_directory;
    uint8_t attributes;     /* CAIRN_FAT_* bits */
    uint64_t size;          /* bytes; 0 for directories */
    uint64_t allocated;     /* bytes of the clusters */
    uint32_t first_cluster; /* 0: none */
    int64_t modified_ns;    /* UTC; 2 s steps on disk */
    int64_t created_ns;     /* 10 ms steps; INT64_MIN: not recorded */
    int64_t accessed_ns;    /* whole days of local time; INT64_MIN: not recorded */
};

/* Which members of a stat to set. */
#define CAIRN_FAT_SET_ATTRIBUTES 1u /* only CAIRN_FAT_ATTR_SETTABLE bits */
#define CAIRN_FAT_SET_MODIFIED 2u
#define CAIRN_FAT_SET_CREATED 4u
#define CAIRN_FAT_SET_ACCESSED 8u

/* The root directory, held. */
CAIRN_API struct cairn_fat_node *cairn_fat_root(struct cairn_fat *fs);
/* One more hold; and one less, which lets go of a removed file's clusters when it was the last. */
CAIRN_API struct cairn_fat_node *cairn_fat_hold(struct cairn_fat_node *node);
CAIRN_API void cairn_fat_release(struct cairn_fat_node *node);

/* The node called name[0..len) in dir, by long name or alias; held. "." and ".." are dir and its
 * parent. CAIRN_ENOENT, CAIRN_ENOTDIR, CAIRN_EILSEQ, CAIRN_ENAMETOOLONG, CAIRN_ENFILE. */
CAIRN_API enum cairn_err cairn_fat_lookup(struct cairn_fat_node *dir, const char *name, size_t len,
                                          struct cairn_fat_node **node,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* A new empty file, or a new directory, called name in dir; held. Times are now.
 * CAIRN_EEXIST, CAIRN_ENOSPC, CAIRN_EINVAL (a character or name FAT refuses; why names it),
 * CAIRN_EILSEQ (not UTF-8), CAIRN_ENAMETOOLONG, CAIRN_EROFS, CAIRN_ENOTDIR. */
CAIRN_API enum cairn_err cairn_fat_create(struct cairn_fat_node *dir, const char *name, size_t len,
                                          struct cairn_fat_node **node,
                                          struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_fat_mkdir(struct cairn_fat_node *dir, const char *name, size_t len,
                                         struct cairn_fat_node **node,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* Remove the file, or the empty directory. A held node goes on working until released.
 * CAIRN_ENOENT, CAIRN_ENOTEMPTY, CAIRN_EBUSY (the root, "." or ".."), CAIRN_EROFS. The read-only
 * attribute does not protect: it is for the caller to honour. */
CAIRN_API enum cairn_err cairn_fat_remove(struct cairn_fat_node *dir, const char *name, size_t len,
                                          struct cairn_why *why) CAIRN_MUST_USE;

#define CAIRN_FAT_RENAME_NO_REPLACE 1u /* CAIRN_EEXIST instead of replacing */

/* Move and rename. An existing file is replaced by a file, an empty directory by a directory; a
 * change of case only is a change. CAIRN_EINVAL: a directory into itself or below. CAIRN_EISDIR,
 * CAIRN_ENOTDIR: kinds differ. CAIRN_ENOTEMPTY. And what create returns. */
CAIRN_API enum cairn_err cairn_fat_rename(struct cairn_fat_node *from_dir, const char *from,
                                          size_t from_len, struct cairn_fat_node *to_dir,
                                          const char *to, size_t to_len, uint32_t flags,
                                          struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_API enum cairn_err cairn_fat_stat(struct cairn_fat_node *node, struct cairn_fat_stat *stat,
                                        struct cairn_why *why) CAIRN_MUST_USE;
/* Times outside 1980..2107 are clamped. The root has no entry: CAIRN_EPERM. */
CAIRN_API enum cairn_err cairn_fat_stat_set(struct cairn_fat_node *node,
                                            const struct cairn_fat_stat *stat, uint32_t which,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* ---- directories --------------------------------------------------------------------------- */

struct cairn_fat_entry {
    uint64_t next;              /* cursor behind this entry */
    struct cairn_fat_stat stat; /* id 0 when no node of it is in memory */
    uint32_t name_len;
    char name[CAIRN_FAT_NAME_BYTES];   /* the long name, or the short one with its case bits */
    char alias[CAIRN_FAT_ALIAS_BYTES]; /* the 8.3 name */
};

/* The first entry at or behind cursor (0: the start), without ".", ".." and the label. Cursors stay
 * good while the directory changes: what was there all along is listed once, what comes or goes may
 * be. CAIRN_ENOENT: the end. CAIRN_ENOTDIR. */
CAIRN_API enum cairn_err cairn_fat_list(struct cairn_fat_node *dir, uint64_t cursor,
                                        struct cairn_fat_entry *entry,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* The entry called name[0..len) in dir, found as cairn_fat_lookup finds it: entry->name says how it
 * is spelled there. CAIRN_ENOENT (of "." and ".." too), CAIRN_ENOTDIR, CAIRN_EILSEQ,
 * CAIRN_ENAMETOOLONG. */
CAIRN_API enum cairn_err cairn_fat_find(struct cairn_fat_node *dir, const char *name, size_t len,
                                        struct cairn_fat_entry *entry,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* ---- file contents ------------------------------------------------------------------------- */

/* bytes from offset; *done is less only at the end of the file. CAIRN_EISDIR. */
CAIRN_API enum cairn_err cairn_fat_read(struct cairn_fat_node *file, uint64_t offset, void *buf,
                                        size_t bytes, size_t *done,
                                        struct cairn_why *why) CAIRN_MUST_USE;

/* All bytes at offset, or an error; *done tells how many got in before it. A gap behind the old end
 * reads as zeros. CAIRN_EFBIG: beyond 4 GiB - 1. CAIRN_ENOSPC. CAIRN_EROFS. */
CAIRN_API enum cairn_err cairn_fat_write(struct cairn_fat_node *file, uint64_t offset,
                                         const void *buf, size_t bytes, size_t *done,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* Set the size: cut, or extend with zeros. CAIRN_EFBIG, CAIRN_ENOSPC, CAIRN_EISDIR. */
CAIRN_API enum cairn_err cairn_fat_truncate(struct cairn_fat_node *file, uint64_t size,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* Reserve clusters for at least `size` bytes, contiguous where possible, without changing the size.
 * All or CAIRN_ENOSPC. What a file still has past its size when its node is let go is freed. */
CAIRN_API enum cairn_err cairn_fat_allocate(struct cairn_fat_node *file, uint64_t size,
                                            struct cairn_why *why) CAIRN_MUST_USE;

/* Where the contents lie: the run of adjacent clusters that holds byte offset. *sector counts from
 * the volume's start. CAIRN_ENOENT: nothing is allocated there. */
struct cairn_fat_run {
    uint64_t offset; /* in the file, first byte of the run that was asked for */
    uint64_t bytes;  /* to the end of the run */
    uint64_t sector;
    uint32_t sector_byte; /* of offset within sector */
};
CAIRN_API enum cairn_err cairn_fat_where(struct cairn_fat_node *file, uint64_t offset,
                                         struct cairn_fat_run *run,
                                         struct cairn_why *why) CAIRN_MUST_USE;

/* ---- by path ------------------------------------------------------------------------------- */

/* Paths are segments between '/', relative to the root; empty segments and "." are skipped. */

/* The node at path; held. As cairn_fat_lookup. */
CAIRN_API enum cairn_err cairn_fat_walk(struct cairn_fat *fs, const char *path, size_t len,
                                        struct cairn_fat_node **node,
                                        struct cairn_why *why) CAIRN_MUST_USE;
/* The directory that holds the path's last segment, held, and that segment (a part of path).
 * CAIRN_EINVAL: the path has no segment. */
CAIRN_API enum cairn_err cairn_fat_walk_parent(struct cairn_fat *fs, const char *path, size_t len,
                                               struct cairn_fat_node **dir, const char **name,
                                               size_t *name_len,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* An open file with a position. */
struct cairn_fat_file {
    struct cairn_fat_node *node;
    uint64_t at;
    uint32_t flags;
};
#define CAIRN_FAT_OPEN_WRITE 1u     /* else only reading */
#define CAIRN_FAT_OPEN_CREATE 2u    /* make it when absent */
#define CAIRN_FAT_OPEN_EXCLUSIVE 4u /* with CREATE: CAIRN_EEXIST when present */
#define CAIRN_FAT_OPEN_TRUNCATE 8u
#define CAIRN_FAT_OPEN_APPEND 16u /* every write goes to the end */
CAIRN_API enum cairn_err cairn_fat_open(struct cairn_fat *fs, const char *path, size_t len,
                                        uint32_t flags, struct cairn_fat_file *file,
                                        struct cairn_why *why) CAIRN_MUST_USE;
/* Closed also when this fails, which it can only where a policy asks for a sync. */
CAIRN_API enum cairn_err cairn_fat_close(struct cairn_fat_file *file,
                                         struct cairn_why *why) CAIRN_MUST_USE;
/* Read or write at the position and move it. CAIRN_EBADF: not opened for writing. */
CAIRN_API enum cairn_err cairn_fat_file_read(struct cairn_fat_file *file, void *buf, size_t bytes,
                                             size_t *done, struct cairn_why *why) CAIRN_MUST_USE;
CAIRN_API enum cairn_err cairn_fat_file_write(struct cairn_fat_file *file, const void *buf,
                                              size_t bytes, size_t *done,
                                              struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_fat_whence { CAIRN_FAT_SEEK_SET, CAIRN_FAT_SEEK_CUR, CAIRN_FAT_SEEK_END };
/* Move the position; behind the end is allowed. CAIRN_EINVAL: before the start or past 2^63. */
CAIRN_API enum cairn_err cairn_fat_file_seek(struct cairn_fat_file *file, int64_t offset,
                                             enum cairn_fat_whence whence, uint64_t *at,
                                             struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
