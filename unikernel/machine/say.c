/* SPDX-License-Identifier: ISC */
/* Lines to the console. */
#include "machine.h"
#include <cairn/platform.h>

CAIRN_PRINTF(1, 0) static void say(const char *fmt, va_list args)
{
    char line[512];
    struct cairn_text text;
    cairn_text_init(&text, line, sizeof line - 1);
    cairn_text_vfmt(&text, fmt, args);
    line[text.len] = '\n';
    cairn_platform_console_write(line, text.len + 1);
}

void uk_say(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
}

_Noreturn void uk_die(uint32_t status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(fmt, args);
    va_end(args);
    uk_power_off(status);
}
