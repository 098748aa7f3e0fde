/* SPDX-License-Identifier: ISC */
/*
 * An ordered list of a directory that is in none: one pass keeps the smallest names that fit.
 *
 * Of mem[0..mem_bytes), entries grow from the beginning, names from the end; a name that goes out
 * again closes its gap. Nothing is taken in from the smallest name on that once had to stay out, so
 * that what is kept has no holes.
 */
#include "onfat.h"

struct pick {
    struct cairn_kv_entry *entries;
    size_t count;
    char *floor; /* of the entries and names: what lies below is for values */
    char *names; /* the lowest one */
    bool cut;    /* something stayed out */
    uint32_t limit_bytes;
    char limit[CAIRN_KV_SEGMENT_MAX]; /* of that, the smallest */
};

static int compare(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    return kv_key_compare((struct cairn_kv_key){ a, a_bytes }, (struct cairn_kv_key){ b, b_bytes });
}

/* ---- keeping the smallest -------------------------------------------------------------------- */

static void leave_out(struct pick *pick, const char *name, uint32_t bytes)
{
    if (pick->cut && compare(name, bytes, pick->limit, pick->limit_bytes) >= 0) return;
    pick->cut = true;
    pick->limit_bytes = bytes;
    memcpy(pick->limit, name, bytes);
}

static void drop_last(struct pick *pick)
{
    struct cairn_kv_entry last = pick->entries[--pick->count];
    leave_out(pick, last.name, last.name_bytes);
    memmove(pick->names + last.name_bytes, pick->names, (size_t)(last.name - pick->names));
    for (size_t i = 0; i < pick->count; i++)
        if (pick->entries[i].name < last.name) pick->entries[i].name += last.name_bytes;
    pick->names += last.name_bytes;
}

