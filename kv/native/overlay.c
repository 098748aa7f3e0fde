/* SPDX-License-Identifier: ISC */
/*
 * Invariants:
 *
 * 1. An entry never moves nor goes before the overlay is cleared: the index points to it.
 * 2. Nothing changes when memory is short: pages are taken before the first change.
 */
#include "overlay.h"

#include <cairn/bytes.h>

#define SPARE_MOST 8u /* an eighth where pages are few */

/* Beginning of each page that the overlay has. */
struct page {
    struct page *next;
};

/* ---- memory --------------------------------------------------------------------------------- */

uint32_t kvn_overlay_spare(const struct kvn_pool *pool)
{
    return pool->take_max / 8 < SPARE_MOST ? pool->take_max / 8 : SPARE_MOST;
}

static void *page_take(struct kvn_overlay *overlay)
{
    struct kvn_pool *pool = overlay->pool;
    if (pool->taken + kvn_overlay_spare(pool) >= pool->take_max) return NULL;
    struct page *page = (struct page *)(void *)kvn_pool_take(pool);
    if (!page) return NULL;
    page->next = overlay->text_pages;
    overlay->text_pages = page;
    overlay->pages++;
    return page;
}

/* The page that was taken last. */
static void page_untake(struct kvn_overlay *overlay)
{
    struct page *page = overlay->text_pages;
    overlay->text_pages = page->next;
    overlay->pages--;
    kvn_pool_give(overlay->pool, (uint8_t *)page);
}

static uint32_t padded(size_t bytes)
{
    return (uint32_t)(bytes + 7) & ~7u;
}

/* Is there text for so many bytes, in one piece? Takes a page when not. */
static bool text_ready(struct kvn_overlay *overlay, uint32_t bytes)
{
    if (bytes <= overlay->text_left) return true;
    uint8_t *page = page_take(overlay);
    if (!page) return false;
    overlay->text = page + sizeof(struct page);
    overlay->text_left = overlay->pool->page_bytes - (uint32_t)sizeof(struct page);
    return bytes <= overlay->text_left;
}

static void *text_take(struct kvn_overlay *overlay, uint32_t bytes)
{
    void *at = overlay->text;
    overlay->text = (uint8_t *)at + bytes;
    overlay->text_left -= bytes;
    return at;
}

void kvn_overlay_init(struct kvn_overlay *overlay, struct kvn_pool *pool)
{
    *overlay = (struct kvn_overlay){ .pool = pool };
}

void kvn_overlay_clear(struct kvn_overlay *overlay)
{
    while (overlay->text_pages)
        page_untake(overlay);
    kvn_index_clear(&overlay->index);
    *overlay = (struct kvn_overlay){ .pool = overlay->pool, .index = overlay->index };
}

/* ---- searching ------------------------------------------------------------------------------ */

static const struct kvn_version *version_of(const struct kvn_entry *entry, uint64_t number)
{
    const struct kvn_version *version = entry->newest;
    while (version && version->number > number)
        version = version->older;
    return version;
}

const struct kvn_version *kvn_overlay_find(const struct kvn_overlay *overlay, struct kvn_slice key,
                                           uint64_t number)
{
    struct kvn_index_path path;
    if (!kvn_index_find(&overlay->index, key, &path)) return NULL;
    return version_of(kvn_index_entry(&overlay->index, &path), number);
}

/* From `entry` on, where the walk's path is, to one that has a version. */
static const struct kvn_entry *settle(struct kvn_overlay_walk *walk, const struct kvn_entry *entry,
                                      uint64_t number)
{
    for (; entry; entry = kvn_index_next(&walk->overlay->index, &walk->path)) {
        walk->version = version_of(entry, number);
        if (walk->version) break;
    }
    walk->entry = entry;
    return entry;
}

static const struct kvn_entry *search(struct kvn_overlay_walk *walk, struct kvn_slice key,
                                      bool behind, uint64_t number)
{
    const struct kvn_index *index = &walk->overlay->index;
    bool equal = kvn_index_find(index, key, &walk->path);
    const struct kvn_entry *entry =
        equal && behind ? kvn_index_next(index, &walk->path) : kvn_index_entry(index, &walk->path);
    return settle(walk, entry, number);
}

