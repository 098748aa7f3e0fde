/* SPDX-License-Identifier: ISC */
#include "qtest.h"

#include <cairn/bytes.h>
#include <cairn/clock.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SLOT 4u             /* of the PCI function */
#define BRIDGE 1u           /* where `pc` has its interrupt routing */
#define BRIDGE_ROUTES 0x60u /* four lines, a byte each */
#define ROUTES_ALL 0x0a0a0a0au
#define PCI_ADDRESS 0xcf8u
#define PCI_DATA 0xcfcu
#define PCI_COMMAND 4u
#define PCI_COMMAND_MEMORY_MASTER 6u
#define PCI_CONFIG_BYTES 256u
#define BARS_AT UINT64_C(0xe0000000)
#define MMIO_AT UINT64_C(0xfeb00000)
#define MMIO_STEP 512u
#define MMIO_SLOTS 8u
#define ANSWER_MS 10000
#define SLICE_MS 2

static void must(bool good, const char *what)
{
    if (good) return;
    fprintf(stderr, "qtest: %s: %s\n", what, strerror(errno));
    abort();
}

static void interrupt_note(struct qtest *q, const char *line)
{
    unsigned number;
    if (sscanf(line, "IRQ raise %u", &number) == 1 && number < 64) {
        q->high |= UINT64_C(1) << number;
        q->raised++;
    } else if (sscanf(line, "IRQ lower %u", &number) == 1 && number < 64) {
        q->high &= ~(UINT64_C(1) << number);
    }
}

/* The next line that came, without waiting; false: there is no whole one. */
static bool line_take(struct qtest *q, char line[sizeof q->input])
{
    char *end = memchr(q->input, '\n', q->input_bytes);
    if (!end) return false;
    size_t len = (size_t)(end - q->input);
    memcpy(line, q->input, len);
    line[len] = '\0';
    q->input_bytes -= len + 1;
    memmove(q->input, end + 1, q->input_bytes);
    return true;
}

/* More input, if some comes in time. A machine that is gone says nothing any more. */
static bool input_wait(struct qtest *q, int ms)
{
    struct pollfd fd = { .fd = q->fd, .events = POLLIN };
    if (poll(&fd, 1, ms) <= 0) return false;
    ssize_t got = recv(q->fd, q->input + q->input_bytes, sizeof q->input - q->input_bytes, 0);
    if (got <= 0) return false;
    q->input_bytes += (size_t)got;
    return true;
}

