/* SPDX-License-Identifier: ISC */
/* A store as JSON lines. */
#include "dump.h"
#include "lines.h"
#include "os.h"

#include <cairn/clock.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lines {
    FILE *to;
    char *room; /* for what a piece becomes */
};

/* "key": "...", or in base64, as a member of either kind. */
static void bytes_put(const struct lines *lines, const char *member, const char *bytes,
                      size_t count)
{
    bool is_text = img_line_is_text(bytes, count);
    size_t room = is_text ? img_line_escape(bytes, count, lines->room)
                          : img_line_base64((const uint8_t *)bytes, count, lines->room);
    fprintf(lines->to, "\"%s%s\": \"", member, is_text ? "" : "_base64");
    fwrite(lines->room, 1, room, lines->to);
    fputc('"', lines->to);
}

static void time_put(const struct lines *lines, int64_t ns)
{
    struct cairn_date date;
    cairn_date_from_ns(&date, ns);
    fprintf(lines->to, ", \"modified\": \"%04d-%02u-%02uT%02u:%02u:%02u", date.year, date.month,
            date.day, date.hour, date.minute, date.second);
    if (date.ns) fprintf(lines->to, ".%09u", date.ns);
    fputs("Z\"", lines->to);
}

/* A value that is not read as a whole may be anything: base64. */
static enum cairn_err large_put(const struct lines *lines, struct img_dump *dump,
                                const struct img_dump_item *item, struct cairn_why *why)
{
    fputs("\"value_base64\": \"", lines->to);
    for (uint64_t at = 0; at < item->stat.size;) {
        uint64_t left = item->stat.size - at;
        size_t bytes = left < IMG_DUMP_PIECE ? (size_t)left : IMG_DUMP_PIECE;
        enum cairn_err err = img_dump_read(dump, item, at, bytes, why);
        if (err) return err;
        fwrite(lines->room, 1, img_line_base64((const uint8_t *)dump->piece, bytes, lines->room),
               lines->to);
        at += bytes;
    }
    fputc('"', lines->to);
    return CAIRN_OK;
}

static enum cairn_err value_put(const struct lines *lines, struct img_dump *dump,
                                const struct img_dump_item *item, struct cairn_why *why)
{
    if (item->stat.size > IMG_DUMP_PIECE) return large_put(lines, dump, item, why);
    size_t bytes = (size_t)item->stat.size;
    enum cairn_err err = img_dump_read(dump, item, 0, bytes, why);
    if (!err) bytes_put(lines, "value", dump->piece, bytes);
    return err;
}

static enum cairn_err write_failed(struct cairn_why *why)
{
    return img_os_fail(why, NULL, "write the lines");
}

static enum cairn_err put(void *out, struct img_dump *dump, const struct img_dump_item *item,
                          struct cairn_why *why)
{
    const struct lines *lines = out;
    enum cairn_err err = CAIRN_OK;
    fputc('{', lines->to);
    bytes_put(lines, "key", item->path, item->path_bytes);
    time_put(lines, item->stat.modified_ns);
    fputs(", ", lines->to);
    if (item->stat.kind == CAIRN_KV_DICTIONARY)
        fputs("\"dictionary\": true", lines->to);
    else
        err = value_put(lines, dump, item, why);
    fputs("}\n", lines->to);
    return err || !ferror(lines->to) ? err : write_failed(why);
}

static enum cairn_err end(void *out, enum cairn_err err, struct cairn_why *why)
{
    struct lines *lines = out;
    if (fclose(lines->to) != 0 && !err) err = write_failed(why);
    free(lines->room);
    free(lines);
    return err;
}

enum cairn_err img_dump_lines(void **out, const struct img_dump_form **form, int fd,
                              struct cairn_why *why)
{
    static const struct img_dump_form lines_form = { put, NULL, end };
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines) return img_no_memory(why);
    lines->room = malloc(IMG_LINE_ROOM(IMG_DUMP_PIECE));
    int own = lines->room ? dup(fd) : -1;
    lines->to = own >= 0 ? fdopen(own, "w") : NULL;
    *out = lines;
    *form = &lines_form;
    if (lines->to) return CAIRN_OK;
    enum cairn_err err = img_os_fail(why, NULL, "open the lines");
    if (own >= 0) (void)close(own);
    free(lines->room);
    free(lines);
    return err;
}
