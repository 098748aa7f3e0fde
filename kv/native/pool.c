/* SPDX-License-Identifier: ISC */
/*
 * Frames, found by a hash table of their numbers, and given up by a clock's hand.
 *
 * Invariants:
 * 1. A frame with a page is in the table, and no other one has that page; so whoever wants a page
 *    that is being read finds the frame, and waits.
 * 2. A frame whose page was dropped while it was pinned has no page, and comes back to the hand
 *    when it is let go.
 * 3. Whoever reads has the only pin, and nobody looks at the bytes before they were checked.
 */
#include "pool.h"

#include <cairn/bytes.h>

#include "codec.h"

#define FRAMES_LEAST 16u
#define ALIGN_LEAST 4096u /* frames begin where a machine's pages do */
#define LINE_BYTES 64u
#define FETCH_BYTES 512u
#define SPARE_STEPS 8u /* how far insert looks for a frame */

enum state { FREE, IDLE, READING, TAKEN };

/* One page that is to be read. */
struct load {
    struct kvn_frame *frame;
    const struct kvn_pointer *pointer;
    uint32_t req; /* which of the requests has it */
    enum cairn_err err;
};

/* ---- the table ------------------------------------------------------------------------------- */

static uint32_t *bucket_of(const struct kvn_pool *pool, uint64_t page)
{
    return &pool->buckets[(uint32_t)((page * UINT64_C(0x9e3779b97f4a7c15)) >> 32) &
                          pool->bucket_mask];
}

/* What a search looks at first: the head, the prefix, and the slots of a leaf. */
static void fetch(const uint8_t *page)
{
    for (uint32_t at = 0; at < FETCH_BYTES; at += LINE_BYTES)
        __builtin_prefetch(page + at);
}

static struct kvn_frame *find(const struct kvn_pool *pool, uint64_t page)
{
    uint32_t number = *bucket_of(pool, page);
    while (number) {
        struct kvn_frame *frame = &pool->frames[number - 1];
        fetch(pool->memory + (size_t)(number - 1) * pool->page_bytes);
        if (frame->page == page) return frame;
        number = frame->next;
    }
    return NULL;
}

static uint32_t number_of(const struct kvn_pool *pool, const struct kvn_frame *frame)
{
    return (uint32_t)(frame - pool->frames) + 1;
}

static void link_page(struct kvn_pool *pool, struct kvn_frame *frame, uint64_t page)
{
    uint32_t *bucket = bucket_of(pool, page);
    frame->page = page;
    frame->next = *bucket;
    *bucket = number_of(pool, frame);
}

static void unlink_page(struct kvn_pool *pool, struct kvn_frame *frame)
{
    uint32_t *at = bucket_of(pool, frame->page);
    while (*at != number_of(pool, frame))
        at = &pool->frames[*at - 1].next;
    *at = frame->next;
    frame->page = 0;
}

/* ---- which frame to use ---------------------------------------------------------------------- */

static void free_push(struct kvn_pool *pool, struct kvn_frame *frame)
{
    frame->state = FREE;
    frame->next = pool->free;
    pool->free = number_of(pool, frame);
}

static struct kvn_frame *free_pop(struct kvn_pool *pool)
{
    if (!pool->free) return NULL;
    struct kvn_frame *frame = &pool->frames[pool->free - 1];
    pool->free = frame->next;
    return frame;
}

static bool is_loose(const struct kvn_frame *frame)
{
    return frame->state == IDLE && frame->pins == 0;
}

static struct kvn_frame *hand_step(struct kvn_pool *pool)
{
    struct kvn_frame *frame = &pool->frames[pool->hand];
    pool->hand = pool->hand + 1 < pool->frame_count ? pool->hand + 1 : 0;
    return frame;
}

