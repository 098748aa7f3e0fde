/* SPDX-License-Identifier: ISC */
/*
 * A chunk is spread out by pages to be changed, and folded into runs again. Invariant: a page that
 * any record has as written is never written to again.
 */
#include "value.h"

#include <cairn/bytes.h>

/* A page of a chunk. */
struct spread {
    uint64_t page; /* 0: a hole */
    uint64_t birth;
    struct cairn_hash128 hash;
    bool reserved, in_place;
};

static void spread_out(const struct kvn_chunk *chunk, struct spread pages[KVN_CHUNK_PAGES_MAX])
{
    memset(pages, 0, KVN_CHUNK_PAGES_MAX * sizeof *pages);
    for (uint32_t r = 0; chunk && r < chunk->runs; r++) {
        const struct kvn_run *run = &chunk->run[r];
        for (uint32_t i = 0; i < run->count; i++)
            pages[run->first + i] =
                (struct spread){ run->page + i, run->birth, chunk->hash[run->first + i],
                                 run->reserved, run->in_place };
    }
}

static bool goes_on(const struct kvn_run *run, uint32_t at, const struct spread *page)
{
    return run->first + run->count == at && run->page + run->count == page->page &&
           run->birth == page->birth && run->reserved == page->reserved &&
           run->in_place == page->in_place;
}

static void fold(const struct spread pages[KVN_CHUNK_PAGES_MAX], struct kvn_chunk *chunk)
{
    memset(chunk, 0, sizeof *chunk);
    for (uint32_t i = 0; i < KVN_CHUNK_PAGES_MAX; i++) {
        struct kvn_run *last = chunk->runs ? &chunk->run[chunk->runs - 1] : NULL;
        if (!pages[i].page) continue;
        chunk->hash[i] = pages[i].hash;
        if (last && goes_on(last, i, &pages[i]))
            last->count++;
        else
            chunk->run[chunk->runs++] = (struct kvn_run){ .first = (uint8_t)i,
                                                          .count = 1,
                                                          .reserved = pages[i].reserved,
                                                          .in_place = pages[i].in_place,
                                                          .page = pages[i].page,
                                                          .birth = pages[i].birth };
    }
}

static uint64_t block_of(const struct kvn_values *values, uint64_t page)
{
    return page * (values->page_bytes / cairn_blk_info(values->dev)->block_bytes);
}

static uint32_t blocks_of(const struct kvn_values *values, uint32_t pages)
{
    return pages * (values->page_bytes / cairn_blk_info(values->dev)->block_bytes);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum cairn_err page_judge(const struct spread *page, const uint8_t *bytes,
                                 uint32_t page_bytes, struct cairn_why *why)
{
    struct cairn_hash128 hash = cairn_hash128(bytes, page_bytes);
    if (hash.low == page->hash.low && hash.high == page->hash.high) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "page %llu, of a value, does not have its hash",
                          (unsigned long long)page->page);
}

/* Read count adjacent pages, and judge them. */
static enum cairn_err pages_read(struct kvn_values *values, const struct spread *pages,
                                 uint32_t count, void *data, struct cairn_why *why)
{
    cairn_lock_drop(values->lock);
    enum cairn_err err = cairn_blk_read(values->dev, block_of(values, pages->page),
                                        blocks_of(values, count), data, why);
    for (uint32_t i = 0; !err && i < count; i++)
        err = page_judge(&pages[i], (uint8_t *)data + (size_t)i * values->page_bytes,
                         values->page_bytes, why);
    cairn_lock_take(values->lock);
    return err;
}

/* Pages from `at` on, up to `most`, that lie one behind the other and hold data. */
static uint32_t run_length(const struct spread *pages, uint32_t at, uint32_t most)
{
    uint32_t count = 1;
    while (count < most && pages[at + count].page == pages[at].page + count &&
           !pages[at + count].reserved)
        count++;
    return count;
}

static bool is_aligned(const struct kvn_values *values, const void *data)
{
    return ((uintptr_t)data & (cairn_blk_info(values->dev)->mem_align - 1)) == 0;
}

