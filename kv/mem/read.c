/* SPDX-License-Identifier: ISC */
#include "mem.h"

/* Drop the lock; what failed is explained behind it. */
static enum cairn_err read_end(struct cairn_kv *kv, enum cairn_err err, struct cairn_kv_key key,
                               const char *what, struct cairn_why *why)
{
    cairn_lock_drop(&kv_mem_of(kv)->lock);
    return err ? kv_fail(kv, key, why, err, what) : CAIRN_OK;
}

enum cairn_err kv_mem_stat(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                           struct cairn_why *why)
{
    struct kv_mem_node *node;
    cairn_lock_take(&kv_mem_of(kv)->lock);
    enum cairn_err err = kv_mem_look(kv_mem_root(kv), key, &node);
    if (!err)
        *stat = (struct cairn_kv_stat){ (enum cairn_kv_kind)node->kind, node->size,
                                        node->u.modified_ns };
    return read_end(kv, err, key, "stat", why);
}

enum cairn_err kv_mem_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                          size_t bytes, size_t *done, struct cairn_why *why)
{
    struct kv_mem_node *node;
    cairn_lock_take(&kv_mem_of(kv)->lock);
    enum cairn_err err = kv_mem_look(kv_mem_root(kv), key, &node);
    if (!err && node->kind != CAIRN_KV_VALUE) err = CAIRN_EISDIR;
    if (!err && offset < node->size) {
        *done = (size_t)cairn_min_u64(bytes, node->size - offset);
        kv_mem_value_read(node, offset, data, *done);
    }
    return read_end(kv, err, key, "get", why);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Entries from the beginning of memory, names and values from its end. */
struct page {
    struct cairn_kv_entry *entries;
    size_t count;
    uint8_t *end; /* where names and values begin */
    bool values;
};

static size_t page_room(const struct page *page)
{
    return (size_t)(page->end - (uint8_t *)(page->entries + page->count));
}

/* What it takes with its value, or without where a page of its own would not do. */
static bool page_add(struct page *page, const struct kv_mem_node *node)
{
    size_t room = page_room(page), least = sizeof(struct cairn_kv_entry) + node->name_bytes;
    if (least > room) return false;
    bool value = page->values && node->kind == CAIRN_KV_VALUE;
    if (value && node->size > room - least) {
        if (page->count) return false;
        value = false;
    }
    struct cairn_kv_entry *entry = &page->entries[page->count++];
    page->end -= node->name_bytes;
    memcpy(page->end, node->name, node->name_bytes);
    *entry = (struct cairn_kv_entry){ .name = (const char *)page->end,
                                      .name_bytes = node->name_bytes,
                                      .kind = (enum cairn_kv_kind)node->kind,
                                      .size = node->size,
                                      .modified_ns = node->u.modified_ns };
    if (!value) return true;
    page->end -= node->size;
    kv_mem_value_read(node, 0, page->end, (size_t)node->size);
    entry->value = page->end;
    return true;
}

/* Of a tree, from a name on. */
static enum cairn_err page_fill(struct page *page, struct kv_mem_node *root,
                                struct cairn_kv_key from, bool behind, bool *end)
{
    struct kv_mem_walk walk;
    kv_mem_walk_begin(&walk, root, from, behind);
    while (kv_mem_walk_at(&walk) && page_add(page, kv_mem_walk_at(&walk)))
        kv_mem_walk_next(&walk);
    *end = !kv_mem_walk_at(&walk);
    return *end || page->count ? CAIRN_OK : CAIRN_ERANGE;
}

enum cairn_err kv_mem_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                           struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                           size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    struct page page = { mem, 0, (uint8_t *)mem + mem_bytes, flags & CAIRN_KV_VALUES };
    struct kv_mem_node *node;
    cairn_lock_take(&kv_mem_of(kv)->lock);
    enum cairn_err err = kv_mem_look(kv_mem_root(kv), dictionary, &node);
    if (!err && node->kind != CAIRN_KV_DICTIONARY) err = CAIRN_ENOTDIR;
    if (!err) err = page_fill(&page, node->inner, from, behind, end);
    *count = page.count;
    return read_end(kv, err, dictionary, "list", why);
}

/* A snapshot's size counts its views, which is nobody's business. */
enum cairn_err kv_mem_snapshot_list(struct cairn_kv *kv, struct cairn_kv_key from, bool behind,
                                    void *mem, size_t mem_bytes, size_t *count, bool *end,
                                    struct cairn_why *why)
{
    struct page page = { mem, 0, (uint8_t *)mem + mem_bytes, false };
    cairn_lock_take(&kv_mem_of(kv)->lock);
    enum cairn_err err = page_fill(&page, kv_mem_of(kv)->snapshots, from, behind, end);
    for (*count = 0; *count < page.count; ++*count)
        page.entries[*count].size = 0;
    return read_end(kv, err, from, "list snapshots", why);
}
