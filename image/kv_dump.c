/* SPDX-License-Identifier: ISC */
#include "dump.h"
#include "extract.h"
#include "os.h"
#include "outfile.h"

#include <cairn/bytes.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dumper {
    struct img_dump dump;
    const struct img_dump_form *form;
    void *out;
};

enum cairn_err img_dump_read(struct img_dump *dump, const struct img_dump_item *item,
                             uint64_t offset, size_t bytes, struct cairn_why *why)
{
    const struct cairn_image_kv_options *options = dump->options;
    size_t done = 0;
    enum cairn_err err =
        bytes ? cairn_kv_get(dump->kv, item->key, offset, dump->piece, bytes, &done, why)
              : CAIRN_OK;
    if (!err && done != bytes)
        err = cairn_why_fail(why, CAIRN_ESTALE, "the value became shorter while it was read");
    dump->result->bytes += done;
    if (!err && options->progress && !options->progress(options->ctx, dump->result->bytes, 0))
        err = cairn_why_fail(why, CAIRN_ECANCELED, "dump the store");
    return err;
}

enum cairn_err img_dump_path_check(const struct img_dump_item *item, struct cairn_why *why)
{
    size_t start = 0;
    bool is_good = true;
    for (size_t i = 0; i <= item->path_bytes; i++) {
        if (i < item->path_bytes && item->path[i] != '/') {
            is_good = is_good && item->path[i] != '\0';
            continue;
        }
        const char *part = item->path + start;
        if (i - start <= 2 && part[0] == '.' && (i - start == 1 || part[1] == '.')) is_good = false;
        start = i + 1;
    }
    if (is_good) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_EINVAL, "a key with a part that no file can be called by");
    cairn_why_path(why, item->path, item->path_bytes);
    cairn_why_hint(why, "--format=lines has a form for all keys");
    return err;
}

static enum cairn_err item_put(struct dumper *dumper, const struct img_dump_item *item,
                               struct cairn_why *why)
{
    bool is_dictionary = item->stat.kind == CAIRN_KV_DICTIONARY;
    dumper->dump.result->dictionaries += is_dictionary;
    dumper->dump.result->values += !is_dictionary;
    return dumper->form->put(dumper->out, &dumper->dump, item, why);
}

static struct img_dump_item item_of(const struct cairn_image_kv_step *step)
{
    return (struct img_dump_item){ .key = step->key,
                                   .path = step->path,
                                   .path_bytes = step->path_bytes,
                                   .stat = { step->entry.kind, step->entry.size,
                                             step->entry.modified_ns } };
}

static enum cairn_err visit(void *ctx, const struct cairn_image_kv_step *step,
                            struct cairn_why *why)
{
    struct img_dump_item item = item_of(step);
    return item_put(ctx, &item, why);
}

/* A step that leaves knows no times. */
static enum cairn_err leave(void *ctx, const struct cairn_image_kv_step *step,
                            struct cairn_why *why)
{
    struct dumper *dumper = ctx;
    struct img_dump_item item = item_of(step);
    enum cairn_err err = cairn_kv_stat(dumper->dump.kv, item.key, &item.stat, why);
    return err ? err : dumper->form->leave(dumper->out, &item, why);
}

/* One value bears the last part of its key. */
static enum cairn_err value_put(struct dumper *dumper, struct cairn_kv_key key,
                                const struct cairn_kv_stat *stat, struct cairn_why *why)
{
    char name[CAIRN_KV_SEGMENT_MAX + 1];
    size_t start = key.bytes;
    while (start > 0 && key.path[start - 1] != '/')
        start--;
    struct img_dump_item item = { key, name, key.bytes - start, *stat };
    memcpy(name, key.path + start, item.path_bytes);
    name[item.path_bytes] = '\0';
    return item_put(dumper, &item, why);
}

static enum cairn_err put_all(struct dumper *dumper, struct cairn_kv_key key,
                              const struct cairn_kv_stat *stat, struct cairn_why *why)
{
    const struct cairn_image_kv_walker walker = {
        .visit = visit,
        .leave = dumper->form->leave ? leave : NULL,
        .ctx = dumper,
    };
    dumper->dump.piece = malloc(IMG_DUMP_PIECE);
    enum cairn_err err;
    if (!dumper->dump.piece)
        err = img_no_memory(why);
    else if (stat->kind == CAIRN_KV_DICTIONARY)
        err = cairn_image_kv_walk(dumper->dump.kv, key, &walker, why);
    else
        err = value_put(dumper, key, stat, why);
    free(dumper->dump.piece);
    return dumper->form->end(dumper->out, err, why);
}

static enum cairn_err stream_dump(struct dumper *dumper, struct cairn_kv_key key,
                                  const struct cairn_kv_stat *stat, enum cairn_image_kv_form form,
                                  int fd, struct cairn_why *why)
{
    enum cairn_err err = form == CAIRN_IMAGE_KV_TAR
                             ? img_dump_tar(&dumper->out, &dumper->form, fd, why)
                             : img_dump_lines(&dumper->out, &dumper->form, fd, why);
    return err ? err : put_all(dumper, key, stat, why);
}

/* To a file that is there only when it is whole. */
static enum cairn_err file_dump(struct dumper *dumper, struct cairn_kv_key key,
                                const struct cairn_kv_stat *stat, enum cairn_image_kv_form form,
                                const char *dest, struct cairn_why *why)
{
    struct img_outfile out;
    const char *name;
    int dir = -1;
    enum cairn_err err = img_dest_parent_open(dest, &dir, &name, why);
    if (err) return err;
    err = img_outfile_open(&out, dir, name, 0666, false, why);
    if (!err) {
        err = stream_dump(dumper, key, stat, form, out.fd, why);
        if (err)
            img_outfile_abort(&out);
        else
            err = img_outfile_commit(&out, INT64_MIN, why);
    }
    (void)close(dir);
    return err;
}

enum cairn_err cairn_image_kv_dump(struct cairn_kv *kv, struct cairn_kv_key key,
                                   enum cairn_image_kv_form form, const char *dest,
                                   const struct cairn_image_kv_options *options,
                                   struct cairn_image_kv_result *result, struct cairn_why *why)
{
    struct dumper dumper = { .dump = { .kv = kv, .options = options, .result = result } };
    struct cairn_kv_stat stat;
    *result = (struct cairn_image_kv_result){ 0 };
    enum cairn_err err = cairn_kv_stat(kv, key, &stat, why);
    if (err) return err;
    if (form == CAIRN_IMAGE_KV_FOLDER) {
        err = img_dump_folder(&dumper.out, &dumper.form, dest, why);
        return err ? err : put_all(&dumper, key, &stat, why);
    }
    if (strcmp(dest, "-") == 0) return stream_dump(&dumper, key, &stat, form, STDOUT_FILENO, why);
    return file_dump(&dumper, key, &stat, form, dest, why);
}
