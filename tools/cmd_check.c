/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "progress.h"
#include "session.h"

#include <cairn/fat_check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHECK_QUIET, CHECK_JSON };
static const struct tool_option options[] = {
    { "quiet", 'q', NULL, "only the exit code" },
    { "json", 0, NULL, "JSON: findings, counts" },
    { NULL, 0, NULL, NULL },
};

static const char *const severities[] = { "note", "minor", "major" };
static const char *const headings[] = { "Worth knowing:", "Minor faults, nothing is lost:",
                                        "Major faults, data are lost, doubled or unreachable:" };

/* A finding as it will be printed, under its heading. */
struct line {
    struct line *next;
    char text[];
};

struct check {
    const struct tool_args *args;
    struct tool_json json;
    struct tool_progress progress;
    struct line *first[3], **end[3];
    bool no_memory;
    struct cairn_fat_check_result result;
};

static void finding_json(struct check *check, const struct cairn_fat_finding *finding)
{
    struct tool_json *json = &check->json;
    tool_json_open_line(json, NULL, '{');
    tool_json_str(json, "fault", cairn_fat_fault_name(finding->fault));
    tool_json_str(json, "severity", severities[finding->severity]);
    tool_json_str(json, "path", finding->path[0] ? finding->path : NULL);
    if (finding->cluster) tool_json_u64(json, "cluster", finding->cluster);
    if (finding->sector != UINT64_MAX) tool_json_u64(json, "sector", finding->sector);
    tool_json_str(json, "text", finding->text);
    tool_json_close(json, '}');
}

static void finding_keep(struct check *check, const struct cairn_fat_finding *finding)
{
    size_t path = strlen(finding->path), text = strlen(finding->text);
    struct line *line = malloc(sizeof *line + path + text + 3);
    if (!line) {
        check->no_memory = true;
        return;
    }
    line->next = NULL;
    snprintf(line->text, path + text + 3, "%s%s%s", finding->path, path ? ": " : "", finding->text);
    *check->end[finding->severity] = line;
    check->end[finding->severity] = &line->next;
}

static bool report(void *ctx, const struct cairn_fat_finding *finding)
{
    struct check *check = ctx;
    if (tool_has(check->args, CHECK_JSON))
        finding_json(check, finding);
    else if (!tool_has(check->args, CHECK_QUIET))
        finding_keep(check, finding);
    return !check->no_memory;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
    struct check *check = ctx;
    (void)tool_progress_tick(&check->progress, done, total);
}

/* Worst first. */
static void lines_print(struct check *check)
{
    for (int severity = CAIRN_FAT_MAJOR; severity >= CAIRN_FAT_NOTE; severity--) {
        if (check->first[severity]) puts(headings[severity]);
        for (struct line *line = check->first[severity], *next; line; line = next) {
            next = line->next;
            fputs("  ", stdout);
            tool_name_put(stdout, line->text);
            putchar('\n');
            free(line);
        }
        if (check->first[severity]) putchar('\n');
        check->first[severity] = NULL;
    }
}

static void summary_print(const struct check *check, const char *text)
{
    char size[TOOL_TEXT_BYTES], files[TOOL_TEXT_BYTES], directories[TOOL_TEXT_BYTES];
    const struct cairn_fat_check_result *result = &check->result;
    uint64_t faults = result->findings[CAIRN_FAT_MINOR] + result->findings[CAIRN_FAT_MAJOR];
    tool_name_put(stdout, text);
    if (faults)
        printf(": %llu fault%s", (unsigned long long)faults, faults == 1 ? "" : "s");
    else
        fputs(": sound", stdout);
    printf("; %s and %s, %s; %llu of %llu clusters free\n", tool_files_text(result->files, files),
           tool_directories_text(result->directories, directories),
           tool_size_text(result->bytes, size), (unsigned long long)result->free_clusters,
           (unsigned long long)result->clusters);
}

