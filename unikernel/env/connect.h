/* SPDX-License-Identifier: ISC */
/* A declared device: from the target's blocks to what the application sees, and back. */
#ifndef CAIRN_UNIKERNEL_CONNECT_H
#define CAIRN_UNIKERNEL_CONNECT_H

#include "target.h"

struct env_connection {
    struct cairn_blk *blk; /* NULL: the target has not connected it */
    union cairn_env_device_open open;
};

enum cairn_err env_connect(struct env_target *target, const struct cairn_env_device *device,
                           struct env_connection *connection, struct cairn_why *why) CAIRN_MUST_USE;

/* Sync and close whatever of it is open. The first failure; the rest is closed all the same. */
enum cairn_err env_disconnect(struct env_target *target, const struct cairn_env_device *device,
                              struct env_connection *connection,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
