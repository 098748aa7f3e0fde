/* SPDX-License-Identifier: ISC */
/* Say everything that is wrong with a native store. */
#include "json.h"
#include "kv.h"
#include "progress.h"
#include "stop.h"

#include <cairn/kv_check.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES (UINT64_C(4) << 20)
#define FINDINGS_MOST 20000u /* nobody reads on */

enum { CHECK_QUIET, CHECK_JSON };
static const struct tool_option options[] = {
    { "quiet", 'q', NULL, "only the exit code" },
    { "json", 0, NULL, "JSON: findings, counts" },
    { NULL, 0, NULL, NULL },
};

struct work {
    const char *text; /* the operand */
    bool quiet, as_json;
    uint64_t printed;
    struct tool_json json;
    struct tool_progress progress;
    struct cairn_kv_check_result result;
};

/* ---- findings ------------------------------------------------------------------------------- */

static void finding_json(struct tool_json *json, const struct cairn_kv_finding *finding)
{
    tool_kv_finding_json(json, finding);
    tool_json_close(json, '}');
}

static bool report(void *ctx, const struct cairn_kv_finding *finding)
{
    struct work *work = ctx;
    if (work->quiet || work->printed++ >= FINDINGS_MOST) return !tool_stop_asked();
    tool_progress_clear(&work->progress);
    if (work->as_json)
        finding_json(&work->json, finding);
    else
        tool_kv_finding_print(finding);
    return !tool_stop_asked();
}

/* ---- the result ----------------------------------------------------------------------------- */

static void result_json(struct work *work)
{
    struct tool_json *json = &work->json;
    const struct cairn_kv_check_result *result = &work->result;
    tool_json_u64(json, "notes", result->findings[CAIRN_KV_NOTE]);
    tool_json_u64(json, "minor", result->findings[CAIRN_KV_MINOR]);
    tool_json_u64(json, "major", result->findings[CAIRN_KV_MAJOR]);
    tool_json_bool(json, "opens", result->opens);
    tool_json_bool(json, "map_checked", result->map_checked);
    tool_json_u64(json, "generation", result->geometry.generation);
    tool_json_u64(json, "pages", result->geometry.pages);
    tool_json_u64(json, "page_bytes", result->geometry.page_bytes);
    tool_json_u64(json, "entries", result->entries);
    tool_json_u64(json, "values", result->values);
    tool_json_u64(json, "dictionaries", result->dictionaries);
    tool_json_u64(json, "snapshots", result->snapshots);
    tool_json_u64(json, "tree_pages", result->tree_pages);
    tool_json_u64(json, "data_pages", result->data_pages);
    tool_json_u64(json, "free_pages", result->free_pages);
    tool_json_u64(json, "log_commits", result->log_commits);
    tool_json_u64(json, "bytes_read", result->bytes_read);
    tool_json_u64(json, "passes", result->passes);
}

static void result_print(const struct work *work)
{
    char size[TOOL_TEXT_BYTES];
    const struct cairn_kv_check_result *result = &work->result;
    uint64_t count = tool_kv_faults(result);
    if (work->printed > FINDINGS_MOST)
        printf("and %llu more\n", (unsigned long long)(work->printed - FINDINGS_MOST));
    tool_name_put(stdout, work->text);
    if (count)
        printf(": %llu fault%s", (unsigned long long)count, count == 1 ? "" : "s");
    else
        fputs(": sound", stdout);
    printf("; generation %llu, %llu entries, %llu snapshots, %s read\n",
           (unsigned long long)result->geometry.generation, (unsigned long long)result->entries,
           (unsigned long long)result->snapshots, tool_size_text(result->bytes_read, size));
}

/* ---- the work ------------------------------------------------------------------------------- */

static enum cairn_err check_all(struct work *work, struct cairn_blk *dev, void *mem, size_t bytes,
                                struct cairn_why *why)
{
    const struct cairn_kv_check_options how = { .report = report, .ctx = work };
    struct cairn_kv_check *check;
    bool more = true;
    enum cairn_err err = cairn_kv_check_begin(&check, dev, &how, mem, bytes, why);
    while (!err && more) {
        err = cairn_kv_check_step(check, STEP_BYTES, &more, why);
        cairn_kv_check_result(check, &work->result);
        uint64_t total = cairn_blk_bytes(dev), done = work->result.bytes_read;
        if (!tool_progress_tick(&work->progress, done < total ? done : total, total) && !err)
            err = cairn_why_fail(why, CAIRN_ECANCELED, "check");
    }
    tool_progress_clear(&work->progress);
    if (err != CAIRN_EINVAL) return err;
    why->err = CAIRN_ECORRUPT; /* no store is there: about the image */
    return CAIRN_ECORRUPT;
}

/* The mapping of a large log takes its room beside what the check's own parts do. */
static enum cairn_err check_in(struct work *work, struct cairn_blk *dev, struct cairn_why *why)
{
    size_t bytes = cairn_kv_check_mem(dev) + ((size_t)64 << 20);
    void *mem = malloc(bytes);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "check");
    if (work->as_json) {
        tool_json_open(&work->json, NULL, '{');
        tool_json_str(&work->json, "place", work->text);
        tool_json_open(&work->json, "findings", '[');
    }
    enum cairn_err err = check_all(work, dev, mem, bytes, why);
    free(mem);
    if (work->as_json) {
        tool_json_close(&work->json, ']');
        result_json(work);
        tool_json_close(&work->json, '}');
    } else if (!err && !work->quiet) {
        result_print(work);
    }
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    const struct cairn_image_open_options how = { .write = false };
    struct work work = { .text = args->operands[0],
                         .quiet = tool_has(args, CHECK_QUIET),
                         .as_json = tool_has(args, CHECK_JSON) };
    struct cairn_image_place place;
    struct cairn_image *image;
    struct cairn_why why = { 0 };
    enum tool_status status;
    (void)tool_place_is(work.text, &place, &status);
    if (status) return status;
    if (place.has_path && strcmp(place.path, "/") != 0)
        return tool_usage(args->verb, "'%s' is inside a store; name the image", work.text);
    tool_progress_init(&work.progress, "Checking", work.quiet);
    enum cairn_err err = cairn_image_open_device(&image, &place, &how, &why);
    if (err) return tool_fail(work.text, err, &why);
    err = check_in(&work, cairn_image_blk(image), &why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : &why);
    if (!err) err = closing;
    if (err) return tool_fail(work.text, err, &why);
    return tool_kv_faults(&work.result) ? TOOL_FOUND : TOOL_DONE;
}

const struct tool_verb tool_verb_kv_check = {
    .name = "kv check",
    .summary = "Say everything that is wrong with a store",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "Reads every page of the store, and changes nothing. The exit code is 0 when nothing\n"
        "is wrong, 1 when there are faults, and 3 when there is no store to be checked. A\n"
        "store in a FAT volume is checked by `cairn check`.",
    .example =
        "  cairn kv check store.img\n"
        "  cairn kv check --json disk.img:2",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
