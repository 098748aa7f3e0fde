/* SPDX-License-Identifier: ISC */
#include "args.h"
#include "cmd.h"
#include "json.h"
#include "layout.h"
#include "out.h"

#include <stdio.h>

enum { PACK, DIRTY, QUIET, JSON };
static const struct tool_option options[] = {
    { "pack", 0, NULL, "everything to the front: free space in one piece, too" },
    { "dirty", 0, NULL, "free lost clusters of a volume that was not unmounted" },
    { "quiet", 'q', NULL, "do not say what was done" },
    { "json", 0, NULL, "JSON: pieces before and after, clusters moved" },
    { NULL, 0, NULL, NULL },
};

static void tell_json(const struct tool_layout *layout)
{
    const struct cairn_fat_layout_result *result = &layout->result;
    struct tool_json json = { 0 };
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", layout->text);
    tool_json_u64(&json, "chains", result->chains);
    tool_json_u64(&json, "pieces_before", result->pieces_before);
    tool_json_u64(&json, "pieces", result->pieces_after);
    tool_json_u64(&json, "directories_shrunk", result->directories_shrunk);
    tool_json_u64(&json, "moved_clusters", result->moved_clusters);
    tool_json_u64(&json, "freed_clusters", result->freed_clusters);
    tool_json_close(&json, '}');
}

static void tell(const struct tool_layout *layout)
{
    const struct cairn_fat_layout_result *result = &layout->result;
    tool_name_put(stdout, layout->text);
    printf(": %llu files and directories in %llu pieces, before in %llu; %llu cluster%s moved\n",
           (unsigned long long)result->chains, (unsigned long long)result->pieces_after,
           (unsigned long long)result->pieces_before, (unsigned long long)result->moved_clusters,
           result->moved_clusters == 1 ? "" : "s");
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_layout layout = { .text = NULL };
    struct cairn_why why = { 0 };
    bool quiet = tool_has(args, QUIET);
    enum tool_status status = tool_layout_begin(&layout, args, "Defragmenting", true, quiet);
    if (status) return status;
    layout.options.pack = tool_has(args, PACK);
    layout.options.dirty = tool_has(args, DIRTY);
    enum cairn_err err = tool_layout_defrag(&layout, &why);
    status = tool_layout_end(&layout, err, &why);
    if (status || quiet) return status;
    if (tool_has(args, JSON))
        tell_json(&layout);
    else
        tell(&layout);
    return TOOL_DONE;
}

const struct tool_verb tool_verb_defrag = {
    .name = "defrag",
    .summary = "Put each file and directory of a volume in one piece",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "Files in pieces go to where there is room for them; where there is none, or with\n"
        "--pack, everything moves to the front. Directories lose their removed entries. Ctrl-C\n"
        "ends it between two moves; a power cut does no harm, the same again goes on.",
    .example = "  cairn defrag disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
