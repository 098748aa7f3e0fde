/* SPDX-License-Identifier: ISC */
/* From image to image, or within one. */
#include "list.h"
#include "put.h"

#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 4096u /* of "..": more than any path has */

static enum cairn_err node_read(void *ctx, uint64_t offset, void *buf, size_t bytes, size_t *got,
                                struct cairn_why *why)
{
    return cairn_fat_read(ctx, offset, buf, bytes, got, why);
}

static enum cairn_err node_put(struct img_put *put, const struct img_target *target,
                               struct cairn_fat_node *node, struct cairn_why *why)
{
    struct img_file file = { .feed = { node_read, node } };
    enum cairn_err err = cairn_fat_stat(node, &file.stat, why);
    if (err) return err;
    file.size = file.stat.size;
    if (put->options->preserve) file.which = CAIRN_FAT_SET_MODIFIED | CAIRN_FAT_SET_ATTRIBUTES;
    file.stat.attributes &= CAIRN_FAT_ATTR_SETTABLE;
    return img_put_file(put, target, &file, why);
}

/* ---- onto itself, into itself -------------------------------------------------------------- */

static bool node_is(struct cairn_fat_node *node, uint64_t id)
{
    struct cairn_fat_stat stat;
    return cairn_fat_stat(node, &stat, NULL) == CAIRN_OK && stat.id == id;
}

/* Is dir the directory with this id, or below it? */
static bool is_within(struct cairn_fat_node *dir, uint64_t id, uint64_t root_id)
{
    struct cairn_fat_node *at = cairn_fat_hold(dir);
    bool within = false;
    for (uint32_t i = 0; i < DEPTH_MAX; i++) {
        struct cairn_fat_node *up;
        within = node_is(at, id);
        if (within || node_is(at, root_id) || cairn_fat_lookup(at, "..", 2, &up, NULL)) break;
        cairn_fat_release(at);
        at = up;
    }
    cairn_fat_release(at);
    return within;
}

static enum cairn_err overlap_check(struct cairn_fat *fs, struct cairn_fat_node *source,
                                    const struct img_target *target, struct cairn_why *why)
{
    struct cairn_fat_stat stat = { 0 }, root_stat = { 0 };
    struct cairn_fat_node *old = NULL, *root = cairn_fat_root(fs);
    enum cairn_err err = cairn_fat_stat(source, &stat, why);
    if (!err) err = cairn_fat_stat(root, &root_stat, why);
    cairn_fat_release(root);
    if (err) return err;
    if (stat.is_directory && is_within(target->dir, stat.id, root_stat.id))
        return cairn_why_fail(why, CAIRN_EINVAL, "copy a directory into itself");
    bool same =
        target->name_len > 0 &&
        cairn_fat_lookup(target->dir, target->name, target->name_len, &old, NULL) == CAIRN_OK &&
        node_is(old, stat.id);
    if (old) cairn_fat_release(old);
    return same ? cairn_why_fail(why, CAIRN_EINVAL, "copy onto itself") : CAIRN_OK;
}

/* ---- a subtree ----------------------------------------------------------------------------- */

struct transfer {
    struct img_put put;
    struct cairn_fat_node *root; /* what the source's directory became */
};

/* Where a step's entry goes: its directory in the target is found by the step's own path. */
static enum cairn_err step_target(struct transfer *transfer, const struct cairn_image_step *step,
                                  struct img_target *target, struct cairn_why *why)
{
    struct cairn_fat_node *at = cairn_fat_hold(transfer->root);
    const char *part = step->path;
    for (const char *slash; (slash = strchr(part, '/')); part = slash + 1) {
        struct cairn_fat_node *next;
        enum cairn_err err = cairn_fat_lookup(at, part, (size_t)(slash - part), &next, why);
        cairn_fat_release(at);
        if (err) return err;
        at = next;
    }
    *target = (struct img_target){ .dir = at, .name = part, .name_len = strlen(part) };
    return CAIRN_OK;
}

static enum cairn_err step_put(struct transfer *transfer, const struct cairn_image_step *step,
                               const struct img_target *target, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    bool is_directory = step->node;
    enum cairn_err err = is_directory ? img_put_directory(&transfer->put, target, &node, why)
                                      : img_entry_open(step->dir, step->entry->name,
                                                       step->entry->stat.first_cluster, &node, why);
    if (err) return err;
    if (!is_directory) err = node_put(&transfer->put, target, node, why);
    cairn_fat_release(node);
    return err;
}