static void summary_json(struct check *check)
{
    struct tool_json *json = &check->json;
    const struct cairn_fat_check_result *result = &check->result;
    tool_json_u64(json, "notes", result->findings[CAIRN_FAT_NOTE]);
    tool_json_u64(json, "minor", result->findings[CAIRN_FAT_MINOR]);
    tool_json_u64(json, "major", result->findings[CAIRN_FAT_MAJOR]);
    tool_json_u64(json, "files", result->files);
    tool_json_u64(json, "directories", result->directories);
    tool_json_u64(json, "bytes", result->bytes);
    tool_json_u64(json, "clusters", result->clusters);
    tool_json_u64(json, "used_clusters", result->used_clusters);
    tool_json_u64(json, "free_clusters", result->free_clusters);
    tool_json_u64(json, "bad_clusters", result->bad_clusters);
    tool_json_u64(json, "orphan_clusters", result->orphan_clusters);
    tool_json_u64(json, "fragmented_files", result->fragmented_files);
}

static enum cairn_err volume_check(struct check *check, struct cairn_blk *dev,
                                   struct cairn_why *why)
{
    struct cairn_fat_check_options how = { .report = report, .progress = progress, .ctx = check };
    size_t bytes = cairn_fat_check_mem(dev, 0);
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) return cairn_why_fail(why, CAIRN_ENOMEM, "check");
    enum cairn_err err = cairn_fat_check(dev, &how, mem, bytes, &check->result, why);
    (void)munmap(mem, bytes);
    tool_progress_clear(&check->progress);
    if (check->no_memory) return cairn_why_fail(why, CAIRN_ENOMEM, "keep the findings");
    if (err != CAIRN_EINVAL) return err;
    why->err =
        CAIRN_ECORRUPT; /* without a boot sector there is no volume: that is about the image */
    return CAIRN_ECORRUPT;
}

static enum tool_status image_check(struct check *check, struct cairn_image *image,
                                    const char *text)
{
    struct cairn_why why = { 0 };
    bool as_json = tool_has(check->args, CHECK_JSON);
    if (as_json) {
        tool_json_open(&check->json, NULL, '{');
        tool_json_str(&check->json, "place", text);
        tool_json_open(&check->json, "findings", '[');
    }
    enum cairn_err err = volume_check(check, cairn_image_blk(image), &why);
    if (as_json) {
        tool_json_close(&check->json, ']');
        summary_json(check);
        tool_json_close(&check->json, '}');
    }
    lines_print(check);
    if (err) return tool_fail(text, err, &why);
    if (!as_json && !tool_has(check->args, CHECK_QUIET)) summary_print(check, text);
    bool faults = check->result.findings[CAIRN_FAT_MINOR] + check->result.findings[CAIRN_FAT_MAJOR];
    return faults ? TOOL_FOUND : TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    struct check check = { .args = args };
    struct cairn_image_open_options how = { .write = false };
    struct cairn_image_place place;
    struct cairn_image *image;
    struct cairn_why why = { 0 };
    enum tool_status status;
    for (size_t i = 0; i < CAIRN_COUNT(check.first); i++)
        check.end[i] = &check.first[i];
    (void)tool_place_is(args->operands[0], &place, &status);
    if (status) return status;
    enum cairn_err err = cairn_image_open_device(&image, &place, &how, &why);
    if (err) return tool_fail(args->operands[0], err, &why);
    tool_progress_init(&check.progress, "Checking", tool_has(args, CHECK_QUIET));
    status = image_check(&check, image, args->operands[0]);
    err = cairn_image_close(image, &why);
    return err && !status ? tool_fail(args->operands[0], err, &why) : status;
}

const struct tool_verb tool_verb_check = {
    .name = "check",
    .summary = "Say everything that is wrong with a volume; changes nothing",
    .operands = "IMAGE[:PART]",
    .options = options,
    .details =
        "The exit code is 0 when nothing is wrong, 1 when faults were found, and 3 when the\n"
        "volume cannot be used at all.",
    .example = "  cairn check disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
