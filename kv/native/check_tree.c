/* SPDX-License-Identifier: ISC */
/* Walking a tree, page by page, each judged before it is gone into. */
#include "check.h"

#define NO_BOUND UINT32_MAX

enum cairn_err kvn_check_read(struct cairn_kv_check *check, uint64_t page, uint32_t count,
                              uint8_t *to)
{
    uint64_t blocks = check->super.page_bytes / cairn_blk_info(check->dev)->block_bytes;
    check->result.bytes_read += (uint64_t)count * check->super.page_bytes;
    return cairn_blk_read(check->dev, page * blocks, count * blocks, to, NULL);
}

/* ---- judging a page -------------------------------------------------------------------------- */

static void found(struct cairn_kv_check *check, enum cairn_kv_fault fault,
                  const struct kvn_pointer *pointer, const char *what)
{
    check->blind = true;
    if (!check->first_pass) return;
    kvn_check_found(check, fault, pointer->page, pointer->page, 0);
    kvn_check_say(check, "page %llu, of the tree: %s", (unsigned long long)pointer->page, what);
}

static bool bounds_hold(const uint8_t *page, struct kvn_slice low,
                        const struct kvn_check_bound *above)
{
    uint8_t key[KVN_KEY_MAX];
    struct kvn_slice first = { key, kvn_node_key(page, 0, key) };
    if (kvn_slice_compare(first, low) < 0) return false;
    struct kvn_slice last = { key, kvn_node_key(page, kvn_node_count(page) - 1, key) };
    struct kvn_slice bound = { above->key, above->bytes };
    return above->bytes == NO_BOUND || kvn_slice_compare(last, bound) < 0;
}

/* What the page says of itself is what its parent knows. */
static bool is_itself(const struct cairn_kv_check *check, const struct kvn_pointer *pointer,
                      uint8_t level, const struct kvn_node_head *head)
{
    return head->page == pointer->page && head->birth == pointer->birth && head->level == level &&
           head->uuid8 == cairn_le64(check->super.uuid) && head->birth <= check->walk.generation;
}

static bool page_is_good(struct cairn_kv_check *check, const struct kvn_pointer *pointer,
                         uint8_t level, struct kvn_slice low, const struct kvn_check_bound *above,
                         const uint8_t *page)
{
    struct kvn_node_head head;
    struct cairn_why why;
    uint32_t bytes = check->super.page_bytes;
    cairn_why_clear(&why);
    if (!kvn_hash_equal(cairn_hash128(page, bytes), pointer->hash))
        found(check, CAIRN_KV_FAULT_NODE_HASH, pointer,
              "it is not the one that its parent leads to");
    else if (kvn_node_check(page, bytes, &head, &why))
        found(check, CAIRN_KV_FAULT_NODE_FORM, pointer, why.what);
    else if (!is_itself(check, pointer, level, &head))
        found(check, CAIRN_KV_FAULT_NODE_SELF, pointer, "it says that it is another one");
    else if (!bounds_hold(page, low, above))
        found(check, CAIRN_KV_FAULT_NODE_BOUNDS, pointer, "its keys are not between its parent's");
    else
        return true;
    return false;
}

/* ---- marking --------------------------------------------------------------------------------- */