/* A frame that is in no list and has no page, or NULL. */
static struct kvn_frame *claim(struct kvn_pool *pool)
{
    struct kvn_frame *frame = free_pop(pool);
    for (uint64_t steps = 0; !frame && steps < UINT64_C(2) * pool->frame_count; steps++) {
        struct kvn_frame *here = hand_step(pool);
        if (is_loose(here) && !here->recent) frame = here;
        if (is_loose(here)) here->recent = false;
    }
    if (frame && frame->page) unlink_page(pool, frame);
    return frame;
}

/* The same, but only when it costs nobody a page that was used lately. */
static struct kvn_frame *claim_spare(struct kvn_pool *pool)
{
    struct kvn_frame *frame = free_pop(pool);
    for (uint32_t steps = 0; !frame && steps < SPARE_STEPS; steps++) {
        struct kvn_frame *here = hand_step(pool);
        if (is_loose(here) && !here->recent) frame = here;
    }
    if (frame && frame->page) unlink_page(pool, frame);
    return frame;
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum cairn_err differs(const struct kvn_pointer *pointer, struct cairn_why *why,
                              const char *what)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ECORRUPT, "page %llu of the tree: %s",
                                        (unsigned long long)pointer->page, what);
    cairn_why_hint(why, "check the store; older generations and snapshots may have what is lost");
    return err;
}

/* Is what was read the page that the pointer is to? */
static enum cairn_err verify(const struct kvn_pool *pool, const struct kvn_pointer *pointer,
                             const uint8_t *bytes, uint8_t level, struct cairn_why *why)
{
    struct kvn_node_head head;
    if (!kvn_hash_equal(cairn_hash128(bytes, pool->page_bytes), pointer->hash))
        return differs(pointer, why, "not what was written there");
    enum cairn_err err = kvn_node_check(bytes, pool->page_bytes, &head, why);
    if (err) return err;
    if (head.page != pointer->page || head.birth != pointer->birth || head.uuid8 != pool->uuid8)
        return differs(pointer, why, "it belongs elsewhere");
    return head.level == level ? CAIRN_OK : differs(pointer, why, "it has the wrong level");
}

/* Requests for all loads, one for pages that lie together; how many. */
static uint32_t requests_make(const struct kvn_pool *pool, struct load *loads, uint32_t count,
                              struct cairn_blk_req *reqs, struct cairn_blk_seg *segs,
                              struct cairn_why *why)
{
    uint32_t used = 0, blocks = pool->page_bytes / cairn_blk_info(pool->dev)->block_bytes;
    for (uint32_t i = 0; i < count; i++) {
        segs[i] = (struct cairn_blk_seg){ loads[i].frame->bytes, pool->page_bytes };
        if (i > 0 && loads[i].pointer->page == loads[i - 1].pointer->page + 1) {
            reqs[used - 1].count += blocks;
            reqs[used - 1].seg_count++;
        } else {
            reqs[used++] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                                   .block = loads[i].pointer->page * blocks,
                                                   .count = blocks,
                                                   .segs = &segs[i],
                                                   .seg_count = 1,
                                                   .why = why };
        }
        loads[i].req = used - 1;
    }
    return used;
}

/* Read and check, without the lock; each load has its result. */
static void transfer(struct kvn_pool *pool, struct load *loads, uint32_t count, uint8_t level,
                     struct cairn_why *why)
{
    struct cairn_blk_req reqs[KVN_AHEAD_MAX];
    struct cairn_blk_seg segs[KVN_AHEAD_MAX];
    uint32_t used = requests_make(pool, loads, count, reqs, segs, why);
    pool->reads += count;
    cairn_lock_drop(pool->lock);
    enum cairn_err all = cairn_blk_submit(pool->dev, reqs, used);
    for (uint32_t i = 0; i < count; i++) {
        struct load *load = &loads[i];
        load->err = all ? reqs[load->req].status : CAIRN_OK;
        if (!load->err) load->err = verify(pool, load->pointer, load->frame->bytes, level, why);
    }
    cairn_lock_take(pool->lock);
}

