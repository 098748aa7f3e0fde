/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "copy.h"
#include "json.h"
#include "session.h"
#include "shape.h"
#include "stop.h"

#include <cairn/clock.h>
#include <string.h>
#include <unistd.h>

enum {
    BUILD_SIZE,
    BUILD_FREE,
    BUILD_ID,
    BUILD_PLAN,
    BUILD_JSON,
    BUILD_NO_SYNC,
    BUILD_THREADS,
    BUILD_QUIET,
    BUILD_CODEPAGE,
    BUILD_SHAPE,
    BUILD_POLICIES = BUILD_SHAPE + TOOL_SHAPE_OPTIONS
};
static const struct tool_option options[] = {
    { "size", 's', "SIZE", "of the volume (the smallest that holds all)" },
    { "free", 'f', "SIZE", "the smallest with so much free space besides" },
    { "id", 'i', "ID|content", "volume id (hashed from names, sizes and times)" },
    { "plan", 0, NULL, "print what would be made, and make nothing" },
    { "json", 0, NULL, "the plan, or what was made, as JSON" },
    { "no-sync", 0, NULL, "do not wait until the image is on the disk" },
    { "threads", 0, "N", "read so many files at once (as many as pay)" },
    { "quiet", 'q', NULL, "say nothing but errors" },
    TOOL_CODEPAGE,
    TOOL_TYPE,
    TOOL_CLUSTER,
    TOOL_SECTOR,
    TOOL_LABEL,
    TOOL_FATS,
    TOOL_ROOT_ENTRIES,
    TOOL_RESERVED,
    TOOL_TZ,
    TOOL_ON_SYMLINK,
    TOOL_ON_SPECIAL,
    TOOL_ON_NAME,
    TOOL_ON_LARGE,
    { NULL, 0, NULL, NULL },
};

#define SECTOR_BYTES 512u /* of a volume, unless it is told */

struct build {
    const struct tool_args *args;
    const char *source, *target;
    bool quiet;
    struct tool_copy copy;
    struct cairn_image_source_options scan;
    struct cairn_image_plan_options plan;
    struct cairn_image_write_options write;
};

/* ---- options ------------------------------------------------------------------------------- */

static bool size_take(struct build *build)
{
    const struct tool_args *args = build->args;
    uint64_t *size = &build->plan.format.total_bytes;
    bool given = tool_has(args, BUILD_SIZE);
    if (!tool_arg_size(args, BUILD_SIZE, size) ||
        !tool_arg_size(args, BUILD_FREE, &build->plan.free_bytes))
        return false;
    if (!given || (*size > 0 && !tool_has(args, BUILD_FREE))) return true;
    tool_usage(args->verb,
               *size ? "--size and --free exclude each other" : "--size=0 holds nothing");
    return false;
}

/* A volume of the size that was asked for cannot be, or not hold all: the command line is wrong. */
static bool size_is_wrong(const struct build *build, enum cairn_err err)
{
    bool asked = tool_has(build->args, BUILD_SIZE) || tool_has(build->args, BUILD_FREE);
    return asked && (err == CAIRN_ENOSPC || err == CAIRN_EFBIG);
}

static bool id_take(struct build *build)
{
    const char *id = build->args->values[BUILD_ID];
    if (!id) return true;
    build->plan.id_from_content = strcmp(id, "content") == 0;
    if (build->plan.id_from_content) return true;
    build->plan.id_given = true;
    return tool_arg_hex32(build->args, BUILD_ID, &build->plan.format.volume_id);
}

static bool policies_take(struct build *build)
{
    struct tool_policies policies;
    if (!tool_policies_take(build->args, BUILD_POLICIES, &policies)) return false;
    build->scan.on_symlink = policies.on_symlink;
    build->scan.on_special = policies.on_special;
    build->scan.on_name = policies.on_name;
    build->scan.on_large = policies.on_large;
    return true;
}

static bool options_take(struct build *build)
{
    const struct tool_args *args = build->args;
    build->quiet = build->copy.quiet = tool_has(args, BUILD_QUIET);
    build->copy.source = build->source;
    build->scan.clamp_ns = INT64_MAX;
    build->scan.notice = tool_copy_notice;
    build->scan.ctx = &build->copy;
    build->plan.now_ns = INT64_MIN;
    build->write.no_sync = tool_has(args, BUILD_NO_SYNC);
    build->write.progress = tool_copy_progress;
    build->write.ctx = &build->copy;
    return size_take(build) && tool_arg_u32(args, BUILD_THREADS, &build->write.threads) &&
           id_take(build) && policies_take(build) &&
           tool_codepage_take(args->verb, args->values[BUILD_CODEPAGE], &build->plan.codepage) &&
           tool_source_date(args->verb, &build->scan.clamp_ns) &&
           tool_shape_take(args, BUILD_SHAPE, build->plan.codepage, &build->plan.format);
}

