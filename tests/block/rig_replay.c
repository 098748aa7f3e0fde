/* SPDX-License-Identifier: ISC */
/* A trace whose log, replayed to its end, makes the device again. */
#include "rig.h"
#include <stdlib.h>
#include <string.h>

/* More than any rule writes; touched as far as it is. */
#define LOG_BYTES (16u << 20)

void rig_open_replay(struct rig *rig, union rig_layer *layer)
{
    struct cairn_why why = { 0 };
    uint32_t block_bytes = rig->dev->info.block_bytes;
    size_t bytes = cairn_blk_trace_mem(rig->dev, rig->dev);
    uint8_t *memory = rig->bounces[rig->layer_count - 1] = rig_zeros(LOG_BYTES + bytes);
    rig_must(
        cairn_blk_mem_open(&layer->trace.log, memory, block_bytes, LOG_BYTES / block_bytes, &why),
        &why);
    rig_must(cairn_blk_trace_open(&layer->trace.dev, rig->dev, &layer->trace.log.base, NULL,
                                  memory + LOG_BYTES, bytes, &why),
             &why);
    rig->dev = &layer->trace.dev.base;
    rig->logged = &layer->trace.dev;
}

/* All of the log, done to a device of memory. */
static enum cairn_err replay_all(struct rig *rig, uint8_t *memory, struct cairn_why *why)
{
    static const struct cairn_blk_replay_stop to_the_end;
    const struct cairn_blk_info *info = &rig->logged->base.info;
    struct cairn_blk_replay replay;
    struct cairn_blk_replay_entry entry;
    struct cairn_blk_mem again;
    size_t bytes = cairn_blk_replay_mem();
    void *buffer = rig_zeros(bytes);
    enum cairn_err err = cairn_blk_trace_mark(rig->logged, "end", why);
    if (!err) err = cairn_blk_mem_open(&again, memory, info->block_bytes, info->block_count, why);
    if (!err) err = cairn_blk_replay_open(&replay, rig->logged->log, buffer, bytes, why);
    if (!err) err = cairn_blk_replay_until(&replay, &again.base, &to_the_end, &entry, why);
    free(buffer);
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

bool rig_replays(struct rig *rig, struct tape *tape)
{
    if (!rig->logged) return true;
    struct cairn_why why = { 0 };
    struct cairn_blk *dev = &rig->logged->base;
    uint8_t *again = rig_zeros(RIG_BYTES), *data = rig_zeros(RIG_BYTES);
    enum cairn_err err = cairn_blk_read(dev, 0, dev->info.block_count, data, &why);
    if (!err) err = replay_all(rig, again, &why);
    bool same = !memcmp(data, again, RIG_BYTES);
    free(again);
    free(data);
    if (err) return tape_fail(tape, "replaying: %s", why.what);
    return same || tape_fail(tape, "what is replayed differs");
}
