/* SPDX-License-Identifier: ISC */
#include <cairn/env.h>
static const struct cairn_env_device devices[] = { { .name = "data", .kind = CAIRN_ENV_FAT } };
const struct cairn_env_app cairn_env_app = {
    .name = "fat", .devices = devices, .device_count = 1, .log_level = CAIRN_LOG_WARNING
};