/* ---- telling ------------------------------------------------------------------------------- */

static void summary_print(const struct build *build, const struct cairn_image_plan_summary *sum)
{
    char size[TOOL_TEXT_BYTES], content[TOOL_TEXT_BYTES], id[TOOL_TEXT_BYTES];
    char files[TOOL_TEXT_BYTES], directories[TOOL_TEXT_BYTES];
    tool_name_put(stdout, build->target);
    printf(": FAT%u, %s, %s and %s, %s, id %s\n", (unsigned int)sum->geometry.type,
           tool_size_text(sum->total_bytes, size), tool_files_text(sum->files, files),
           tool_directories_text(sum->directories, directories),
           tool_size_text(sum->content_bytes, content), tool_id_text(sum->geometry.volume_id, id));
}

static bool node_print(void *ctx, const struct cairn_image_plan_node *node)
{
    char attr[TOOL_TEXT_BYTES], time[TOOL_TEXT_BYTES];
    (void)ctx;
    if (node->path[0] == '\0') return true;
    printf("%s  %10llu  %s  cluster %-8u ", tool_attr_text(node->attributes, attr),
           (unsigned long long)node->size, tool_time_text(node->modified_ns, false, time),
           node->first_cluster);
    tool_name_put(stdout, node->path);
    puts(node->is_directory ? "/" : "");
    return true;
}

static bool node_json(void *ctx, const struct cairn_image_plan_node *node)
{
    char attr[TOOL_TEXT_BYTES];
    struct tool_json *json = ctx;
    tool_json_open_line(json, NULL, '{');
    tool_json_str(json, "path", node->path);
    tool_json_str(json, "alias", node->alias);
    tool_json_str(json, "type", node->is_directory ? "directory" : "file");
    tool_json_str(json, "attributes", tool_attr_text(node->attributes, attr));
    tool_json_u64(json, "size", node->size);
    tool_json_time(json, "modified", node->modified_ns);
    tool_json_u64(json, "first_cluster", node->first_cluster);
    tool_json_u64(json, "clusters", node->clusters);
    tool_json_close(json, '}');
    return true;
}

static void plan_json(const struct cairn_image_plan *plan,
                      const struct cairn_image_plan_summary *sum, bool with_nodes)
{
    char id[TOOL_TEXT_BYTES];
    struct tool_json json = { 0 };
    tool_json_open(&json, NULL, '{');
    tool_json_u64(&json, "fat", sum->geometry.type);
    tool_json_str(&json, "id", tool_id_text(sum->geometry.volume_id, id));
    tool_json_u64(&json, "bytes", sum->total_bytes);
    tool_json_u64(&json, "sector_bytes", sum->geometry.sector_bytes);
    tool_json_u64(&json, "cluster_bytes", sum->geometry.cluster_bytes);
    tool_json_u64(&json, "files", sum->files);
    tool_json_u64(&json, "directories", sum->directories);
    tool_json_u64(&json, "content_bytes", sum->content_bytes);
    tool_json_u64(&json, "used_clusters", sum->used_clusters);
    tool_json_u64(&json, "free_clusters", sum->free_clusters);
    tool_json_u64(&json, "slack_bytes", sum->slack_bytes);
    tool_json_bool(&json, "clones", sum->clones);
    if (with_nodes) {
        tool_json_open(&json, "nodes", '[');
        cairn_image_plan_each(plan, node_json, &json);
        tool_json_close(&json, ']');
    }
    tool_json_close(&json, '}');
}

static void plan_tell(const struct build *build, const struct cairn_image_plan *plan)
{
    struct cairn_image_plan_summary sum;
    bool only_plan = tool_has(build->args, BUILD_PLAN);
    cairn_image_plan_summary(plan, &sum);
    if (tool_has(build->args, BUILD_JSON)) {
        plan_json(plan, &sum, only_plan);
        return;
    }
    if (build->quiet) return;
    summary_print(build, &sum);
    if (only_plan) cairn_image_plan_each(plan, node_print, NULL);
}

/* ---- a partition as the target --------------------------------------------------------------- */