static enum cairn_err no_frame(const struct kvn_pool *pool, struct cairn_why *why)
{
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "all %u pages of memory are in use", pool->frame_count);
    cairn_why_hint(why, "open the store with more memory");
    return err;
}

/* A frame for a page that is not here, pinned, and being read from now on. */
static enum cairn_err load_begin(struct kvn_pool *pool, struct load *load,
                                 const struct kvn_pointer *pointer, struct cairn_why *why)
{
    uint64_t blocks = pool->page_bytes / cairn_blk_info(pool->dev)->block_bytes;
    if (!pointer->page || pointer->page >= cairn_blk_info(pool->dev)->block_count / blocks)
        return differs(pointer, why, "there is no such page");
    struct kvn_frame *frame = claim(pool);
    if (!frame) return no_frame(pool, why);
    link_page(pool, frame, pointer->page);
    frame->state = READING;
    frame->pins = 1;
    *load = (struct load){ .frame = frame, .pointer = pointer };
    return CAIRN_OK;
}

/* What was read stays, still pinned, unless it is no good. */
static void load_end(struct kvn_pool *pool, const struct load *load)
{
    struct kvn_frame *frame = load->frame;
    frame->state = IDLE;
    if (!load->err) return;
    if (frame->page) unlink_page(pool, frame);
    frame->pins = 0;
    free_push(pool, frame);
}

static enum cairn_err read_one(struct kvn_pool *pool, const struct kvn_pointer *pointer,
                               uint8_t level, struct kvn_frame **frame, struct cairn_why *why)
{
    struct load load = { .pointer = NULL };
    enum cairn_err err = load_begin(pool, &load, pointer, why);
    if (err || !load.frame) return err;
    transfer(pool, &load, 1, level, why);
    load_end(pool, &load);
    cairn_cond_broadcast(&pool->read);
    load.frame->recent = true;
    *frame = load.frame;
    return load.err;
}

/* The page is here: but is it the one that this pointer is to? */
static enum cairn_err hit(struct kvn_pool *pool, struct kvn_frame *found,
                          const struct kvn_pointer *pointer, uint8_t level,
                          struct kvn_frame **frame, struct cairn_why *why)
{
    if (found->bytes[4] != level || cairn_le64(found->bytes + 16) != pointer->birth)
        return differs(pointer, why, "two pointers to it say different things");
    found->pins++;
    found->recent = true;
    pool->hits++;
    *frame = found;
    return CAIRN_OK;
}

enum cairn_err kvn_pool_get(struct kvn_pool *pool, const struct kvn_pointer *pointer, uint8_t level,
                            struct kvn_frame **frame, struct cairn_why *why)
{
    struct kvn_frame *found = find(pool, pointer->page);
    while (found && found->state == READING) {
        cairn_cond_wait(&pool->read, pool->lock);
        found = find(pool, pointer->page);
    }
    if (found) return hit(pool, found, pointer, level, frame, why);
    return read_one(pool, pointer, level, frame, why);
}

void kvn_pool_put(struct kvn_frame *frame)
{
    frame->pins--;
}

void kvn_pool_ahead(struct kvn_pool *pool, const struct kvn_pointer *pointers, uint32_t count,
                    uint8_t level)
{
    struct load loads[KVN_AHEAD_MAX];
    uint32_t used = 0, most = pool->frame_count / 8;
    if (most > KVN_AHEAD_MAX) most = KVN_AHEAD_MAX;
    for (uint32_t i = 0; i < count && used < most; i++) {
        if (find(pool, pointers[i].page)) continue;
        loads[used].frame = NULL;
        if (load_begin(pool, &loads[used], &pointers[i], NULL) || !loads[used].frame) continue;
        used++;
    }
    if (!used) return;
    transfer(pool, loads, used, level, NULL);
    for (uint32_t i = 0; i < used; i++) {
        load_end(pool, &loads[i]);
        if (loads[i].err) continue;
        loads[i].frame->recent = true;
        kvn_pool_put(loads[i].frame);
    }
    cairn_cond_broadcast(&pool->read);
}

