/* SPDX-License-Identifier: ISC */
#include "mmio.h"

#include <cairn/platform.h>

struct cursor {
    const char *at;
    bool bad;
};

/* ---- the bus --------------------------------------------------------------------------------- */

static uint32_t mmio_read(struct cairn_virtio_bus *base, uint32_t space, uint64_t offset,
                          uint32_t width)
{
    (void)space;
    return uk_register_read(((struct uk_mmio_bus *)base)->registers.at + offset, width);
}

static void mmio_write(struct cairn_virtio_bus *base, uint32_t space, uint64_t offset,
                       uint32_t width, uint32_t value)
{
    (void)space;
    uk_register_write(((struct uk_mmio_bus *)base)->registers.at + offset, width, value);
}

static uint64_t mmio_bytes(struct cairn_virtio_bus *base, uint32_t space)
{
    return space == CAIRN_VIRTIO_MMIO_SPACE ? ((struct uk_mmio_bus *)base)->registers.bytes : 0;
}

static enum cairn_err mmio_wait(struct cairn_virtio_bus *base, uint16_t queue, uint64_t deadline_ns)
{
    (void)queue;
    uint32_t line = ((struct uk_mmio_bus *)base)->line;
    return uk_line_wait(line, deadline_ns) ? CAIRN_OK : CAIRN_ETIMEDOUT;
}

static bool bus_dma(struct cairn_virtio_bus *base, const void *mem, size_t bytes, uint64_t *address)
{
    (void)base;
    *address = cairn_platform_dma_address(mem, bytes);
    return true;
}

static const struct cairn_virtio_bus_ops waiting = { mmio_read, mmio_write, mmio_bytes, mmio_wait,
                                                     bus_dma };
static const struct cairn_virtio_bus_ops polled = { mmio_read, mmio_write, mmio_bytes, NULL,
                                                    bus_dma };

void uk_mmio_bus_init(struct uk_mmio_bus *bus, const struct uk_mmio *slot, uint32_t line)
{
    bool waits = slot->source != UK_LINE_NONE && line != UK_LINE_NONE;
    *bus = (struct uk_mmio_bus){ { waits ? &waiting : &polled },
                                 slot->registers,
                                 waits ? line : UK_LINE_NONE };
    if (waits) uk_line_open(line, slot->source);
}

/* ---- the command line ------------------------------------------------------------------------ */

static uint64_t digit_of(char c)
{
    if (c >= '0' && c <= '9') return (uint64_t)(c - '0');
    if (c >= 'a' && c <= 'f') return (uint64_t)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return (uint64_t)(c - 'A') + 10;
    return 99;
}

/* A number as C has it, with K, M or G behind it. */
static uint64_t number_take(struct cursor *cursor)
{
    uint64_t value = 0, base = 10;
    if (cursor->at[0] == '0' && cursor->at[1] == 'x') {
        base = 16;
        cursor->at += 2;
    }
    const char *start = cursor->at;
    for (uint64_t digit; (digit = digit_of(*cursor->at)) < base; cursor->at++)
        value = value * base + digit;
    if (cursor->at == start) cursor->bad = true;
    static const char units[] = "KMG";
    for (uint32_t i = 0; units[i]; i++)
        if (*cursor->at == units[i]) {
            cursor->at++;
            return value << 10 * (i + 1);
        }
    return value;
}

static void sign_take(struct cursor *cursor, char sign)
{
    if (*cursor->at == sign)
        cursor->at++;
    else
        cursor->bad = true;
}

static void slot_take(struct uk_machine *machine, const char *text)
{
    struct cursor cursor = { text, false };
    struct uk_mmio slot;
    slot.registers.bytes = number_take(&cursor);
    sign_take(&cursor, '@');
    slot.registers.at = number_take(&cursor);
    sign_take(&cursor, ':');
    slot.source = (uint32_t)number_take(&cursor);
    if (cursor.bad || machine->mmio_count == UK_MMIO_MAX)
        uk_say("the command line's virtio_mmio.device=%.40s is not taken", text);
    else
        machine->mmio[machine->mmio_count++] = slot;
}

void uk_mmio_by_command_line(struct uk_machine *machine)
{
    static const char key[] = "virtio_mmio.device=";
    const char *line = machine->command_line;
    for (size_t i = 0; line[i]; i++) {
        bool begins = i == 0 || line[i - 1] == ' ';
        size_t same = 0;
        while (begins && key[same] && line[i + same] == key[same])
            same++;
        if (begins && !key[same]) slot_take(machine, line + i + same);
    }
}