/* The page is of the tree; false: it was gone into before, or is something else's. */
static bool mark(struct cairn_kv_check *check, const struct kvn_pointer *pointer)
{
    struct kvn_check_window *pages = &check->pages;
    if (!kvn_check_in(pages, pointer->page)) return true;
    uint64_t at = pointer->page - pages->first;
    bool used = kvn_bit(pages->is, at), gone_into = kvn_bit(pages->also, at);
    if (!check->walk.newest && gone_into) return false;
    if (used) {
        kvn_check_found(check, CAIRN_KV_FAULT_VALUE_SHARED, pointer->page, 0, 0);
        kvn_check_say(check, "page %llu, of the tree, is something else's, too",
                      (unsigned long long)pointer->page);
    } else {
        check->result.tree_pages++;
    }
    (void)kvn_bits_put(pages->is, at, 1, true);
    (void)kvn_bits_put(pages->also, at, 1, true);
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Leaves from child `first` of the page at level 1 on, in one batch. */
static void read_ahead(struct cairn_kv_check *check, uint32_t first)
{
    struct kvn_check_walk *walk = &check->walk;
    struct cairn_blk_req reqs[KVN_CHECK_AHEAD];
    struct cairn_blk_seg segs[KVN_CHECK_AHEAD];
    uint32_t bytes = check->super.page_bytes, used = 0;
    uint64_t blocks = bytes / cairn_blk_info(check->dev)->block_bytes;
    uint32_t most = walk->newest ? KVN_CHECK_AHEAD : 1, count = kvn_node_count(walk->page[1]);
    for (; used < most && first + used < count; used++) {
        struct kvn_pointer pointer;
        kvn_pointer_decode(&pointer, kvn_node_value(walk->page[1], first + used).data);
        if (!kvn_check_comes(check, pointer.page, 1)) break;
        segs[used] = (struct cairn_blk_seg){ check->leaves + (size_t)used * bytes, bytes };
        reqs[used] = (struct cairn_blk_req){ .op = CAIRN_BLK_READ,
                                             .block = pointer.page * blocks,
                                             .count = blocks,
                                             .segs = &segs[used],
                                             .seg_count = 1 };
    }
    (void)!cairn_blk_submit(check->dev, reqs, used); /* each has its status */
    check->result.bytes_read += (uint64_t)used * bytes;
    for (uint32_t i = 0; i < used; i++)
        walk->ahead_err[i] = reqs[i].status;
    walk->ahead = first;
    walk->ahead_to = first + used;
}

/* The child's bytes: a leaf below a page of level 1 may have been read before. */
static enum cairn_err child_read(struct cairn_kv_check *check, uint8_t level, uint32_t child,
                                 uint64_t page, const uint8_t **bytes)
{
    struct kvn_check_walk *walk = &check->walk;
    *bytes = walk->page[level];
    if (level > 0 || walk->depth == 1) return kvn_check_read(check, page, 1, walk->page[level]);
    if (child < walk->ahead || child >= walk->ahead_to) read_ahead(check, child);
    *bytes = check->leaves + (size_t)(child - walk->ahead) * check->super.page_bytes;
    return walk->ahead_err[child - walk->ahead];
}

/* ---- walking --------------------------------------------------------------------------------- */

static void leaf(struct cairn_kv_check *check, const uint8_t *page)
{
    uint32_t count = kvn_node_count(page);
    check->walk.entries += count;
    for (uint32_t i = 0; i < count && !check->stopped; i++) {
        uint8_t key[KVN_KEY_MAX];
        struct kvn_slice at = { key, kvn_node_key(page, i, key) };
        kvn_check_entry(check, at, kvn_node_value(page, i));
    }
}

static void enter(struct cairn_kv_check *check, const struct kvn_pointer *pointer, uint8_t level,
                  uint32_t child, struct kvn_slice low, const struct kvn_check_bound *above)
{
    struct kvn_check_walk *walk = &check->walk;
    const uint8_t *bytes;
    if (!kvn_check_comes(check, pointer->page, 1)) {
        found(check, CAIRN_KV_FAULT_NODE_PLACE, pointer, "there is no such page for a tree");
        return;
    }
    if (!mark(check, pointer)) return;
    if (child_read(check, level, child, pointer->page, &bytes)) {
        found(check, CAIRN_KV_FAULT_NODE_READ, pointer, "it cannot be read");
        return;
    }
    if (!page_is_good(check, pointer, level, low, above, bytes)) return;
    if (level == 0) {
        leaf(check, bytes);
        return;
    }
    walk->above[level] = *above;
    walk->at[level] = 0;
    walk->level = level;
    walk->ahead = walk->ahead_to = 0;
}

void kvn_check_walk_begin(struct cairn_kv_check *check, const struct kvn_check_tree *tree,
                          bool newest)
{
    struct kvn_check_walk *walk = &check->walk;
    struct kvn_slice low = { (const uint8_t *)"", 0 };
    struct kvn_check_bound above = { .bytes = NO_BOUND };
    walk->newest = newest;
    walk->generation = tree->generation;
    walk->entries = 0;
    walk->depth = walk->level = tree->depth;
    if (tree->depth) enter(check, &tree->root, (uint8_t)(tree->depth - 1), 0, low, &above);
}

void kvn_check_walk_step(struct cairn_kv_check *check)
{
    struct kvn_check_walk *walk = &check->walk;
    uint8_t level = walk->level, key[KVN_KEY_MAX];
    const uint8_t *page = walk->page[level];
    uint32_t at = walk->at[level]++;
    if (at >= kvn_node_count(page)) {
        walk->level++;
        return;
    }
    struct kvn_pointer pointer;
    struct kvn_check_bound above = walk->above[level];
    struct kvn_slice low = { key, kvn_node_key(page, at, key) };
    kvn_pointer_decode(&pointer, kvn_node_value(page, at).data);
    if (at + 1 < kvn_node_count(page)) above.bytes = kvn_node_key(page, at + 1, above.key);
    enter(check, &pointer, (uint8_t)(level - 1), at, low, &above);
}
