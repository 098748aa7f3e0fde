/* SPDX-License-Identifier: ISC */
/*
 * The walk that every verb with subtrees uses. Without recursion, and bounded whatever the disk
 * says: (1) a path never grows past PATH_CAP; (2) no directory is entered twice, told by its first
 * cluster, so a loop or a directory under two names ends the walk with CAIRN_ECORRUPT.
 */
#include "list.h"

#include <cairn/bytes.h>
#include <cairn/image.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP 4096u

/* A directory that the walk is inside of. */
struct frame {
    struct cairn_image_list list;
    size_t at;                   /* next entry */
    size_t path_len;             /* of the directory */
    struct cairn_fat_node *node; /* held */
    struct cairn_image_entry entry;
    struct cairn_fat_node *parent; /* held by the frame below; NULL for the first */
    bool last;
};

struct walk {
    struct cairn_fat *fs;
    const struct cairn_image_walker *walker;
    struct frame *frames;
    size_t depth, room;
    uint8_t *seen; /* one bit a cluster */
    char path[PATH_CAP];
    size_t path_len;
    struct cairn_why *why;
};

static enum cairn_err no_memory(struct walk *walk)
{
    return cairn_why_fail(walk->why, CAIRN_ENOMEM, "walk the image");
}

static enum cairn_err mark_seen(struct walk *walk, uint32_t cluster)
{
    if (cluster > cairn_fat_geometry(walk->fs)->cluster_count + 1) return CAIRN_OK;
    uint8_t bit = (uint8_t)(1u << cluster % 8);
    bool again = walk->seen[cluster / 8] & bit;
    walk->seen[cluster / 8] |= bit;
    if (!again) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(walk->why, CAIRN_ECORRUPT,
                                        "the directory at cluster %u is reached twice", cluster);
    cairn_why_path(walk->why, walk->path, walk->path_len);
    cairn_why_hint(walk->why, "`cairn check` shows all that is wrong");
    return err;
}

static enum cairn_err path_push(struct walk *walk, const char *name)
{
    size_t len = strlen(name), slash = walk->path_len > 0;
    if (walk->path_len + slash + len >= PATH_CAP) {
        enum cairn_err err = cairn_why_fail(walk->why, CAIRN_ENAMETOOLONG, "go below a directory");
        cairn_why_path(walk->why, walk->path, walk->path_len);
        return err;
    }
    if (slash) walk->path[walk->path_len++] = '/';
    memcpy(walk->path + walk->path_len, name, len + 1);
    walk->path_len += len;
    return CAIRN_OK;
}

static void path_cut(struct walk *walk, size_t len)
{
    walk->path_len = len;
    walk->path[len] = '\0';
}

/* ---- frames -------------------------------------------------------------------------------- */

static struct frame *top(struct walk *walk)
{
    return &walk->frames[walk->depth - 1];
}

static bool frames_grow(struct walk *walk)
{
    if (walk->depth < walk->room) return true;
    size_t room = walk->room ? walk->room * 2 : 16;
    struct frame *frames = realloc(walk->frames, room * sizeof *frames);
    if (!frames) return false;
    walk->frames = frames;
    walk->room = room;
    return true;
}

static void frame_pop(struct walk *walk)
{
    cairn_image_list_free(&top(walk)->list);
    cairn_fat_release(top(walk)->node);
    walk->depth--;
}

/* Takes the hold on node, also when it fails. */
static enum cairn_err frame_push(struct walk *walk, struct cairn_fat_node *node,
                                 const struct cairn_image_entry *entry, bool last)
{
    if (!frames_grow(walk)) {
        cairn_fat_release(node);
        return no_memory(walk);
    }
    struct frame *frame = &walk->frames[walk->depth];
    memset(frame, 0, sizeof *frame);
    frame->node = node;
    frame->entry = *entry;
    frame->last = last;
    frame->parent = walk->depth ? top(walk)->node : NULL;
    frame->path_len = walk->path_len;
    walk->depth++;
    return CAIRN_OK;
}

