/* SPDX-License-Identifier: ISC */
/* Looking into a store: ls, tree, stat. */
#include "json.h"
#include "kv.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES 65536u

static const char *kind_text(enum cairn_kv_kind kind)
{
    return kind == CAIRN_KV_DICTIONARY ? "dictionary" : "value";
}

/* A name as a string that JSON's takes. */
static void name_json(struct tool_json *json, const char *key, const char *name, size_t bytes)
{
    char buf[CAIRN_KV_WALK_BYTES + 1];
    if (bytes >= sizeof buf) bytes = sizeof buf - 1;
    memcpy(buf, name, bytes);
    buf[bytes] = '\0';
    tool_json_str(json, key, buf);
}

/* ---- ls ------------------------------------------------------------------------------------ */

enum { LS_LONG, LS_HUMAN, LS_JSON, LS_SNAPSHOT };
static const struct tool_option ls_options[] = {
    { "long", 'l', NULL, "size, time (UTC) and name" },
    { "human", 'h', NULL, "sizes as 1.5 MiB instead of bytes" },
    { "json", 0, NULL, "JSON: name, type, size, time" },
    TOOL_KV_SNAPSHOT,
    { NULL, 0, NULL, NULL },
};

struct ls {
    const struct tool_args *args;
    struct tool_json json;
    bool more;
    char mem[LIST_BYTES];
};

static void entry_print(struct ls *ls, const char *name, size_t bytes,
                        const struct cairn_kv_stat *stat)
{
    char size[TOOL_TEXT_BYTES], time[TOOL_TEXT_BYTES];
    bool is_dictionary = stat->kind == CAIRN_KV_DICTIONARY;
    if (tool_has(ls->args, LS_JSON)) {
        tool_json_open_line(&ls->json, NULL, '{');
        name_json(&ls->json, "name", name, bytes);
        tool_json_str(&ls->json, "type", kind_text(stat->kind));
        tool_json_u64(&ls->json, "size", stat->size);
        tool_json_time(&ls->json, "modified", stat->modified_ns);
        tool_json_close(&ls->json, '}');
        return;
    }
    if (tool_has(ls->args, LS_LONG)) {
        if (is_dictionary)
            printf("%12s", "-");
        else if (tool_has(ls->args, LS_HUMAN))
            printf("%12s", tool_size_text(stat->size, size));
        else
            printf("%12llu", (unsigned long long)stat->size);
        printf("  %s  ", tool_time_text(stat->modified_ns, false, time));
    }
    tool_kv_entry_put(name, bytes, is_dictionary);
    putchar('\n');
}

static enum cairn_err dictionary_list(struct ls *ls, struct cairn_kv *kv, struct cairn_kv_key key,
                                      struct cairn_why *why)
{
    struct cairn_kv_list list;
    const struct cairn_kv_entry *entry;
    enum cairn_err err =
        cairn_kv_list_begin(&list, kv, key, cairn_kv_key(""), 0, ls->mem, sizeof ls->mem, why);
    while (!err) {
        err = cairn_kv_list_next(&list, &entry, why);
        if (err || !entry) break;
        const struct cairn_kv_stat stat = { entry->kind, entry->size, entry->modified_ns };
        entry_print(ls, entry->name, entry->name_bytes, &stat);
    }
    return err;
}

/* What stands over the entries of one operand of several. */
static void heading_print(struct ls *ls, const char *text)
{
    if (ls->args->operand_count < 2) return;
    if (ls->more) putchar('\n');
    ls->more = true;
    tool_name_put(stdout, text);
    puts(":");
}

static enum cairn_err place_list(void *ctx, struct cairn_kv *kv, const char *text,
                                 struct cairn_kv_key key, struct cairn_why *why)
{
    struct ls *ls = ctx;
    struct cairn_kv_stat stat;
    const char *slash = key.bytes ? strrchr(key.path, '/') : NULL;
    enum cairn_err err = cairn_kv_stat(kv, key, &stat, why);
    if (err) return err;
    if (tool_has(ls->args, LS_JSON)) {
        tool_json_open(&ls->json, NULL, '{');
        tool_json_str(&ls->json, "place", text);
        tool_json_open(&ls->json, "entries", '[');
    } else {
        heading_print(ls, text);
    }
    const char *name = slash ? slash + 1 : key.path;
    if (stat.kind == CAIRN_KV_DICTIONARY)
        err = dictionary_list(ls, kv, key, why);
    else
        entry_print(ls, name, strlen(name), &stat);
    if (tool_has(ls->args, LS_JSON)) {
        tool_json_close(&ls->json, ']');
        tool_json_close(&ls->json, '}');
    }
    return err;
}

