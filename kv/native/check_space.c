/* SPDX-License-Identifier: ISC */
/* The map of free space, beside what is in use. */
#include "repair.h"

#define AHEAD_PAGES 64u /* compared at once */

bool kvn_check_comes(const struct cairn_kv_check *check, uint64_t page, uint32_t count)
{
    const struct kvn_super *super = &check->super;
    uint64_t group = kvn_group_pages(super->page_bytes);
    return page && cairn_range_fits(page, count, super->pages) &&
           page / group < kvn_groups(super) && page % group + count <= group &&
           !kvn_has_fixed(super, page, count);
}

/* ---- reading the map ------------------------------------------------------------------------- */

static void map_found(struct cairn_kv_check *check, uint64_t page, const char *what)
{
    kvn_check_found(check, CAIRN_KV_FAULT_MAP, page, 0, 0);
    kvn_check_say(check, "page %llu, of the map of free space: %s", (unsigned long long)page, what);
}

/* The page of that level and number, which its entry leads to. */
bool kvn_check_map(struct cairn_kv_check *check, uint32_t level, uint64_t number,
                   const struct kvn_home *home, uint8_t *mem)
{
    struct kvn_bits_head head;
    uint64_t page = kvn_homes_page(&check->super, level, number) + home->home;
    if (kvn_check_read(check, page, 1, mem)) {
        map_found(check, page, "it cannot be read");
    } else if (kvn_bits_check(mem, check->super.page_bytes, &head) ||
               !kvn_hash_equal(kvn_bits_hash(mem), home->hash)) {
        map_found(check, page, "it is not the one that its parent leads to");
    } else if (head.level != level || head.number != number || head.birth != home->birth ||
               head.uuid8 != cairn_le64(check->super.uuid) ||
               head.birth > check->super.generation) {
        map_found(check, page, "it says that it is another one");
    } else {
        return true;
    }
    return false;
}

/* The entry of a page of level `level`; the pages above it are read from the top down, the last one
 * kept. False: one of them is not whole. */
bool kvn_check_home(struct cairn_kv_check *check, uint32_t level, uint64_t number,
                    struct kvn_home *home)
{
    const struct kvn_super *super = &check->super;
    uint32_t fanout = kvn_index_fanout(super->page_bytes);
    uint32_t at = super->index_levels;
    uint64_t under = 1;
    for (uint32_t i = level; i < at; i++)
        under *= fanout;
    *home = super->top[number / under];
    for (; at > level; at--) {
        uint64_t parent = number / under;
        under /= fanout;
        if (!home->birth) return true;
        if (check->index_number != parent || at > level + 1) {
            check->index_number = UINT64_MAX;
            if (!kvn_check_map(check, at, parent, home, check->index_page)) return false;
            check->index_number = at == level + 1 ? parent : UINT64_MAX;
        }
        uint64_t child = number / under % fanout;
        const uint8_t *entry = check->index_page + KVN_BITS_AT + child * KVN_HOME_BYTES;
        if (kvn_home_decode(home, entry)) return false;
    }
    return true;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void run_found(struct cairn_kv_check *check, uint64_t page, uint64_t count, bool used)
{
    kvn_check_found(check, used ? CAIRN_KV_FAULT_USED_FREE : CAIRN_KV_FAULT_LEAKED, page, count, 0);
    kvn_check_say(check,
                  used ? "%llu pages from %llu on are in use, and free for the map"
                       : "%llu pages from %llu on are used by nothing, and not free for the map",
                  (unsigned long long)count, (unsigned long long)page);
}

/* Are the next pages, as many as are looked at together, the same for both? Most are: nothing is in
 * large parts of a device. */
static bool same_ahead(const uint8_t *bits, const uint8_t *also, uint64_t at, uint64_t count)
{
    return at % AHEAD_PAGES == 0 && at + AHEAD_PAGES <= count &&
           memcmp(bits + at / 8, also + at / 8, AHEAD_PAGES / 8) == 0;
}

/* Pages of the group that are in use and free for the map, or the other way round, run by run. */
static void compare(struct cairn_kv_check *check, const uint8_t *bits, uint64_t first,
                    uint64_t count)
{
    const struct kvn_check_window *pages = &check->pages;
    const uint8_t *is = pages->is + (first - pages->first) / 8; /* groups are whole bytes */
    uint64_t run = 0;
    bool run_used = false;
    for (uint64_t i = 0; i <= count && !check->stopped; i++) {
        bool used = false, wrong = false;
        while (!run && same_ahead(bits, is, i, count))
            i += AHEAD_PAGES;
        if (i < count && !kvn_has_fixed(&check->super, first + i, 1)) {
            used = kvn_bit(is, i);
            wrong = used != kvn_bit(bits, i);
        }
        if (run && (!wrong || used != run_used)) {
            run_found(check, first + i - run, run, run_used);
            run = 0;
        }
        run = wrong ? run + 1 : 0;
        run_used = used;
    }
}

static void group_check(struct cairn_kv_check *check, uint64_t group)
{
    struct kvn_home home;
    uint64_t size = kvn_group_pages(check->super.page_bytes), first = group * size;
    uint8_t *bits = check->map_page + KVN_BITS_AT;
    if (!kvn_check_home(check, 0, group, &home)) {
        check->blind = true;
        return;
    }
    if (!home.birth) kvn_group_fixed(&check->super, group, bits);
    if (home.birth && !kvn_check_map(check, 0, group, &home, check->map_page)) {
        check->blind = true;
        return;
    }
    uint64_t free = kvn_bits_clear(bits, 0, size);
    check->map_free += free;
    if (home.birth && free != home.free) {
        kvn_check_found(check, CAIRN_KV_FAULT_MAP_FREE, first, free, home.free);
        kvn_check_say(check, "group %llu has %llu free pages, and %u are counted",
                      (unsigned long long)group, (unsigned long long)free, home.free);
    }
    if (!check->blind) compare(check, bits, first, cairn_min_u64(size, check->super.pages - first));
}

bool kvn_check_group(struct cairn_kv_check *check)
{
    uint64_t size = kvn_group_pages(check->super.page_bytes);
    const struct kvn_check_window *pages = &check->pages;
    if (check->group >= kvn_groups(&check->super) ||
        check->group * size >= pages->first + pages->count)
        return false;
    if (check->mend)
        kvn_mend_group(check, check->group++);
    else
        group_check(check, check->group++);
    return true;
}
