/* SPDX-License-Identifier: ISC */
#include "json.h"
#include "kv.h"

#include <string.h>

enum { SNAPSHOT_JSON };
static const struct tool_option options[] = {
    { "json", 0, NULL, "ls: JSON: name and time" },
    { NULL, 0, NULL, NULL },
};

#define LIST_BYTES 16384u

struct snapshots {
    bool as_json;
    struct tool_json json;
};

static void snapshot_print(struct snapshots *snapshots, const struct cairn_kv_entry *entry)
{
    char time[TOOL_TEXT_BYTES], name[CAIRN_KV_SEGMENT_MAX + 1];
    if (snapshots->as_json) {
        memcpy(name, entry->name, entry->name_bytes);
        name[entry->name_bytes] = '\0';
        tool_json_open_line(&snapshots->json, NULL, '{');
        tool_json_str(&snapshots->json, "name", name);
        tool_json_time(&snapshots->json, "made", entry->modified_ns);
        tool_json_close(&snapshots->json, '}');
        return;
    }
    printf("%s  ", tool_time_text(entry->modified_ns, false, time));
    tool_kv_name_put(stdout, entry->name, entry->name_bytes);
    putchar('\n');
}

static enum cairn_err list(struct cairn_kv *kv, bool as_json, struct cairn_why *why)
{
    struct snapshots snapshots = { .as_json = as_json };
    struct cairn_kv_entry mem[LIST_BYTES / sizeof(struct cairn_kv_entry)];
    char last[CAIRN_KV_SEGMENT_MAX];
    struct cairn_kv_key behind = { last, 0 };
    bool more = true;
    enum cairn_err err = CAIRN_OK;
    if (as_json) tool_json_open(&snapshots.json, NULL, '[');
    while (!err && more) {
        size_t count;
        err = cairn_kv_snapshot_list(kv, behind, mem, sizeof mem, &count, &more, why);
        for (size_t i = 0; !err && i < count; i++)
            snapshot_print(&snapshots, &mem[i]);
        if (err || count == 0) break;
        behind.bytes = mem[count - 1].name_bytes;
        memcpy(last, mem[count - 1].name, behind.bytes);
    }
    if (as_json) tool_json_close(&snapshots.json, ']');
    return err;
}

enum action { MAKE, REMOVE, LIST, UNKNOWN };

static enum action action_of(const char *word)
{
    static const char *const words[] = { "make", "rm", "ls" };
    for (size_t i = 0; i < CAIRN_COUNT(words); i++)
        if (strcmp(words[i], word) == 0) return (enum action)i;
    return UNKNOWN;
}

static enum cairn_err act(enum action action, const struct tool_args *args, struct cairn_kv *kv,
                          struct cairn_why *why)
{
    if (action == LIST) return list(kv, tool_has(args, SNAPSHOT_JSON), why);
    struct cairn_kv_key name = cairn_kv_key(args->operands[2]);
    return action == MAKE ? cairn_kv_snapshot_make(kv, name, why)
                          : cairn_kv_snapshot_remove(kv, name, why);
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    enum action action = action_of(args->operands[0]);
    const char *text = args->operands[1];
    if (action == UNKNOWN)
        return tool_usage(args->verb, "'%s' is none of make, rm and ls", args->operands[0]);
    if (args->operand_count != (action == LIST ? 2 : 3))
        return tool_usage(args->verb, action == LIST ? "ls takes a store" : "a name is needed");
    enum tool_status status = tool_kv_open(&store, args, text, action != LIST);
    if (!status && tool_kv_key(&store.place).bytes)
        status = tool_usage(args->verb, "'%s' is inside a store; a snapshot is of all of it", text);
    if (!status) {
        enum cairn_err err = act(action, args, store.kv, &why);
        if (err) status = tool_fail(text, err, &why);
    }
    return tool_kv_close(&store, status);
}

const struct tool_verb tool_verb_kv_snapshot = {
    .name = "kv snapshot",
    .summary = "Keep a store as it is under a name: make, rm, ls",
    .operands = "make|rm|ls STORE [NAME]",
    .options = options,
    .details =
        "A snapshot costs nothing but what changes after it. get, ls, tree, stat and dump read\n"
        "one with --snapshot=NAME.",
    .example =
        "  cairn kv snapshot make store.img before-update\n"
        "  cairn kv get --snapshot=before-update store.img:/config/name",
    .operands_least = 2,
    .operands_most = 3,
    .run = run,
};
