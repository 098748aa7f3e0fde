/* SPDX-License-Identifier: ISC */
/* Values out of a store and into it. */
#include "kv.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)

/* ---- get ----------------------------------------------------------------------------------- */

enum { GET_OFFSET, GET_BYTES, GET_SNAPSHOT };
static const struct tool_option get_options[] = {
    { "offset", 0, "SIZE", "begin there (0)" },
    { "bytes", 0, "SIZE", "so many at most (all)" },
    TOOL_KV_SNAPSHOT,
    { NULL, 0, NULL, NULL },
};

struct range {
    uint64_t offset, bytes;
};

static enum cairn_err value_print(void *ctx, struct cairn_kv *kv, const char *text,
                                  struct cairn_kv_key key, struct cairn_why *why)
{
    const struct range *range = ctx;
    uint64_t at = range->offset, left = range->bytes;
    size_t done = 1;
    enum cairn_err err = CAIRN_OK;
    (void)text;
    char *buf = malloc(PIECE_BYTES);
    if (!buf) return cairn_why_fail(why, CAIRN_ENOMEM, "read the value");
    while (!err && left > 0 && done > 0) {
        size_t piece = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        err = cairn_kv_get(kv, key, at, buf, piece, &done, why);
        if (!err && fwrite(buf, 1, done, stdout) != done)
            err = cairn_why_fail(why, errno == EPIPE ? CAIRN_EPIPE : CAIRN_EIO,
                                 "write to standard output");
        at += done;
        left -= done;
    }
    free(buf);
    return err;
}

static enum tool_status get_run(const struct tool_args *args)
{
    struct range range = { 0, UINT64_MAX };
    if (!tool_arg_size(args, GET_OFFSET, &range.offset) ||
        !tool_arg_size(args, GET_BYTES, &range.bytes))
        return TOOL_USAGE;
    return tool_kv_each(args, false, args->values[GET_SNAPSHOT], value_print, &range);
}

const struct tool_verb tool_verb_kv_get = {
    .name = "kv get",
    .summary = "Print values, byte by byte as they are",
    .operands = "STORE:/KEY...",
    .options = get_options,
    .volume = true,
    .example =
        "  cairn kv get store.img:/config/name\n"
        "  cairn kv get --offset=1M --bytes=4K store.img:/blob | xxd",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = get_run,
};

/* ---- set ----------------------------------------------------------------------------------- */

enum { SET_FILE, SET_OFFSET, SET_REPLACE, SET_TIME };
static const struct tool_option set_options[] = {
    { "file", 'f', "FILE", "the value is the file's contents; -: standard input" },
    { "offset", 0, "SIZE", "change bytes from there on, and leave the others" },
    { "replace", 0, NULL, "also a dictionary, with all in it" },
    { "time", 't', "TIME", "when it was last changed: ISO 8601 or @SECONDS (now)" },
    { NULL, 0, NULL, NULL },
};

struct set {
    const struct tool_args *args;
    uint64_t offset;
    int64_t time_ns;
    char *piece;
};

/* All of what a descriptor has, up to bytes. */
static enum cairn_err fill(int fd, char *buf, size_t bytes, size_t *done, struct cairn_why *why)
{
    *done = 0;
    while (*done < bytes) {
        ssize_t got = read(fd, buf + *done, bytes - *done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "read the value");
            cairn_why_os(why, errno);
            return err;
        }
        if (got == 0) break;
        *done += (size_t)got;
    }
    return CAIRN_OK;
}

/* Piece by piece into kv, whose changes are one in the end. */
static enum cairn_err stream_set(const struct set *set, struct cairn_kv *kv,
                                 struct cairn_kv_key key, int fd, struct cairn_why *why)
{
    bool part = tool_has(set->args, SET_OFFSET);
    uint32_t flags = tool_has(set->args, SET_REPLACE) ? CAIRN_KV_REPLACE_DICTIONARY : 0;
    uint64_t at = set->offset;
    size_t done = 0;
    do {
        enum cairn_err err = fill(fd, set->piece, PIECE_BYTES, &done, why);
        if (!err && tool_stop_asked()) err = cairn_why_fail(why, CAIRN_ECANCELED, "set the value");
        if (!err && at == 0 && !part)
            err = cairn_kv_set(kv, key, set->piece, done, flags, why);
        else if (!err && done > 0)
            err = cairn_kv_write(kv, key, at, set->piece, done, why);
        if (err) return err;
        at += done;
    } while (done == PIECE_BYTES);
    return CAIRN_OK;
}

