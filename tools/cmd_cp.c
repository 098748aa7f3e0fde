/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "copy.h"
#include "copy_out.h"
#include "session.h"
#include "stop.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { CP_RECURSIVE, CP_PRESERVE, CP_NO_REPLACE, CP_QUIET, CP_POLICIES };
static const struct tool_option options[] = {
    { "recursive", 'r', NULL, "directories with all that is in them" },
    { "preserve", 'p', NULL, "keep times and the read-only attribute" },
    { "no-replace", 'n', NULL, "a target that exists is an error" },
    { "quiet", 'q', NULL, "say nothing but errors" },
    TOOL_ON_SYMLINK,
    TOOL_ON_SPECIAL,
    TOOL_ON_NAME,
    TOOL_ON_LARGE,
    { NULL, 0, NULL, NULL },
};

struct cp {
    struct tool_session session;
    struct tool_copy copy;
    struct cairn_image_copy_options options;
    struct cairn_image_copy_result result;
    const char *dest;
    bool dest_is_place, dest_is_folder; /* a folder of the host */
    struct cairn_image_place dest_place;
    struct cairn_image *dest_image;
};

/* ---- image to host ------------------------------------------------------------------------- */

/* Where on the host something of the image goes: into the folder, under its own name; without one,
 * as the root, "." and ".." are, it is the folder. */
static bool host_path(const struct cp *cp, const char *path, char *buf, size_t cap)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    bool nameless = start == end || strspn(path + start, ".") == end - start;
    if (!cp->dest_is_folder || nameless) return (size_t)snprintf(buf, cap, "%s", cp->dest) < cap;
    return (size_t)snprintf(buf, cap, "%s/%.*s", cp->dest, (int)(end - start), path + start) < cap;
}

static enum cairn_err directory_refuse(const struct cp *cp, struct cairn_image *image,
                                       const char *path, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_walk(cairn_image_fat(image), path, strlen(path), &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    cairn_fat_release(node);
    if (err || !stat.is_directory || cp->options.recursive) return err;
    err = cairn_why_fail(why, CAIRN_EISDIR, "copy");
    cairn_why_hint(why, "-r copies a directory with all that is in it");
    return err;
}

static enum cairn_err to_host(struct cp *cp, struct cairn_image *image, const char *path,
                              struct cairn_why *why)
{
    char dest[8192];
    if (strcmp(cp->dest, "-") == 0) return tool_file_to_stdout(image, path, why);
    enum cairn_err err = directory_refuse(cp, image, path, why);
    if (err) return err;
    if (!host_path(cp, path, dest, sizeof dest))
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "copy");
    return cairn_image_extract(image, path, dest, &cp->options, &cp->result, why);
}

/* ---- each source --------------------------------------------------------------------------- */

static enum tool_status from_place(struct cp *cp, const char *text,
                                   const struct cairn_image_place *place)
{
    enum tool_status status;
    struct cairn_why why = { 0 };
    struct cairn_image *image = tool_session_image(&cp->session, place, false, text, &status);
    if (!image) return status;
    enum cairn_err err =
        cp->dest_is_place
            ? cairn_image_transfer(image, place->path, cp->dest_image, cp->dest_place.path,
                                   &cp->options, &cp->result, &why)
            : to_host(cp, image, place->path, &why);
    if (!err) return TOOL_DONE;
    return tool_copy_fail(&cp->copy, tool_copy_blame(text, cp->dest, err), err, &why);
}

static enum tool_status from_host(struct cp *cp, const char *text)
{
    struct cairn_why why = { 0 };
    cp->copy.source = text;
    enum cairn_err err = cairn_image_insert(cp->dest_image, text, cp->dest_place.path, &cp->options,
                                            &cp->result, &why);
    if (!err) return TOOL_DONE;
    if (why.path[0] == '\0') cairn_why_path(&why, text, strlen(text));
    return tool_copy_fail(&cp->copy, cp->dest, err, &why);
}

