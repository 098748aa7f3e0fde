/* SPDX-License-Identifier: ISC */
/* Changing a table in memory: new ones, and partitions that come, go and move their end. */
#include "edit.h"

#include <cairn/bytes.h>

/* ---- a new table ----------------------------------------------------------------------------- */

static enum cairn_err too_small(struct cairn_why *why)
{
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "the device is too small for a partition table");
    cairn_why_hint(why, "a table begins to make sense at 2 MiB");
    return CAIRN_ENOSPC;
}

static enum cairn_err gpt_create(struct cairn_part_table *table, const uint8_t guid[16],
                                 struct cairn_why *why)
{
    uint64_t blocks = gpt_entries_blocks(GPT_ENTRY_COUNT, GPT_ENTRY_BYTES, table->block_bytes);
    if (table->block_count < 2 * blocks + 4) return too_small(why);
    memcpy(table->disk_guid, guid, sizeof table->disk_guid);
    table->entries = GPT_PRIMARY + 1;
    table->entry_count = GPT_ENTRY_COUNT;
    table->entry_bytes = GPT_ENTRY_BYTES;
    table->first_usable = table->entries + blocks;
    table->last_usable = gpt_backup_entries(table) - 1;
    return CAIRN_OK;
}

enum cairn_err cairn_part_create(struct cairn_part_table *table, enum cairn_part_scheme scheme,
                                 uint32_t block_bytes, uint64_t block_count, const uint8_t guid[16],
                                 uint32_t disk_id, struct cairn_why *why)
{
    memset(table, 0, sizeof *table);
    table->block_bytes = block_bytes;
    table->block_count = block_count;
    if (scheme == CAIRN_PART_NONE)
        return cairn_why_fail(why, CAIRN_EINVAL, "a new table is GPT or MBR");
    if (block_count < 2) return too_small(why);
    table->disk_id = disk_id;
    table->first_usable = 1;
    table->last_usable = cairn_min_u64(block_count - 1, UINT32_MAX);
    enum cairn_err err = scheme == CAIRN_PART_GPT ? gpt_create(table, guid, why) : CAIRN_OK;
    if (!err) table->scheme = scheme;
    return err;
}

/* ---- what a new partition may be ------------------------------------------------------------- */

static bool is_zero(const uint8_t guid[16])
{
    static const uint8_t zero[16];
    return memcmp(guid, zero, sizeof zero) == 0;
}

static enum cairn_err gpt_wish_check(const struct cairn_part_table *table,
                                     const struct cairn_part *part, struct cairn_why *why)
{
    if (is_zero(part->type_guid))
        return cairn_why_fail(why, CAIRN_EINVAL, "a partition needs a type");
    if (is_zero(part->guid)) return cairn_why_fail(why, CAIRN_EINVAL, "a partition needs a GUID");
    for (uint32_t i = 0; i < table->part_count; i++)
        if (memcmp(table->parts[i].guid, part->guid, sizeof part->guid) == 0)
            return cairn_why_fail(why, CAIRN_EEXIST, "partition %lu has that GUID",
                                  (unsigned long)table->parts[i].number);
    if (gpt_name_encode(part->name, NULL)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EINVAL,
                          "the name is no UTF-8, or longer than 36 characters (UTF-16 units)");
}

static enum cairn_err mbr_wish_check(const struct cairn_part_table *table,
                                     const struct cairn_part_wish *wish, struct cairn_why *why)
{
    const struct cairn_part *extended = part_extended(table);
    bool is_extended = mbr_type_is_extended(wish->part.type_id);
    if (wish->part.type_id == 0 || wish->part.type_id == MBR_TYPE_PROTECTIVE)
        return cairn_why_fail(why, CAIRN_EINVAL, "a partition needs a type, and not 00 or EE");
    if (is_extended && wish->logical)
        return cairn_why_fail(why, CAIRN_EINVAL, "a logical partition cannot be extended");
    if (is_extended && extended)
        return cairn_why_fail(why, CAIRN_EEXIST, "partition %lu is the extended one already",
                              (unsigned long)extended->number);
    if (wish->logical && !extended) {
        (void)cairn_why_fail(why, CAIRN_EINVAL, "there is no extended partition");
        cairn_why_hint(why, "add one of type `extended` first: logical partitions lie in it");
        return CAIRN_EINVAL;
    }
    return CAIRN_OK;
}

static enum cairn_err wish_check(const struct cairn_part_table *table,
                                 const struct cairn_part_wish *wish, struct cairn_why *why)
{
    if (table->part_count == CAIRN_PART_MAX)
        return cairn_why_fail(why, CAIRN_EOVERFLOW, "there are %d partitions already",
                              CAIRN_PART_MAX);
    if (table->scheme == CAIRN_PART_GPT) return gpt_wish_check(table, &wish->part, why);
    if (table->scheme == CAIRN_PART_MBR) return mbr_wish_check(table, wish, why);
    return cairn_why_fail(why, CAIRN_EINVAL, "there is no partition table to add to");
}

