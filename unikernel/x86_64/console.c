/* SPDX-License-Identifier: ISC */
/* The first serial port: a 16550 with its queue of 16 bytes. */
#include "board.h"
#include <cairn/platform.h>

#define COM1 0x3F8u
#define FIFO_BYTES 16u
#define LINE_STATUS_EMPTY 0x20u
#define PATIENCE 1000000u /* looks at a port that may not be there */

void uk_x86_console_init(void)
{
    x86_out8(COM1 + 1, 0x00); /* no interrupts */
    x86_out8(COM1 + 3, 0x80); /* divisor */
    x86_out8(COM1 + 0, 0x01); /* 115200 baud */
    x86_out8(COM1 + 1, 0x00);
    x86_out8(COM1 + 3, 0x03); /* 8 bits, no parity, one stop */
    x86_out8(COM1 + 2, 0x07); /* queues on, and empty */
    x86_out8(COM1 + 4, 0x03);
}

static void wait_empty(void)
{
    for (uint32_t i = 0; i < PATIENCE && !(x86_in8(COM1 + 5) & LINE_STATUS_EMPTY); i++)
        continue;
}

/* A terminal wants CR before LF; the queue is filled again when it is empty. */
void cairn_platform_console_write(const char *text, size_t len)
{
    uint32_t room = 0;
    for (size_t i = 0; i < len; i++) {
        if (room < 2) {
            wait_empty();
            room = FIFO_BYTES;
        }
        if (text[i] == '\n') {
            x86_out8(COM1, '\r');
            room--;
        }
        x86_out8(COM1, (uint8_t)text[i]);
        room--;
    }
}
