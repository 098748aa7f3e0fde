/* SPDX-License-Identifier: ISC */
/* A store once more, in order and without gaps, in a new image or in the place of the old one. */
#include "copy.h"
#include "kv.h"
#include "shape.h"
#include "stop.h"

#include <cairn/blk_open.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define STORE_MEM_BYTES ((size_t)64 << 20)

enum { COMPACT_SIZE, COMPACT_DROP, COMPACT_QUIET };
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "of the new store (as the old one)" },
    { "drop-snapshots", 0, NULL, "what only snapshots keep is not in the new store" },
    { "quiet", 'q', NULL, "no progress, and do not say what came of it" },
    { NULL, 0, NULL, NULL },
};

struct compact {
    const struct tool_args *args;
    const char *text;
    struct tool_kv store;
    struct cairn_kv_native_usage usage; /* of the old one */
    struct tool_copy copy;
    char path[PATH_BYTES]; /* of the new image, until it has its name */
    uint64_t size;
    struct cairn_blk_any any; /* the new one: */
    struct cairn_kv *kv;
    void *mem;
    struct cairn_hash128 digest;
    struct cairn_image_kv_result result;
};

/* ---- the new store -------------------------------------------------------------------------- */

static enum cairn_err made_open(struct compact *compact, struct cairn_why *why)
{
    const struct cairn_kv_native_options how = { .clock = compact->store.clock };
    const struct cairn_kv_native_geometry *old = &compact->usage.geometry;
    struct cairn_clock_wall *clock = how.clock ? how.clock : cairn_clock_wall_platform();
    struct cairn_kv_native_format_options shape = { .label = old->label,
                                                    .page_bytes = old->page_bytes,
                                                    .log_bytes = old->log_bytes,
                                                    .made_ns = cairn_clock_wall_now(clock) };
    if (shape.log_bytes > compact->size / 16) shape.log_bytes = 0;
    enum cairn_err err =
        cairn_kv_native_format(compact->any.dev, &shape, compact->mem, STORE_MEM_BYTES, why);
    return err ? err
               : cairn_kv_native_open(&compact->kv, compact->any.dev, &how, compact->mem,
                                      STORE_MEM_BYTES, why);
}

static enum cairn_err digest_of(struct cairn_kv *kv, struct cairn_hash128 *digest,
                                struct cairn_why *why)
{
    void *mem = malloc(CAIRN_KV_DIGEST_MEM);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "read the store");
    enum cairn_err err =
        cairn_kv_digest(kv, cairn_kv_key(""), digest, mem, CAIRN_KV_DIGEST_MEM, why);
    free(mem);
    return err;
}

/* What went over is read again, in both. */
static enum cairn_err contents_copy(struct compact *compact, struct cairn_why *why)
{
    const struct cairn_image_kv_options how = { .progress = tool_copy_progress,
                                                .ctx = &compact->copy };
    struct cairn_hash128 before = { 0 };
    uint64_t total = compact->usage.data_pages * compact->usage.geometry.page_bytes;
    enum cairn_err err =
        cairn_image_kv_copy(compact->store.kv, compact->kv, total, &how, &compact->result, why);
    if (!err) err = digest_of(compact->store.kv, &before, why);
    if (!err) err = digest_of(compact->kv, &compact->digest, why);
    if (!err && memcmp(&before, &compact->digest, sizeof before) != 0)
        err = cairn_why_fail(why, CAIRN_EIO, "what was written reads otherwise");
    return err;
}

static enum cairn_err made_fill(struct compact *compact, struct cairn_why *why)
{
    enum cairn_err err = made_open(compact, why);
    if (err) return err;
    err = contents_copy(compact, why);
    enum cairn_err closing = cairn_kv_close(compact->kv, err ? NULL : why);
    if (!err) err = closing;
    return err ? err : cairn_blk_flush(compact->any.dev, why);
}

/* The new image under its path; it goes again when something fails. */
static enum cairn_err made_make(struct compact *compact, struct cairn_why *why)
{
    struct cairn_blk_file_options how = { .write = true,
                                          .create = true,
                                          .create_bytes = compact->size };
    enum cairn_err err = cairn_blk_open(&compact->any, compact->path, &how, why);
    if (err) return err;
    compact->mem = malloc(STORE_MEM_BYTES);
    err = compact->mem ? made_fill(compact, why)
                       : cairn_why_fail(why, CAIRN_ENOMEM, "make the store");
    free(compact->mem);
    enum cairn_err closing = cairn_blk_any_close(&compact->any, err ? NULL : why);
    if (!err) err = closing;
    if (err) (void)unlink(cairn_blk_file_path(compact->path));
    return err;
}

/* ---- its name ------------------------------------------------------------------------------- */

