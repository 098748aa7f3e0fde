/* SPDX-License-Identifier: ISC */
/* Logs: sources with levels, and where they go. */
#include <cairn/env.h>

static struct cairn_log_source weather = { "weather", CAIRN_LOG_INFO };

int cairn_main(struct cairn_env *env)
{
    cairn_log(&weather, CAIRN_LOG_WARNING, "%d drops of rain", 12);
    cairn_log(&weather, CAIRN_LOG_DEBUG, "nobody hears this");
    weather.level = CAIRN_LOG_DEBUG;
    cairn_log(&weather, CAIRN_LOG_DEBUG, "and this is heard");

    /* The newest messages in memory, instead of on the console. */
    static char kept[1024];
    char text[1024];
    struct cairn_log_ring ring;
    cairn_log_ring_init(&ring, kept, sizeof kept);
    cairn_log_reporter_set(&ring.base);
    cairn_log(&weather, CAIRN_LOG_ERROR, "the roof leaks");
    size_t len = cairn_log_ring_read(&ring, text, sizeof text);
    cairn_env_print("kept: %.*s", (int)len, text);
    return env->argc > 0 ? 0 : 1;
}
