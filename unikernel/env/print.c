/* SPDX-License-Identifier: ISC */
/* The console: what the application prints, and what is logged. */
#include "print.h"

#include <cairn/env.h>
#include <cairn/platform.h>
#include <cairn/text.h>

void cairn_env_print(const char *fmt, ...)
{
    char line[512];
    struct cairn_text text;
    va_list args;
    cairn_text_init(&text, line, sizeof line);
    va_start(args, fmt);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
    cairn_platform_console_write(line, text.len);
}

static void log_report(struct cairn_log_reporter *self, const struct cairn_log_source *source,
                       enum cairn_log_level level, const char *text, size_t len)
{
    (void)self;
    if (level > cairn_env_app.log_level) return;
    char line[CAIRN_LOG_TEXT_BYTES + 64];
    struct cairn_text out;
    cairn_text_init(&out, line, sizeof line);
    cairn_text_fmt(&out, "%s %s: %.*s\n", cairn_log_level_name(level), source->name, (int)len,
                   text);
    cairn_platform_console_write(line, out.len);
}

struct cairn_log_reporter *env_log_console(void)
{
    static struct cairn_log_reporter console = { log_report };
    return &console;
}

void env_print_why(const char *device, const struct cairn_why *why)
{
    char text[1024];
    cairn_why_text(why, text, sizeof text);
    cairn_env_print("%s: %s\n", device, text);
}
