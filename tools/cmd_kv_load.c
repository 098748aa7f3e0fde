/* SPDX-License-Identifier: ISC */
/* Stores filled and written out. */
#include "copy.h"
#include "kv.h"
#include "shape.h"
#include "stop.h"

#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return end_len <= len && strcmp(text + len - end_len, end) == 0;
}

static void summary_print(const char *text, const struct cairn_image_kv_result *result)
{
    char size[TOOL_TEXT_BYTES];
    tool_name_put(stdout, text);
    printf(": %llu value%s, %llu dictionar%s, %s\n", (unsigned long long)result->values,
           result->values == 1 ? "" : "s", (unsigned long long)result->dictionaries,
           result->dictionaries == 1 ? "y" : "ies", tool_size_text(result->bytes, size));
}

/* ---- load ---------------------------------------------------------------------------------- */

enum { LOAD_LINES, LOAD_QUIET, LOAD_POLICIES };
static const struct tool_option load_options[] = {
    { "lines", 0, NULL, "the source is JSON lines (as *.jsonl is)" },
    { "quiet", 'q', NULL, "no summary and no progress" },
    { "on-symlink", 0, "error|skip|follow", "symbolic links in the source (error)" },
    { "on-special", 0, "error|skip", "FIFOs, sockets, devices (error)" },
    { "on-name", 0, "error|skip", "names above 255 bytes (error)" },
    { NULL, 0, NULL, NULL },
};

struct load {
    const struct tool_args *args;
    const char *source, *target;
    struct tool_copy copy;
    struct cairn_image_source_options scan;
};

static bool load_options_take(struct load *load)
{
    static const char *const link_words[] = { "error", "skip", "follow", NULL };
    static const char *const words[] = { "error", "skip", NULL };
    static const enum cairn_image_policy means[] = { CAIRN_IMAGE_ERROR, CAIRN_IMAGE_SKIP,
                                                     CAIRN_IMAGE_FOLLOW };
    const struct tool_args *args = load->args;
    uint32_t on_link = 0, special = 0, name = 0;
    if (!tool_arg_choice(args, LOAD_POLICIES, link_words, &on_link) ||
        !tool_arg_choice(args, LOAD_POLICIES + 1, words, &special) ||
        !tool_arg_choice(args, LOAD_POLICIES + 2, words, &name))
        return false;
    load->scan = (struct cairn_image_source_options){
        .on_symlink = means[on_link],
        .on_special = means[special],
        .on_name = means[name],
        .clamp_ns = INT64_MAX,
        .keys = true,
        .lines = tool_has(args, LOAD_LINES) || ends_with(load->source, ".jsonl"),
        .notice = tool_copy_notice,
        .ctx = &load->copy,
    };
    return tool_source_date(args->verb, &load->scan.clamp_ns);
}

static enum tool_status load_fail(struct load *load, const char *place, enum cairn_err err,
                                  const struct cairn_why *why)
{
    tool_progress_clear(&load->copy.progress);
    if (tool_stop_asked()) return TOOL_FAILED;
    if (err != CAIRN_ECANCELED) return tool_fail(place, err, why);
    tool_note(
        "%s: nothing of it was loaded; --on-symlink, --on-special and --on-name tell what to do "
        "with such things",
        place);
    return TOOL_FAILED;
}

static enum tool_status tree_load(struct load *load, const struct cairn_image_tree *tree)
{
    const struct cairn_image_kv_options how = { .progress = tool_copy_progress,
                                                .ctx = &load->copy };
    struct cairn_image_kv_result result = { 0 };
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    enum tool_status status = tool_kv_open(&store, load->args, load->target, true);
    if (!status) {
        enum cairn_err err =
            cairn_image_kv_load(store.kv, tool_kv_key(&store.place), tree, &how, &result, &why);
        if (err == CAIRN_ESTALE)
            status = load_fail(load, load->source, err, &why);
        else if (err)
            status = load_fail(load, load->target, err, &why);
    }
    status = tool_kv_close(&store, status);
    tool_progress_clear(&load->copy.progress);
    if (!status && !load->copy.quiet) summary_print(load->target, &result);
    return status;
}

static enum tool_status load_run(const struct tool_args *args)
{
    struct load load = { .args = args, .source = args->operands[0], .target = args->operands[1] };
    struct cairn_image_tree *tree;
    struct cairn_why why = { 0 };
    if (!load_options_take(&load)) return TOOL_USAGE;
    load.copy.quiet = tool_has(args, LOAD_QUIET);
    load.copy.source = load.source;
    tool_stop_catch();
    tool_progress_init(&load.copy.progress, "Loading", load.copy.quiet);
    enum cairn_err err = cairn_image_scan(&tree, load.source, &load.scan, &why);
    if (err) return load_fail(&load, load.source, err, &why);
    enum tool_status status = tree_load(&load, tree);
    cairn_image_tree_free(tree);
    return status;
}

