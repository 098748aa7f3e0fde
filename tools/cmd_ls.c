/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

enum { LS_LONG, LS_HUMAN, LS_ALIAS, LS_UNSORTED, LS_JSON };
static const struct tool_option options[] = {
    { "long", 'l', NULL, "attributes (RHSDA), size, time (UTC) and name" },
    { "human", 'h', NULL, "sizes as 1.5 MiB instead of bytes" },
    { "alias", 0, NULL, "the 8.3 name before each name" },
    { "unsorted", 'U', NULL, "as they lie on disk" },
    { "json", 0, NULL, "JSON: name, alias, type, size, attributes, times" },
    { NULL, 0, NULL, NULL },
};

struct ls {
    const struct tool_args *args;
    struct tool_json json;
    int size_width;
    bool headings, more;
};

static const char *size_text(const struct ls *ls, uint64_t bytes, char buf[TOOL_TEXT_BYTES])
{
    if (tool_has(ls->args, LS_HUMAN)) return tool_size_text(bytes, buf);
    snprintf(buf, TOOL_TEXT_BYTES, "%llu", (unsigned long long)bytes);
    return buf;
}

static void entry_print(const struct ls *ls, const struct cairn_image_entry *entry)
{
    char attr[TOOL_TEXT_BYTES], size[TOOL_TEXT_BYTES], time[TOOL_TEXT_BYTES];
    const struct cairn_fat_stat *stat = &entry->stat;
    if (tool_has(ls->args, LS_LONG))
        printf("%s  %*s  %s  ", tool_attr_text(stat->attributes, attr), ls->size_width,
               stat->is_directory ? "-" : size_text(ls, stat->size, size),
               tool_time_text(stat->modified_ns, false, time));
    if (tool_has(ls->args, LS_ALIAS)) {
        tool_name_put(stdout, entry->alias);
        printf("%*s", (int)(strlen(entry->alias) < 14 ? 14 - strlen(entry->alias) : 1), "");
    }
    tool_entry_put(entry->name, stat->is_directory);
    putchar('\n');
}

static void entry_json(struct ls *ls, const struct cairn_image_entry *entry)
{
    char attr[TOOL_TEXT_BYTES];
    const struct cairn_fat_stat *stat = &entry->stat;
    tool_json_open_line(&ls->json, NULL, '{');
    tool_json_str(&ls->json, "name", entry->name);
    tool_json_str(&ls->json, "alias", entry->alias);
    tool_json_str(&ls->json, "type", stat->is_directory ? "directory" : "file");
    tool_json_u64(&ls->json, "size", stat->size);
    tool_json_str(&ls->json, "attributes", tool_attr_text(stat->attributes, attr));
    tool_json_time(&ls->json, "modified", stat->modified_ns);
    tool_json_time(&ls->json, "created", stat->created_ns);
    tool_json_time(&ls->json, "accessed", stat->accessed_ns);
    tool_json_close(&ls->json, '}');
}

static void width_set(struct ls *ls, const struct cairn_image_list *list)
{
    ls->size_width = 1;
    for (size_t i = 0; i < list->count; i++) {
        char buf[TOOL_TEXT_BYTES];
        int len = (int)strlen(size_text(ls, list->entries[i].stat.size, buf));
        if (len > ls->size_width) ls->size_width = len;
    }
}

static void list_print(struct ls *ls, const char *text, const struct cairn_image_list *list)
{
    if (tool_has(ls->args, LS_JSON)) {
        tool_json_open(&ls->json, NULL, '{');
        tool_json_str(&ls->json, "place", text);
        tool_json_open(&ls->json, "entries", '[');
        for (size_t i = 0; i < list->count; i++)
            entry_json(ls, &list->entries[i]);
        tool_json_close(&ls->json, ']');
        tool_json_close(&ls->json, '}');
        return;
    }
    if (ls->headings) {
        if (ls->more) putchar('\n');
        tool_name_put(stdout, text);
        puts(":");
    }
    ls->more = true;
    width_set(ls, list);
    for (size_t i = 0; i < list->count; i++)
        entry_print(ls, &list->entries[i]);
}

/* A file is listed as its directory's entry of that name. */
static enum cairn_err file_print(struct ls *ls, struct cairn_fat *fs, const char *text,
                                 const char *path, uint64_t id, struct cairn_why *why)
{
    struct cairn_fat_node *dir;
    struct cairn_image_list list;
    const char *name;
    size_t len;
    enum cairn_err err = cairn_fat_walk_parent(fs, path, strlen(path), &dir, &name, &len, why);
    if (err) return err;
    err = cairn_image_list_read(&list, dir, false, why);
    cairn_fat_release(dir);
    if (err) return err;
    for (size_t i = 0; i < list.count; i++) {
        struct cairn_image_list one = { .entries = &list.entries[i], .count = 1 };
        if (list.entries[i].stat.id == id) list_print(ls, text, &one);
    }
    cairn_image_list_free(&list);
    return CAIRN_OK;
}

static enum cairn_err place_list(void *ctx, struct cairn_image *image, const char *text,
                                 const char *path, struct cairn_why *why)
{
    struct ls *ls = ctx;
    struct cairn_fat *fs = cairn_image_fat(image);
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_walk(fs, path, strlen(path), &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    if (!err && !stat.is_directory) {
        err = file_print(ls, fs, text, path, stat.id, why);
    } else if (!err) {
        struct cairn_image_list list;
        err = cairn_image_list_read(&list, node, !tool_has(ls->args, LS_UNSORTED), why);
        if (!err) {
            list_print(ls, text, &list);
            cairn_image_list_free(&list);
        }
    }
    cairn_fat_release(node);
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct ls ls = { .args = args, .headings = args->operand_count > 1 };
    if (tool_has(args, LS_JSON)) tool_json_open(&ls.json, NULL, '[');
    enum tool_status status = tool_each_place(args, args->operand_count, false, place_list, &ls);
    if (tool_has(args, LS_JSON)) tool_json_close(&ls.json, ']');
    return status;
}

const struct tool_verb tool_verb_ls = {
    .name = "ls",
    .summary = "List a directory",
    .operands = "PLACE...",
    .options = options,
    .volume = true,
    .example =
        "  cairn ls -l disk.img:/EFI/BOOT\n"
        "  cairn ls --json disk.img:2 | jq '.[0].entries[].name'",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = run,
};