static enum cairn_err value_set(const struct set *set, struct cairn_kv *kv, struct cairn_kv_key key,
                                int fd, struct cairn_why *why)
{
    const char *value = set->args->operands[set->args->operand_count - 1];
    uint32_t flags = tool_has(set->args, SET_REPLACE) ? CAIRN_KV_REPLACE_DICTIONARY : 0;
    enum cairn_err err;
    if (fd >= 0)
        err = stream_set(set, kv, key, fd, why);
    else if (tool_has(set->args, SET_OFFSET))
        err = cairn_kv_write(kv, key, set->offset, value, strlen(value), why);
    else
        err = cairn_kv_set(kv, key, value, strlen(value), flags, why);
    if (!err && tool_has(set->args, SET_TIME)) err = cairn_kv_time_set(kv, key, set->time_ns, why);
    return err;
}

/* In one batch where there are batches. */
static enum cairn_err batch_set(const struct set *set, struct cairn_kv *kv, struct cairn_kv_key key,
                                int fd, struct cairn_why *why)
{
    struct cairn_kv_batch batch;
    if (!cairn_kv_info(kv)->atomic_batches) return value_set(set, kv, key, fd, why);
    enum cairn_err err = cairn_kv_batch_begin(&batch, kv, 0, why);
    if (err) return err;
    err = value_set(set, &batch.kv, key, fd, why);
    if (!err) return cairn_kv_commit(&batch, 0, why);
    cairn_kv_abort(&batch);
    return err;
}

static enum tool_status source_open(const struct tool_args *args, int *fd)
{
    const char *file = args->values[SET_FILE];
    struct stat st;
    struct cairn_why why = { 0 };
    *fd = -1;
    if (!file) return TOOL_DONE;
    *fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    bool is_folder = *fd >= 0 && fstat(*fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (*fd >= 0 && !is_folder) return TOOL_DONE;
    enum cairn_err err = is_folder ? CAIRN_EISDIR : errno == ENOENT ? CAIRN_ENOENT : CAIRN_EACCES;
    err = cairn_why_fail(&why, err, "open the file");
    cairn_why_hint(&why, "%s", is_folder ? "`cairn kv load` takes folders" : "");
    if (*fd > STDIN_FILENO) close(*fd);
    return tool_fail(file, err, &why);
}

static enum tool_status set_options_take(struct set *set)
{
    const struct tool_args *args = set->args;
    if (tool_has(args, SET_FILE) != (args->operand_count == 1))
        return tool_usage(args->verb, "a value is needed: an operand, or --file, and not both");
    if (!tool_arg_size(args, SET_OFFSET, &set->offset)) return TOOL_USAGE;
    if (!tool_has(args, SET_TIME) || tool_time_parse(args->values[SET_TIME], &set->time_ns))
        return TOOL_DONE;
    return tool_usage(args->verb, "--time=%s is not a time, such as 2024-05-01T12:34:56Z",
                      args->values[SET_TIME]);
}

static enum tool_status set_run(const struct tool_args *args)
{
    struct set set = { .args = args };
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    int fd = -1;
    enum tool_status status = set_options_take(&set);
    if (!status) status = source_open(args, &fd);
    if (status) return status;
    tool_stop_catch();
    set.piece = malloc(PIECE_BYTES);
    if (!set.piece) return tool_fail(NULL, CAIRN_ENOMEM, &why);
    status = tool_kv_open(&store, args, args->operands[0], true);
    if (!status) {
        enum cairn_err err = batch_set(&set, store.kv, tool_kv_key(&store.place), fd, &why);
        if (err && !tool_stop_asked()) status = tool_fail(args->operands[0], err, &why);
    }
    free(set.piece);
    if (fd > STDIN_FILENO) close(fd);
    return tool_kv_close(&store, status);
}

const struct tool_verb tool_verb_kv_set = {
    .name = "kv set",
    .summary = "Set a value, or bytes of it",
    .operands = "STORE:/KEY [VALUE]",
    .options = set_options,
    .volume = true,
    .changes = true,
    .details =
        "Dictionaries above the key are made. The value is VALUE as it stands, without an end\n"
        "of line, or what --file reads; either all of it gets in or nothing (in a FAT volume\n"
        "up to 1 MiB).",
    .example =
        "  cairn kv set store.img:/config/name Cairn\n"
        "  zcat dump.gz | cairn kv set --file=- store.img:/blob",
    .operands_least = 1,
    .operands_most = 2,
    .run = set_run,
};
