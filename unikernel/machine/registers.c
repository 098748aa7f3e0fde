/* SPDX-License-Identifier: ISC */
/* Registers that are memory, as wide as they are. */
#include "machine.h"

uint32_t uk_register_read(uint64_t address, uint32_t width)
{
    uintptr_t at = (uintptr_t)address;
    uint32_t value = width == 1   ? *(volatile uint8_t *)at
                     : width == 2 ? *(volatile uint16_t *)at
                                  : *(volatile uint32_t *)at;
    uk_barrier();
    return value;
}

void uk_register_write(uint64_t address, uint32_t width, uint32_t value)
{
    uintptr_t at = (uintptr_t)address;
    uk_barrier();
    if (width == 1) *(volatile uint8_t *)at = (uint8_t)value;
    if (width == 2) *(volatile uint16_t *)at = (uint16_t)value;
    if (width == 4) *(volatile uint32_t *)at = value;
}