const struct kvn_entry *kvn_overlay_seek(struct kvn_overlay_walk *walk,
                                         const struct kvn_overlay *overlay, struct kvn_slice key,
                                         bool behind, uint64_t number)
{
    const struct kvn_index *index = &overlay->index;
    bool goes_on = walk->overlay == overlay && walk->changes == index->changes && walk->entry;
    walk->overlay = overlay;
    walk->changes = index->changes;
    if (!goes_on) return search(walk, key, behind, number);
    int order = kvn_slice_compare(kvn_entry_key(walk->entry), key);
    if (order < 0) return search(walk, key, behind, number);
    if (order == 0 && behind) return settle(walk, kvn_index_next(index, &walk->path), number);
    return settle(walk, walk->entry, number);
}

/* ---- adding keys ---------------------------------------------------------------------------- */

/* Cells of the index for splits at this place. Those of a page that is taken for it stay its own.
 */
static bool cells_ready(struct kvn_overlay *overlay, const struct kvn_index_path *path)
{
    struct kvn_index *index = &overlay->index;
    uint32_t wants = kvn_index_wants(index, path);
    if (wants == UINT32_MAX) return false;
    while (index->cell_count < wants) {
        uint8_t *page = page_take(overlay);
        if (!page) return false;
        uint32_t end = overlay->pool->page_bytes;
        for (uint32_t at = KVN_CELL_ALIGN; at + KVN_CELL_BYTES <= end; at += KVN_CELL_BYTES)
            kvn_index_give(index, page + at);
    }
    return true;
}

static struct kvn_entry *entry_make(struct kvn_overlay *overlay, struct kvn_slice key)
{
    struct kvn_entry *entry =
        text_take(overlay, padded(offsetof(struct kvn_entry, key) + key.bytes));
    entry->newest = NULL;
    entry->bytes = (uint16_t)key.bytes;
    memcpy(entry->key, key.data, key.bytes);
    overlay->entries++;
    overlay->key_bytes += key.bytes;
    return entry;
}

/* The key's entry, made when there is none; and text for a version of it. NULL: no memory. */
static struct kvn_entry *entry_ready(struct kvn_overlay *overlay, struct kvn_slice key,
                                     uint32_t version_bytes)
{
    struct kvn_index_path path;
    if (kvn_index_find(&overlay->index, key, &path))
        return text_ready(overlay, version_bytes) ? kvn_index_entry(&overlay->index, &path) : NULL;
    uint32_t entry_bytes = padded(offsetof(struct kvn_entry, key) + key.bytes);
    if (!cells_ready(overlay, &path) || !text_ready(overlay, entry_bytes + version_bytes))
        return NULL;
    struct kvn_entry *entry = entry_make(overlay, key);
    kvn_index_insert(&overlay->index, &path, entry);
    return entry;
}

/* ---- versions ------------------------------------------------------------------------------- */

static void stage(struct kvn_overlay *overlay, struct kvn_version *version)
{
    if (overlay->last_staged)
        overlay->last_staged->staged = version;
    else
        overlay->first_staged = version;
    overlay->last_staged = version;
    overlay->versions++;
    overlay->record_bytes += version->bytes;
}

enum cairn_err kvn_overlay_put(struct kvn_overlay *overlay, struct kvn_slice key,
                               const struct kvn_slice *record, uint64_t number,
                               struct cairn_why *why)
{
    uint32_t bytes = record ? record->bytes : 0;
    uint32_t takes = padded(offsetof(struct kvn_version, record) + bytes);
    struct kvn_entry *entry = entry_ready(overlay, key, takes);
    if (!entry) return cairn_why_fail(why, CAIRN_ENOMEM, "no memory for further changes");
    struct kvn_version *version = text_take(overlay, takes);
    *version = (struct kvn_version){ .older = entry->newest,
                                     .entry = entry,
                                     .number = number,
                                     .bytes = (uint16_t)bytes,
                                     .removed = !record };
    if (bytes) memcpy(version->record, record->data, bytes);
    if (!entry->newest) overlay->index.changes++; /* walks passed it by */
    entry->newest = version;
    stage(overlay, version);
    return CAIRN_OK;
}

/* Marked as it goes, so that of several versions of one key the first decides. */
static void take_back(struct kvn_overlay *overlay, struct kvn_version *version)
{
    if (!version->older || version->older->number != UINT64_MAX)
        version->entry->newest = version->older;
    version->number = UINT64_MAX;
    overlay->versions--;
    overlay->record_bytes -= version->bytes;
}

void kvn_overlay_undo(struct kvn_overlay *overlay, struct kvn_version *mark)
{
    struct kvn_version *version = mark ? mark->staged : overlay->first_staged;
    for (; version; version = version->staged)
        take_back(overlay, version);
    if (mark)
        mark->staged = NULL;
    else
        overlay->first_staged = NULL;
    overlay->last_staged = mark;
}
