/* SPDX-License-Identifier: ISC */
/*
 * What a platform must supply; linked in: base/host/ for Unix, unikernel/ for the others. Nothing
 * in the core above base/ calls these but through clock.h, log.h and the drivers that need DMA.
 */
#ifndef CAIRN_PLATFORM_H
#define CAIRN_PLATFORM_H

#include <cairn/def.h>

CAIRN_BEGIN

/* Monotonic and wall time in nanoseconds; wall since 1970-01-01T00:00:00Z. */
CAIRN_API uint64_t cairn_platform_mono_ns(void);
CAIRN_API int64_t cairn_platform_wall_ns(void);

/* Give up the processor for about so long. */
CAIRN_API void cairn_platform_sleep_ns(uint64_t duration_ns);

/* Text for the operator, not buffered further. Cannot fail. */
CAIRN_API void cairn_platform_console_write(const char *text, size_t len);

/* The address by which a device reaches `mem` (same address on Unix and where memory is mapped
 * one to one). The bytes must not cross into memory that is not contiguous for the device. */
CAIRN_API uint64_t cairn_platform_dma_address(const void *mem, size_t bytes);

CAIRN_END

#endif
