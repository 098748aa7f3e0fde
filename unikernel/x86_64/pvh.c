/* SPDX-License-Identifier: ISC */
/* hvm_start_info of the PVH boot protocol (Xen, public/arch-x86/hvm/start_info.h). */
#include "board.h"

#define MAGIC 0x336EC578u
#define VERSION 4
#define COMMAND_LINE 24
#define MEMORY_MAP 40
#define MEMORY_COUNT 48
#define ENTRY_BYTES 24u
#define ENTRY_TYPE 16
#define TYPE_RAM 1u
#define LOWEST UINT64_C(0x100000) /* what lies below is the firmware's, or old adapters' */

static const uint8_t *pointer(uint64_t address)
{
    return (const uint8_t *)(uintptr_t)address;
}

static void memory_take(struct uk_machine *machine, const uint8_t *info)
{
    const uint8_t *entry = pointer(cairn_le64(info + MEMORY_MAP));
    uint32_t count = cairn_le32(info + MEMORY_COUNT);
    for (; entry && count > 0; count--, entry += ENTRY_BYTES) {
        uint64_t at = cairn_le64(entry), bytes = cairn_le64(entry + 8);
        if (cairn_le32(entry + ENTRY_TYPE) != TYPE_RAM || at + bytes <= LOWEST) continue;
        uint64_t skipped = at < LOWEST ? LOWEST - at : 0;
        uk_ram_add(machine, at + skipped, bytes - skipped);
    }
}

void uk_x86_pvh_take(struct uk_machine *machine, uint32_t start_info)
{
    const uint8_t *info = pointer(start_info);
    if (cairn_le32(info) != MAGIC)
        uk_die(UK_STATUS_NOT_STARTED, "not started by the PVH boot protocol: magic %08x",
               cairn_le32(info));
    if (cairn_le32(info + VERSION) < 1)
        uk_die(UK_STATUS_NOT_STARTED, "the boot protocol tells no memory (version 0)");
    uint64_t line = cairn_le64(info + COMMAND_LINE);
    uk_command_line_set(machine, line ? (const char *)pointer(line) : "");
    memory_take(machine, info);
}
