/* SPDX-License-Identifier: ISC */
/* Where things lie in a store (kv/FORMAT.md, "Free space"): arithmetic alone. */
#include "bits.h"
#include "codec.h"

#define LAST_GROUP_LEAST 32u           /* pages: homes of three levels, and the tail ring */
#define FREE_LEAST 8u                  /* pages of the smallest store that are not always in use */
#define PAGES_MOST (UINT64_C(1) << 48) /* a chunk's record has 6 bytes for the number of one */
#define LEVELS 3u                      /* of homes: bitmap, index, index above it */

uint64_t kvn_group_pages(uint32_t page_bytes)
{
    return (uint64_t)(page_bytes - KVN_BITS_AT) * 8;
}

uint64_t kvn_groups(const struct kvn_super *super)
{
    return (super->pages - LAST_GROUP_LEAST) / kvn_group_pages(super->page_bytes) + 1;
}

uint32_t kvn_index_fanout(uint32_t page_bytes)
{
    return (page_bytes - KVN_BITS_AT) / KVN_HOME_BYTES;
}

void kvn_index_shape(struct kvn_super *super)
{
    uint64_t count = kvn_groups(super);
    super->index_levels = 0;
    while (count > KVN_TOP_ENTRIES) {
        count = cairn_div_up(count, kvn_index_fanout(super->page_bytes));
        super->index_levels++;
    }
    super->top_count = (uint16_t)count;
}

static uint64_t log_pages(const struct kvn_super *super)
{
    return super->log_bytes / super->page_bytes;
}

uint64_t kvn_groups_under(const struct kvn_super *super, uint32_t level)
{
    uint64_t groups = 1;
    while (level-- > 0)
        groups *= kvn_index_fanout(super->page_bytes);
    return groups;
}

uint64_t kvn_homes_page(const struct kvn_super *super, uint32_t level, uint64_t number)
{
    uint64_t group = number == 0 ? level : number * kvn_groups_under(super, level);
    uint64_t behind = group == 0 ? KVN_RING + log_pages(super) : (uint64_t)KVN_RING * level;
    return group * kvn_group_pages(super->page_bytes) + behind;
}

/* Has the group the homes of a page of this level? */
static bool has_homes(const struct kvn_super *super, uint32_t level, uint64_t group)
{
    return group == level || (group > 0 && group % kvn_groups_under(super, level) == 0);
}

/* How many of the groups before `end` have homes of this level. */
static uint64_t count_homes(const struct kvn_super *super, uint32_t level, uint64_t end)
{
    if (end == 0) return 0;
    return (end > level) + (end - 1) / kvn_groups_under(super, level);
}

/* Pages of the groups before `end` that are always in use; the tail's are not counted. */
static uint64_t fixed_before(const struct kvn_super *super, uint64_t end)
{
    uint64_t pages = end > 0 ? KVN_RING + log_pages(super) : 0;
    for (uint32_t level = 0; level < LEVELS; level++)
        pages += KVN_RING * count_homes(super, level, end);
    return pages;
}

uint64_t kvn_empty_free(const struct kvn_super *super, uint64_t first, uint64_t end)
{
    uint64_t group = kvn_group_pages(super->page_bytes);
    uint64_t behind = cairn_min_u64(end * group, super->pages - KVN_RING);
    return behind - first * group - (fixed_before(super, end) - fixed_before(super, first));
}

uint64_t kvn_fixed_pages(const struct kvn_super *super)
{
    return super->pages - kvn_empty_free(super, 0, kvn_groups(super));
}

void kvn_group_fixed(const struct kvn_super *super, uint64_t group, uint8_t *bits)
{
    uint64_t pages = kvn_group_pages(super->page_bytes), begin = group * pages;
    uint64_t tail = super->pages - KVN_RING;
    memset(bits, 0, (size_t)(pages / 8));
    if (group == 0) (void)kvn_bits_put(bits, 0, 2 * KVN_RING + log_pages(super), true);
    for (uint32_t level = 0; level < LEVELS && group > 0; level++)
        if (has_homes(super, level, group))
            (void)kvn_bits_put(bits, (uint64_t)KVN_RING * level, KVN_RING, true);
    if (tail < begin + pages) (void)kvn_bits_put(bits, tail - begin, begin + pages - tail, true);
}

bool kvn_has_fixed(const struct kvn_super *super, uint64_t first, uint64_t count)
{
    uint64_t group = first / kvn_group_pages(super->page_bytes);
    uint64_t at = first % kvn_group_pages(super->page_bytes);
    if (!cairn_range_fits(first, count, super->pages - KVN_RING)) return true;
    if (group == 0) return at < 2 * KVN_RING + log_pages(super);
    for (uint32_t level = 0; level < LEVELS; level++)
        if (has_homes(super, level, group) && at < (uint64_t)KVN_RING * (level + 1) &&
            at + count > (uint64_t)KVN_RING * level)
            return true;
    return false;
}

static enum cairn_err refuse(struct cairn_why *why, const char *what)
{
    return cairn_why_fail(why, CAIRN_EINVAL, "%s", what);
}

enum cairn_err kvn_geometry_check(const struct kvn_super *super, struct cairn_why *why)
{
    uint32_t page = super->page_bytes;
    if (!cairn_is_pow2(page) || page < KVN_PAGE_LEAST || page > KVN_PAGE_MOST)
        return refuse(why, "a page is a power of two, 4096 to 65536 bytes");
    if (super->log_bytes == 0 || super->log_bytes % page != 0)
        return refuse(why, "the log is whole pages");
    if (super->log_bytes / page > kvn_group_pages(page) - 2 * (uint64_t)KVN_RING)
        return refuse(why, "the log is larger than a group of pages");
    if (super->pages < 3 * KVN_RING + log_pages(super) + FREE_LEAST)
        return refuse(why, "too few pages for the log, two rings and the free space's map");
    uint64_t page_most = (uint64_t)INT64_MAX / page;
    if (super->pages > cairn_min_u64(PAGES_MOST, page_most) ||
        cairn_div_up(kvn_groups(super), kvn_groups_under(super, LEVELS - 1)) > KVN_TOP_ENTRIES)
        return refuse(why, "too many pages for the free space's map");
    return CAIRN_OK;
}
