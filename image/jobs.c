/* SPDX-License-Identifier: ISC */
/* What an extraction will make: collected by one walk, so that totals and bad names are known
 * before a byte is written. */
#include "extract.h"

#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

struct planner {
    struct img_jobs *jobs;
    size_t *inside; /* stack of indices of dirs, by depth */
    size_t room;
};

/* The kernel would refuse or misread these; whoever made them meant no good. */
static enum cairn_err name_check(const char *name, const char *path, struct cairn_why *why)
{
    if (name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ECORRUPT, "a name in the image that no file here can bear");
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why, "`cairn mv` can rename it by its alias, see `cairn ls --alias`");
    return err;
}

static enum cairn_err no_memory(struct cairn_why *why)
{
    return cairn_why_fail(why, CAIRN_ENOMEM, "plan the extraction");
}

/* Room for one more in an array that doubles at powers of two. */
static bool array_grow(void **array, size_t count, size_t item)
{
    if (count != 0 && !cairn_is_pow2(count)) return true;
    void *grown = realloc(*array, (count ? count * 2 : 1) * item);
    if (grown) *array = grown;
    return grown != NULL;
}

static bool inside_set(struct planner *planner, uint32_t depth, size_t dir)
{
    if (depth >= planner->room) {
        size_t room = (size_t)depth * 2 + 16;
        size_t *inside = realloc(planner->inside, room * sizeof *inside);
        if (!inside) return false;
        planner->inside = inside;
        planner->room = room;
    }
    planner->inside[depth] = dir;
    return true;
}

static enum cairn_err dir_add(struct planner *planner, const struct cairn_image_step *step,
                              struct cairn_why *why)
{
    struct img_jobs *jobs = planner->jobs;
    void *dirs = jobs->dirs;
    if (!array_grow(&dirs, jobs->dir_count, sizeof *jobs->dirs)) return no_memory(why);
    jobs->dirs = dirs;
    const struct cairn_fat_stat *stat = &step->entry->stat;
    const char *path = img_strings_keep(&jobs->strings, step->path, strlen(step->path));
    if (!path || !inside_set(planner, step->depth, jobs->dir_count)) return no_memory(why);
    jobs->dirs[jobs->dir_count++] = (struct img_job_dir){
        .path = path,
        .modified_ns = step->depth ? stat->modified_ns : INT64_MIN,
    };
    return CAIRN_OK;
}

static enum cairn_err file_add(struct planner *planner, const struct cairn_image_step *step,
                               struct cairn_why *why)
{
    struct img_jobs *jobs = planner->jobs;
    void *files = jobs->files;
    if (!array_grow(&files, jobs->file_count, sizeof *jobs->files)) return no_memory(why);
    jobs->files = files;
    const struct cairn_fat_stat *stat = &step->entry->stat;
    const char *name =
        img_strings_keep(&jobs->strings, step->entry->name, strlen(step->entry->name));
    if (!name) return no_memory(why);
    jobs->files[jobs->file_count++] = (struct img_job_file){
        .name = name,
        .dir = planner->inside[step->depth - 1],
        .size = stat->size,
        .modified_ns = stat->modified_ns,
        .first_cluster = stat->first_cluster,
        .read_only = stat->attributes & CAIRN_FAT_READ_ONLY,
    };
    jobs->bytes += stat->size;
    return CAIRN_OK;
}

static enum cairn_err visit(void *ctx, const struct cairn_image_step *step, struct cairn_why *why)
{
    if (step->depth > 0) {
        enum cairn_err err = name_check(step->entry->name, step->path, why);
        if (err) return err;
    }
    return step->node ? dir_add(ctx, step, why) : file_add(ctx, step, why);
}

enum cairn_err img_jobs_plan(struct img_jobs *jobs, struct cairn_fat *fs, const char *path,
                             struct cairn_why *why)
{
    memset(jobs, 0, sizeof *jobs);
    struct planner planner = { .jobs = jobs };
    struct cairn_image_walker walker = { .visit = visit, .ctx = &planner };
    enum cairn_err err = cairn_image_walk(fs, path, &walker, why);
    free(planner.inside);
    if (err) img_jobs_free(jobs);
    return err;
}

void img_jobs_free(struct img_jobs *jobs)
{
    img_strings_free(&jobs->strings);
    free(jobs->dirs);
    free(jobs->files);
    memset(jobs, 0, sizeof *jobs);
}
