/* SPDX-License-Identifier: ISC */
/*
 * A worker's way to a sink: memory to fill, and the write of what was filled before, which goes on
 * meanwhile where the sink is a device.
 */
#ifndef CAIRN_IMAGE_LANE_H
#define CAIRN_IMAGE_LANE_H

#include "sink.h"

#define IMG_LANE_BYTES (1u << 20) /* of the memory that is filled at once */

struct img_lane_half {
    uint8_t *buf;
    bool in_flight;
    struct cairn_blk_seg seg;
    struct cairn_blk_req req;
    struct cairn_why why; /* of the write: while it is in flight, other threads may fill it */
};

struct img_lane {
    struct img_sink *sink;
    struct img_lane_half halves[2];
    uint32_t now; /* the half that is filled next */
    bool failed;  /* a write did */
};

/* lane is to be freed also when this fails. */
enum cairn_err img_lane_init(struct img_lane *lane, struct img_sink *sink,
                             struct cairn_why *why) CAIRN_MUST_USE;
/* Every write must have been drained. */
void img_lane_free(struct img_lane *lane);

/* Memory for what is put next. Fails when the write that it last belonged to did. */
enum cairn_err img_lane_take(struct img_lane *lane, uint8_t **buf,
                             struct cairn_why *why) CAIRN_MUST_USE;
/* Write `count` bytes of that memory. On a device the offset is a sector's; zeros follow up to the
 * next sector. */
enum cairn_err img_lane_put(struct img_lane *lane, uint64_t offset, size_t count,
                            struct cairn_why *why) CAIRN_MUST_USE;
/* Wait for all writes; the first failure. */
enum cairn_err img_lane_drain(struct img_lane *lane, struct cairn_why *why) CAIRN_MUST_USE;

#endif
