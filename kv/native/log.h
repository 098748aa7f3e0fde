/* SPDX-License-Identifier: ISC */
/*
 * The log: a circle of records, each a group of commits, chained by hashes (kv/FORMAT.md, "Log").
 *
 * Writing has three parts, so that others stage meanwhile: fill the buffer (under the store's
 * lock), write and flush (without), take note (under it again). One writer at a time; the store
 * sees to that.
 */
#ifndef CAIRN_KV_NATIVE_LOG_H
#define CAIRN_KV_NATIVE_LOG_H

#include <cairn/arena.h>

#include "format.h"

struct kvn_log {
    struct cairn_blk *dev;
    uint64_t first_byte; /* of the log on the device */
    uint64_t bytes;      /* of the log */
    uint32_t unit;
    uint32_t page_bytes;
    uint64_t uuid8;
    uint8_t *buffer;
    uint32_t buffer_bytes; /* whole units, and at least what the longest change needs */
    /* where the next record goes */
    uint64_t position, seq;
    struct cairn_hash128 chain;
    /* the first record that is not in the tree */
    uint64_t start, start_seq;
    struct cairn_hash128 start_chain;
    uint32_t start_skip;  /* changes of it that are */
    uint64_t durable_seq; /* all up to it are durable */
    bool dropped;         /* behind the end is some of a batch that was left out when replaying */
    bool accepts;         /* that records which were durable are lost: the log ends there, */
    uint64_t behind_seq;  /* and behind it are records up to this one; 0: none */
    /* the record that is being filled or written */
    uint32_t filled, changes;
    struct kvn_log_head sealed;
    uint64_t writes, written_bytes;
};

/* The buffer is a sixteenth of arena's rest, to 1 MiB, at most a quarter of the log, and at least
 * what the longest change takes. Start, seq and chain are the superblock's. */
enum cairn_err kvn_log_init(struct kvn_log *log, struct cairn_arena *arena, struct cairn_blk *dev,
                            const struct kvn_super *super, struct cairn_why *why) CAIRN_MUST_USE;

/* Bytes of the log that records may still take; a record with this much content takes so many. */
uint64_t kvn_log_room(const struct kvn_log *log);
uint64_t kvn_log_takes(const struct kvn_log *log, uint32_t content_bytes);

/* Begin a record, and add changes; false: it is full, write it first. */
void kvn_log_begin(struct kvn_log *log);
bool kvn_log_add(struct kvn_log *log, const struct kvn_change *change);
/* No more changes come into the record; more: its last batch goes on in the next one. Under the
 * lock. CAIRN_ENOSPC: the log has no room: a checkpoint must come first. */
enum cairn_err kvn_log_close(struct kvn_log *log, bool more, struct cairn_why *why) CAIRN_MUST_USE;
/* Write it at the log's end, without the lock. Two requests at most, in one batch. It becomes part
 * of the chain by kvn_log_written. Not flushed; when what was written is durable, the caller sets
 * durable_seq. */
enum cairn_err kvn_log_write(struct kvn_log *log, struct cairn_why *why) CAIRN_MUST_USE;
/* The record that kvn_log_write wrote is the log's last one; under the lock. */
void kvn_log_written(struct kvn_log *log);

/* ---- replaying ------------------------------------------------------------------------------- */

/* Reads the log from its start, record by record, through the log's buffer, which a record may be
 * longer than. */
struct kvn_replay {
    struct kvn_log *log;
    uint64_t position, seq; /* of the record at hand; behind the last one at the end */
    struct cairn_hash128 chain;
    struct kvn_log_head head;
    uint64_t window;       /* offset in the record of what the buffer holds, */
    uint32_t window_bytes; /* so much */
    uint32_t at;           /* offset in the record of the next change, */
    uint32_t done;         /* before which there are so many */
};

/* Find out how far the log goes: reads it all, once. *end_seq is the number behind the last record
 * of the last whole batch; all up to *durable_seq were durable, as records say. CAIRN_ECORRUPT: a
 * record that was durable is lost; why names its number and place. */
enum cairn_err kvn_replay_find_end(struct kvn_log *log, uint64_t *end_seq, uint64_t *durable_seq,
                                   struct cairn_why *why) CAIRN_MUST_USE;
void kvn_replay_begin(struct kvn_replay *replay, struct kvn_log *log);
/* Go to the next record below end_seq, to the first change that the tree has not; *more false:
 * there is none, and the log's position, seq and chain are set for writing behind the last. */
enum cairn_err kvn_replay_next(struct kvn_replay *replay, uint64_t end_seq, bool *more,
                               struct cairn_why *why) CAIRN_MUST_USE;
/* The next change of that record; *more false: it has no more. Slices point into the buffer, until
 * the next call. */
enum cairn_err kvn_replay_change(struct kvn_replay *replay, struct kvn_change *change, bool *more,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
