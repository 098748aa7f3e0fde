/* SPDX-License-Identifier: ISC */
#include <cairn/log.h>
#include <cairn/text.h>

static struct cairn_log_reporter *reporter;

void cairn_log_reporter_set(struct cairn_log_reporter *next)
{
    reporter = next;
}

bool cairn_log_is_on(const struct cairn_log_source *source, enum cairn_log_level level)
{
    return level <= source->level && level != CAIRN_LOG_OFF && reporter;
}

void cairn_log_write(const struct cairn_log_source *source, enum cairn_log_level level,
                     const char *fmt, ...)
{
    if (!cairn_log_is_on(source, level)) return;
    char raw_buf[CAIRN_LOG_TEXT_BYTES], line_buf[CAIRN_LOG_TEXT_BYTES];
    struct cairn_text raw, line;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&raw, raw_buf, sizeof(raw_buf));
    cairn_text_vfmt(&raw, fmt, args);
    va_end(args);
    cairn_text_init(&line, line_buf, sizeof(line_buf));
    cairn_text_escaped(&line, raw.at, raw.len);
    reporter->report(reporter, source, level, line.at, line.len);
}

const char *cairn_log_level_name(enum cairn_log_level level)
{
    switch (level) {
    case CAIRN_LOG_OFF:
        return "off";
    case CAIRN_LOG_ERROR:
        return "error";
    case CAIRN_LOG_WARNING:
        return "warning";
    case CAIRN_LOG_INFO:
        return "info";
    case CAIRN_LOG_DEBUG:
        return "debug";
    }
    return "?";
}
