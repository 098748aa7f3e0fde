/* SPDX-License-Identifier: ISC */
/*
 * Byte n ever written lies at buf[n % cap], so the buffer holds the last cap bytes. A message is
 * known to be whole when the newline before it is still there.
 */
#include <cairn/bytes.h>
#include <cairn/log.h>

_Static_assert(offsetof(struct cairn_log_ring, base) == 0, "base first");

static void ring_put(struct cairn_log_ring *ring, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ring->buf[ring->total++ % ring->cap] = bytes[i];
}

static void ring_put_str(struct cairn_log_ring *ring, const char *str)
{
    ring_put(ring, str, cairn_str_len(str));
}

static void ring_report(struct cairn_log_reporter *self, const struct cairn_log_source *source,
                        enum cairn_log_level level, const char *text, size_t len)
{
    struct cairn_log_ring *ring = (struct cairn_log_ring *)self;
    if (ring->cap == 0) return;
    cairn_lock_take(&ring->lock);
    ring_put_str(ring, cairn_log_level_name(level));
    ring_put_str(ring, " ");
    ring_put_str(ring, source->name);
    ring_put_str(ring, ": ");
    ring_put(ring, text, len);
    ring_put_str(ring, "\n");
    cairn_lock_drop(&ring->lock);
}

void cairn_log_ring_init(struct cairn_log_ring *ring, char *buf, size_t cap)
{
    ring->base.report = ring_report;
    cairn_lock_init(&ring->lock);
    ring->buf = buf;
    ring->cap = cap;
    ring->total = 0;
}

void cairn_log_ring_destroy(struct cairn_log_ring *ring)
{
    cairn_lock_destroy(&ring->lock);
}

static char ring_at(const struct cairn_log_ring *ring, uint64_t n)
{
    return ring->buf[n % ring->cap];
}

/* The first byte at or behind n that starts a message. */
static uint64_t message_start(const struct cairn_log_ring *ring, uint64_t n)
{
    while (n < ring->total && ring_at(ring, n) != '\n')
        n++;
    return n < ring->total ? n + 1 : n;
}

size_t cairn_log_ring_read(struct cairn_log_ring *ring, char *out, size_t cap)
{
    size_t len = 0;
    cairn_lock_take(&ring->lock);
    uint64_t n = 0;
    if (ring->total > ring->cap) n = message_start(ring, ring->total - ring->cap);
    while (ring->total - n > cap)
        n = message_start(ring, n);
    while (n < ring->total)
        out[len++] = ring_at(ring, n++);
    cairn_lock_drop(&ring->lock);
    return len;
}
