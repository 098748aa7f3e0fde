/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <cairn/blk_open.h>
#include <fnmatch.h>
#include <string.h>

enum { FIND_NAME, FIND_TYPE, FIND_SIZE, FIND_NULL, FIND_JSON };
static const struct tool_option options[] = {
    { "name", 'n', "GLOB", "names that match, without regard to case" },
    { "type", 't', "f|d", "only files, or only directories" },
    { "size", 's', "[+|-]SIZE", "files larger (+), smaller (-) or exactly so" },
    { "null", '0', NULL, "end each with a NUL, names raw: for xargs -0" },
    { "json", 0, NULL, "JSON: place, type, size, time" },
    { NULL, 0, NULL, NULL },
};

struct find {
    const struct tool_args *args;
    const char *name;
    char type, size_sign;
    bool by_size;
    uint64_t size;
    struct tool_json json;
    const char *text; /* the operand, to put paths behind */
};

static bool matches(const struct find *find, const struct cairn_image_step *step)
{
    const struct cairn_fat_stat *stat = &step->entry->stat;
    if (find->type && (find->type == 'd') != stat->is_directory) return false;
    if (find->name && fnmatch(find->name, step->entry->name, FNM_CASEFOLD | FNM_NOESCAPE) != 0)
        return false;
    if (!find->by_size) return true;
    if (stat->is_directory) return false;
    if (find->size_sign == '+') return stat->size > find->size;
    if (find->size_sign == '-') return stat->size < find->size;
    return stat->size == find->size;
}

/* The place that other verbs take: the operand, what joins, the path. */
static void place_make(const struct find *find, const struct cairn_image_step *step, char *buf,
                       size_t cap)
{
    struct cairn_image_place place;
    size_t len = strlen(find->text);
    bool whole = cairn_image_place_parse(find->text, &place, NULL) == CAIRN_OK && !place.has_path &&
                 !place.part[0];
    const char *join = whole ? ":/" : find->text[len - 1] == '/' ? "" : "/";
    snprintf(buf, cap, "%s%s%s", find->text, step->depth ? join : "", step->path);
}

static void found_json(struct find *find, const struct cairn_image_step *step, const char *place)
{
    const struct cairn_fat_stat *stat = &step->entry->stat;
    tool_json_open_line(&find->json, NULL, '{');
    tool_json_str(&find->json, "place", place);
    tool_json_str(&find->json, "type", stat->is_directory ? "directory" : "file");
    tool_json_u64(&find->json, "size", stat->size);
    tool_json_time(&find->json, "modified", step->depth ? stat->modified_ns : INT64_MIN);
    tool_json_close(&find->json, '}');
}

static enum cairn_err visit(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    struct find *find = ctx;
    char place[16384];
    (void)why;
    if ((step->depth == 0 && step->node) || !matches(find, step)) return CAIRN_OK;
    place_make(find, step, place, sizeof place);
    if (tool_has(find->args, FIND_JSON)) {
        found_json(find, step, place);
    } else if (tool_has(find->args, FIND_NULL)) {
        fputs(place, stdout);
        putchar('\0');
    } else {
        tool_name_put(stdout, place);
        putchar('\n');
    }
    return CAIRN_OK;
}

static enum cairn_err place_find(void *ctx, struct cairn_image *image, const char *text,
                                 const char *path, struct cairn_why *why)
{
    struct find *find = ctx;
    struct cairn_image_walker walker = { .visit = visit, .ctx = find };
    find->text = text;
    return cairn_image_walk(cairn_image_fat(image), path, &walker, why);
}

static bool size_take(struct find *find, const char *text)
{
    find->by_size = true;
    if (*text == '+' || *text == '-') find->size_sign = *text++;
    if (cairn_size_parse(text, &find->size) == CAIRN_OK) return true;
    tool_usage(find->args->verb, "--size=%s is not a size, such as +1M", text);
    return false;
}

static enum tool_status run(const struct tool_args *args)
{
    static const char *const types[] = { "f", "d", NULL };
    struct find find = { .args = args, .name = args->values[FIND_NAME] };
    uint32_t type = 0;
    if (!tool_arg_choice(args, FIND_TYPE, types, &type)) return TOOL_USAGE;
    if (tool_has(args, FIND_TYPE)) find.type = types[type][0];
    if (tool_has(args, FIND_SIZE) && !size_take(&find, args->values[FIND_SIZE])) return TOOL_USAGE;
    if (tool_has(args, FIND_JSON)) tool_json_open(&find.json, NULL, '[');
    enum tool_status status = tool_each_place(args, args->operand_count, false, place_find, &find);
    if (tool_has(args, FIND_JSON)) tool_json_close(&find.json, ']');
    return status;
}

const struct tool_verb tool_verb_find = {
    .name = "find",
    .summary = "Find files and directories by name, type and size",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .details = "Each is printed as a place that other verbs take.",
    .example = "  cairn find disk.img:/ --name='*.tmp' --null | xargs -0 -r cairn rm",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
