/* SPDX-License-Identifier: ISC */
/* A value is a tree of chunks by number, big endian, so that names are in the order of numbers.
 * What lies in no chunk is zeros. */
#include "mem.h"

#define NUMBER_BYTES 8u

_Static_assert(offsetof(struct kv_mem_node, name) + NUMBER_BYTES + KV_MEM_CHUNK_BYTES <= 4096,
               "a chunk's block");

/* A part of a value that lies in one chunk. */
struct part {
    uint8_t number[NUMBER_BYTES];
    size_t at, bytes; /* in the chunk */
};

static struct part part_at(uint64_t offset, uint64_t bytes)
{
    struct part part = { .at = (size_t)(offset % KV_MEM_CHUNK_BYTES) };
    uint64_t number = offset / KV_MEM_CHUNK_BYTES;
    for (size_t i = NUMBER_BYTES; i > 0; i--, number >>= 8)
        part.number[i - 1] = (uint8_t)number;
    part.bytes = (size_t)cairn_min_u64(bytes, KV_MEM_CHUNK_BYTES - part.at);
    return part;
}

static struct cairn_kv_key part_name(const struct part *part)
{
    return (struct cairn_kv_key){ (const char *)part->number, NUMBER_BYTES };
}

static uint8_t *chunk_data(struct kv_mem_node *chunk)
{
    return (uint8_t *)chunk->name + NUMBER_BYTES;
}

/* Room behind what was written is zeros, too: nothing ever makes a value smaller. */
void kv_mem_value_read(const struct kv_mem_node *value, uint64_t offset, uint8_t *data,
                       size_t bytes)
{
    while (bytes > 0) {
        struct part part = part_at(offset, bytes);
        struct kv_mem_node *chunk = kv_mem_find(value->inner, part_name(&part));
        size_t there = chunk && chunk->size > part.at ? (size_t)chunk->size - part.at : 0;
        if (there > part.bytes) there = part.bytes;
        if (there) memcpy(data, chunk_data(chunk) + part.at, there);
        memset(data + there, 0, part.bytes - there);
        data += part.bytes;
        offset += part.bytes;
        bytes -= part.bytes;
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The chunk of a part, when it is large enough and no other tree's; else NULL. */
static struct kv_mem_node *own_chunk(struct kv_mem_node *root, const struct part *part)
{
    while (root && root->refs == 1) {
        int order = kv_key_compare(part_name(part), kv_mem_name(root));
        if (order == 0) return part->at + part->bytes <= root->size ? root : NULL;
        root = order < 0 ? root->left : root->right;
    }
    return NULL;
}

static void put(struct kv_mem_node *chunk, const struct part *part, const uint8_t *data)
{
    if (data)
        memcpy(chunk_data(chunk) + part->at, data, part->bytes);
    else
        memset(chunk_data(chunk) + part->at, 0, part->bytes);
}

/* false: some of it has no chunk of its own yet; nothing was written. */
static bool write_in_place(struct kv_mem_node *value, uint64_t offset, const uint8_t *data,
                           uint64_t bytes)
{
    struct part part;
    for (uint64_t done = 0; done < bytes; done += part.bytes) {
        part = part_at(offset + done, bytes - done);
        if (!own_chunk(value->inner, &part)) return false;
    }
    for (uint64_t done = 0; done < bytes; done += part.bytes) {
        part = part_at(offset + done, bytes - done);
        put(own_chunk(value->inner, &part), &part, data ? data + done : NULL);
    }
    return true;
}

/* Room for a part, and what its block has besides. */
static size_t room_for(const struct part *part)
{
    size_t head = offsetof(struct kv_mem_node, name) + NUMBER_BYTES;
    size_t room = kv_mem_pool_block(head + part->at + part->bytes) - head;
    return room < KV_MEM_CHUNK_BYTES ? room : KV_MEM_CHUNK_BYTES;
}

/* A larger chunk in the place of the one at *link. */
static enum cairn_err chunk_grow(struct kv_mem_pool *pool, struct kv_mem_node **link,
                                 const struct part *part)
{
    struct kv_mem_node *old = *link;
    struct kv_mem_node *chunk =
        kv_mem_node_new(pool, KV_MEM_CHUNK, part_name(part), room_for(part));
    if (!chunk) return CAIRN_ENOSPC;
    memcpy(chunk_data(chunk), chunk_data(old), (size_t)old->size);
    chunk->left = old->left;
    chunk->right = old->right;
    chunk->rank = old->rank;
    *link = chunk;
    old->left = old->right = NULL;
    kv_mem_release(pool, old);
    return CAIRN_OK;
}

static enum cairn_err part_write(struct kv_mem_pool *pool, struct kv_mem_node **root,
                                 const struct part *part, const uint8_t *data)
{
    struct kv_mem_way way;
    enum cairn_err err = kv_mem_way_own(pool, root, part_name(part), &way);
    if (err) return err;
    struct kv_mem_node **link = kv_mem_way_end(&way);
    if (!*link) {
        struct kv_mem_node *chunk =
            kv_mem_node_new(pool, KV_MEM_CHUNK, part_name(part), room_for(part));
        if (!chunk) return CAIRN_ENOSPC;
        put(chunk, part, data);
        kv_mem_insert(&way, chunk);
        return CAIRN_OK;
    }
    if ((*link)->size < part->at + part->bytes) err = chunk_grow(pool, link, part);
    if (!err) put(*link, part, data);
    return err;
}

/* Into another tree, of which what has not changed is the old one's, and which then takes its
 * place. */
static enum cairn_err write_aside(struct kv_mem_pool *pool, struct kv_mem_node *value,
                                  uint64_t offset, const uint8_t *data, uint64_t bytes)
{
    struct kv_mem_node *chunks = kv_mem_retain(value->inner);
    enum cairn_err err = CAIRN_OK;
    struct part part;
    for (uint64_t done = 0; !err && done < bytes; done += part.bytes) {
        part = part_at(offset + done, bytes - done);
        err = part_write(pool, &chunks, &part, data ? data + done : NULL);
    }
    struct kv_mem_node *over = err ? chunks : value->inner;
    if (!err) value->inner = chunks;
    kv_mem_release(pool, over);
    return err;
}

enum cairn_err kv_mem_value_write(struct kv_mem *mem, struct kv_mem_node *value, uint64_t offset,
                                  const uint8_t *data, uint64_t bytes)
{
    if (!write_in_place(value, offset, data, bytes)) {
        enum cairn_err err = write_aside(&mem->pool, value, offset, data, bytes);
        if (err) return err;
    }
    value->size = cairn_max_u64(value->size, bytes ? offset + bytes : 0);
    return CAIRN_OK;
}
