/* SPDX-License-Identifier: ISC */
#include "format_units.h"
#include "tape/tape.h"
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 400u

/* Pages lie in memory of their very size, so that a sanitizer sees what leaves them. */
struct draft {
    uint32_t page_bytes, count;
    struct kvn_node_head head;
    struct kvn_item items[ITEMS_MAX];
    uint8_t keys[ITEMS_MAX][KVN_KEY_MAX], values[KVN_PAGE_MOST / 4];
    uint8_t *page;
};

/* A key that often shares much with the last one, and often sorts behind it. */
static struct kvn_slice key_draw(struct tape *tape, struct draft *draft, uint32_t at)
{
    uint8_t *key = draft->keys[at];
    uint32_t least = draft->head.level == 0 ? KVN_ID_BYTES : at > 0, bytes = least;
    memset(key, 0, KVN_KEY_MAX);
    if (at > 0) memcpy(key, draft->keys[at - 1], KVN_KEY_MAX);
    bytes += (uint32_t)tape_u64(tape, tape_bool(tape) ? KVN_KEY_MAX - least : 12);
    uint32_t from = bytes - (uint32_t)tape_u64(tape, bytes < 5 ? bytes : 5);
    for (uint32_t i = from; i < bytes; i++)
        key[i] = (uint8_t)tape_u64(tape, 255);
    return (struct kvn_slice){ key, bytes };
}

static uint32_t size_with(const struct draft *draft, uint32_t count)
{
    uint64_t key_bytes = 0, value_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        key_bytes += draft->items[i].key.bytes;
        value_bytes += draft->items[i].value.bytes;
    }
    return kvn_node_size(count, key_bytes, value_bytes, draft->items[0].key,
                         draft->items[count - 1].key);
}

/* As many items as the tape says and the page takes. */
static void draft_fill(struct tape *tape, struct draft *draft)
{
    memset(draft->values, 0x77, sizeof draft->values);
    draft->count = 0;
    while (draft->count < ITEMS_MAX && (draft->count == 0 || tape_more(tape))) {
        struct kvn_item *item = &draft->items[draft->count];
        uint32_t most = tape_bool(tape) ? draft->page_bytes / 4 : 20;
        item->key = key_draw(tape, draft, draft->count);
        item->value = (struct kvn_slice){ draft->values, 1 + (uint32_t)tape_u64(tape, most - 1) };
        if (draft->head.level > 0) item->value.bytes = KVN_POINTER_BYTES;
        if (draft->count > 0 && kvn_slice_compare(item[-1].key, item->key) >= 0) continue;
        if (size_with(draft, draft->count + 1) > draft->page_bytes) break;
        draft->count++;
    }
    draft->head.count = (uint16_t)draft->count;
}

static struct draft *draft_new(struct tape *tape)
{
    struct draft *draft = calloc(1, sizeof *draft);
    draft->page_bytes = KVN_PAGE_LEAST << tape_pick(tape, 5);
    draft->head = (struct kvn_node_head){ (uint8_t)tape_pick(tape, 3), 0, 5, 6, 7 };
    draft_fill(tape, draft);
    draft->page = malloc(draft->page_bytes);
    kvn_node_build(draft->page, draft->page_bytes, &draft->head, draft->items);
    return draft;
}

static void draft_free(struct draft *draft)
{
    free(draft->page);
    free(draft);
}

static bool items_come_back(const struct draft *draft)
{
    uint8_t key[KVN_KEY_MAX];
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct kvn_item *item = &draft->items[i];
        struct kvn_slice got = { key, kvn_node_key(draft->page, i, key) };
        if (kvn_slice_compare(got, item->key) != 0) return false;
        if (kvn_slice_compare(kvn_node_value(draft->page, i), item->value) != 0) return false;
    }
    return kvn_node_count(draft->page) == draft->count && format_node_use(draft->page);
}

