/* SPDX-License-Identifier: ISC */
#include "lane.h"

#include "os.h"
#include <cairn/bytes.h>
#include <stdlib.h>

enum cairn_err img_lane_init(struct img_lane *lane, struct img_sink *sink, struct cairn_why *why)
{
    *lane = (struct img_lane){ .sink = sink };
    uint32_t halves = sink->kind == IMG_SINK_DEVICE ? 2 : 1;
    for (uint32_t i = 0; i < halves; i++) {
        lane->halves[i].buf = aligned_alloc(IMG_SINK_ALIGN, IMG_LANE_BYTES);
        if (!lane->halves[i].buf) return img_no_memory(why);
    }
    return CAIRN_OK;
}

void img_lane_free(struct img_lane *lane)
{
    free(lane->halves[0].buf);
    free(lane->halves[1].buf);
}

static enum cairn_err half_wait(struct img_lane *lane, struct img_lane_half *half,
                                struct cairn_why *why)
{
    if (!half->in_flight) return CAIRN_OK;
    half->in_flight = false;
    enum cairn_err err = cairn_blk_finish(lane->sink->dev, &half->req, 1);
    if (err && why) *why = half->why;
    lane->failed = lane->failed || err;
    return err;
}

enum cairn_err img_lane_take(struct img_lane *lane, uint8_t **buf, struct cairn_why *why)
{
    struct img_lane_half *half = &lane->halves[lane->now];
    *buf = half->buf;
    return half_wait(lane, half, why);
}

static enum cairn_err device_put(struct img_lane *lane, uint64_t offset, size_t count,
                                 struct cairn_why *why)
{
    struct img_lane_half *half = &lane->halves[lane->now];
    size_t bytes = (size_t)cairn_round_up(count, IMG_SINK_SECTOR);
    memset(half->buf + count, 0, bytes - count);
    half->seg = (struct cairn_blk_seg){ half->buf, bytes };
    half->req = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                        .block = offset / IMG_SINK_SECTOR,
                                        .count = bytes / IMG_SINK_SECTOR,
                                        .segs = &half->seg,
                                        .seg_count = 1,
                                        .why = &half->why };
    enum cairn_err err = cairn_blk_begin(lane->sink->dev, &half->req, 1);
    if (err && why) *why = half->why;
    half->in_flight = !err;
    lane->now = !lane->now;
    return err;
}

enum cairn_err img_lane_put(struct img_lane *lane, uint64_t offset, size_t count,
                            struct cairn_why *why)
{
    bool to_device = lane->sink->kind == IMG_SINK_DEVICE;
    enum cairn_err err = to_device
                             ? device_put(lane, offset, count, why)
                             : img_sink_put(lane->sink, offset, lane->halves[0].buf, count, why);
    lane->failed = lane->failed || err;
    return err;
}

enum cairn_err img_lane_drain(struct img_lane *lane, struct cairn_why *why)
{
    enum cairn_err first = half_wait(lane, &lane->halves[lane->now], why);
    enum cairn_err second = half_wait(lane, &lane->halves[!lane->now], first ? NULL : why);
    return first ? first : second;
}