/* ---- what was written, and what is gone ------------------------------------------------------ */

void kvn_pool_insert(struct kvn_pool *pool, uint64_t page, const uint8_t *bytes)
{
    kvn_pool_drop(pool, page);
    struct kvn_frame *frame = claim_spare(pool);
    if (!frame) return;
    memcpy(frame->bytes, bytes, pool->page_bytes);
    frame->state = IDLE;
    frame->pins = 0;
    frame->recent = false;
    link_page(pool, frame, page);
}

void kvn_pool_drop(struct kvn_pool *pool, uint64_t page)
{
    struct kvn_frame *frame = find(pool, page);
    if (!frame) return;
    unlink_page(pool, frame);
    frame->recent = false;
    if (is_loose(frame)) free_push(pool, frame);
}

/* ---- memory for others ----------------------------------------------------------------------- */

uint8_t *kvn_pool_take(struct kvn_pool *pool)
{
    struct kvn_frame *frame = pool->taken < pool->take_max ? claim(pool) : NULL;
    if (!frame) return NULL;
    frame->state = TAKEN;
    pool->taken++;
    return frame->bytes;
}

void kvn_pool_give(struct kvn_pool *pool, uint8_t *bytes)
{
    size_t at = (size_t)(bytes - pool->memory) / pool->page_bytes;
    free_push(pool, &pool->frames[at]);
    pool->taken--;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* Frames and buckets for as many pages as fit; false: too few. */
static bool layout(struct kvn_pool *pool, struct cairn_arena *arena, uint32_t align)
{
    size_t each = pool->page_bytes + sizeof(struct kvn_frame) + 2 * sizeof(uint32_t);
    size_t slack = align + 2 * sizeof(struct kvn_frame);
    if (arena->left < slack) return false;
    size_t count = (arena->left - slack) / each;
    if (count < FRAMES_LEAST) return false;
    pool->frame_count = count < (UINT32_C(1) << 30) ? (uint32_t)count : UINT32_C(1) << 30;
    uint32_t buckets = FRAMES_LEAST;
    while (buckets < pool->frame_count)
        buckets *= 2;
    pool->bucket_mask = buckets - 1;
    pool->frames = cairn_arena_array(arena, pool->frame_count, sizeof(struct kvn_frame), 8);
    pool->buckets = cairn_arena_array(arena, buckets, sizeof(uint32_t), 4);
    pool->memory = cairn_arena_take(arena, (size_t)pool->frame_count * pool->page_bytes, align);
    return pool->frames && pool->buckets && pool->memory;
}

enum cairn_err kvn_pool_init(struct kvn_pool *pool, struct cairn_arena *arena,
                             struct cairn_blk *dev, struct cairn_lock *lock, uint32_t page_bytes,
                             struct cairn_why *why)
{
    uint32_t align = cairn_blk_info(dev)->mem_align;
    *pool = (struct kvn_pool){ .dev = dev, .lock = lock, .page_bytes = page_bytes };
    if (!layout(pool, arena, align > ALIGN_LEAST ? align : ALIGN_LEAST))
        return cairn_why_fail(why, CAIRN_ENOMEM, "memory for fewer than %u pages of %u bytes",
                              FRAMES_LEAST, page_bytes);
    cairn_cond_init(&pool->read);
    pool->take_max = pool->frame_count / 2;
    for (uint32_t i = pool->frame_count; i-- > 0;) {
        pool->frames[i].bytes = pool->memory + (size_t)i * page_bytes;
        free_push(pool, &pool->frames[i]);
    }
    return CAIRN_OK;
}

void kvn_pool_destroy(struct kvn_pool *pool)
{
    cairn_cond_destroy(&pool->read);
}