static uint32_t find_slowly(const struct draft *draft, struct kvn_slice key, bool *equal)
{
    uint32_t at = 0;
    while (at < draft->count && kvn_slice_compare(draft->items[at].key, key) < 0)
        at++;
    *equal = at < draft->count && kvn_slice_compare(draft->items[at].key, key) == 0;
    return at;
}

/* A key near those of the page: one of them, cut short or made longer or another. */
static bool finds_any(struct tape *tape, const struct draft *draft)
{
    uint8_t text[KVN_KEY_MAX];
    bool equal, equal_slowly;
    struct kvn_slice near = draft->items[tape_pick(tape, draft->count)].key;
    uint32_t bytes = near.bytes - (uint32_t)tape_u64(tape, near.bytes);
    memcpy(text, near.data, bytes);
    while (bytes < sizeof text && tape_more(tape))
        text[bytes++] = (uint8_t)tape_u64(tape, 255);
    struct kvn_slice key = { text, bytes };
    uint32_t at = kvn_node_find(draft->page, key, &equal);
    uint32_t slowly = find_slowly(draft, key, &equal_slowly);
    if (at != slowly || equal != equal_slowly)
        return tape_fail(tape, "found %u, %d; should be %u, %d", at, equal, slowly, equal_slowly);
    uint32_t child = equal || at == 0 ? at : at - 1;
    return kvn_node_child(draft->page, key) == child || tape_fail(tape, "child of %u", at);
}

static bool nodes(struct tape *tape)
{
    struct kvn_node_head head;
    struct draft *draft = draft_new(tape);
    bool held = !kvn_node_check(draft->page, draft->page_bytes, &head, NULL) &&
                head.count == draft->count && head.level == draft->head.level && head.page == 5 &&
                head.birth == 6 && head.uuid8 == 7;
    if (!held) held = tape_fail(tape, "a page that was built is refused");
    if (held && !items_come_back(draft)) held = tape_fail(tape, "items do not come back");
    for (int i = 0; i < 20 && held; i++)
        held = finds_any(tape, draft);
    draft_free(draft);
    return held;
}

START_TEST(items_come_back_and_are_found)
{
    struct tape_options options = { .runs = 400, .bytes_max = 4096 };
    ck_assert(tape_run("nodes", nodes, &options));
}
END_TEST

/* Bytes changed at random: refused, or all of it can be used. */
static bool damaged(struct tape *tape)
{
    struct kvn_node_head head;
    struct draft *draft = draft_new(tape);
    uint32_t end = cairn_le32(draft->page + 36), slots = draft->page_bytes - end;
    for (uint64_t i = tape_u64(tape, 3) + 1; i > 0; i--) {
        uint64_t at = tape_bool(tape)   ? tape_u64(tape, 64)
                      : tape_bool(tape) ? tape_u64(tape, draft->page_bytes - 1)
                                        : end + tape_u64(tape, slots - 1);
        draft->page[at] = (uint8_t)tape_u64(tape, 255);
    }
    bool held =
        kvn_node_check(draft->page, draft->page_bytes, &head, NULL) || format_node_use(draft->page);
    draft_free(draft);
    return held || tape_fail(tape, "a page that was taken does not agree with itself");
}

START_TEST(damage_is_refused_or_harmless)
{
    struct tape_options options = { .runs = 1500, .bytes_max = 1024 };
    ck_assert(tape_run("damaged", damaged, &options));
}
END_TEST

/* Pages of a few keys, for the units below. */
static uint8_t page[4096];

static void build(uint8_t level, uint32_t count, const char *const *keys, uint32_t value_bytes)
{
    static const uint8_t value[1025] = { 1, 1 };
    struct kvn_item items[8];
    struct kvn_node_head head = { level, (uint16_t)count, 1, 2, 3 };
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct kvn_item){ { (const uint8_t *)keys[i], (uint32_t)strlen(keys[i]) },
                                      { value, value_bytes } };
    kvn_node_build(page, sizeof page, &head, items);
}

