/* SPDX-License-Identifier: ISC */
#include <cairn/env.h>

const struct cairn_env_app cairn_env_app = { .name = "hello", .log_level = CAIRN_LOG_WARNING };
