/* SPDX-License-Identifier: ISC */
/* What memory there is, and the command line: what every boot protocol tells. */
#include "machine.h"

#define PAGE UINT64_C(4096)

void uk_ram_add(struct uk_machine *machine, uint64_t at, uint64_t bytes)
{
    uint64_t end = at + bytes, start = cairn_round_up(at, PAGE);
    if (end < at || start < at) return;
    end -= end % PAGE;
    if (end <= start || machine->ram_count == UK_RAM_MAX) return;
    machine->ram[machine->ram_count++] = (struct uk_range){ start, end - start };
}

struct uk_range uk_ram_largest(const struct uk_machine *machine, uint64_t from)
{
    struct uk_range best = { 0, 0 };
    for (size_t i = 0; i < machine->ram_count; i++) {
        struct uk_range ram = machine->ram[i];
        if (ram.bytes == 0 || ram.at + ram.bytes <= from) continue;
        uint64_t start = cairn_max_u64(ram.at, from);
        uint64_t bytes = ram.at + ram.bytes - start;
        if (bytes > best.bytes) best = (struct uk_range){ start, bytes };
    }
    return best;
}

void uk_command_line_set(struct uk_machine *machine, const char *line)
{
    size_t len = 0;
    while (len < UK_COMMAND_LINE_BYTES - 1 && line[len])
        len++;
    memcpy(machine->command_line, line, len);
    machine->command_line[len] = '\0';
}
