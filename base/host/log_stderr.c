/* SPDX-License-Identifier: ISC */
#include <cairn/log.h>
#include <cairn/platform.h>
#include <cairn/text.h>

#define SOURCE_NAME_BYTES 64 /* room for the level, the source's name and what stands between */

static void stderr_report(struct cairn_log_reporter *self, const struct cairn_log_source *source,
                          enum cairn_log_level level, const char *text, size_t len)
{
    (void)self;
    char buf[CAIRN_LOG_TEXT_BYTES + SOURCE_NAME_BYTES];
    struct cairn_text line;
    cairn_text_init(&line, buf, sizeof(buf) - 1); /* the newline always fits */
    cairn_text_fmt(&line, "%s %s: ", cairn_log_level_name(level), source->name);
    cairn_text_bytes(&line, text, len);
    buf[line.len] = '\n';
    cairn_platform_console_write(buf, line.len + 1);
}

struct cairn_log_reporter *cairn_log_stderr(void)
{
    static struct cairn_log_reporter reporter = { stderr_report };
    return &reporter;
}
