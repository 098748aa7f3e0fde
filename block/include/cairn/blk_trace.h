/* SPDX-License-Identifier: ISC */
/*
 * trace and replay: a layer that writes each change and each flush to a log on another device, and
 * what makes the device of such a log again, up to any point of it. The log is in the format of
 * Linux's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst), so that its tools
 * and QEMU's blklogwrites read ours and we read theirs.
 */
#ifndef CAIRN_BLK_TRACE_H
#define CAIRN_BLK_TRACE_H

#include <cairn/blk.h>
#include <cairn/sync.h>

CAIRN_BEGIN

/* What an entry is: flags of the format. */
#define CAIRN_BLK_LOG_FLUSH 1u     /* all that is before it is durable */
#define CAIRN_BLK_LOG_FUA 2u       /* a write that is durable itself */
#define CAIRN_BLK_LOG_DISCARD 4u   /* no data; replayed as zeros, as the reference does at need */
#define CAIRN_BLK_LOG_MARK 8u      /* a name for this point */
#define CAIRN_BLK_LOG_METADATA 16u /* a write of metadata: never ours, kept in what we read */

#define CAIRN_BLK_LOG_NAME_BYTES 128u

/* ---- trace ----------------------------------------------------------------------------------- */

struct cairn_blk_trace_options {
    bool stop_when_full; /* go on without logging, and count; else what finds no room fails with
                            CAIRN_ENOSPC before it is done */
    bool reads;          /* each read leaves a mark "read BLOCK+COUNT" */
};

struct cairn_blk_trace {
    struct cairn_blk base;
    struct cairn_blk *log;
    struct cairn_blk_trace_options options;
    struct cairn_lock lock; /* guards what follows, and makes the log's order the true one */
    uint8_t *sector;        /* memory for one entry */
    uint64_t next;          /* block of the log for the next entry */
    uint64_t entries;
    uint64_t reads;  /* requests that passed */
    uint64_t missed; /* changes, flushes and marks that are not in the log */
    bool is_stopped; /* full, or the log failed: an entry left out once, none follows */
};

/* Bytes of memory that open needs. */
CAIRN_API size_t cairn_blk_trace_mem(const struct cairn_blk *below, const struct cairn_blk *log);

/* Log what is done to `below` on `log`, which is written from its first block on and stays the
 * caller's; open writes a log without entries. A zero is logged as a write of zeros, for which the
 * log is told to hold zeros. The count of entries in the log is brought up to date by flushes,
 * marks and close; a flush makes the log durable too. Discards and writes are logged when they have
 * succeeded. options may be NULL.
 *   CAIRN_EINVAL  the log's blocks are of another size (the blocksize layer makes them alike)
 *   CAIRN_EROFS   the log is read-only
 *   CAIRN_ENOSPC  the log has no room for one entry
 *   CAIRN_ENOMEM  mem is too small            what the log says */
CAIRN_API enum cairn_err cairn_blk_trace_open(struct cairn_blk_trace *dev, struct cairn_blk *below,
                                              struct cairn_blk *log,
                                              const struct cairn_blk_trace_options *options,
                                              void *mem, size_t mem_bytes,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* Give this point a name, of up to 127 bytes. CAIRN_ENAMETOOLONG, CAIRN_ENOSPC, what the log
 * says. */
CAIRN_API enum cairn_err cairn_blk_trace_mark(struct cairn_blk_trace *dev, const char *name,
                                              struct cairn_why *why) CAIRN_MUST_USE;

/* ---- replay ---------------------------------------------------------------------------------- */

struct cairn_blk_replay {
    struct cairn_blk *log;
    uint32_t sector_bytes; /* the unit of the log, a whole number of its device's blocks */
    uint64_t entries;      /* in the log */
    uint64_t number;       /* of the next entry, from 0 */
    uint64_t next;         /* sector of the next entry */
    uint8_t *buf;          /* of the caller's, whole sectors */
    size_t buf_bytes;
};

struct cairn_blk_replay_entry {
    uint64_t number;      /* from 0 */
    uint32_t flags;       /* CAIRN_BLK_LOG_* */
    uint64_t at, bytes;   /* on the device, in bytes; of marks and flushes without data 0 */
    uint64_t data_sector; /* of the log: where the data are */
    char name[CAIRN_BLK_LOG_NAME_BYTES]; /* of a mark; a longer one is cut */
};

/* Bytes that open needs at least; they are enough, too. */
CAIRN_API size_t cairn_blk_replay_mem(void);

/* Read the log's head. mem: cairn_blk_replay_mem bytes at least, at any address; it and log stay
 * the caller's. Nothing is to be closed.
 *   CAIRN_ECORRUPT no log is there        CAIRN_ENOTSUP another version of the format
 *   CAIRN_EINVAL   sectors that are no whole blocks of the log's device
 *   CAIRN_ENOMEM   mem is too small       what the log says */
CAIRN_API enum cairn_err cairn_blk_replay_open(struct cairn_blk_replay *replay,
                                               struct cairn_blk *log, void *mem, size_t mem_bytes,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* The next entry. CAIRN_ENOENT: there is none left; CAIRN_ECORRUPT: it contradicts the format or
 * the log's size. */
CAIRN_API enum cairn_err cairn_blk_replay_next(struct cairn_blk_replay *replay,
                                               struct cairn_blk_replay_entry *entry,
                                               struct cairn_why *why) CAIRN_MUST_USE;

/* Do to dev what the entry says: a write, a discard (as zeros), a flush; a mark is nothing.
 * CAIRN_EINVAL: its sectors are no whole blocks of dev; else what the two devices say. */
CAIRN_API enum cairn_err cairn_blk_replay_apply(struct cairn_blk_replay *replay,
                                                const struct cairn_blk_replay_entry *entry,
                                                struct cairn_blk *dev,
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* Where to stop: behind the first entry of which any of these is true; zeros: at the end. */
struct cairn_blk_replay_stop {
    uint64_t count;   /* so many entries are done, from the log's beginning; 0: no matter */
    uint32_t flags;   /* it has one of these: CAIRN_BLK_LOG_FLUSH | CAIRN_BLK_LOG_FUA */
    const char *mark; /* it is the mark of this name; NULL: no matter */
};

/* Apply entries to dev (NULL: only look) until one is as `stop` says; *entry is that one.
 * CAIRN_ENOENT: all are done and none was, which is fine when stop is all zeros. */
CAIRN_API enum cairn_err cairn_blk_replay_until(struct cairn_blk_replay *replay,
                                                struct cairn_blk *dev,
                                                const struct cairn_blk_replay_stop *stop,
                                                struct cairn_blk_replay_entry *entry,
                                                struct cairn_why *why) CAIRN_MUST_USE;

/* Back to the first entry. */
CAIRN_API void cairn_blk_replay_rewind(struct cairn_blk_replay *replay);

CAIRN_END

#endif