static enum tool_status ls_run(const struct tool_args *args)
{
    static struct ls ls;
    ls = (struct ls){ .args = args };
    if (tool_has(args, LS_JSON)) tool_json_open(&ls.json, NULL, '[');
    enum tool_status status = tool_kv_each(args, false, args->values[LS_SNAPSHOT], place_list, &ls);
    if (tool_has(args, LS_JSON)) tool_json_close(&ls.json, ']');
    return status;
}

const struct tool_verb tool_verb_kv_ls = {
    .name = "kv ls",
    .summary = "List a dictionary, by raw bytes",
    .operands = "STORE[:/KEY]...",
    .options = ls_options,
    .volume = true,
    .example =
        "  cairn kv ls -l store.img:/config\n"
        "  cairn kv ls --json store.img | jq '.[0].entries[].name'",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = ls_run,
};

/* ---- tree ---------------------------------------------------------------------------------- */

enum { TREE_ASCII, TREE_DEPTH, TREE_SNAPSHOT };
static const struct tool_option tree_options[] = {
    { "ascii", 0, NULL, "lines of ASCII characters" },
    { "depth", 'L', "N", "so many levels, and no deeper" },
    TOOL_KV_SNAPSHOT,
    { NULL, 0, NULL, NULL },
};

/* What stands before a name: for each level above, and for its own. */
struct lines {
    const char *through, *ended, *branch, *last;
};
static const struct lines unicode = { "│   ", "    ", "├── ", "└── " };
static const struct lines ascii = { "|   ", "    ", "|-- ", "`-- " };

#define LEVELS (CAIRN_KV_WALK_BYTES / 2 + 1) /* a path has no more */

struct tree {
    const struct lines *lines;
    uint32_t depth_most;
    uint64_t values, dictionaries, bytes;
    bool ended[LEVELS + 1];
};

static enum cairn_err tree_visit(void *ctx, const struct cairn_image_kv_step *step,
                                 struct cairn_why *why)
{
    struct tree *tree = ctx;
    char size[TOOL_TEXT_BYTES];
    bool is_dictionary = step->entry.kind == CAIRN_KV_DICTIONARY;
    (void)why;
    tree->ended[step->depth] = step->last;
    for (uint32_t i = 1; i < step->depth; i++)
        fputs(tree->ended[i] ? tree->lines->ended : tree->lines->through, stdout);
    fputs(step->last ? tree->lines->last : tree->lines->branch, stdout);
    tool_kv_entry_put(step->entry.name, step->entry.name_bytes, is_dictionary);
    if (!is_dictionary) printf("  (%s)", tool_size_text(step->entry.size, size));
    putchar('\n');
    tree->dictionaries += is_dictionary;
    tree->values += !is_dictionary;
    tree->bytes += step->entry.size;
    return CAIRN_OK;
}

static enum cairn_err place_tree(void *ctx, struct cairn_kv *kv, const char *text,
                                 struct cairn_kv_key key, struct cairn_why *why)
{
    struct tree *tree = ctx;
    char size[TOOL_TEXT_BYTES];
    const struct cairn_image_kv_walker walker = { .visit = tree_visit,
                                                  .ctx = tree,
                                                  .depth_most = tree->depth_most };
    tree->values = tree->dictionaries = tree->bytes = 0;
    tool_entry_put(text, true);
    putchar('\n');
    enum cairn_err err = cairn_image_kv_walk(kv, key, &walker, why);
    if (err) return err;
    printf("\n%llu dictionar%s, %llu value%s, %s\n", (unsigned long long)tree->dictionaries,
           tree->dictionaries == 1 ? "y" : "ies", (unsigned long long)tree->values,
           tree->values == 1 ? "" : "s", tool_size_text(tree->bytes, size));
    return CAIRN_OK;
}

static enum tool_status tree_run(const struct tool_args *args)
{
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    struct tree tree = { .lines = utf8 && !tool_has(args, TREE_ASCII) ? &unicode : &ascii };
    if (!tool_arg_u32(args, TREE_DEPTH, &tree.depth_most)) return TOOL_USAGE;
    return tool_kv_each(args, false, args->values[TREE_SNAPSHOT], place_tree, &tree);
}

const struct tool_verb tool_verb_kv_tree = {
    .name = "kv tree",
    .summary = "Show a dictionary and all below it",
    .operands = "STORE[:/KEY]...",
    .options = tree_options,
    .volume = true,
    .example = "  cairn kv tree store.img",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = tree_run,
};
