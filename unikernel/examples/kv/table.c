/* SPDX-License-Identifier: ISC */
#include <cairn/env.h>
static const struct cairn_env_device devices[] = { { .name = "store", .kind = CAIRN_ENV_KV } };
const struct cairn_env_app cairn_env_app = {
    .name = "kv", .devices = devices, .device_count = 1, .log_level = CAIRN_LOG_WARNING
};
