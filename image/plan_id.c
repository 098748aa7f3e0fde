/* SPDX-License-Identifier: ISC */
/*
 * The volume id of a plan. Hashed is what the image shows, not what the source has: times as FAT
 * stores them, so that a folder and an archive of it agree. The root has neither name nor time.
 */
#include "plan.h"
#include "reader.h"

#include "os.h"
#include <cairn/bytes.h>
#include <cairn/checksum.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)

static void hash_number(struct cairn_hasher *hasher, uint64_t value)
{
    uint8_t bytes[8];
    cairn_le64_put(bytes, value);
    cairn_hasher_add(hasher, bytes, sizeof bytes);
}

static void hash_geometry(struct cairn_hasher *hasher, const struct cairn_fat_geometry *geo)
{
    hash_number(hasher, geo->type);
    hash_number(hasher, geo->sector_bytes);
    hash_number(hasher, geo->cluster_bytes);
    hash_number(hasher, geo->reserved_sectors);
    hash_number(hasher, geo->fat_count);
    hash_number(hasher, geo->root_entries);
    hash_number(hasher, geo->total_sectors);
    hash_number(hasher, geo->hidden_sectors);
    cairn_hasher_add(hasher, geo->label, sizeof geo->label);
}

/* The parent's number stands for the path; the name's length keeps names apart. */
static void hash_node(struct cairn_hasher *hasher, const struct cairn_image_plan *plan,
                      const struct img_node *node)
{
    uint16_t date, time;
    uint8_t tenths;
    fat_time_encode(img_node_time(plan->tree, node), plan->utc_offset_min, &date, &time, &tenths);
    hash_number(hasher, node->parent | (uint64_t)node->name_len << 32 |
                            (uint64_t)node->attributes << 48 | (uint64_t)node->is_directory << 56);
    hash_number(hasher, (uint64_t)date << 16 | time);
    hash_number(hasher, node->size);
    cairn_hasher_add(hasher, node->name, node->name_len);
}

static enum cairn_err hash_content(struct cairn_hasher *hasher, struct img_reader *reader,
                                   uint32_t node, uint8_t *buf, struct cairn_why *why)
{
    uint64_t left = reader->tree->nodes[node].size, at = 0;
    struct img_opened file;
    enum cairn_err err = img_reader_open(reader, node, &file, why);
    while (!err && left > 0) {
        size_t part = (size_t)cairn_min_u64(left, BUFFER_BYTES);
        err = img_reader_read(reader, &file, at, buf, part, why);
        if (!err) cairn_hasher_add(hasher, buf, part);
        at += part;
        left -= part;
    }
    return img_reader_close(reader, &file, err, why);
}

static enum cairn_err hash_contents(struct cairn_hasher *hasher,
                                    const struct cairn_image_tree *tree, struct cairn_why *why)
{
    struct img_reader reader;
    uint8_t *buf = malloc(BUFFER_BYTES);
    if (!buf) return img_no_memory(why);
    img_reader_init(&reader, tree);
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < tree->count; i++)
        if (tree->nodes[i].size) err = hash_content(hasher, &reader, i, buf, why);
    img_reader_free(&reader);
    free(buf);
    return err;
}

enum cairn_err img_plan_id(const struct cairn_image_plan *plan, bool with_content, uint32_t *id,
                           struct cairn_why *why)
{
    struct cairn_hasher hasher;
    const struct cairn_image_tree *tree = plan->tree;
    cairn_hasher_init(&hasher);
    hash_geometry(&hasher, &plan->geometry);
    for (uint32_t i = 1; i < tree->count; i++)
        hash_node(&hasher, plan, &tree->nodes[i]);
    if (with_content) {
        enum cairn_err err = hash_contents(&hasher, tree, why);
        if (err) return err;
    }
    *id = (uint32_t)cairn_hasher_value(&hasher).low;
    return CAIRN_OK;
}