/* The number that answers a command, or 0; all ones when the machine is gone. */
static uint64_t command(struct qtest *q, const char *text)
{
    char line[sizeof q->input];
    uint64_t value = UINT64_MAX;
    pthread_mutex_lock(&q->lock);
    bool sent = send(q->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
    while (sent) {
        while (!line_take(q, line) && (sent = input_wait(q, ANSWER_MS)))
            ;
        if (!sent) break;
        interrupt_note(q, line);
        if (strncmp(line, "OK", 2) != 0) continue;
        value = line[2] ? strtoull(line + 2, NULL, 0) : 0;
        break;
    }
    pthread_mutex_unlock(&q->lock);
    return value;
}

static char width_letter(uint32_t width)
{
    return width == 1 ? 'b' : width == 2 ? 'w' : 'l';
}

static uint32_t mem_read(struct qtest *q, uint64_t address, uint32_t width)
{
    char text[64];
    snprintf(text, sizeof text, "read%c 0x%" PRIx64 "\n", width_letter(width), address);
    return (uint32_t)command(q, text);
}

static void mem_write(struct qtest *q, uint64_t address, uint32_t width, uint32_t value)
{
    char text[64];
    snprintf(text, sizeof text, "write%c 0x%" PRIx64 " 0x%x\n", width_letter(width), address,
             value);
    command(q, text);
}

static void port_write(struct qtest *q, uint32_t port, uint32_t width, uint32_t value)
{
    char text[64];
    snprintf(text, sizeof text, "out%c 0x%x 0x%x\n", width_letter(width), port, value);
    command(q, text);
}

static void config_select(struct qtest *q, uint32_t slot, uint64_t offset)
{
    port_write(q, PCI_ADDRESS, 4, 0x80000000u | slot << 11 | ((uint32_t)offset & ~3u));
}

static uint32_t config_read(struct qtest *q, uint32_t slot, uint64_t offset, uint32_t width)
{
    char text[64];
    config_select(q, slot, offset);
    snprintf(text, sizeof text, "in%c 0x%x\n", width_letter(width),
             PCI_DATA + (uint32_t)(offset & 3));
    return (uint32_t)command(q, text);
}

static void config_write(struct qtest *q, uint32_t slot, uint64_t offset, uint32_t width,
                         uint32_t value)
{
    config_select(q, slot, offset);
    port_write(q, PCI_DATA + (uint32_t)(offset & 3), width, value);
}

static struct qtest *qtest_of(struct cairn_virtio_bus *bus)
{
    return (struct qtest *)bus;
}

static uint32_t bus_read(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset,
                         uint32_t width)
{
    struct qtest *q = qtest_of(bus);
    if (space == CAIRN_PCI_CONFIG_SPACE) return config_read(q, SLOT, offset, width);
    return mem_read(q, (q->is_pci ? q->bars[space] : q->mmio) + offset, width);
}

static void bus_write(struct cairn_virtio_bus *bus, uint32_t space, uint64_t offset, uint32_t width,
                      uint32_t value)
{
    struct qtest *q = qtest_of(bus);
    if (space == CAIRN_PCI_CONFIG_SPACE)
        config_write(q, SLOT, offset, width, value);
    else
        mem_write(q, (q->is_pci ? q->bars[space] : q->mmio) + offset, width, value);
}

static uint64_t bus_space_bytes(struct cairn_virtio_bus *bus, uint32_t space)
{
    const struct qtest *q = qtest_of(bus);
    if (!q->is_pci) return space == CAIRN_VIRTIO_MMIO_SPACE ? MMIO_STEP : 0;
    if (space == CAIRN_PCI_CONFIG_SPACE) return PCI_CONFIG_BYTES;
    return space < 6 ? q->bar_bytes[space] : 0;
}

/* Is an interrupt line up, by all that came until now? */
static bool interrupt_is_up(struct qtest *q)
{
    char line[sizeof q->input];
    pthread_mutex_lock(&q->lock);
    input_wait(q, 0);
    while (line_take(q, line))
        interrupt_note(q, line);
    bool is_up = q->high;
    pthread_mutex_unlock(&q->lock);
    return is_up;
}

/* In slices: a command of another thread may take the line that this one waits for. */
static enum cairn_err bus_wait(struct cairn_virtio_bus *bus, uint16_t queue, uint64_t deadline_ns)
{
    (void)queue;
    struct qtest *q = qtest_of(bus);
    struct pollfd fd = { .fd = q->fd, .events = POLLIN };
    while (!interrupt_is_up(q)) {
        if (cairn_clock_mono_now(cairn_clock_mono_platform()) >= deadline_ns)
            return CAIRN_ETIMEDOUT;
        poll(&fd, 1, SLICE_MS);
    }
    return CAIRN_OK;
}

static bool bus_dma(struct cairn_virtio_bus *bus, const void *mem, size_t bytes, uint64_t *address)
{
    const struct qtest *q = qtest_of(bus);
    *address = (uintptr_t)mem - (uintptr_t)q->ram;
    return *address >= QTEST_RAM_LOW && cairn_range_fits(*address, bytes, QTEST_RAM_BYTES);
}

/* The machine may be not that far yet. */
static int connect_soon(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int ms = 0; connect(fd, (struct sockaddr *)&address, sizeof address); ms += SLICE_MS) {
        must(ms < ANSWER_MS, "connect");
        usleep(SLICE_MS * 1000);
    }
    return fd;
}

void qtest_open(struct qtest *q, const char *socket_path, const char *ram_path)
{
    *q = (struct qtest){ .ops = { bus_read, bus_write, bus_space_bytes, bus_wait, bus_dma } };
    q->bus.ops = &q->ops;
    pthread_mutex_init(&q->lock, NULL);
    q->fd = connect_soon(socket_path);
    /* Answered when the machine is there, and so its memory. */
    must(command(q, "irq_intercept_in ioapic\n") == 0, "intercept interrupts");
    int fd = open(ram_path, O_RDWR | O_CLOEXEC);
    q->ram = mmap(NULL, QTEST_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(q->ram != MAP_FAILED, "map the machine's memory");
    close(fd);
}

void qtest_close(struct qtest *q)
{
    close(q->fd);
    munmap(q->ram, QTEST_RAM_BYTES);
    pthread_mutex_destroy(&q->lock);
}

/* The firmware's part: addresses for the BARs, and a way for the interrupt. */
void qtest_find_pci(struct qtest *q)
{
    uint64_t free_at = BARS_AT;
    q->is_pci = true;
    for (uint32_t i = 0; i < 6; i++) {
        struct cairn_pci_bar bar;
        cairn_pci_bar_read(&q->bus, i, &bar);
        if (!bar.bytes || bar.is_io) continue;
        q->bars[i] = cairn_round_up(free_at, bar.bytes);
        q->bar_bytes[i] = bar.bytes;
        free_at = q->bars[i] + bar.bytes;
        cairn_pci_bar_write(&q->bus, i, &bar, q->bars[i]);
    }
    config_write(q, BRIDGE, BRIDGE_ROUTES, 4, ROUTES_ALL);
    config_write(q, SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY_MASTER);
}

void qtest_find_mmio(struct qtest *q)
{
    for (uint32_t i = 0; i < MMIO_SLOTS; i++) {
        q->mmio = MMIO_AT + i * MMIO_STEP;
        if (mem_read(q, q->mmio + 8, 4) != 0) return;
    }
    must(false, "no device in any slot");
}

void qtest_no_wait(struct qtest *q)
{
    q->ops.wait = NULL;
}
