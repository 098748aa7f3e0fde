/* SPDX-License-Identifier: ISC */
/* What Cairn asks of a platform: two clocks, a console, waiting, addresses for devices. */
#include <cairn/platform.h>

int putchar(int c); /* here libc's; your UART driver's instead */

uint64_t cairn_platform_mono_ns(void)
{
    return 0;
}

int64_t cairn_platform_wall_ns(void)
{
    return INT64_C(1700000000000000000); /* a board without a clock: one fixed time */
}

void cairn_platform_sleep_ns(uint64_t duration_ns)
{
    (void)duration_ns;
}

void cairn_platform_console_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        putchar(text[i]);
}

uint64_t cairn_platform_dma_address(const void *mem, size_t bytes)
{
    (void)bytes;
    return (uint64_t)(uintptr_t)mem;
}