/* The volume begins where the partition does, and takes all of it, unless it is told its size. */
static void partition_fit(struct build *build, struct cairn_image *image)
{
    struct cairn_fat_format_options *format = &build->plan.format;
    uint32_t sector = format->sector_bytes ? format->sector_bytes : SECTOR_BYTES;
    uint64_t bytes = cairn_blk_bytes(cairn_image_blk(image));
    format->hidden_sectors = (uint32_t)(cairn_image_offset(image) / sector);
    if (!format->total_bytes && !tool_has(build->args, BUILD_FREE))
        format->total_bytes = bytes / sector * sector;
}

/* The target as a place: an image, or a partition of one, but nothing in it. */
static enum tool_status target_look(struct build *build)
{
    struct cairn_image_open_options how = { .write = false };
    struct cairn_image_place place;
    struct cairn_image *image;
    struct cairn_why why = { 0 };
    enum tool_status status;
    if (strcmp(build->target, "-") == 0) return TOOL_DONE;
    (void)tool_place_is(build->target, &place, &status);
    if (status) return status;
    if (place.has_path)
        return tool_usage(build->args->verb, "'%s' is inside a volume; name the image",
                          build->target);
    if (!place.part[0]) return TOOL_DONE;
    enum cairn_err err = cairn_image_open_device(&image, &place, &how, &why);
    if (err) return tool_fail(build->target, err, &why);
    partition_fit(build, image);
    err = cairn_image_close(image, &why);
    return err ? tool_fail(build->target, err, &why) : TOOL_DONE;
}

/* ---- the three steps ----------------------------------------------------------------------- */

static enum tool_status plan_write(struct build *build, const struct cairn_image_plan *plan)
{
    struct cairn_image_write_result result = { 0 };
    struct cairn_why why = { 0 };
    bool to_stdout = strcmp(build->target, "-") == 0;
    if (!tool_has(build->args, BUILD_PLAN)) {
        tool_stop_catch();
        tool_progress_init(&build->copy.progress, "Building", build->quiet);
        enum cairn_err err = cairn_image_write(plan, build->target, &build->write, &result, &why);
        if (err) return tool_copy_fail(&build->copy, build->target, err, &why);
        tool_progress_clear(&build->copy.progress);
        if (to_stdout) return TOOL_DONE;
    }
    plan_tell(build, plan);
    return TOOL_DONE;
}

static enum tool_status tree_build(struct build *build, struct cairn_image_tree *tree)
{
    struct cairn_image_plan *plan;
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_image_plan(&plan, tree, &build->plan, &why);
    if (err) {
        enum tool_status failed = tool_fail(build->target, err, &why);
        return size_is_wrong(build, err) ? TOOL_USAGE : failed;
    }
    enum tool_status status = plan_write(build, plan);
    cairn_image_plan_free(plan);
    return status;
}

static enum tool_status run(const struct tool_args *args)
{
    struct build build = { .args = args, .source = args->operands[0] };
    struct cairn_image_tree *tree;
    struct cairn_why why = { 0 };
    bool only_plan = tool_has(args, BUILD_PLAN), is_named = args->operand_count > 1;
    build.target = args->operands[is_named];
    if (!only_plan && (!is_named || !build.target[0]))
        return tool_usage(args->verb, "no image is named");
    if (!options_take(&build)) return TOOL_USAGE;
    if (strcmp(build.target, "-") == 0 && !only_plan && isatty(STDOUT_FILENO))
        return tool_usage(args->verb, "an image does not go to a terminal; use a pipe or a file");
    if (is_named) {
        enum tool_status status = target_look(&build);
        if (status) return status;
    }
    enum cairn_err err = cairn_image_scan(&tree, build.source, &build.scan, &why);
    if (err) return tool_copy_fail(&build.copy, build.source, err, &why);
    enum tool_status status = tree_build(&build, tree);
    cairn_image_tree_free(tree);
    return status;
}

const struct tool_verb tool_verb_build = {
    .name = "build",
    .summary = "Make an image of a folder or an archive",
    .operands = "SOURCE IMAGE[:PART]",
    .options = options,
    .details =
        "SOURCE is a folder, whose contents become the root, or an archive; - is an archive\n"
        "on standard input. IMAGE appears only when it is complete; - is standard output.\n"
        "A partition is overwritten, and the volume takes all of it unless --size or --free say\n"
        "otherwise. The same names, contents, times and write permissions make the same bytes;\n"
        "times later than SOURCE_DATE_EPOCH become it.",
    .example =
        "  cairn build --label=ESP esp/ esp.img\n"
        "  cairn build --plan --json root/ | jq .bytes\n"
        "  tar c -C root . | cairn build - - | zstd > disk.img.zst",
    .operands_least = 1,
    .operands_most = 2,
    .run = run,
};