/* ---- its number ------------------------------------------------------------------------------ */

/* Numbers of one kind: [first, end). */
struct numbers {
    uint32_t first, end;
};

/* A logical partition comes last in the chain, so its number is the only one that it can have. */
static struct numbers numbers_of(const struct cairn_part_table *table, bool logical)
{
    if (table->scheme == CAIRN_PART_GPT) return (struct numbers){ 1, table->entry_count + 1 };
    if (!logical) return (struct numbers){ 1, CAIRN_PART_LOGICAL };
    uint32_t next = CAIRN_PART_LOGICAL;
    while (cairn_part_numbered(table, next))
        next++;
    return (struct numbers){ next, next + 1 };
}

static enum cairn_err number_find(const struct cairn_part_table *table,
                                  const struct cairn_part_wish *wish, uint32_t *number,
                                  struct cairn_why *why)
{
    struct numbers may = numbers_of(table, wish->logical);
    *number = wish->part.number ? wish->part.number : may.first;
    while (!wish->part.number && *number < may.end && cairn_part_numbered(table, *number))
        ++*number;
    if (!wish->part.number && *number == may.end) {
        (void)cairn_why_fail(why, CAIRN_ENOSPC, "all numbers from %lu to %lu are taken",
                             (unsigned long)may.first, (unsigned long)may.end - 1);
        if (table->scheme == CAIRN_PART_MBR)
            cairn_why_hint(why, "an extended partition has room for logical ones");
        return CAIRN_ENOSPC;
    }
    if (*number < may.first || *number >= may.end)
        return cairn_why_fail(why, CAIRN_EINVAL, "its number can be %lu to %lu, not %lu",
                              (unsigned long)may.first, (unsigned long)may.end - 1,
                              (unsigned long)*number);
    if (!cairn_part_numbered(table, *number)) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_EEXIST, "there is a partition %lu", (unsigned long)*number);
}

/* ---- its place ------------------------------------------------------------------------------- */

/* Looking for a place. */
struct search {
    const struct cairn_part_table *table;
    const struct cairn_part_wish *wish;
    uint64_t align;
    uint32_t lead; /* blocks in front of it that it needs, too: a boot record */
};

static struct search search_begin(const struct cairn_part_table *table,
                                  const struct cairn_part_wish *wish)
{
    uint64_t align = wish->align ? wish->align : CAIRN_PART_ALIGN_BYTES / table->block_bytes;
    /* The first logical one's boot record has a place of its own. */
    bool has_record = wish->logical && !cairn_part_numbered(table, CAIRN_PART_LOGICAL);
    return (struct search){ table, wish, align ? align : 1, wish->logical && !has_record ? 1 : 0 };
}

/* What of a gap it would get; 0: nothing. */
static uint64_t gap_fit(const struct search *search, const struct cairn_part_gap *gap,
                        uint64_t *first)
{
    const struct cairn_part *want = &search->wish->part;
    uint64_t from = gap->first + search->lead, end = gap->first + gap->count;
    *first = want->first ? want->first : cairn_round_up(from, search->align);
    if (*first < from || *first >= end) return 0;
    uint64_t most = end - *first;
    if (want->count) return want->count <= most ? want->count : 0;
    return most >= search->align ? most - most % search->align : most;
}

/* The first gap that will do; without a size and a place, the largest. */
static bool place_search(const struct search *search, struct cairn_part *part)
{
    bool largest = !search->wish->part.first && !search->wish->part.count;
    struct cairn_part_gap gap;
    uint64_t at = 0, first, best = 0;
    while ((largest || !best) &&
           cairn_part_gap_next(search->table, search->wish->logical, &at, &gap)) {
        uint64_t count = gap_fit(search, &gap, &first);
        if (count <= best) continue;
        best = count;
        part->first = first;
    }
    part->count = best;
    return best != 0;
}

/* The largest that would be possible is what one wants to know next. */
static enum cairn_err no_place(const struct search *search, struct cairn_why *why)
{
    struct cairn_part_wish any = *search->wish;
    struct search again = *search;
    struct cairn_part part = { .first = 0 };
    bool at_place = any.part.first != 0;
    any.part.count = 0;
    again.wish = &any;
    bool has_room = place_search(&again, &part);
    (void)cairn_why_fail(why, at_place && !has_room ? CAIRN_EEXIST : CAIRN_ENOSPC,
                         at_place && !has_room ? "its place is taken, or none for partitions"
                                               : "no gap is large enough");
    if (has_room)
        cairn_why_hint(why, "%s is room for %llu bytes", at_place ? "there" : "in the largest one",
                       (unsigned long long)(part.count * search->table->block_bytes));
    else
        cairn_why_hint(why, "`cairn part list --free` shows the gaps");
    return at_place && !has_room ? CAIRN_EEXIST : CAIRN_ENOSPC;
}

