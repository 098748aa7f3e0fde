/* SPDX-License-Identifier: ISC */
/* What came of a check, a plan or a repair. */
#include "check.h"

#include "out.h"
#include <string.h>

/* ---- text ---------------------------------------------------------------------------------- */

static void found_put(const struct cairn_fat_check_result *result)
{
    char faults[TOOL_TEXT_BYTES];
    uint64_t count = tool_faults(result);
    printf(": %s", count ? tool_faults_text(count, faults) : "sound");
}

static void figures_put(const struct cairn_fat_check_result *result)
{
    char size[TOOL_TEXT_BYTES], files[TOOL_TEXT_BYTES], directories[TOOL_TEXT_BYTES];
    printf("; %s and %s, %s; %llu of %llu clusters free\n", tool_files_text(result->files, files),
           tool_directories_text(result->directories, directories),
           tool_size_text(result->bytes, size), (unsigned long long)result->free_clusters,
           (unsigned long long)result->clusters);
}

/* A word of a command that is to be copied; a name that needs more than '' is rare enough. */
static void word_put(const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "/.:=_+,@%-";
    const char *quote = word[strspn(word, plain)] ? "'" : "";
    printf(" %s", quote);
    tool_name_put(stdout, word);
    fputs(quote, stdout);
}

/* A command for the same place. */
static void command_put(const struct tool_check *check, const char *options, const char *effect)
{
    printf("`cairn check %s", options);
    word_put(check->text);
    printf("` %s\n", effect);
}

/* Not all that a repair mends is a fault. */
static void findings_put(uint64_t count)
{
    printf(": %llu finding%s", (unsigned long long)count, count == 1 ? "" : "s");
}

static void changes_put(const struct cairn_fat_repair_result *result)
{
    printf("%llu sector%s", (unsigned long long)result->sectors, result->sectors == 1 ? "" : "s");
    if (result->copied_clusters)
        printf(" and %llu cluster%s of data", (unsigned long long)result->copied_clusters,
               result->copied_clusters == 1 ? "" : "s");
}

/* "all of which a repair mends by changing 7 sectors." */
static void mended_put(const struct cairn_fat_repair_result *result)
{
    if (result->mended < result->findings)
        printf("%llu of ", (unsigned long long)result->mended);
    else if (result->findings > 1)
        fputs("all of ", stdout);
    fputs("which a repair mends by changing ", stdout);
    changes_put(result);
    putchar('.');
}

static void plan_put(const struct tool_check *check)
{
    const struct cairn_fat_repair_result *result = &check->result;
    if (result->findings == 0) {
        found_put(&result->before);
        figures_put(&result->before);
        return;
    }
    findings_put(result->findings);
    fputs(", ", stdout);
    if (result->mended == 0)
        fputs("which no repair mends.", stdout);
    else
        mended_put(result);
    fputs(" Nothing was written.\n", stdout);
    if (!result->whole) puts("There was no memory for the rest of the plan: it goes on.");
    if (result->mended) command_put(check, "--repair --undo FILE", "repairs it.");
}

static void undo_put(const struct tool_check *check)
{
    if (!check->undo_path) return;
    if (!check->undo_made) {
        puts("There is nothing to undo, and so no undo file.");
        return;
    }
    fputs("`cairn check --undo", stdout);
    word_put(check->undo_path);
    word_put(check->text);
    puts("` takes it back.");
}

static void repair_put(const struct tool_check *check)
{
    const struct cairn_fat_repair_result *result = &check->result;
    if (result->findings > 0) {
        findings_put(result->mended);
        fputs(" mended, ", stdout);
        changes_put(result);
        fputs(" changed\n", stdout);
        tool_name_put(stdout, check->text);
    }
    found_put(&result->after);
    if (tool_faults(&result->after)) fputs(" left", stdout);
    figures_put(&result->after);
    undo_put(check);
}

void tool_check_summary(const struct tool_check *check)
{
    const struct cairn_fat_check_result *before = &check->result.before;
    tool_name_put(stdout, check->text);
    if (check->mode == CHECK_PLAN) {
        plan_put(check);
        return;
    }
    if (check->mode == CHECK_REPAIR) {
        repair_put(check);
        return;
    }
    found_put(before);
    figures_put(before);
    if (tool_faults(before)) command_put(check, "--plan", "shows what a repair would do.");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void counts_json(struct tool_json *json, const struct cairn_fat_check_result *result)
{
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

static void repair_json(struct tool_check *check)
{
    struct tool_json *json = &check->json;
    const struct cairn_fat_repair_result *result = &check->result;
    tool_json_open(json, "repair", '{');
    tool_json_bool(json, "written", check->mode == CHECK_REPAIR && result->rounds > 0);
    tool_json_u64(json, "findings", result->findings);
    tool_json_u64(json, "mended", result->mended);
    tool_json_u64(json, "sectors", result->sectors);
    tool_json_u64(json, "copied_clusters", result->copied_clusters);
    tool_json_u64(json, "passes", result->passes);
    tool_json_u64(json, "rounds", result->rounds);
    if (check->mode == CHECK_PLAN) tool_json_bool(json, "whole", result->whole);
    tool_json_str(json, "undo", check->undo_made ? check->undo_path : NULL);
    tool_json_open(json, "after", '{');
    counts_json(json, &result->after);
    tool_json_close(json, '}');
    tool_json_close(json, '}');
}

void tool_check_summary_json(struct tool_check *check)
{
    counts_json(&check->json, &check->result.before);
    if (check->mode != CHECK_LOOK) repair_json(check);
}
