/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <langinfo.h>
#include <string.h>

enum { TREE_ASCII, TREE_DEPTH, TREE_JSON };
static const struct tool_option options[] = {
    { "ascii", 0, NULL, "lines of ASCII characters" },
    { "depth", 'L', "N", "so many levels, and no deeper" },
    { "json", 0, NULL, "JSON: nested entries" },
    { NULL, 0, NULL, NULL },
};

#define LEVELS 2048u /* a path of 4095 bytes has no more */

/* What stands before a name: for each level above, and for its own. */
struct lines {
    const char *through, *ended, *branch, *last;
};
static const struct lines unicode = { "│   ", "    ", "├── ", "└── " };
static const struct lines ascii = { "|   ", "    ", "|-- ", "`-- " };

struct tree {
    const struct lines *lines;
    bool as_json, ended[LEVELS];
    uint32_t depth_most;
    struct tool_json json;
    uint64_t files, directories, bytes;
};

static void prefix_put(const struct tree *tree, uint32_t depth, bool last)
{
    for (uint32_t i = 1; i < depth; i++)
        fputs(tree->ended[i] ? tree->lines->ended : tree->lines->through, stdout);
    if (depth > 0) fputs(last ? tree->lines->last : tree->lines->branch, stdout);
}

static void step_print(struct tree *tree, const struct cairn_image_step *step)
{
    char size[TOOL_TEXT_BYTES];
    prefix_put(tree, step->depth, step->last);
    tool_entry_put(step->entry->name, step->node != NULL);
    if (!step->node) printf("  (%s)", tool_size_text(step->entry->stat.size, size));
    putchar('\n');
}

static void step_json(struct tree *tree, const struct cairn_image_step *step)
{
    const struct cairn_image_entry *entry = step->entry;
    if (step->node)
        tool_json_open(&tree->json, NULL, '{');
    else
        tool_json_open_line(&tree->json, NULL, '{');
    tool_json_str(&tree->json, "name", entry->name);
    tool_json_str(&tree->json, "type", step->node ? "directory" : "file");
    if (step->node)
        tool_json_open(&tree->json, "entries", '[');
    else {
        tool_json_u64(&tree->json, "size", entry->stat.size);
        tool_json_close(&tree->json, '}');
    }
}

static enum cairn_err visit(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    struct tree *tree = ctx;
    (void)why;
    if (step->depth < LEVELS) tree->ended[step->depth] = step->last;
    if (step->depth > tree->depth_most) return CAIRN_OK;
    if (step->node)
        tree->directories += step->depth > 0;
    else
        tree->files++;
    tree->bytes += step->entry->stat.size;
    if (tree->as_json)
        step_json(tree, step);
    else if (step->depth > 0 || !step->node)
        step_print(tree, step);
    return CAIRN_OK;
}

static enum cairn_err leave(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    struct tree *tree = ctx;
    (void)why;
    if (!tree->as_json || step->depth > tree->depth_most) return CAIRN_OK;
    tool_json_close(&tree->json, ']');
    tool_json_close(&tree->json, '}');
    return CAIRN_OK;
}

static enum cairn_err place_tree(void *ctx, struct cairn_image *image, const char *text,
                                 const char *path, struct cairn_why *why)
{
    struct tree *tree = ctx;
    struct cairn_image_walker walker = { .visit = visit, .leave = leave, .ctx = tree };
    tree->files = tree->directories = tree->bytes = 0;
    if (!tree->as_json) {
        tool_entry_put(text, true);
        putchar('\n');
    }
    enum cairn_err err = cairn_image_walk(cairn_image_fat(image), path, &walker, why);
    if (err || tree->as_json) return err;
    char size[TOOL_TEXT_BYTES], files[TOOL_TEXT_BYTES], directories[TOOL_TEXT_BYTES];
    printf("\n%s, %s, %s\n", tool_directories_text(tree->directories, directories),
           tool_files_text(tree->files, files), tool_size_text(tree->bytes, size));
    return CAIRN_OK;
}

static enum tool_status run(const struct tool_args *args)
{
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    struct tree tree = {
        .lines = utf8 && !tool_has(args, TREE_ASCII) ? &unicode : &ascii,
        .as_json = tool_has(args, TREE_JSON),
        .depth_most = UINT32_MAX,
    };
    if (!tool_arg_u32(args, TREE_DEPTH, &tree.depth_most)) return TOOL_USAGE;
    if (tree.as_json) tool_json_open(&tree.json, NULL, '[');
    enum tool_status status = tool_each_place(args, args->operand_count, false, place_tree, &tree);
    if (tree.as_json && !status) tool_json_close(&tree.json, ']');
    return status;
}

const struct tool_verb tool_verb_tree = {
    .name = "tree",
    .summary = "Show a directory and all below it",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .example = "  cairn tree disk.img",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