/* With its owner's rights it takes the old one's name, at once. */
static enum cairn_err old_replace(const struct compact *compact, struct cairn_why *why)
{
    const char *old = cairn_blk_file_path(compact->store.place.image);
    struct stat st;
    bool done = stat(old, &st) == 0 && chmod(compact->path, st.st_mode & 07777) == 0 &&
                rename(compact->path, old) == 0;
    if (done) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EIO, "give the new image its name");
    cairn_why_os(why, errno);
    (void)unlink(compact->path);
    return err;
}

static enum tool_status path_choose(struct compact *compact)
{
    const struct tool_args *args = compact->args;
    const struct cairn_image_place *place = &compact->store.place;
    const char *file = cairn_blk_file_path(place->image);
    bool is_named = args->operand_count == 2;
    if (!is_named && (place->part[0] || !file))
        return tool_usage(args->verb, "'%s' is no file of its own; name the new image, too",
                          compact->text);
    int len = snprintf(compact->path, sizeof compact->path, "%s%s",
                       is_named ? args->operands[1] : file, is_named ? "" : ".compact");
    if (len > 0 && (size_t)len < sizeof compact->path) return TOOL_DONE;
    struct cairn_why why = { 0 };
    return tool_fail(compact->text, cairn_why_fail(&why, CAIRN_ENAMETOOLONG, "compact"), &why);
}

/* ---- the verb ------------------------------------------------------------------------------- */

static enum tool_status old_check(struct compact *compact)
{
    const struct tool_verb *verb = compact->args->verb;
    struct cairn_kv_entry snapshots[64];
    struct cairn_why why = { 0 };
    size_t count = 0;
    bool more;
    if (tool_kv_key(&compact->store.place).bytes)
        return tool_usage(verb, "'%s' is inside a store; name the image", compact->text);
    if (!compact->store.is_native)
        return tool_usage(verb, "'%s' is a FAT volume: `cairn defrag` is for those", compact->text);
    enum cairn_err err = cairn_kv_native_usage(compact->store.kv, &compact->usage, &why);
    if (!err)
        err = cairn_kv_snapshot_list(compact->store.kv, cairn_kv_key(""), snapshots,
                                     sizeof snapshots, &count, &more, &why);
    if (err) return tool_fail(compact->text, err, &why);
    if (count && !tool_has(compact->args, COMPACT_DROP))
        return tool_usage(verb,
                          "'%s' has snapshots, which the new store would not have; "
                          "--drop-snapshots says that this is meant",
                          compact->text);
    if (!compact->size)
        compact->size = compact->usage.geometry.pages * compact->usage.geometry.page_bytes;
    return TOOL_DONE;
}

static void summary_print(const struct compact *compact)
{
    char size[TOOL_TEXT_BYTES];
    tool_name_put(stdout, compact->args->operands[compact->args->operand_count - 1]);
    printf(": %llu values, %llu dictionaries, %s; digest %016llx%016llx as before\n",
           (unsigned long long)compact->result.values,
           (unsigned long long)compact->result.dictionaries, tool_size_text(compact->size, size),
           (unsigned long long)compact->digest.high, (unsigned long long)compact->digest.low);
}

static enum tool_status compact_run(struct compact *compact)
{
    struct cairn_why why = { 0 };
    enum tool_status status = old_check(compact);
    if (!status) status = path_choose(compact);
    if (status) return status;
    enum cairn_err err = made_make(compact, &why);
    if (!err && compact->args->operand_count == 1) err = old_replace(compact, &why);
    tool_progress_clear(&compact->copy.progress);
    if (err && tool_stop_asked()) return TOOL_FAILED;
    bool is_new = err == CAIRN_ENOSPC || err == CAIRN_EEXIST;
    if (err == CAIRN_ENOSPC) cairn_why_hint(&why, "--size makes the new store larger");
    if (err) return tool_fail(is_new ? compact->path : compact->text, err, &why);
    if (!compact->copy.quiet) summary_print(compact);
    return TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    struct compact compact = { .args = args, .text = args->operands[0] };
    compact.copy.quiet = tool_has(args, COMPACT_QUIET);
    if (!tool_arg_size(args, COMPACT_SIZE, &compact.size)) return TOOL_USAGE;
    tool_stop_catch();
    tool_progress_init(&compact.copy.progress, "Compacting", compact.copy.quiet);
    enum tool_status status = tool_kv_open(&compact.store, args, compact.text, false);
    if (!status) status = compact_run(&compact);
    return tool_kv_close(&compact.store, status);
}

const struct tool_verb tool_verb_kv_compact = {
    .name = "kv compact",
    .summary = "Write a store anew: in order, without gaps, as large as is wanted",
    .operands = "IMAGE[:PART] [NEW]",
    .options = options,
    .details =
        "NEW is an image that is not there yet; without it the new store takes the old one's\n"
        "place when it is complete, durable, and read back with the same digest.",
    .example =
        "  cairn kv compact store.img\n"
        "  cairn kv compact --size=8M disk.img:2 small.img",
    .operands_least = 1,
    .operands_most = 2,
    .run = run,
};
