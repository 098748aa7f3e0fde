/* SPDX-License-Identifier: ISC */
/* What of platform.h is the same on every board. */
#include "machine.h"
#include <cairn/platform.h>

void cairn_platform_sleep_ns(uint64_t duration_ns)
{
    uint64_t now = cairn_platform_mono_ns();
    uint64_t until = duration_ns > UINT64_MAX - now ? UINT64_MAX : now + duration_ns;
    (void)uk_line_wait(UK_LINE_NONE, until);
}

uint64_t cairn_platform_dma_address(const void *mem, size_t bytes)
{
    (void)bytes;
    return (uintptr_t)mem;
}