static enum cairn_err transfer_visit(void *ctx, const struct cairn_image_step *step,
                                     struct cairn_why *why)
{
    struct transfer *transfer = ctx;
    struct img_target target = { 0 };
    if (step->depth == 0) return CAIRN_OK;
    enum cairn_err err = step_target(transfer, step, &target, why);
    if (err) return err;
    err = step_put(transfer, step, &target, why);
    cairn_fat_release(target.dir);
    if (err) cairn_why_path(why, step->path, strlen(step->path));
    return err;
}

static enum cairn_err transfer_leave(void *ctx, const struct cairn_image_step *step,
                                     struct cairn_why *why)
{
    struct transfer *transfer = ctx;
    struct img_target target = { 0 };
    struct cairn_fat_node *node;
    if (!transfer->put.options->preserve || step->depth == 0) return CAIRN_OK;
    enum cairn_err err = step_target(transfer, step, &target, why);
    if (err) return err;
    err = cairn_fat_lookup(target.dir, target.name, target.name_len, &node, why);
    cairn_fat_release(target.dir);
    if (err) return err;
    struct cairn_fat_stat stat = step->entry->stat;
    stat.attributes &= CAIRN_FAT_ATTR_SETTABLE;
    err = cairn_fat_stat_set(node, &stat, CAIRN_FAT_SET_MODIFIED | CAIRN_FAT_SET_ATTRIBUTES, why);
    cairn_fat_release(node);
    return err;
}

static enum cairn_err expect_visit(void *ctx, const struct cairn_image_step *step,
                                   struct cairn_why *why)
{
    (void)why;
    img_put_expect(ctx, step->entry->stat.size);
    return CAIRN_OK;
}

static enum cairn_err dir_transfer(struct transfer *transfer, struct cairn_fat *from,
                                   const char *from_path, const struct img_target *target,
                                   struct cairn_why *why)
{
    struct cairn_image_walker count = { .visit = expect_visit, .ctx = &transfer->put };
    struct cairn_image_walker copy = { .visit = transfer_visit,
                                       .leave = transfer_leave,
                                       .ctx = transfer };
    enum cairn_err err = cairn_image_walk(from, from_path, &count, why);
    if (!err) err = img_put_room(&transfer->put, why);
    if (!err) err = img_put_directory(&transfer->put, target, &transfer->root, why);
    if (err) return err;
    err = cairn_image_walk(from, from_path, &copy, why);
    cairn_fat_release(transfer->root);
    return err;
}

/* ---- either -------------------------------------------------------------------------------- */

static enum cairn_err node_transfer(struct transfer *transfer, struct cairn_fat *from,
                                    const char *from_path, struct cairn_fat_node *source,
                                    const struct img_target *target, struct cairn_why *why)
{
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_stat(source, &stat, why);
    if (!err && from == transfer->put.fs)
        err = overlap_check(transfer->put.fs, source, target, why);
    if (err) return err;
    if (!stat.is_directory) {
        img_put_expect(&transfer->put, stat.size);
        err = img_put_room(&transfer->put, why);
        return err ? err : node_put(&transfer->put, target, source, why);
    }
    if (transfer->put.options->recursive)
        return dir_transfer(transfer, from, from_path, target, why);
    err = cairn_why_fail(why, CAIRN_EISDIR, "copy");
    cairn_why_path(why, from_path, strlen(from_path));
    cairn_why_hint(why, "-r copies a directory with all that is in it");
    return err;
}

static enum cairn_err transfer_all(struct transfer *transfer, struct cairn_fat *from,
                                   const char *from_path, const char *to_path,
                                   struct cairn_why *why)
{
    struct cairn_fat_node *source = NULL;
    struct img_target target = { 0 };
    enum cairn_err err = cairn_fat_walk(from, from_path, strlen(from_path), &source, why);
    if (err) return err;
    char *base = img_base_name(from_path);
    err = base ? img_target_find(transfer->put.fs, to_path, base, &target, why)
               : cairn_why_fail(why, CAIRN_ENOMEM, "copy");
    if (!err) {
        err = node_transfer(transfer, from, from_path, source, &target, why);
        cairn_fat_release(target.dir);
    }
    free(base);
    cairn_fat_release(source);
    return err;
}

enum cairn_err cairn_image_transfer(struct cairn_image *from, const char *from_path,
                                    struct cairn_image *to, const char *to_path,
                                    const struct cairn_image_copy_options *options,
                                    struct cairn_image_copy_result *result, struct cairn_why *why)
{
    struct transfer transfer = { .root = NULL };
    enum cairn_err err = img_put_begin(&transfer.put, cairn_image_fat(to), options, result, why);
    if (err) return err;
    err = transfer_all(&transfer, cairn_image_fat(from), from_path, to_path, why);
    img_put_end(&transfer.put);
    return err;
}
