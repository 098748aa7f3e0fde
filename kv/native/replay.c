/* SPDX-License-Identifier: ISC */
/*
 * Reading the log. Invariants:
 *
 * 1. A record counts when its hash is right, its number and position are the next, and it has the
 * hash of the one before: then all before it count, too.
 * 2. Behind the end everything is looked at once: a record of this lap that says it was written
 * when one at or behind the end was durable shows that something was lost.
 */
#include "log.h"

#include <cairn/bytes.h>

/* Longer ones are never written (log.c). */
#define RECORD_MOST (UINT32_C(1) << 20)

static bool same_hash(struct cairn_hash128 a, struct cairn_hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

static uint64_t record_most(const struct kvn_log *log)
{
    return log->bytes < RECORD_MOST ? log->bytes : RECORD_MOST;
}

/* bytes (whole units, at most the buffer) of the log from position on into the buffer. */
static enum cairn_err load(const struct kvn_log *log, uint64_t position, uint32_t bytes,
                           struct cairn_why *why)
{
    uint32_t block = cairn_blk_info(log->dev)->block_bytes;
    uint64_t at = position % log->bytes;
    uint64_t head = bytes < log->bytes - at ? bytes : log->bytes - at;
    enum cairn_err err =
        cairn_blk_read(log->dev, (log->first_byte + at) / block, head / block, log->buffer, why);
    if (err || head == bytes) return err;
    return cairn_blk_read(log->dev, log->first_byte / block, (bytes - head) / block,
                          log->buffer + head, why);
}

static uint32_t whole_units(const struct kvn_log *log, uint64_t bytes)
{
    uint64_t units = (bytes + log->unit - 1) / log->unit * log->unit;
    return (uint32_t)(units < log->buffer_bytes ? units : log->buffer_bytes);
}

/* The hash of the record at position, whose head this is, read piece by piece. */
static enum cairn_err record_hash(const struct kvn_log *log, const struct kvn_log_head *head,
                                  uint64_t position, struct cairn_hash128 *hash,
                                  struct cairn_why *why)
{
    struct cairn_hasher hasher;
    cairn_hasher_init(&hasher);
    for (uint32_t done = 0; done < head->bytes;) {
        uint32_t piece = whole_units(log, head->bytes - done);
        enum cairn_err err = load(log, position + done, piece, why);
        if (err) return err;
        uint32_t used = piece < head->bytes - done ? piece : head->bytes - done;
        uint32_t skip = done ? 0 : KVN_LOG_HASHED_AT;
        cairn_hasher_add(&hasher, log->buffer + skip, used - skip);
        done += used;
    }
    *hash = cairn_hasher_value(&hasher);
    return CAIRN_OK;
}

/* Is there a record that counts at position? */
static enum cairn_err next_is(const struct kvn_log *log, uint64_t position, uint64_t seq,
                              struct cairn_hash128 before, struct kvn_log_head *head, bool *is,
                              struct cairn_why *why)
{
    struct cairn_hash128 hash;
    *is = false;
    uint64_t left = log->bytes - (position - log->start);
    if (left < log->unit) return CAIRN_OK;
    enum cairn_err err = load(log, position, log->unit, why);
    if (err) return err;
    uint64_t most = left < record_most(log) ? left : record_most(log);
    if (kvn_log_peek(head, log->buffer, log->uuid8, most)) return CAIRN_OK;
    if (head->seq != seq || head->position != position || !same_hash(head->before, before))
        return CAIRN_OK;
    err = record_hash(log, head, position, &hash, why);
    *is = !err && same_hash(hash, head->hash);
    return err;
}

static uint64_t record_end(const struct kvn_log *log, const struct kvn_log_head *head)
{
    return head->position + (head->bytes + log->unit - 1) / log->unit * log->unit;
}

/* ---- where it ends -------------------------------------------------------------------------- */

/* The end as the chain has it. */
struct end {
    uint64_t position, seq; /* of the first place that is no record */
    uint64_t batch_seq;     /* behind the last whole batch */
    uint64_t durable_seq;   /* the highest that a record vouches for */
};

static enum cairn_err chain_end(struct kvn_log *log, struct end *end, struct cairn_why *why)
{
    struct cairn_hash128 chain = log->start_chain;
    *end = (struct end){ log->start, log->start_seq, log->start_seq, log->start_seq - 1 };
    for (;;) {
        struct kvn_log_head head = { .seq = 0 };
        bool is;
        enum cairn_err err = next_is(log, end->position, end->seq, chain, &head, &is, why);
        if (err) return err;
        if (!is) {
            log->dropped = end->seq > end->batch_seq ||
                           (head.seq == end->seq && head.position == end->position);
            return CAIRN_OK;
        }
        chain = head.hash;
        if (head.durable_seq > end->durable_seq) end->durable_seq = head.durable_seq;
        end->position = record_end(log, &head);
        end->seq++;
        if (!(head.flags & KVN_LOG_MORE)) end->batch_seq = end->seq;
    }
}

static enum cairn_err lost(const struct end *end, uint64_t durable, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(
        why, CAIRN_ECORRUPT,
        "record %llu of the log, at position %llu, is damaged or lost, though a later "
        "one says that all up to %llu were durable",
        (unsigned long long)end->seq, (unsigned long long)end->position,
        (unsigned long long)durable);
    cairn_why_hint(why, "changes that were acknowledged are gone; repair keeps those before them");
    return err;
}

/* Does the record at position, behind the end, tell that something was lost? */
static enum cairn_err look_behind(struct kvn_log *log, const struct end *end, uint64_t position,
                                  const struct kvn_log_head *head, struct cairn_why *why)
{
    struct cairn_hash128 hash;
    if (head->position != position || head->seq <= end->seq || head->durable_seq < end->seq)
        return CAIRN_OK;
    enum cairn_err err = record_hash(log, head, position, &hash, why);
    if (err) return err;
    if (!same_hash(hash, head->hash)) return CAIRN_OK;
    if (!log->accepts) return lost(end, head->durable_seq, why);
    log->behind_seq = head->seq > log->behind_seq ? head->seq : log->behind_seq;
    return CAIRN_OK;
}

static enum cairn_err look_behind_all(struct kvn_log *log, const struct end *end,
                                      struct cairn_why *why)
{
    uint64_t stop = log->start + log->bytes;
    for (uint64_t from = end->position; from < stop;) {
        uint64_t left = stop - from;
        uint32_t piece = whole_units(log, left);
        uint64_t found = 0;
        struct kvn_log_head head;
        enum cairn_err err = load(log, from, piece, why);
        if (err) return err;
        uint32_t at = 0;
        while (at < piece && !found) {
            uint64_t most = left - at < record_most(log) ? left - at : record_most(log);
            if (!kvn_log_peek(&head, log->buffer + at, log->uuid8, most)) found = from + at;
            at += log->unit;
        }
        if (found) err = look_behind(log, end, found, &head, why);
        if (err) return err;
        from += at;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_replay_find_end(struct kvn_log *log, uint64_t *end_seq, uint64_t *durable_seq,
                                   struct cairn_why *why)
{
    struct end end;
    enum cairn_err err = chain_end(log, &end, why);
    if (!err) err = look_behind_all(log, &end, why);
    if (err) return err;
    *end_seq = end.batch_seq;
    *durable_seq = end.durable_seq;
    return CAIRN_OK;
}

/* ---- record by record ----------------------------------------------------------------------- */

void kvn_replay_begin(struct kvn_replay *replay, struct kvn_log *log)
{
    *replay = (struct kvn_replay){
        .log = log, .position = log->start, .seq = log->start_seq, .chain = log->start_chain
    };
}

/* Make the window begin at the unit where the next change does. */
static enum cairn_err window_move(struct kvn_replay *replay, struct cairn_why *why)
{
    struct kvn_log *log = replay->log;
    replay->window = replay->at / log->unit * log->unit;
    uint32_t piece = whole_units(log, replay->head.bytes - replay->window);
    uint64_t left = replay->head.bytes - replay->window;
    replay->window_bytes = piece < left ? piece : (uint32_t)left;
    return load(log, replay->head.position + replay->window, piece, why);
}

enum cairn_err kvn_replay_change(struct kvn_replay *replay, struct kvn_change *change, bool *more,
                                 struct cairn_why *why)
{
    uint32_t next = 0;
    *more = replay->at < replay->head.bytes;
    if (!*more) return CAIRN_OK;
    for (bool moved = false;; moved = true) {
        uint32_t at = (uint32_t)(replay->at - replay->window);
        if (at < replay->window_bytes &&
            !kvn_change_decode(change, replay->log->buffer, replay->window_bytes, at, &next))
            break;
        if (moved)
            return cairn_why_fail(why, CAIRN_ECORRUPT,
                                  "record %llu of the log has a change that makes no sense",
                                  (unsigned long long)replay->head.seq);
        enum cairn_err err = window_move(replay, why);
        if (err) return err;
    }
    replay->at = (uint32_t)replay->window + next;
    replay->done++;
    return CAIRN_OK;
}

/* Past the changes of the first record that the tree has. */
static enum cairn_err skip(struct kvn_replay *replay, struct cairn_why *why)
{
    struct kvn_change change;
    bool more = true;
    while (more && replay->done < replay->log->start_skip) {
        enum cairn_err err = kvn_replay_change(replay, &change, &more, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_replay_next(struct kvn_replay *replay, uint64_t end_seq, bool *more,
                               struct cairn_why *why)
{
    struct kvn_log *log = replay->log;
    bool is;
    *more = replay->seq < end_seq;
    if (!*more) {
        log->position = replay->position;
        log->seq = replay->seq;
        log->chain = replay->chain;
        log->durable_seq = replay->seq - 1;
        return CAIRN_OK;
    }
    enum cairn_err err =
        next_is(log, replay->position, replay->seq, replay->chain, &replay->head, &is, why);
    if (err) return err;
    if (!is)
        return cairn_why_fail(why, CAIRN_ECORRUPT, "record %llu of the log reads differently now",
                              (unsigned long long)replay->seq);
    replay->window = 0;
    replay->window_bytes = 0;
    replay->at = KVN_LOG_HEAD_BYTES;
    replay->done = 0;
    replay->position = record_end(log, &replay->head);
    replay->chain = replay->head.hash;
    return replay->seq++ == log->start_seq ? skip(replay, why) : CAIRN_OK;
}
