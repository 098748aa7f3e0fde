/* SPDX-License-Identifier: ISC */
#include <cairn/env.h>
static const struct cairn_env_device devices[] = { { .name = "disk", .kind = CAIRN_ENV_BLOCK } };
const struct cairn_env_app cairn_env_app = {
    .name = "block", .devices = devices, .device_count = 1, .log_level = CAIRN_LOG_WARNING
};
