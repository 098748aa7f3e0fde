/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "copy.h"
#include "session.h"
#include "stop.h"

#include <string.h>

enum { EXTRACT_NO_REPLACE, EXTRACT_THREADS, EXTRACT_QUIET };
static const struct tool_option options[] = {
    { "no-replace", 'n', NULL, "a file that exists is an error" },
    { "threads", 0, "N", "write so many files at once (as many as pay)" },
    { "quiet", 'q', NULL, "no summary and no progress" },
    { NULL, 0, NULL, NULL },
};

static void summary(const struct cairn_image_copy_result *result, const char *dest)
{
    char size[TOOL_TEXT_BYTES], files[TOOL_TEXT_BYTES], directories[TOOL_TEXT_BYTES];
    tool_name_put(stdout, dest);
    printf(": %s, %s, %s\n", tool_files_text(result->files, files),
           tool_directories_text(result->directories, directories),
           tool_size_text(result->bytes, size));
}

static enum tool_status run(const struct tool_args *args)
{
    struct tool_copy copy = { .quiet = tool_has(args, EXTRACT_QUIET) };
    struct cairn_image_copy_options how = {
        .recursive = true,
        .preserve = true,
        .no_replace = tool_has(args, EXTRACT_NO_REPLACE),
        .progress = tool_copy_progress,
        .ctx = &copy,
    };
    struct cairn_image_copy_result result = { 0 };
    struct tool_session session;
    struct cairn_image_place place;
    enum tool_status status;
    const char *text = args->operands[0], *dest = args->operands[1];
    if (!tool_arg_u32(args, EXTRACT_THREADS, &how.threads) || !tool_session_init(&session, args))
        return TOOL_USAGE;
    (void)tool_place_is(text, &place, &status);
    if (status) return status;
    tool_stop_catch();
    tool_progress_init(&copy.progress, "Extracting", copy.quiet);
    struct cairn_image *image = tool_session_image(&session, &place, false, text, &status);
    if (image) {
        struct cairn_why why = { 0 };
        enum cairn_err err = cairn_image_extract(image, place.path, dest, &how, &result, &why);
        tool_progress_clear(&copy.progress);
        if (err) status = tool_copy_fail(&copy, tool_copy_blame(text, dest, err), err, &why);
    }
    status = tool_session_close(&session, status);
    if (!status && !copy.quiet) summary(&result, dest);
    return status;
}

const struct tool_verb tool_verb_extract = {
    .name = "extract",
    .summary = "Write all files of an image, or of a directory in it, into a folder",
    .operands = "PLACE FOLDER",
    .options = options,
    .volume = true,
    .details =
        "Times and the read-only attribute are kept. Nothing is written outside FOLDER,\n"
        "whatever the names in the image say, nor through symbolic links inside it.",
    .example = "  cairn extract disk.img out/\n  cairn extract disk.img:1/EFI efi/",
    .operands_least = 2,
    .operands_most = 2,
    .run = run,
};