static enum cairn_err place_find(const struct cairn_part_table *table,
                                 const struct cairn_part_wish *wish, struct cairn_part *part,
                                 struct cairn_why *why)
{
    struct search search = search_begin(table, wish);
    if (!place_search(&search, part)) return no_place(&search, why);
    if (!wish->logical) return CAIRN_OK;
    part->record = search.lead ? part->first - 1 : part_extended(table)->first;
    return CAIRN_OK;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void insert(struct cairn_part_table *table, const struct cairn_part *part)
{
    uint32_t at = table->part_count++;
    for (; at > 0 && table->parts[at - 1].number > part->number; at--)
        table->parts[at] = table->parts[at - 1];
    table->parts[at] = *part;
}

enum cairn_err cairn_part_add(struct cairn_part_table *table, const struct cairn_part_wish *wish,
                              uint32_t *number, struct cairn_why *why)
{
    struct cairn_part part = wish->part;
    part.record = 0;
    enum cairn_err err = wish_check(table, wish, why);
    if (!err) err = number_find(table, wish, &part.number, why);
    if (!err) err = place_find(table, wish, &part, why);
    if (err) return err;
    *number = part.number;
    insert(table, &part);
    return CAIRN_OK;
}

static struct cairn_part *numbered(struct cairn_part_table *table, uint32_t number,
                                   struct cairn_why *why)
{
    for (uint32_t i = 0; i < table->part_count; i++)
        if (table->parts[i].number == number) return &table->parts[i];
    (void)cairn_why_fail(why, CAIRN_ENOENT, "there is no partition %lu", (unsigned long)number);
    return NULL;
}

/* The first boot record of a chain has one place only: whose partition comes first moves there. */
static void chain_close(struct cairn_part_table *table)
{
    const struct cairn_part *extended = part_extended(table);
    uint32_t number = CAIRN_PART_LOGICAL;
    for (uint32_t i = 0; i < table->part_count; i++) {
        struct cairn_part *part = &table->parts[i];
        if (part->number < CAIRN_PART_LOGICAL) continue;
        if (number == CAIRN_PART_LOGICAL && extended) part->record = extended->first;
        part->number = number++;
    }
}

enum cairn_err cairn_part_delete(struct cairn_part_table *table, uint32_t number,
                                 struct cairn_why *why)
{
    struct cairn_part *part = numbered(table, number, why);
    if (!part) return CAIRN_ENOENT;
    if (cairn_part_is_extended(table, part) && cairn_part_numbered(table, CAIRN_PART_LOGICAL)) {
        (void)cairn_why_fail(why, CAIRN_EBUSY, "partition %lu holds logical ones",
                             (unsigned long)number);
        cairn_why_hint(why, "delete those first, from number 5 on");
        return CAIRN_EBUSY;
    }
    struct cairn_part *last = &table->parts[--table->part_count];
    for (; part < last; part++)
        part[0] = part[1];
    if (table->scheme == CAIRN_PART_MBR) chain_close(table);
    return CAIRN_OK;
}

/* ---- moving an end --------------------------------------------------------------------------- */

/* What an extended partition must hold. */
static uint64_t least_count(const struct cairn_part_table *table, const struct cairn_part *part)
{
    uint64_t end = part->first + 1;
    if (!cairn_part_is_extended(table, part)) return 1;
    for (uint32_t i = 0; i < table->part_count; i++)
        if (table->parts[i].number >= CAIRN_PART_LOGICAL)
            end = cairn_max_u64(end, part_end(&table->parts[i]));
    return end - part->first;
}

enum cairn_err cairn_part_resize(struct cairn_part_table *table, uint32_t number, uint64_t count,
                                 struct cairn_why *why)
{
    struct cairn_part *part = numbered(table, number, why);
    if (!part) return CAIRN_ENOENT;
    uint64_t room = cairn_part_room(table, part), least = least_count(table, part);
    if (count == 0) return cairn_why_fail(why, CAIRN_EINVAL, "a partition has at least one block");
    if (count >= least && count <= room) {
        part->count = count;
        return CAIRN_OK;
    }
    (void)cairn_why_fail(why, CAIRN_ENOSPC, "partition %lu can have %llu to %llu bytes",
                         (unsigned long)number, (unsigned long long)(least * table->block_bytes),
                         (unsigned long long)(room * table->block_bytes));
    if (room == 0) cairn_why_hint(why, "it overlaps another one, or lies where none may be");
    return CAIRN_ENOSPC;
}
