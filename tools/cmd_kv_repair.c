/* SPDX-License-Identifier: ISC */
/* Mend what is wrong with a native store, where nothing of it is lost by that. */
#include "kv.h"
#include "stop.h"

#include <cairn/kv_repair.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MOST 20000u /* nobody reads on */

enum { REPAIR_PLAN, REPAIR_OLDER, REPAIR_QUIET, REPAIR_JSON };
static const struct tool_option options[] = {
    { "plan", 'n', NULL, "only show what would be done" },
    { "older", 0, NULL, "if what was durable is gone: take the newest state that is whole" },
    { "quiet", 'q', NULL, "only the exit code" },
    { "json", 0, NULL, "JSON: findings, what is done about them, counts" },
    { NULL, 0, NULL, NULL },
};

struct work {
    const char *text; /* the operand */
    bool plan_only, older, quiet, as_json;
    uint64_t printed;
    struct tool_json json;
    struct cairn_kv_repair_result result;
};

static bool report(void *ctx, const struct cairn_kv_finding *finding, const char *action)
{
    struct work *work = ctx;
    if (work->quiet || work->printed++ >= FINDINGS_MOST) return !tool_stop_asked();
    if (work->as_json) {
        tool_kv_finding_json(&work->json, finding);
        tool_json_str(&work->json, "action", action);
        tool_json_close(&work->json, '}');
    } else {
        tool_kv_finding_print(finding);
        printf("    %s\n", action ? action : "nothing can be done about it here");
    }
    return !tool_stop_asked();
}

static void result_json(struct work *work)
{
    struct tool_json *json = &work->json;
    const struct cairn_kv_repair_result *result = &work->result;
    tool_json_u64(json, "faults", tool_kv_faults(&result->before));
    tool_json_u64(json, "left", tool_kv_faults(&result->after));
    tool_json_u64(json, "map_pages", result->map_pages);
    tool_json_u64(json, "superblocks", result->supers);
    tool_json_u64(json, "generation", result->after.geometry.generation);
}

static void result_print(const struct work *work)
{
    const struct cairn_kv_repair_result *result = &work->result;
    uint64_t count = tool_kv_faults(&result->before), left = tool_kv_faults(&result->after);
    tool_name_put(stdout, work->text);
    if (!count && !result->supers)
        fputs(": sound; nothing to do\n", stdout);
    else if (work->plan_only)
        printf(": %llu fault%s, of which %llu would be left; nothing was written\n",
               (unsigned long long)count, count == 1 ? "" : "s", (unsigned long long)result->left);
    else
        printf(": %llu fault%s, %llu left; pages written: %llu of the map, %llu superblocks\n",
               (unsigned long long)count, count == 1 ? "" : "s", (unsigned long long)left,
               (unsigned long long)result->map_pages, (unsigned long long)result->supers);
}

static enum cairn_err repair(struct work *work, struct cairn_blk *dev, struct cairn_why *why)
{
    const struct cairn_kv_repair_options how = {
        .report = report, .ctx = work, .plan_only = work->plan_only, .older = work->older
    };
    size_t bytes = cairn_kv_check_mem(dev) + ((size_t)64 << 20);
    void *mem = malloc(bytes);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "repair");
    if (work->as_json) {
        tool_json_open(&work->json, NULL, '{');
        tool_json_str(&work->json, "place", work->text);
        tool_json_open(&work->json, "findings", '[');
    }
    enum cairn_err err = cairn_kv_repair(dev, &how, mem, bytes, &work->result, why);
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
    struct work work = { .text = args->operands[0],
                         .plan_only = tool_has(args, REPAIR_PLAN),
                         .older = tool_has(args, REPAIR_OLDER),
                         .quiet = tool_has(args, REPAIR_QUIET),
                         .as_json = tool_has(args, REPAIR_JSON) };
    const struct cairn_image_open_options how = { .write = !work.plan_only };
    struct cairn_image_place place;
    struct cairn_image *image;
    struct cairn_why why = { 0 };
    enum tool_status status;
    (void)tool_place_is(work.text, &place, &status);
    if (status) return status;
    if (place.has_path && strcmp(place.path, "/") != 0)
        return tool_usage(args->verb, "'%s' is inside a store; name the image", work.text);
    tool_stop_catch();
    enum cairn_err err = cairn_image_open_device(&image, &place, &how, &why);
    if (err) return tool_fail(work.text, err, &why);
    err = repair(&work, cairn_image_blk(image), &why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : &why);
    if (!err) err = closing;
    if (err == CAIRN_EINVAL) err = why.err = CAIRN_ECORRUPT; /* no store is there */
    if (err) status = tool_fail(work.text, err, &why);
    if (err) return work.result.before.passes ? TOOL_FOUND : status;
    return tool_kv_faults(&work.result.after) ? TOOL_FOUND : TOOL_DONE;
}

const struct tool_verb tool_verb_kv_repair = {
    .name = "kv repair",
    .summary = "Mend a store: superblocks, counts, the map of free space",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "Mends what can be mended without losing anything, and says what cannot be. Values\n"
        "and the tree itself are not touched; a store whose damage hides what is in use is\n"
        "not written to at all. A store that does not open, since its newest state or part\n"
        "of its log is gone, stays as it is, but with --older. The exit code is 0 when the store "
        "is sound in the end, 1\n"
        "when faults are left, or (--plan) found, and 3 when there is no store.",
    .example =
        "  cairn kv repair --plan store.img\n"
        "  cairn kv repair disk.img:2",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
