/* SPDX-License-Identifier: ISC */
#include "check.h"
#include "cmd.h"
#include "kv.h"
#include "out.h"
#include "session.h"
#include "shape.h"
#include "stop.h"
#include "volume.h"

#include <cairn/clock.h>
#include <string.h>

enum { PLAN, REPAIR, UNDO, ORPHANS, QUIET, JSON, CODEPAGE, TZ };
static const struct tool_option options[] = {
    { "plan", 'n', NULL, "what --repair would do; writes nothing" },
    { "repair", 0, NULL, "mend what can be mended" },
    { "undo", 0, "FILE", "with --repair: make FILE; without: apply it" },
    { "orphans", 0, "keep|free", "chains that nothing names (keep)" },
    { "quiet", 'q', NULL, "only the exit code" },
    { "json", 0, NULL, "JSON: findings, counts" },
    TOOL_CODEPAGE,
    TOOL_TZ,
    { NULL, 0, NULL, NULL },
};

/* What was asked for; TOOL_USAGE when that is no sense. */
static enum tool_status mode_take(const struct tool_args *args, struct tool_check *check)
{
    bool plan = tool_has(args, PLAN), repair = tool_has(args, REPAIR);
    check->undo_path = args->values[UNDO];
    if (plan && repair)
        return tool_usage(args->verb, "--plan writes nothing, --repair does: leave one out");
    if (plan && check->undo_path)
        return tool_usage(args->verb, "--plan writes nothing: --undo has nothing to do");
    if (check->undo_path && !check->undo_path[0])
        return tool_usage(args->verb, "--undo needs the name of a file");
    if (tool_has(args, ORPHANS) && !plan && !repair)
        return tool_usage(args->verb, "--orphans is for --plan and --repair");
    check->mode = plan ? CHECK_PLAN : repair ? CHECK_REPAIR : CHECK_LOOK;
    if (check->undo_path && !repair) check->mode = CHECK_UNDO;
    return TOOL_DONE;
}

static enum tool_status options_take(const struct tool_args *args, struct tool_check *check)
{
    static const char *const words[] = { "keep", "free", NULL };
    uint32_t orphans = CAIRN_FAT_ORPHANS_KEEP;
    enum tool_status status = mode_take(args, check);
    if (status) return status;
    check->now_ns = cairn_clock_wall_now(cairn_clock_wall_platform());
    if (!tool_arg_choice(args, ORPHANS, words, &orphans) ||
        !tool_source_date(args->verb, &check->now_ns) ||
        !tool_codepage_take(args->verb, args->values[CODEPAGE], &check->codepage) ||
        !tool_tz_take(args->verb, args->values[TZ], &check->utc_offset_min))
        return TOOL_USAGE;
    check->orphans = orphans ? CAIRN_FAT_ORPHANS_FREE : CAIRN_FAT_ORPHANS_KEEP;
    check->quiet = tool_has(args, QUIET);
    check->as_json = tool_has(args, JSON);
    check->text = args->operands[0];
    return TOOL_DONE;
}

static enum cairn_err image_open(struct tool_check *check, const struct cairn_image_place *place,
                                 struct cairn_why *why)
{
    bool write = check->mode == CHECK_REPAIR || check->mode == CHECK_UNDO;
    struct cairn_image_open_options how = { .write = write };
    enum cairn_err err = cairn_image_open_device(&check->image, place, &how, why);
    bool refused = err == CAIRN_EACCES || err == CAIRN_EPERM || err == CAIRN_EROFS;
    if (refused && check->mode == CHECK_REPAIR && !why->hint[0])
        cairn_why_hint(why, "a repair writes to the image; --plan only reads it");
    return err;
}

/* A key-value store is no volume. */
static enum cairn_err store_refuse(const struct tool_check *check, struct cairn_why *why)
{
    struct cairn_kv_native_geometry store;
    if (!tool_kv_probe(cairn_image_blk(check->image), &store)) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ECORRUPT, "this is a key-value store, no volume");
    cairn_why_hint(why, "`cairn kv check` checks it");
    return err;
}

/* Between looking and writing a signal ends it; while it writes, it is finished first. */
static enum tool_status image_work(struct tool_check *check)
{
    if (check->mode == CHECK_UNDO) return tool_check_undo(check);
    if (check->mode == CHECK_REPAIR) tool_stop_catch();
    return tool_check_volume(check);
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_check check = { .text = NULL };
    struct cairn_image_place place;
    struct cairn_why why = { 0 };
    enum tool_status status = options_take(args, &check);
    if (status) return status;
    (void)tool_place_is(check.text, &place, &status);
    if (status) return status;
    if (place.has_path && strcmp(place.path, "/") != 0)
        return tool_usage(args->verb, "'%s' is inside a volume; name the image", check.text);
    enum cairn_err err = image_open(&check, &place, &why);
    if (err) return tool_fail(check.text, err, &why);
    err = store_refuse(&check, &why);
    status = err ? tool_fail(check.text, err, &why) : image_work(&check);
    err = cairn_image_close(check.image, &why);
    if (err && status <= TOOL_FOUND) status = tool_fail(check.text, err, &why);
    tool_stop_finish();
    return status;
}

const struct tool_verb tool_verb_check = {
    .name = "check",
    .summary = "Say everything that is wrong with a volume, and repair it",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "Changes nothing without --repair. With it the volume is mended in an order in which\n"
        "a power cut does no harm: repair again, or undo. --undo FILE without --repair takes\n"
        "the repair back that made FILE, to the byte, unless the image changed since.\n"
        "The exit code is 0 when nothing is wrong (now), 1 when there are faults (left), and\n"
        "3 when the volume cannot be used at all.",
    .example =
        "  cairn check --plan disk.img:1\n"
        "  cairn check --repair --undo disk.undo disk.img:1\n"
        "  cairn check --undo disk.undo disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