/* A part of one page by way of bounce, or zeros where there is none. */
static enum cairn_err part_read(struct kvn_values *values, const struct spread *page, uint32_t skip,
                                void *data, uint32_t bytes, uint8_t *bounce, struct cairn_why *why)
{
    if (!page->page || page->reserved) {
        memset(data, 0, bytes);
        return CAIRN_OK;
    }
    enum cairn_err err = pages_read(values, page, 1, bounce, why);
    if (!err) memcpy(data, bounce + skip, bytes);
    return err;
}

enum cairn_err kvn_chunk_read(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint32_t offset, void *data, uint32_t bytes, uint8_t *bounce,
                              struct cairn_why *why)
{
    struct spread pages[KVN_CHUNK_PAGES_MAX];
    uint8_t *to = data;
    enum cairn_err err = CAIRN_OK;
    spread_out(chunk, pages);
    while (bytes && !err) {
        uint32_t at = offset / values->page_bytes;
        uint32_t skip = offset % values->page_bytes;
        uint32_t whole = skip ? 0 : bytes / values->page_bytes;
        uint32_t done = values->page_bytes - skip;
        if (whole && pages[at].page && !pages[at].reserved && is_aligned(values, to)) {
            uint32_t count = run_length(pages, at, whole);
            done = count * values->page_bytes;
            err = pages_read(values, &pages[at], count, to, why);
        } else {
            done = done < bytes ? done : bytes;
            err = part_read(values, &pages[at], skip, to, done, bounce, why);
        }
        to += done;
        offset += done;
        bytes -= done;
    }
    return err;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The pages that a write touches, and what they will be. */
struct change {
    uint32_t first, count;
    uint32_t fresh; /* of them, allocated for this */
    bool is_fresh[KVN_CHUNK_PAGES_MAX];
    struct spread pages[KVN_CHUNK_PAGES_MAX];
};

/* The whole pages as they will be, in bounce one behind the other. */
static enum cairn_err image(struct kvn_values *values, const struct change *change, uint32_t offset,
                            const void *data, uint32_t bytes, uint8_t *bounce,
                            struct cairn_why *why)
{
    uint32_t size = values->page_bytes;
    for (uint32_t i = change->first; i < change->first + change->count; i++) {
        const struct spread *page = &change->pages[i];
        bool covered = i * size >= offset && (i + 1) * size <= offset + bytes;
        if (covered) continue;
        enum cairn_err err = CAIRN_OK;
        uint8_t *to = bounce + (size_t)(i - change->first) * size;
        if (!page->page || page->reserved)
            memset(to, 0, size);
        else
            err = pages_read(values, page, 1, to, why);
        if (err) return err;
    }
    memcpy(bounce + (offset - change->first * size), data, bytes);
    return CAIRN_OK;
}

/* The page of `page->page` is not used any more. One that was allocated while a checkpoint runs is
 * not in what that writes anyway, and is free as soon as it has. */
static enum cairn_err page_free(struct kvn_values *values, const struct spread *page,
                                struct cairn_why *why)
{
    values->pages--;
    if (values->is_early && page->birth == values->generation)
        for (uint32_t i = 0; i < values->early_count; i++) {
            struct kvn_early *early = &values->early[i];
            if (page->page - early->first >= early->count) continue;
            early->dropped |= (uint16_t)(1u << (page->page - early->first));
            return CAIRN_OK;
        }
    return kvn_space_free(values->space, page->page, 1, why);
}

static enum cairn_err give_back(struct kvn_values *values, const struct change *change,
                                struct cairn_why *why)
{
    for (uint32_t i = 0; i < KVN_CHUNK_PAGES_MAX; i++) {
        if (!change->is_fresh[i]) continue;
        enum cairn_err err = page_free(values, &change->pages[i], why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* Room for it was made before: kvn_values_early_full. */
static void note_early(struct kvn_values *values, uint64_t first, uint32_t count)
{
    if (values->is_early)
        values->early[values->early_count++] = (struct kvn_early){ first, (uint16_t)count, 0 };
}

/* Is it reserved, and by nothing but the newest state? */
static bool is_mine(const struct kvn_values *values, const struct spread *page)
{
    return page->reserved && page->birth > values->snapshot_generation;
}

/* A page for each that is touched and has no reserved one. */
static enum cairn_err allocate(struct kvn_values *values, struct change *change,
                               struct cairn_why *why)
{
    uint64_t first = 0;
    uint32_t left = 0;
    uint32_t want = 0;
    for (uint32_t i = change->first; i < change->first + change->count; i++)
        want += !is_mine(values, &change->pages[i]);
    for (uint32_t i = change->first; i < change->first + change->count; i++) {
        struct spread *page = &change->pages[i];
        if (is_mine(values, page)) {
            page->reserved = false;
            page->in_place = true;
            continue;
        }
        if (!left) {
            enum cairn_err err =
                kvn_space_alloc(values->space, want - change->fresh, &first, &left, why);
            if (err) return give_back(values, change, NULL) ? CAIRN_ECORRUPT : err;
            values->pages += left;
            note_early(values, first, left);
        }
        *page = (struct spread){ .page = first++, .birth = values->generation };
        change->is_fresh[i] = true;
        change->fresh++;
        left--;
    }
    return CAIRN_OK;
}

/* A request for each run of adjacent pages, all in one batch. */
static enum cairn_err pages_write(struct kvn_values *values, const struct change *change,
                                  uint8_t *bounce, struct cairn_why *why)
{
    struct cairn_blk_seg segs[KVN_CHUNK_PAGES_MAX];
    struct cairn_blk_req reqs[KVN_CHUNK_PAGES_MAX];
    uint32_t runs = 0;
    for (uint32_t i = change->first; i < change->first + change->count;) {
        uint32_t count = run_length(change->pages, i, change->first + change->count - i);
        segs[runs] =
            (struct cairn_blk_seg){ bounce + (size_t)(i - change->first) * values->page_bytes,
                                    (size_t)count * values->page_bytes };
        reqs[runs] = (struct cairn_blk_req){ .op = CAIRN_BLK_WRITE,
                                             .block = block_of(values, change->pages[i].page),
                                             .count = blocks_of(values, count),
                                             .segs = &segs[runs],
                                             .seg_count = 1,
                                             .why = why };
        runs++;
        i += count;
    }
    cairn_lock_drop(values->lock);
    enum cairn_err err = cairn_blk_submit(values->dev, reqs, runs);
    cairn_lock_take(values->lock);
    return err;
}

uint32_t kvn_chunk_wants(const struct kvn_values *values, const struct kvn_chunk *chunk,
                         uint32_t offset, uint32_t bytes, bool *grows)
{
    struct spread pages[KVN_CHUNK_PAGES_MAX];
    uint32_t wants = 0;
    *grows = false;
    spread_out(chunk, pages);
    for (uint32_t at = offset / values->page_bytes; at * values->page_bytes < offset + bytes;
         at++) {
        if (is_mine(values, &pages[at])) continue;
        wants++;
        if (!pages[at].page || pages[at].birth <= values->snapshot_generation) *grows = true;
    }
    return wants;
}

enum cairn_err kvn_chunk_write(struct kvn_values *values, const struct kvn_chunk *chunk,
                               uint32_t offset, const void *data, uint32_t bytes,
                               struct kvn_chunk *changed, uint8_t *bounce, struct cairn_why *why)
{
    uint32_t size = values->page_bytes;
    struct change change = { .first = offset / size };
    change.count = (offset + bytes + size - 1) / size - change.first;
    spread_out(chunk, change.pages);
    enum cairn_err err = image(values, &change, offset, data, bytes, bounce, why);
    if (!err) err = allocate(values, &change, why);
    if (err) return err;
    for (uint32_t i = change.first; i < change.first + change.count; i++)
        change.pages[i].hash = cairn_hash128(bounce + (size_t)(i - change.first) * size, size);
    err = pages_write(values, &change, bounce, why);
    if (err) return give_back(values, &change, NULL) ? CAIRN_ECORRUPT : err;
    fold(change.pages, changed);
    return CAIRN_OK;
}

enum cairn_err kvn_chunk_reserve(struct kvn_values *values, uint32_t bytes, struct kvn_chunk *chunk,
                                 struct cairn_why *why)
{
    struct change change = { .count = (bytes + values->page_bytes - 1) / values->page_bytes };
    enum cairn_err err = allocate(values, &change, why);
    if (err) return err;
    for (uint32_t i = 0; i < change.count; i++)
        change.pages[i].reserved = true;
    fold(change.pages, chunk);
    return CAIRN_OK;
}

/* ---- freeing, replaying --------------------------------------------------------------------- */

enum cairn_err kvn_chunk_free_but(struct kvn_values *values, const struct kvn_chunk *chunk,
                                  const struct kvn_chunk *kept, uint64_t born,
                                  struct cairn_why *why)
{
    struct spread had[KVN_CHUNK_PAGES_MAX];
    struct spread has[KVN_CHUNK_PAGES_MAX];
    spread_out(chunk, had);
    spread_out(kept, has);
    for (uint32_t i = 0; i < KVN_CHUNK_PAGES_MAX; i++) {
        if (!had[i].page || had[i].page == has[i].page) continue;
        if (had[i].birth < born || had[i].birth <= values->snapshot_generation) continue;
        enum cairn_err err = page_free(values, &had[i], why);
        if (err) return err;
    }
    return CAIRN_OK;
}

enum cairn_err kvn_chunk_mark(struct kvn_values *values, const struct kvn_chunk *chunk,
                              uint64_t durable_generation, struct cairn_why *why)
{
    for (uint32_t r = 0; r < chunk->runs; r++) {
        const struct kvn_run *run = &chunk->run[r];
        if (run->birth <= durable_generation) continue;
        uint64_t before = values->space->free_now;
        enum cairn_err err = kvn_space_mark(values->space, run->page, run->count, why);
        if (err) return err;
        values->pages += before - values->space->free_now; /* several records may have a page */
    }
    return CAIRN_OK;
}

/* ---- beside a checkpoint -------------------------------------------------------------------- */

uint64_t kvn_early_pages(const struct kvn_values *values)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < values->early_count; i++)
        for (uint32_t p = 0; p < values->early[i].count; p++)
            pages += !(values->early[i].dropped >> p & 1);
    return pages;
}

enum cairn_err kvn_early_hide(struct kvn_values *values, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < values->early_count; i++)
        err = kvn_space_hide(values->space, values->early[i].first, values->early[i].count, why);
    return err;
}

/* What was given back meanwhile is freed in the generation that it belongs to: the log may speak of
 * it until that is durable (space.h, 4). */
static enum cairn_err show_one(struct kvn_values *values, const struct kvn_early *early,
                               struct cairn_why *why)
{
    enum cairn_err err = kvn_space_mark(values->space, early->first, early->count, why);
    for (uint32_t p = 0; !err && p < early->count; p++)
        if (early->dropped >> p & 1) err = kvn_space_free(values->space, early->first + p, 1, why);
    return err;
}

enum cairn_err kvn_early_show(struct kvn_values *values, struct cairn_why *why)
{
    enum cairn_err err = CAIRN_OK;
    for (uint32_t i = 0; !err && i < values->early_count; i++)
        err = show_one(values, &values->early[i], why);
    values->early_count = 0;
    values->is_early = false;
    return err;
}

enum cairn_err kvn_chunk_verify(struct kvn_values *values, const struct kvn_chunk *chunk,
                                uint64_t durable_generation, uint8_t *bounce, bool *whole,
                                struct cairn_why *why)
{
    struct spread pages[KVN_CHUNK_PAGES_MAX];
    spread_out(chunk, pages);
    *whole = true;
    for (uint32_t i = 0; i < KVN_CHUNK_PAGES_MAX && *whole; i++) {
        if (!pages[i].page || pages[i].reserved) continue;
        if (pages[i].birth <= durable_generation && !pages[i].in_place) continue;
        enum cairn_err err = pages_read(values, &pages[i], 1, bounce, why);
        if (err == CAIRN_ECORRUPT) *whole = false;
        if (err && err != CAIRN_ECORRUPT) return err;
    }
    return CAIRN_OK;
}