static enum tool_status source_copy(struct cp *cp, const struct tool_args *args, const char *text)
{
    struct cairn_image_place place;
    enum tool_status status;
    bool is_place = tool_place_is(text, &place, &status);
    if (status) return status;
    if (is_place) return from_place(cp, text, &place);
    if (cp->dest_is_place) return from_host(cp, text);
    return tool_usage(args->verb,
                      "neither '%s' nor '%s' is a place in an image, such as disk.img:/", text,
                      cp->dest);
}

/* ---- the destination ----------------------------------------------------------------------- */

static bool place_is_directory(struct cairn_image *image, const char *path)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    if (cairn_fat_walk(cairn_image_fat(image), path, strlen(path), &node, NULL)) return false;
    enum cairn_err err = cairn_fat_stat(node, &stat, NULL);
    cairn_fat_release(node);
    return !err && stat.is_directory;
}

static enum tool_status dest_open(struct cp *cp, const struct tool_args *args)
{
    struct stat st;
    enum tool_status status;
    cp->dest = args->operands[args->operand_count - 1];
    cp->dest_is_place = tool_place_is(cp->dest, &cp->dest_place, &status);
    if (status) return status;
    bool is_directory;
    if (cp->dest_is_place) {
        cp->dest_image = tool_session_image(&cp->session, &cp->dest_place, true, cp->dest, &status);
        if (!cp->dest_image) return status;
        is_directory = place_is_directory(cp->dest_image, cp->dest_place.path);
    } else {
        cp->dest_is_folder = stat(cp->dest, &st) == 0 && S_ISDIR(st.st_mode);
        is_directory = cp->dest_is_folder || strcmp(cp->dest, "-") == 0;
    }
    if (is_directory || args->operand_count == 2) return TOOL_DONE;
    tool_note("%s: not a directory, so only one thing can be copied to it", cp->dest);
    return TOOL_FAILED;
}

static bool options_take(struct cp *cp, const struct tool_args *args)
{
    struct tool_policies policies;
    if (!tool_policies_take(args, CP_POLICIES, &policies)) return false;
    cp->copy.quiet = tool_has(args, CP_QUIET);
    cp->options = (struct cairn_image_copy_options){
        .recursive = tool_has(args, CP_RECURSIVE),
        .preserve = tool_has(args, CP_PRESERVE),
        .no_replace = tool_has(args, CP_NO_REPLACE),
        .on_symlink = policies.on_symlink,
        .on_special = policies.on_special,
        .on_name = policies.on_name,
        .on_large = policies.on_large,
        .progress = tool_copy_progress,
        .notice = tool_copy_notice,
        .ctx = &cp->copy,
    };
    return true;
}

static enum tool_status run(const struct tool_args *args)
{
    struct cp cp = { .dest = NULL };
    if (!options_take(&cp, args) || !tool_session_init(&cp.session, args)) return TOOL_USAGE;
    tool_stop_catch();
    tool_progress_init(&cp.copy.progress, "Copying", cp.copy.quiet);
    enum tool_status status = dest_open(&cp, args);
    for (uint32_t i = 0; i + 1 < args->operand_count && !status; i++)
        status = source_copy(&cp, args, args->operands[i]);
    tool_progress_clear(&cp.copy.progress);
    return tool_session_close(&cp.session, status);
}

const struct tool_verb tool_verb_cp = {
    .name = "cp",
    .summary = "Copy into an image, out of one, or between images",
    .operands = "SOURCE... DESTINATION",
    .options = options,
    .volume = true,
    .changes = true,
    .details =
        "SOURCE and DESTINATION are places or files of the host, at least one a place.\n"
        "- is standard input or output. What is replaced stays until the copy is whole.",
    .example =
        "  cairn cp -r overlay/boot disk.img:/\n"
        "  cairn cp disk.img:/log.txt .\n"
        "  cairn cp a.img:/x.bin b.img:2/backup/",
    .operands_least = 2,
    .operands_most = TOOL_ANY,
    .run = run,
};
