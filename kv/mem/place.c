/* SPDX-License-Identifier: ISC */
#include "mem.h"

enum cairn_err kv_mem_look(struct kv_mem_node *root, struct cairn_kv_key key,
                           struct kv_mem_node **node)
{
    struct cairn_kv_key segment;
    *node = root;
    for (size_t at = 0; kv_segment_next(key, &at, &segment);) {
        if ((*node)->kind != CAIRN_KV_DICTIONARY) return CAIRN_ENOTDIR;
        *node = kv_mem_find((*node)->inner, segment);
        if (!*node) return CAIRN_ENOENT;
    }
    return CAIRN_OK;
}

enum cairn_err kv_mem_place_own(struct kv_mem *mem, struct kv_mem_node **root,
                                struct cairn_kv_key dictionary, struct cairn_kv_key name,
                                struct kv_mem_place *place)
{
    struct cairn_kv_key segment;
    enum cairn_err err = kv_mem_own(&mem->pool, root);
    *place = (struct kv_mem_place){ .dictionary = dictionary, .name = name, .above = *root };
    for (size_t at = 0; !err; place->above = place->node) {
        bool last = !kv_segment_next(dictionary, &at, &segment);
        if (last) segment = name;
        err = kv_mem_way_own(&mem->pool, &place->above->inner, segment, &place->way);
        if (err) break;
        place->node = *kv_mem_way_end(&place->way);
        if (last || !place->node) break;
        if (place->node->kind != CAIRN_KV_DICTIONARY) err = CAIRN_ENOTDIR;
        place->missing_at = at;
    }
    return err;
}

/* A dictionary that holds node and nothing else. */
static struct kv_mem_node *wrap(struct kv_mem *mem, struct cairn_kv_key name,
                                struct kv_mem_node *node, int64_t now_ns)
{
    struct kv_mem_node *dictionary = kv_mem_node_new(&mem->pool, CAIRN_KV_DICTIONARY, name, 0);
    if (!dictionary) return NULL;
    dictionary->inner = node;
    dictionary->u.modified_ns = now_ns;
    return dictionary;
}

/* From the name upward, so that the tree is touched once, at the end. */
enum cairn_err kv_mem_place_fill(struct kv_mem *mem, struct kv_mem_place *place,
                                 struct kv_mem_node *node, int64_t now_ns)
{
    struct cairn_kv_key missing = place->dictionary;
    for (; missing.bytes > place->missing_at; missing = kv_parent(missing)) {
        struct kv_mem_node *dictionary = wrap(mem, kv_last(missing), node, now_ns);
        if (!dictionary) {
            kv_mem_release(&mem->pool, node);
            return CAIRN_ENOSPC;
        }
        node = dictionary;
    }
    kv_mem_insert(&place->way, node);
    place->above->u.modified_ns = now_ns;
    return CAIRN_OK;
}
