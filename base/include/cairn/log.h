/* SPDX-License-Identifier: ISC */
/*
 * Logs: named sources with levels, and a reporter that the application sets. Without a reporter
 * nothing is formatted and nothing is written; a message below its source's level costs one
 * comparison.
 */
#ifndef CAIRN_LOG_H
#define CAIRN_LOG_H

#include <cairn/def.h>
#include <cairn/sync.h>

CAIRN_BEGIN

/* The longest message; a longer one is cut. */
#define CAIRN_LOG_TEXT_BYTES 512

enum cairn_log_level {
    CAIRN_LOG_OFF,
    CAIRN_LOG_ERROR,
    CAIRN_LOG_WARNING,
    CAIRN_LOG_INFO,
    CAIRN_LOG_DEBUG
};

struct cairn_log_source {
    const char *name; /* "fat", "block.file" */
    enum cairn_log_level level;
};

struct cairn_log_reporter {
    /* One message, len bytes of one line with control characters escaped (text.h), valid during
     * the call. Called from any thread. */
    void (*report)(struct cairn_log_reporter *self, const struct cairn_log_source *source,
                   enum cairn_log_level level, const char *text, size_t len);
};

/* Set or, with NULL, remove the reporter. Before threads start, or with them at rest. The reporter
 * stays the caller's and outlives its use. */
CAIRN_API void cairn_log_reporter_set(struct cairn_log_reporter *reporter);
CAIRN_API bool cairn_log_is_on(const struct cairn_log_source *source, enum cairn_log_level level);
CAIRN_API void cairn_log_write(const struct cairn_log_source *source, enum cairn_log_level level,
                               const char *fmt, ...) CAIRN_PRINTF(3, 4);
CAIRN_API const char *cairn_log_level_name(enum cairn_log_level level);

/* The arguments are not evaluated when the level is off, which is one comparison without a call;
 * the source is evaluated more than once. */
#define cairn_log(source_, level_, ...)                                                            \
    do {                                                                                           \
        if ((level_) <= (source_)->level && cairn_log_is_on((source_), (level_)))                  \
            cairn_log_write((source_), (level_), __VA_ARGS__);                                     \
    } while (0)

/* Reporter: the newest messages in memory of the caller's, one per line as "error fat: text",
 * oldest overwritten. */
struct cairn_log_ring {
    struct cairn_log_reporter base;
    struct cairn_lock lock; /* guards what follows */
    char *buf;
    size_t cap;
    uint64_t total; /* bytes ever written */
};
CAIRN_API void cairn_log_ring_init(struct cairn_log_ring *ring, char *buf, size_t cap);
/* After the reporter was removed. */
CAIRN_API void cairn_log_ring_destroy(struct cairn_log_ring *ring);
/* The messages that are still whole, oldest first, into out, or the newest of them that fit;
 * returns the bytes written (no NUL). */
CAIRN_API size_t cairn_log_ring_read(struct cairn_log_ring *ring, char *out, size_t cap);

/* Reporter: standard error, one write a message, as "error fat: text". Hosted only (base/host). */
CAIRN_API struct cairn_log_reporter *cairn_log_stderr(void);

CAIRN_END

#endif