/* The first entry that is not below name. */
static size_t find(const struct pick *pick, const char *name, size_t bytes)
{
    size_t low = 0, high = pick->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct cairn_kv_entry *entry = &pick->entries[mid];
        if (compare(entry->name, entry->name_bytes, name, bytes) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool fits(const struct pick *pick, size_t name_bytes)
{
    const char *end = (const char *)(pick->entries + pick->count + 1);
    return end <= pick->names && (size_t)(pick->names - end) >= name_bytes &&
           pick->names - name_bytes >= pick->floor;
}

static void take(struct pick *pick, const struct cairn_fat_entry *found)
{
    bool is_out =
        pick->cut && compare(found->name, found->name_len, pick->limit, pick->limit_bytes) >= 0;
    size_t at = find(pick, found->name, found->name_len);
    while (!is_out && !fits(pick, found->name_len)) {
        is_out = at == pick->count;
        if (!is_out) drop_last(pick);
    }
    if (is_out) {
        leave_out(pick, found->name, found->name_len);
        return;
    }
    pick->names -= found->name_len;
    memcpy(pick->names, found->name, found->name_len);
    memmove(pick->entries + at + 1, pick->entries + at,
            (pick->count++ - at) * sizeof *pick->entries);
    bool is_directory = found->stat.is_directory;
    pick->entries[at] =
        (struct cairn_kv_entry){ .name = pick->names,
                                 .name_bytes = found->name_len,
                                 .kind = is_directory ? CAIRN_KV_DICTIONARY : CAIRN_KV_VALUE,
                                 .size = found->stat.size,
                                 .modified_ns = found->stat.modified_ns };
}

/* ---- one pass -------------------------------------------------------------------------------- */

struct range {
    struct cairn_kv_key from;
    bool behind;
};

static bool is_before(const struct cairn_fat_entry *found, const struct range *range)
{
    int order = compare(found->name, found->name_len, range->from.path, range->from.bytes);
    return order < 0 || (order == 0 && range->behind);
}

static enum cairn_err name_too_long(const struct cairn_fat_entry *found, struct cairn_why *why)
{
    (void)cairn_why_fail(why, CAIRN_ENAMETOOLONG, "the file's name is longer than a key's segment");
    cairn_why_path(why, found->name, found->name_len);
    cairn_why_hint(why, "give it a name of at most %u bytes", CAIRN_KV_SEGMENT_MAX);
    return CAIRN_ENAMETOOLONG;
}

static enum cairn_err pick_all(const struct kv_fat *store, struct cairn_fat_node *dir,
                               const struct range *range, struct pick *pick, struct cairn_why *why)
{
    struct cairn_fat_entry found = { .next = 0 };
    for (;;) {
        enum cairn_err err = cairn_fat_list(dir, found.next, &found, why);
        if (err) return err == CAIRN_ENOENT ? CAIRN_OK : err;
        if (kv_fat_is_reserved(store, dir, found.name, found.name_len)) continue;
        if (found.name_len > CAIRN_KV_SEGMENT_MAX) return name_too_long(&found, why);
        if (!is_before(&found, range)) take(pick, &found);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

/* One that went, or changed its size, since the pass is left to be read singly. */
static enum cairn_err value_read(struct cairn_fat_node *dir, struct cairn_kv_entry *entry,
                                 char *value, struct cairn_why *why)
{
    struct cairn_fat_node *file = NULL;
    size_t done = 0;
    enum cairn_err err = cairn_fat_lookup(dir, entry->name, entry->name_bytes, &file, NULL);
    if (err) return CAIRN_OK;
    if (entry->size) err = cairn_fat_read(file, 0, value, (size_t)entry->size, &done, why);
    cairn_fat_release(file);
    if (!err && done == entry->size) entry->value = value;
    return err;
}

static enum cairn_err values_read(struct cairn_fat_node *dir, struct pick *pick,
                                  struct cairn_why *why)
{
    char *low = (char *)(pick->entries + pick->count);
    for (size_t i = 0; i < pick->count; i++) {
        struct cairn_kv_entry *entry = &pick->entries[i];
        if (entry->kind != CAIRN_KV_VALUE || entry->size > (size_t)(pick->names - low)) continue;
        pick->names -= (size_t)entry->size;
        enum cairn_err err = value_read(dir, entry, pick->names, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* ---- the operation --------------------------------------------------------------------------- */

/* Of a large memory half is for values, when these are asked for. */
static enum cairn_err pick_init(struct pick *pick, void *mem, size_t mem_bytes, bool values,
                                struct cairn_why *why)
{
    size_t skip =
        (size_t)(cairn_round_up((uintptr_t)mem, _Alignof(struct cairn_kv_entry)) - (uintptr_t)mem);
    if (mem_bytes < CAIRN_KV_LIST_MEM) {
        (void)cairn_why_fail(why, CAIRN_ERANGE, "the memory of a list is below %u bytes",
                             CAIRN_KV_LIST_MEM);
        return CAIRN_ERANGE;
    }
    pick->entries = (void *)((char *)mem + skip);
    pick->names = (char *)mem + mem_bytes;
    pick->floor = mem;
    if (values && mem_bytes >= 4 * CAIRN_KV_LIST_MEM) pick->floor += mem_bytes / 2;
    pick->count = 0;
    pick->cut = false;
    return CAIRN_OK;
}

enum cairn_err kv_fat_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                           struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                           size_t mem_bytes, size_t *count, bool *end, struct cairn_why *why)
{
    const struct kv_fat *store = kv_fat_of(kv);
    const struct range range = { from, behind };
    bool values = flags & CAIRN_KV_VALUES;
    struct cairn_fat_node *dir = NULL;
    struct pick pick;
    enum cairn_err err = pick_init(&pick, mem, mem_bytes, values, why);
    if (!err) err = kv_fat_node(store, dictionary, &dir, why);
    if (err) return err;
    err = pick_all(store, dir, &range, &pick, why);
    if (!err && values) err = values_read(dir, &pick, why);
    cairn_fat_release(dir);
    *count = pick.count;
    *end = !pick.cut;
    return err;
}
