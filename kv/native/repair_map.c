/* SPDX-License-Identifier: ISC */
/* The map of free space, built anew from what is in use, from its bitmap pages upward. */
#include <cairn/bytes.h>

#include "repair.h"

static uint64_t pages_at(const struct kvn_super *super, uint32_t level)
{
    return cairn_div_up(kvn_groups(super), kvn_groups_under(super, level));
}

/* ---- writing a page -------------------------------------------------------------------------- */

/* The home that was written last, where the entry that said so is lost. */
static uint32_t newest_home(struct cairn_kv_check *check, uint32_t level, uint64_t number)
{
    uint64_t first = kvn_homes_page(&check->super, level, number), birth = 0;
    uint32_t newest = KVN_RING - 1;
    for (uint32_t i = 0; i < KVN_RING; i++) {
        struct kvn_bits_head head;
        if (kvn_check_read(check, first + i, 1, check->map_page) ||
            kvn_bits_check(check->map_page, check->super.page_bytes, &head))
            continue;
        if (head.level != level || head.number != number || head.birth < birth ||
            head.uuid8 != cairn_le64(check->super.uuid))
            continue;
        birth = head.birth;
        newest = i;
    }
    return newest;
}

/* Into the home behind the one that it has. home: the old entry, if it is known; then the new one.
 */
static void page_write(struct cairn_kv_check *check, uint32_t level, uint64_t number, bool is_known,
                       uint8_t *page, uint64_t free, struct kvn_home *home)
{
    const struct kvn_super *super = &check->super;
    uint32_t last = is_known && home->birth ? home->home : newest_home(check, level, number);
    struct kvn_bits_head head = { .level = (uint8_t)level,
                                  .number = number,
                                  .birth = super->generation,
                                  .uuid8 = cairn_le64(super->uuid) };
    kvn_bits_seal(page, super->page_bytes, &head);
    *home = (struct kvn_home){ .hash = kvn_bits_hash(page),
                               .birth = super->generation,
                               .free = (uint32_t)cairn_min_u64(free, UINT32_MAX),
                               .home = (uint8_t)((last + 1) % KVN_RING) };
    uint64_t blocks = super->page_bytes / cairn_blk_info(check->dev)->block_bytes;
    uint64_t at = kvn_homes_page(super, level, number) + home->home;
    if (!check->mend->err)
        check->mend->err = cairn_blk_write(check->dev, at * blocks, blocks, page, NULL);
    check->mend->written++;
}

/* ---- the index ------------------------------------------------------------------------------- */

/* All entries of an index page are there. home: its own entry; returns whether that is a new one.
 */
static bool index_end(struct cairn_kv_check *check, uint32_t level, uint64_t number,
                      struct kvn_home *home)
{
    struct kvn_mend *mend = check->mend;
    uint64_t free = mend->index_free[level];
    bool is_known = kvn_check_home(check, level, number, home);
    bool counted = is_known && home->birth && home->free == cairn_min_u64(free, UINT32_MAX);
    bool is_new = mend->index_new[level] || !is_known || (home->birth && !counted);
    if (!is_known) *home = (struct kvn_home){ .birth = 0 };
    if (is_new) page_write(check, level, number, is_known, mend->index[level], free, home);
    memset(mend->index[level], 0, check->super.page_bytes);
    mend->index_free[level] = 0;
    mend->index_new[level] = false;
    return is_new;
}

/* The entry of a bitmap page into the index, and those of the index pages that it was the last of.
 */
static void entry_put(struct cairn_kv_check *check, uint64_t number, struct kvn_home home,
                      uint64_t free, bool is_new)
{
    struct kvn_mend *mend = check->mend;
    uint32_t fanout = kvn_index_fanout(check->super.page_bytes);
    for (uint32_t level = 0; level < check->super.index_levels; level++) {
        uint32_t above = level + 1;
        bool is_last =
            number % fanout == fanout - 1 || number + 1 == pages_at(&check->super, level);
        kvn_home_encode(mend->index[above] + KVN_BITS_AT + number % fanout * KVN_HOME_BYTES, &home);
        mend->index_free[above] += free;
        mend->index_new[above] |= is_new;
        if (!is_last) return;
        number /= fanout;
        free = mend->index_free[above];
        is_new = index_end(check, above, number, &home);
    }
    mend->top[number] = home;
}

/* ---- bitmap pages ---------------------------------------------------------------------------- */

/* In use: what always is, and what was seen. Returns whether anything was seen. */
static bool group_fill(const struct cairn_kv_check *check, uint64_t group, uint8_t *bits)
{
    uint64_t size = kvn_group_pages(check->super.page_bytes);
    const uint8_t *seen = check->pages.is + (group * size - check->pages.first) / 8;
    uint8_t any = 0;
    kvn_group_fixed(&check->super, group, bits);
    for (uint64_t i = 0; i < size / 8; i++) {
        bits[i] |= seen[i];
        any |= seen[i];
    }
    return any != 0;
}

static uint64_t come_free(const uint8_t *was, const uint8_t *is, uint64_t bytes)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < bytes; i++)
        for (uint32_t gone = was[i] & ~(uint32_t)is[i]; gone; gone &= gone - 1)
            count++;
    return count;
}

/* Is the page that the entry leads to as it should be? What it has in use too much comes free. */
static bool group_is(struct cairn_kv_check *check, uint64_t group, const struct kvn_home *home,
                     uint64_t free)
{
    uint64_t bytes = kvn_group_pages(check->super.page_bytes) / 8;
    const uint8_t *was = check->map_page + KVN_BITS_AT, *is = check->mend->bits + KVN_BITS_AT;
    if (!kvn_check_map(check, 0, group, home, check->map_page)) return false;
    check->mend->come_free += come_free(was, is, bytes);
    return home->free == free && memcmp(was, is, (size_t)bytes) == 0;
}

void kvn_mend_group(struct cairn_kv_check *check, uint64_t group)
{
    struct kvn_mend *mend = check->mend;
    struct kvn_home home;
    uint8_t *bits = mend->bits + KVN_BITS_AT;
    memset(mend->bits, 0, check->super.page_bytes);
    bool any = group_fill(check, group, bits);
    uint64_t free = kvn_bits_clear(bits, 0, kvn_group_pages(check->super.page_bytes));
    bool is_known = kvn_check_home(check, 0, group, &home);
    bool is = is_known && (home.birth ? group_is(check, group, &home, free) : !any);
    if (!is_known) home = (struct kvn_home){ .birth = 0 };
    if (!is) page_write(check, 0, group, is_known, mend->bits, free, &home);
    mend->free += free;
    entry_put(check, group, home, free, !is);
}