const struct tool_verb tool_verb_kv_load = {
    .name = "kv load",
    .summary = "Fill a store from a folder, an archive or JSON lines",
    .operands = "SOURCE STORE[:/KEY]",
    .options = load_options,
    .volume = true,
    .changes = true,
    .details =
        "SOURCE is a folder, whose contents go below KEY; an archive; JSON lines; or -, an\n"
        "archive (or with --lines, lines) on standard input. In a store all of it gets in or\n"
        "nothing; in a FAT volume what came before a failure stays. The same names, bytes and\n"
        "times in the same new store make the same image; times later than SOURCE_DATE_EPOCH\n"
        "become it.",
    .example =
        "  cairn kv load config store.img:/config\n"
        "  tar -c -C site . | cairn kv load - store.img:/www",
    .operands_least = 2,
    .operands_most = 2,
    .run = load_run,
};

/* ---- dump ---------------------------------------------------------------------------------- */

enum { DUMP_FORMAT, DUMP_QUIET, DUMP_SNAPSHOT };
static const struct tool_option dump_options[] = {
    { "format", 0, "folder|tar|lines", "of DEST (by its name: *.tar, *.jsonl, else a folder)" },
    { "quiet", 'q', NULL, "no summary and no progress" },
    TOOL_KV_SNAPSHOT,
    { NULL, 0, NULL, NULL },
};

static bool form_take(const struct tool_args *args, const char *dest,
                      enum cairn_image_kv_form *form)
{
    static const char *const words[] = { "folder", "tar", "lines", NULL };
    static const enum cairn_image_kv_form means[] = { CAIRN_IMAGE_KV_FOLDER, CAIRN_IMAGE_KV_TAR,
                                                      CAIRN_IMAGE_KV_LINES };
    uint32_t word = 0;
    if (!tool_has(args, DUMP_FORMAT)) {
        bool is_stdout = strcmp(dest, "-") == 0;
        word = ends_with(dest, ".jsonl") ? 2 : ends_with(dest, ".tar") || is_stdout ? 1 : 0;
    }
    if (!tool_arg_choice(args, DUMP_FORMAT, words, &word)) return false;
    *form = means[word];
    if (word || strcmp(dest, "-") != 0) return true;
    tool_usage(args->verb, "a folder cannot go to standard output");
    return false;
}

/* There is no telling how much is to come. */
static bool dump_progress(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    return !tool_stop_asked();
}

static enum tool_status dump_run(const struct tool_args *args)
{
    const struct cairn_image_kv_options how = { .progress = dump_progress };
    struct cairn_image_kv_result result = { 0 };
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    enum cairn_image_kv_form form;
    const char *text = args->operands[0], *dest = args->operands[1];
    if (!form_take(args, dest, &form)) return TOOL_USAGE;
    tool_stop_catch();
    enum tool_status status = tool_kv_open_at(&store, args, text, args->values[DUMP_SNAPSHOT]);
    if (!status) {
        enum cairn_err err = cairn_image_kv_dump(tool_kv_of(&store), tool_kv_key(&store.place),
                                                 form, dest, &how, &result, &why);
        if (err && tool_stop_asked())
            status = TOOL_FAILED;
        else if (err)
            status = tool_fail(tool_copy_blame(text, dest, err), err, &why);
    }
    status = tool_kv_close(&store, status);
    bool is_silent = tool_has(args, DUMP_QUIET) || strcmp(dest, "-") == 0;
    if (!status && !is_silent) summary_print(dest, &result);
    return status;
}

const struct tool_verb tool_verb_kv_dump = {
    .name = "kv dump",
    .summary = "Write a store out: a folder, a tar archive or JSON lines",
    .operands = "STORE[:/KEY] DEST",
    .options = dump_options,
    .volume = true,
    .details =
        "DEST is a folder, which is made, or a file, which is there only when it is whole; -\n"
        "is standard output. What was dumped, load takes back. Nothing is ever written outside\n"
        "of the folder; keys that no file can be called by are refused, but by lines.",
    .example =
        "  cairn kv dump store.img:/config config\n"
        "  cairn kv dump --format=lines store.img - | jq .key",
    .operands_least = 2,
    .operands_most = 2,
    .run = dump_run,
};
