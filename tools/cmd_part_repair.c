/* SPDX-License-Identifier: ISC */
#include "part.h"

enum { REPAIR_PLAN, REPAIR_QUIET, REPAIR_JSON, REPAIR_BLOCK };
static const struct tool_option options[] = {
    { "plan", 'n', NULL, "what is wrong, and what would be mended; writes nothing" },
    { "quiet", 'q', NULL, "only the exit code" },
    { "json", 0, NULL, "JSON: what was found, and what is left" },
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

static void tell(const struct tool_part *part)
{
    bool plan = tool_has(part->args, REPAIR_PLAN);
    char text[256];
    tool_name_put(stdout, part->place.image);
    printf(": %s\n", part->findings.count ? "found:" : "nothing is wrong");
    for (uint32_t i = 0; i < part->findings.count; i++) {
        const struct cairn_part_finding *finding = &part->findings.list[i];
        bool mendable = cairn_part_is_mendable(finding->fault);
        cairn_part_finding_text(finding, text, sizeof text);
        printf("  %s: %s\n", text,
               !mendable ? "is left: it needs a decision"
               : plan    ? "would be mended"
                         : "mended");
    }
}

static void tell_json(const struct tool_part *part)
{
    struct tool_json json = { 0 };
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", part->text);
    tool_json_bool(&json, "written", !tool_has(part->args, REPAIR_PLAN));
    tool_part_findings_json(part, &json);
    tool_json_close(&json, '}');
}

static enum tool_status repair(struct tool_part *part)
{
    enum cairn_err err = cairn_part_repair(part->dev, &part->table, &part->findings, part->scratch,
                                           part->scratch_bytes, &part->why);
    if (!err)
        err = cairn_part_examine(part->dev, &part->table, &part->findings, part->scratch,
                                 part->scratch_bytes, &part->why);
    return err ? tool_part_fail(part, err) : TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    enum tool_status status;
    bool plan = tool_has(args, REPAIR_PLAN);
    struct tool_part *part = tool_part_open_table(args, REPAIR_BLOCK, !plan, &status);
    if (!part) return status;
    struct cairn_part_findings found = part->findings;
    if (!plan) status = repair(part);
    bool is_left = part->findings.count > 0;
    part->findings = found;
    if (!status && tool_has(args, REPAIR_JSON))
        tell_json(part);
    else if (!status && !tool_has(args, REPAIR_QUIET))
        tell(part);
    return tool_part_close(part, status ? status : is_left ? TOOL_FOUND : TOOL_DONE);
}

const struct tool_verb tool_verb_part_repair = {
    .name = "part repair",
    .summary = "Mend a partition table: both copies of a GPT, their place, and the MBR",
    .operands = "IMAGE",
    .options = options,
    .details =
        "A bad copy of a GPT is written anew from the good one; the backup goes to the end of a\n"
        "disk that grew, which makes the room usable, or shrank, if all partitions fit; the MBR\n"
        "that guards it is made right.\n"
        "Partitions that overlap or lie outside the disk are told and left: 1 is the exit code.",
    .example = "  cairn part repair --plan disk.img\n  cairn part repair /dev/sdb",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
