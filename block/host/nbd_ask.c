/* SPDX-License-Identifier: ISC */
/* What an NBD device asks of its server besides requests: flush, and where data is. */
#include "nbd.h"

#include <cairn/bytes.h>

#include "../impl.h"

#define STATUS_BYTES (UINT64_C(1) << 30) /* the most of one status command */

/* One command that is no request. */
struct command {
    struct blk_nbd_batch batch;
    struct blk_extents *list; /* NULL: a flush */
    uint64_t offset, bytes;   /* the range whose status is asked for */
    uint64_t told;            /* bytes of it that were answered */
    bool room;                /* in the list */
};

/* Ranges follow each other from the offset that was asked for. What is a hole but may not read as
 * zeros counts as data. */
static int status_told(void *user_data, const char *context, uint64_t offset, uint32_t *entries,
                       size_t count, int *error)
{
    struct command *command = user_data;
    (void)context, (void)error;
    uint64_t end = command->offset + command->bytes;
    if (command->told) return 0;
    for (size_t i = 0; i + 1 < count && command->room && offset < end; i += 2) {
        uint64_t to = cairn_min_u64(offset + entries[i], end);
        bool is_zero = entries[i + 1] & LIBNBD_STATE_ZERO;
        command->room = is_zero ? blk_extents_hole(command->list, to)
                                : blk_extents_data(command->list, offset, to);
        offset = to;
    }
    command->told = offset - command->offset;
    return 0;
}

static int64_t command_send(struct blk_nbd_conn *conn, struct command *command,
                            nbd_completion_callback done)
{
    const struct blk_nbd_api *api = conn->link->api;
    if (!command->list) return api->aio_flush(conn->handle, done, 0);
    nbd_extent_callback told = { .callback = status_told, .user_data = command };
    return api->aio_block_status(conn->handle, command->bytes, command->offset, told, done, 0);
}

static enum cairn_err command_fail(struct blk_nbd *link, const struct command *command,
                                   const char *what, struct cairn_why *why)
{
    bool lost = __atomic_load_n(&link->lost, __ATOMIC_ACQUIRE);
    enum cairn_err err = command->batch.err ? command->batch.err : CAIRN_EIO;
    err = cairn_why_fail(why, err, lost ? "%s: %s" : "%s", what, link->lost_text);
    cairn_why_os(why, command->batch.os);
    if (lost) cairn_why_hint(why, "%s", link->lost_hint);
    cairn_why_via(why, link->dev->name);
    return err;
}

/* With the connection's lock held: when all slots are taken, their owners' answers come first. */
static void command_run(struct command *command)
{
    struct blk_nbd_conn *conn = command->batch.conn;
    while (blk_nbd_conn_is_up(conn) && !conn->free_count)
        blk_nbd_conn_pump(conn);
    if (!blk_nbd_conn_is_up(conn)) {
        command->batch.err = CAIRN_EIO;
        return;
    }
    struct blk_nbd_slot *slot = blk_nbd_slot_take(&command->batch);
    if (command_send(conn, command, blk_nbd_answer(slot)) < 0) blk_nbd_slot_refused(slot);
    while (command->batch.pending)
        blk_nbd_conn_pump(conn);
}

static enum cairn_err command_do(struct blk_nbd *link, struct command *command, const char *what,
                                 struct cairn_why *why)
{
    if (__atomic_load_n(&link->lost, __ATOMIC_ACQUIRE))
        return command_fail(link, command, what, why);
    struct blk_nbd_conn *conn = blk_nbd_conn_take(link);
    command->batch.conn = conn;
    cairn_lock_take(&conn->lock);
    command_run(command);
    cairn_lock_drop(&conn->lock);
    blk_nbd_conn_drop(conn);
    return command->batch.err ? command_fail(link, command, what, why) : CAIRN_OK;
}

/* Over any connection: there are several only where the server says that a flush is for all. */
enum cairn_err blk_nbd_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct command command = { .batch = { .count = 0 } };
    return command_do(blk_nbd_link(dev), &command, "flush", why);
}

static enum cairn_err status_silent(const struct cairn_blk *dev, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "extents: the server's answer is empty");
    cairn_why_via(why, dev->name);
    return err;
}

enum cairn_err blk_nbd_extents(struct cairn_blk *dev, uint64_t block, uint64_t count,
                               struct cairn_blk_extent *extents, size_t cap, size_t *used,
                               struct cairn_why *why)
{
    struct blk_extents list;
    uint64_t at = block * dev->info.block_bytes, end = at + count * dev->info.block_bytes;
    blk_extents_init(&list, extents, cap, block, count, dev->info.block_bytes);
    bool room = true;
    while (room && at < end) {
        struct command command = { .offset = at, .list = &list, .room = true };
        command.bytes = cairn_min_u64(end - at, STATUS_BYTES);
        enum cairn_err err = command_do(blk_nbd_link(dev), &command, "extents", why);
        if (err) return err;
        if (!command.told) return status_silent(dev, why);
        room = command.room;
        at += command.told;
    }
    *used = list.used;
    return CAIRN_OK;
}
