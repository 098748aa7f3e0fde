/* SPDX-License-Identifier: ISC */
/* rm and mv. */
#include "kv.h"

#include <string.h>

/* ---- rm ------------------------------------------------------------------------------------ */

enum { RM_RECURSIVE, RM_FORCE };
static const struct tool_option rm_options[] = {
    { "recursive", 'r', NULL, "dictionaries with all that is in them" },
    { "force", 'f', NULL, "what is not there is no error" },
    { NULL, 0, NULL, NULL },
};

static enum cairn_err key_remove(void *ctx, struct cairn_kv *kv, const char *text,
                                 struct cairn_kv_key key, struct cairn_why *why)
{
    const struct tool_args *args = ctx;
    struct cairn_kv_stat stat;
    (void)text;
    if (!key.bytes) {
        enum cairn_err refused = cairn_why_fail(why, CAIRN_EBUSY, "remove the root");
        cairn_why_hint(why, "the root stays; name what is in it");
        return refused;
    }
    enum cairn_err err = cairn_kv_stat(kv, key, &stat, tool_has(args, RM_FORCE) ? NULL : why);
    if (tool_has(args, RM_FORCE) && (err == CAIRN_ENOENT || err == CAIRN_ENOTDIR)) return CAIRN_OK;
    if (!err && stat.kind == CAIRN_KV_DICTIONARY && !tool_has(args, RM_RECURSIVE)) {
        err = cairn_why_fail(why, CAIRN_EISDIR, "remove a dictionary");
        cairn_why_hint(why, "-r removes it with all that is in it");
    }
    return err ? err : cairn_kv_remove(kv, key, why);
}

static enum tool_status rm_run(const struct tool_args *args)
{
    struct tool_args copy = *args;
    return tool_kv_each(args, true, NULL, key_remove, &copy);
}

const struct tool_verb tool_verb_kv_rm = {
    .name = "kv rm",
    .summary = "Remove values and dictionaries",
    .operands = "STORE:/KEY...",
    .options = rm_options,
    .volume = true,
    .changes = true,
    .example = "  cairn kv rm store.img:/a store.img:/b\n  cairn kv rm -r store.img:/old",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .run = rm_run,
};

/* ---- mv ------------------------------------------------------------------------------------ */

enum { MV_NO_REPLACE };
static const struct tool_option mv_options[] = {
    { "no-replace", 'n', NULL, "a key that exists is an error" },
    { NULL, 0, NULL, NULL },
};

static enum tool_status mv_run(const struct tool_args *args)
{
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    const char *from = args->operands[0], *to = args->operands[1];
    enum tool_status status = tool_kv_open(&store, args, from, true);
    const struct cairn_image_place source = store.place;
    const struct cairn_image *image = store.image;
    if (!status) status = tool_kv_open(&store, args, to, true);
    if (!status && store.image != image)
        status =
            tool_usage(args->verb, "'%s' and '%s' are in two stores; dump and load copy", from, to);
    if (!status) {
        uint32_t flags = tool_has(args, MV_NO_REPLACE) ? CAIRN_KV_NO_REPLACE : 0;
        enum cairn_err err = cairn_kv_rename(
            store.kv, tool_kv_key(&source), tool_kv_key(&store.place), flags | CAIRN_KV_INTO, &why);
        if (err) status = tool_fail(from, err, &why);
    }
    return tool_kv_close(&store, status);
}

const struct tool_verb tool_verb_kv_mv = {
    .name = "kv mv",
    .summary = "Rename a key, or move it into a dictionary",
    .operands = "STORE:/KEY STORE:/KEY",
    .options = mv_options,
    .volume = true,
    .changes = true,
    .details =
        "A value replaces a value, a dictionary an empty dictionary. When the second key is\n"
        "a dictionary, the first is moved into it.",
    .example = "  cairn kv mv store.img:/config store.img:/old/config",
    .operands_least = 2,
    .operands_most = 2,
    .run = mv_run,
};
