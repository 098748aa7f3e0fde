/* SPDX-License-Identifier: ISC */
#include "check.h"

#include "out.h"
#include "stop.h"
#include <string.h>
#include <sys/mman.h>

/* Room for the changes of a plan, and for directories far beyond what drivers accept. Mapped: what
 * a plan does not need costs nothing, and with all changes at once it is written in one round. */
#define CHANGES_BYTES ((size_t)64 << 20)
#define ENTRIES ((uint64_t)4 << 20)

/* ---- what the library calls ---------------------------------------------------------------- */

static bool report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct tool_check *check = ctx;
    if (check->as_json)
        tool_finding_json(&check->json, finding, check->findings.with_repair);
    else if (!check->quiet && !tool_finding_keep(&check->findings, finding))
        check->no_memory = true;
    return !check->no_memory && !tool_stop_asked();
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    struct tool_check *check = ctx;
    (void)tool_progress_tick(&check->progress, done, total);
}

static enum cairn_err save(void *ctx, uint64_t at, const uint8_t *old, const uint8_t *now,
                           size_t bytes, struct cairn_why *why)
{
    struct tool_check *check = ctx;
    if (tool_stop_asked()) return cairn_why_fail(why, CAIRN_ECANCELED, "repair");
    return cairn_image_undo_save(check->undo, at, old, now, bytes, why);
}

static enum cairn_err saved(void *ctx, struct cairn_why *why)
{
    struct tool_check *check = ctx;
    return cairn_image_undo_saved(check->undo, why);
}

/* ---- the work ------------------------------------------------------------------------------ */

static enum cairn_err run_in(struct tool_check *check, void *mem, size_t bytes,
                             struct cairn_why *why)
{
    struct cairn_blk *dev = cairn_image_blk(check->image);
    struct cairn_fat_repair_options how = {
        .check = { .codepage = check->codepage,
                   .report = report,
                   .progress = progress,
                   .ctx = check },
        .orphans = check->orphans,
        .plan_only = check->mode == CHECK_PLAN,
        .utc_offset_min = check->utc_offset_min,
        .now_ns = check->now_ns,
        .changes = CHANGES_BYTES,
        .save = check->undo ? save : NULL,
        .saved = check->undo ? saved : NULL,
    };
    if (check->mode == CHECK_LOOK)
        return cairn_fat_check(dev, &how.check, mem, bytes, &check->result.before, why);
    return cairn_fat_repair(dev, &how, mem, bytes, &check->result, why);
}

static enum cairn_err run(struct tool_check *check, struct cairn_why *why)
{
    struct cairn_blk *dev = cairn_image_blk(check->image);
    size_t bytes = check->mode == CHECK_LOOK ? cairn_fat_check_mem(dev, ENTRIES)
                                             : cairn_fat_repair_mem(dev, ENTRIES, CHANGES_BYTES);
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) return cairn_why_fail(why, CAIRN_ENOMEM, "check");
    enum cairn_err err = run_in(check, mem, bytes, why);
    (void)munmap(mem, bytes);
    tool_progress_clear(&check->progress);
    if (check->no_memory) return cairn_why_fail(why, CAIRN_ENOMEM, "keep the findings");
    if (err != CAIRN_EINVAL) return err;
    why->err = CAIRN_ECORRUPT; /* without a boot sector there is no volume: about the image */
    return CAIRN_ECORRUPT;
}

static enum cairn_err undo_begin(struct tool_check *check, struct cairn_why *why)
{
    if (!check->undo_path) return CAIRN_OK;
    return cairn_image_undo_begin(&check->undo, check->undo_path, check->image, why);
}

/* A repair that failed halfway has left a file that takes back as much as it did. */
static enum cairn_err undo_end(struct tool_check *check, enum cairn_err err, struct cairn_why *why)
{
    if (!check->undo) return err;
    enum cairn_err ending =
        cairn_image_undo_end(check->undo, !err, &check->undo_made, err ? NULL : why);
    check->undo = NULL;
    return err ? err : ending;
}

static void json_begin(struct tool_check *check)
{
    tool_json_open(&check->json, NULL, '{');
    tool_json_str(&check->json, "place", check->text);
    tool_json_open(&check->json, "findings", '[');
}

static void json_end(struct tool_check *check)
{
    tool_json_close(&check->json, ']');
    tool_check_summary_json(check);
    tool_json_close(&check->json, '}');
}

/* After a repair what counts is what is left; else what was found, and of a plan, what it does. */
static enum tool_status verdict(const struct tool_check *check)
{
    const struct cairn_fat_repair_result *result = &check->result;
    if (check->mode == CHECK_REPAIR) return tool_faults(&result->after) ? TOOL_FOUND : TOOL_DONE;
    return tool_faults(&result->before) || result->mended ? TOOL_FOUND : TOOL_DONE;
}

enum tool_status tool_check_volume(struct tool_check *check)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = undo_begin(check, &why);
    if (err) return tool_fail(check->text, err, &why);
    tool_findings_init(&check->findings, check->mode != CHECK_LOOK);
    tool_progress_init(&check->progress, check->mode == CHECK_REPAIR ? "Repairing" : "Checking",
                       check->quiet);
    if (check->as_json) json_begin(check);
    err = undo_end(check, run(check, &why), &why);
    if (check->as_json) json_end(check);
    tool_findings_print(&check->findings);
    if (!err && !check->as_json && !check->quiet) tool_check_summary(check);
    if (!err) return verdict(check);
    enum tool_status status = tool_fail(check->text, err, &why);
    if (check->undo_made) tool_note("%s takes back what was written", check->undo_path);
    return status;
}

/* ---- taking it back ------------------------------------------------------------------------ */

static void undo_json(struct tool_check *check, const struct cairn_image_undo_result *result)
{
    struct tool_json *json = &check->json;
    tool_json_open(json, NULL, '{');
    tool_json_str(json, "place", check->text);
    tool_json_str(json, "undo", check->undo_path);
    tool_json_u64(json, "blocks", result->blocks);
    tool_json_u64(json, "restored", result->restored);
    tool_json_u64(json, "block_bytes", result->block_bytes);
    tool_json_bool(json, "finished", result->finished);
    tool_json_close(json, '}');
}

static void undo_print(const struct tool_check *check, const struct cairn_image_undo_result *result)
{
    tool_name_put(stdout, check->text);
    if (result->restored == 0)
        puts(": nothing to do, it is as it was before the repair");
    else
        printf(": as it was before the repair; %llu block%s of %u bytes put back\n",
               (unsigned long long)result->restored, result->restored == 1 ? "" : "s",
               result->block_bytes);
}

enum tool_status tool_check_undo(struct tool_check *check)
{
    struct cairn_image_undo_result result;
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_image_undo_apply(check->undo_path, check->image, &result, &why);
    if (err) return tool_fail(check->text, err, &why);
    if (check->as_json)
        undo_json(check, &result);
    else if (!check->quiet)
        undo_print(check, &result);
    return TOOL_DONE;
}