static void frame_step(struct walk *walk, struct frame *frame, struct cairn_image_step *step)
{
    *step = (struct cairn_image_step){
        .path = walk->path,
        .entry = &frame->entry,
        .dir = frame->parent,
        .node = frame->node,
        .depth = (uint32_t)walk->depth - 1,
        .last = frame->last,
    };
}

/* ---- steps --------------------------------------------------------------------------------- */

static enum cairn_err dir_enter(struct walk *walk, struct cairn_fat_node *node,
                                const struct cairn_image_entry *entry, bool last)
{
    enum cairn_err err = frame_push(walk, node, entry, last);
    if (err) return err;
    err = mark_seen(walk, entry->stat.first_cluster);
    if (err) return err;
    err = cairn_image_list_read(&top(walk)->list, node, !walk->walker->unsorted, walk->why);
    if (err) return err;
    struct cairn_image_step step;
    frame_step(walk, top(walk), &step);
    return walk->walker->visit(walk->walker->ctx, &step, walk->why);
}

static enum cairn_err dir_leave(struct walk *walk)
{
    path_cut(walk, top(walk)->path_len);
    struct cairn_image_step step;
    frame_step(walk, top(walk), &step);
    enum cairn_err err = CAIRN_OK;
    if (walk->walker->leave) err = walk->walker->leave(walk->walker->ctx, &step, walk->why);
    frame_pop(walk);
    return err;
}

static enum cairn_err entry_visit(struct walk *walk)
{
    struct frame *frame = top(walk);
    const struct cairn_image_entry *entry = &frame->list.entries[frame->at++];
    bool last = frame->at == frame->list.count;
    path_cut(walk, frame->path_len);
    enum cairn_err err = path_push(walk, entry->name);
    if (err) return err;
    if (entry->stat.is_directory) {
        struct cairn_fat_node *node;
        err = img_entry_open(frame->node, entry->name, entry->stat.first_cluster, &node, walk->why);
        return err ? err : dir_enter(walk, node, entry, last);
    }
    struct cairn_image_step step = {
        .path = walk->path,
        .entry = entry,
        .dir = frame->node,
        .depth = (uint32_t)walk->depth,
        .last = last,
    };
    return walk->walker->visit(walk->walker->ctx, &step, walk->why);
}

static enum cairn_err walk_all(struct walk *walk)
{
    enum cairn_err err = CAIRN_OK;
    while (walk->depth > 0 && !err)
        err = top(walk)->at < top(walk)->list.count ? entry_visit(walk) : dir_leave(walk);
    while (walk->depth > 0)
        frame_pop(walk);
    return err;
}

/* The start: a directory to go into, or a file, which is the only step. Takes the hold on node. */
static enum cairn_err walk_start(struct walk *walk, struct cairn_fat_node *node)
{
    struct cairn_image_entry entry = { .name = "", .alias = "" };
    enum cairn_err err = cairn_fat_stat(node, &entry.stat, walk->why);
    if (err || !entry.stat.is_directory) {
        cairn_fat_release(node);
        struct cairn_image_step step = { .path = "", .entry = &entry, .last = true };
        return err ? err : walk->walker->visit(walk->walker->ctx, &step, walk->why);
    }
    err = dir_enter(walk, node, &entry, true);
    if (!err) return walk_all(walk);
    while (walk->depth > 0)
        frame_pop(walk);
    return err;
}

enum cairn_err cairn_image_walk(struct cairn_fat *fs, const char *path,
                                const struct cairn_image_walker *walker, struct cairn_why *why)
{
    struct cairn_fat_node *node;
    enum cairn_err err = cairn_fat_walk(fs, path, strlen(path), &node, why);
    if (err) return err;
    struct walk *walk = calloc(1, sizeof *walk);
    /* calloc: the pages of a large volume's map come only where directories lie. */
    uint8_t *seen = calloc(cairn_fat_geometry(fs)->cluster_count / 8 + 2, 1);
    if (walk && seen) {
        *walk = (struct walk){ .fs = fs, .walker = walker, .seen = seen, .why = why };
        err = walk_start(walk, node);
        free(walk->frames);
    } else {
        cairn_fat_release(node);
        err = cairn_why_fail(why, CAIRN_ENOMEM, "walk the image");
    }
    free(seen);
    free(walk);
    return err;
}