static enum cairn_err check(void)
{
    struct kvn_node_head head;
    struct cairn_why why = { 0 };
    enum cairn_err err = kvn_node_check(page, sizeof page, &head, &why);
    ck_assert(!err || (err == CAIRN_ECORRUPT && why.what[0]));
    return err;
}

START_TEST(every_changed_byte_is_refused_or_harmless)
{
    static const char *const keys[] = { "dictionary 1", "dictionary 12", "dictionary 2",
                                        "dictionary 2222" };
    for (size_t at = 0; at < sizeof page; at++)
        for (uint32_t flip = 1; flip < 256; flip = flip * 3 + 1) {
            build(0, 4, keys, 9);
            page[at] ^= (uint8_t)flip;
            ck_assert(check() || format_node_use(page));
        }
}
END_TEST

START_TEST(the_layout_is_the_documents)
{
    static const char *const keys[] = { "prefix77a", "prefix77bcd" };
    build(0, 2, keys, 3);
    ck_assert_mem_eq(page, "CKVT\0\0\2\0", 8);
    ck_assert_uint_eq(cairn_le16(page + 32), 8);
    ck_assert_mem_eq(page + 48, "prefix77", 8);
    ck_assert_uint_eq(cairn_le16(page + 56), 4096 - 8);
    ck_assert_uint_eq(cairn_le16(page + 58), 'a' << 8);
    ck_assert_uint_eq(cairn_le16(page + 62), 'b' << 8 | 'c');
    ck_assert_mem_eq(page + 4096 - 8, "\1\0\3\0a\1\1\0", 8);
    ck_assert_uint_eq(cairn_le32(page + 36), 4096 - 8 - 10);
}
END_TEST

START_TEST(rules_of_the_tree_are_checked)
{
    static const char *const keys[] = { "12345678", "123456789" }, *const short_key[] = { "1234" };
    static const char *const twice[] = { "12345678", "12345678" };
    static const char *const down[] = { "12345678b", "12345678a" };
    build(0, 2, keys, 1024);
    ck_assert_int_eq(check(), CAIRN_OK);
    build(0, 2, keys, 1025);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(0, 2, keys, 0);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(0, 1, short_key, 5);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(1, 1, short_key, 32);
    ck_assert_int_eq(check(), CAIRN_OK);
    build(1, 1, short_key, 31);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(0, 2, twice, 5);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(0, 2, down, 5);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    build(16, 2, keys, 32);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
    memset(page, 0, sizeof page);
    ck_assert_int_eq(check(), CAIRN_ECORRUPT);
}
END_TEST

START_TEST(keys_with_zeros_and_equal_heads_are_told_apart)
{
    static const uint8_t texts[5][4] = { "", "\0", "\0\0", "\0\0\0", "\0\0\1" };
    static const uint8_t value[KVN_POINTER_BYTES] = { 1 };
    struct kvn_item items[5];
    struct kvn_node_head head = { 1, 5, 1, 2, 3 };
    for (uint32_t i = 0; i < 5; i++)
        items[i] = (struct kvn_item){ { texts[i], i < 4 ? i : 3 }, { value, sizeof value } };
    kvn_node_build(page, sizeof page, &head, items);
    ck_assert_int_eq(check(), CAIRN_OK);
    ck_assert(format_node_use(page));
}
END_TEST

TCase *format_node_units(void)
{
    TCase *tcase = tcase_create("nodes");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, items_come_back_and_are_found);
    tcase_add_test(tcase, damage_is_refused_or_harmless);
    tcase_add_test(tcase, every_changed_byte_is_refused_or_harmless);
    tcase_add_test(tcase, the_layout_is_the_documents);
    tcase_add_test(tcase, rules_of_the_tree_are_checked);
    tcase_add_test(tcase, keys_with_zeros_and_equal_heads_are_told_apart);
    return tcase;
}
