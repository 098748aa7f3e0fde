/* SPDX-License-Identifier: ISC */
/* JSON lines as a source; read to the end before the tree begins, as archives are. */
#include "lines.h"
#include "os.h"
#include "scan.h"
#include "spool.h"

#include <cairn/bytes.h>
#include <cairn/kv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines_source {
    struct img_source base;
    struct img_scan *scan;
    struct img_entries entries;
    uint64_t spool_end;
    uint64_t number; /* of the line at hand */
};

static enum cairn_err line_fail(const struct lines_source *s, struct cairn_why *why,
                                const char *what, size_t at)
{
    return cairn_why_fail(why, CAIRN_EINVAL, "line %llu, byte %zu: %s",
                          (unsigned long long)s->number, at + 1, what);
}

/* The entry of a key, whose segments may have any bytes but NUL; IMG_ENTRY_NONE: no memory. */
static uint32_t entry_at(struct lines_source *s, const struct img_line *line)
{
    uint32_t at = 0;
    for (size_t from = 0, to; at != IMG_ENTRY_NONE && from <= line->key_bytes; from = to + 1) {
        struct img_entry *above = &s->entries.at[at];
        above->exists = true;
        above->find.kind = IMG_DIRECTORY;
        above->find.node.size = 0;
        for (to = from; to < line->key_bytes && line->key[to] != '/';)
            to++;
        at = img_entries_at(&s->entries, s->scan->tree, at, line->key + from, to - from);
    }
    return at;
}

/* What is wrong with a key, or NULL. */
static const char *key_wrong(const struct img_line *line)
{
    size_t start = 0;
    for (size_t i = 0; i <= line->key_bytes; i++) {
        if (i < line->key_bytes && line->key[i] == '\0') return "keys with a NUL cannot be loaded";
        if (i < line->key_bytes && line->key[i] != '/') continue;
        if (i == start) return "the key has an empty part";
        start = i + 1;
    }
    return NULL;
}

static enum cairn_err value_keep(struct lines_source *s, const struct img_line *line,
                                 struct img_node *node, struct cairn_why *why)
{
    node->size = line->value_bytes;
    node->origin = s->spool_end;
    s->spool_end += line->value_bytes;
    return img_spool_write(s->scan->tree->spool_fd, line->value, line->value_bytes, node->origin,
                           why);
}

static enum cairn_err line_take(struct lines_source *s, char *text, size_t bytes,
                                struct cairn_why *why)
{
    struct img_line line;
    const char *wrong;
    size_t place;
    if (!img_line_parse(&line, text, bytes, &wrong, &place)) return line_fail(s, why, wrong, place);
    wrong = key_wrong(&line);
    if (wrong) return line_fail(s, why, wrong, 0);
    uint32_t at = entry_at(s, &line);
    if (at == IMG_ENTRY_NONE) return img_no_memory(why);
    struct img_entry *entry = &s->entries.at[at];
    if (!line.is_dictionary) entry->first = IMG_ENTRY_NONE; /* what it replaces is gone */
    entry->exists = true;
    entry->find.kind = line.is_dictionary ? IMG_DIRECTORY : IMG_FILE;
    if (line.has_time) entry->find.node.modified_ns = line.modified_ns;
    return line.is_dictionary ? CAIRN_OK : value_keep(s, &line, &entry->find.node, why);
}

static enum cairn_err lines_read(struct lines_source *s, FILE *from, struct cairn_why *why)
{
    char *text = NULL;
    size_t room = 0;
    enum cairn_err err = CAIRN_OK;
    errno = 0;
    for (ssize_t got; !err && (got = getline(&text, &room, from)) >= 0;) {
        s->number++;
        if (text[strspn(text, " \t\r\n")] != '\0' || strlen(text) != (size_t)got)
            err = line_take(s, text, (size_t)got, why);
    }
    free(text);
    if (!err && !feof(from)) err = img_os_fail(why, NULL, "read");
    return err;
}

static enum cairn_err lines_list(struct img_source *source, struct img_scan *scan, uint32_t node,
                                 struct img_finds *finds, struct cairn_why *why)
{
    struct lines_source *s = (struct lines_source *)source;
    return img_entries_list(&s->entries, scan->tree->nodes[node].origin, finds, why);
}

static void lines_close(struct img_source *source)
{
    struct lines_source *s = (struct lines_source *)source;
    img_entries_free(&s->entries);
    free(s);
}

enum cairn_err img_lines_open(struct img_source **source, struct img_scan *scan, const char *path,
                              struct cairn_why *why)
{
    struct lines_source *s = calloc(1, sizeof *s);
    if (!s) return img_no_memory(why);
    s->base = (struct img_source){ .list = lines_list, .close = lines_close };
    s->scan = scan;
    *source = &s->base;
    scan->tree->spool_fd = img_spool_open();
    if (scan->tree->spool_fd < 0) return img_spool_fail(why);
    if (!img_entries_init(&s->entries)) return img_no_memory(why);
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *from = is_stdin ? stdin : fopen(path, "re");
    if (!from) return img_os_fail(why, path, "open");
    enum cairn_err err = lines_read(s, from, why);
    if (err) cairn_why_path(why, path, strlen(path));
    if (!is_stdin) (void)fclose(from);
    return err;
}
