/* SPDX-License-Identifier: ISC */
/*
 * The format of kv/FORMAT.md as structs and pure codecs: no I/O, no state. What encode asserts,
 * decode refuses. Decoders get bytes that anything may have written.
 */
#ifndef CAIRN_KV_NATIVE_FORMAT_H
#define CAIRN_KV_NATIVE_FORMAT_H

#include <cairn/kv_native.h>

#define KVN_RING 8u           /* superblocks of a ring; homes of a bitmap page */
#define KVN_SUPER_BYTES 4096u /* of a superblock, at the beginning of its page */
#define KVN_PAGE_LEAST 4096u
#define KVN_PAGE_MOST 65536u
#define KVN_POINTER_BYTES 32u
#define KVN_ID_BYTES 8u
#define KVN_KEY_MAX (KVN_ID_BYTES + CAIRN_KV_SEGMENT_MAX)
#define KVN_DEPTH_MAX 16u
#define KVN_CHUNK_BYTES 65536u /* of a value, behind one chunk record */
#define KVN_CHUNK_PAGES_MAX 16u
#define KVN_CHUNK_RECORD_MAX (1u + KVN_CHUNK_PAGES_MAX * (17u + 16u))
#define KVN_TOP_ENTRIES 64u

#define KVN_ID_GRAVES 0u
#define KVN_ID_SNAPSHOTS 1u
#define KVN_ID_ROOT 2u
#define KVN_ID_FIRST 16u

struct kvn_pointer {
    uint64_t page; /* 0: none */
    uint64_t birth;
    struct cairn_hash128 hash;
};
void kvn_pointer_encode(uint8_t out[KVN_POINTER_BYTES], const struct kvn_pointer *pointer);
void kvn_pointer_decode(struct kvn_pointer *pointer, const uint8_t in[KVN_POINTER_BYTES]);

/* ---- superblock ---------------------------------------------------------------------------- */

/* Entry of the free space's index. */
struct kvn_home {
    struct cairn_hash128 hash;
    uint64_t birth; /* 0, and all else too: the page was never written; all that may be is free */
    uint32_t free;
    uint8_t home;
};
#define KVN_HOME_BYTES 32u
void kvn_home_encode(uint8_t out[KVN_HOME_BYTES], const struct kvn_home *home);
enum cairn_err kvn_home_decode(struct kvn_home *home,
                               const uint8_t in[KVN_HOME_BYTES]) CAIRN_MUST_USE;

struct kvn_super {
    uint32_t version, page_bytes;
    uint64_t compat, ro_compat, incompat;
    uint8_t uuid[16];
    uint64_t generation, pages, log_bytes;
    int64_t made_ns;
    char label[CAIRN_KV_LABEL_BYTES];
    struct kvn_pointer root;
    uint8_t depth, index_levels;
    uint16_t top_count;
    uint64_t entries, tree_pages, data_pages, next_id, snapshot_generation;
    uint64_t log_start, log_seq;
    struct cairn_hash128 log_chain;
    uint32_t log_skip; /* changes of the log's first record that the tree has already */
    uint64_t free_pages;
    uint64_t search_group;    /* where allocating goes on */
    uint64_t freed[KVN_RING]; /* pages freed while a generation was built, by generation mod 8 */
    struct kvn_home top[KVN_TOP_ENTRIES];
};
void kvn_super_encode(uint8_t out[KVN_SUPER_BYTES], const struct kvn_super *super);
/* CAIRN_EINVAL: no store. CAIRN_ENOTSUP: a newer version or feature (why says which).
 * CAIRN_ECORRUPT: a hash or a field that is wrong (why says which). All fields are within the
 * format's bounds after CAIRN_OK; that the store fits the device, and that nothing is written when
 * there is an ro_compat feature (there is none yet), are the caller's to check. */
enum cairn_err kvn_super_decode(struct kvn_super *super, const uint8_t in[KVN_SUPER_BYTES],
                                struct cairn_why *why) CAIRN_MUST_USE;

/* Where things lie: of the super, these look at page_bytes, pages and log_bytes. */
uint64_t kvn_group_pages(uint32_t page_bytes);
uint64_t kvn_groups(const struct kvn_super *super);
/* Entries that one index page has. */
uint32_t kvn_index_fanout(uint32_t page_bytes);
/* Fill in index_levels and top_count. */
void kvn_index_shape(struct kvn_super *super);
/* Is there such a store: page size, log, and pages neither too few nor too many? CAIRN_EINVAL, why
 * says what. */
enum cairn_err kvn_geometry_check(const struct kvn_super *super,
                                  struct cairn_why *why) CAIRN_MUST_USE;
/* Groups under one page of a level of the index; its homes are in the first of them. */
uint64_t kvn_groups_under(const struct kvn_super *super, uint32_t level);
/* First of the eight homes of page `number` of level (0: bitmap page of that group). */
uint64_t kvn_homes_page(const struct kvn_super *super, uint32_t level, uint64_t number);
/* Of the store's pages: how many are always in use. */
uint64_t kvn_fixed_pages(const struct kvn_super *super);
/* Free pages of groups [first, end) of an empty store. */
uint64_t kvn_empty_free(const struct kvn_super *super, uint64_t first, uint64_t end);
/* Fill the in-use bits of a group of an empty store: what is always in use. bits has group/8 bytes.
 */
void kvn_group_fixed(const struct kvn_super *super, uint64_t group, uint8_t *bits);
/* Is one of these pages, all of one group, always in use, or behind the store's end? */
bool kvn_has_fixed(const struct kvn_super *super, uint64_t first, uint64_t count);

/* ---- pages of the tree ----------------------------------------------------------------------- */

struct kvn_slice {
    const uint8_t *data;
    uint32_t bytes;
};

/* As memcmp, shorter first. */
int kvn_slice_compare(struct kvn_slice a, struct kvn_slice b);

/* Who a page says it is. */
struct kvn_node_head {
    uint8_t level;
    uint16_t count;
    uint64_t page, birth, uuid8;
};

/* Is page a page of the tree, all its entries inside it, keys ascending, values no longer than a
 * quarter, slots' heads right, of a level above 0 pointers with a page? Then the functions below
 * need no checks. Linear in the page. CAIRN_ECORRUPT, why says what. */
enum cairn_err kvn_node_check(const uint8_t *page, uint32_t page_bytes, struct kvn_node_head *head,
                              struct cairn_why *why) CAIRN_MUST_USE;
uint32_t kvn_node_count(const uint8_t *page);
static inline uint8_t kvn_node_level(const uint8_t *page)
{
    return page[4];
}
/* The first entry whose key is not below `key`; count when there is none. *equal: it is the key.
 * Fast: it looks at heads before keys. */
uint32_t kvn_node_find(const uint8_t *page, struct kvn_slice key, bool *equal);
/* The child to go down to: the last entry whose key is not above `key`, or 0. */
uint32_t kvn_node_child(const uint8_t *page, struct kvn_slice key);
struct kvn_slice kvn_node_prefix(const uint8_t *page);
struct kvn_slice kvn_node_suffix(const uint8_t *page, uint32_t at); /* key behind the prefix */
struct kvn_slice kvn_node_value(const uint8_t *page, uint32_t at);
/* The whole key; out has KVN_KEY_MAX bytes. Returns its length. */
uint32_t kvn_node_key(const uint8_t *page, uint32_t at, uint8_t *out);

/* Bytes that a page with these entries takes: count, sum of key and value bytes, the first and the
 * last key (whose common prefix is the page's). */
uint32_t kvn_node_size(uint32_t count, uint64_t key_bytes, uint64_t value_bytes,
                       struct kvn_slice first, struct kvn_slice last);
struct kvn_item {
    struct kvn_slice key, value;
};
/* Write a whole page of items, which fit. The bytes of items lie outside of page. */
void kvn_node_build(uint8_t *page, uint32_t page_bytes, const struct kvn_node_head *head,
                    const struct kvn_item *items);

/* ---- records --------------------------------------------------------------------------------- */

enum kvn_kind {
    KVN_INLINE = 1,
    KVN_SMALL = 2, /* in one chunk */
    KVN_LARGE = 3,
    KVN_DICTIONARY = 4,
    KVN_CHUNK = 5,
    KVN_SNAPSHOT = 6,
    KVN_GRAVE = 7
};

struct kvn_run {
    uint8_t first, count; /* pages within the chunk */
    bool reserved;        /* it reads as zeros and has no hashes */
    bool in_place;        /* it was, and was written to later than its birth */
    uint64_t page, birth;
};
struct kvn_chunk {
    uint32_t runs;
    struct kvn_run run[KVN_CHUNK_PAGES_MAX];
    struct cairn_hash128 hash[KVN_CHUNK_PAGES_MAX]; /* by page within the chunk */
};

struct kvn_record {
    enum kvn_kind kind;
    int64_t time_ns;
    uint64_t size;           /* of a value */
    uint64_t id;             /* LARGE, DICTIONARY */
    struct kvn_slice data;   /* INLINE: points into the record's bytes */
    struct kvn_slice chunk;  /* SMALL, CHUNK: the encoded chunk, checked */
    uint64_t generation;     /* SNAPSHOT, GRAVE of one */
    struct kvn_pointer root; /* the same */
    uint8_t depth;
    uint64_t entries;
    bool is_snapshot; /* GRAVE */
};
static inline bool kvn_is_value(const struct kvn_record *record)
{
    return record->kind == KVN_INLINE || record->kind == KVN_SMALL || record->kind == KVN_LARGE;
}
/* The longest record but INLINE. */
#define KVN_RECORD_MAX (13u + KVN_CHUNK_RECORD_MAX)
/* Encode; out has room (INLINE: 9 + data). Returns the length. */
uint32_t kvn_record_encode(uint8_t *out, const struct kvn_record *record);
/* page_bytes decides how many pages a chunk may have. CAIRN_ECORRUPT. */
enum cairn_err kvn_record_decode(struct kvn_record *record, struct kvn_slice in,
                                 uint32_t page_bytes, struct cairn_why *why) CAIRN_MUST_USE;
uint32_t kvn_chunk_encode(uint8_t *out, const struct kvn_chunk *chunk);
enum cairn_err kvn_chunk_decode(struct kvn_chunk *chunk, struct kvn_slice in,
                                uint32_t page_bytes) CAIRN_MUST_USE;
/* The chunk of an encoded record; *is false: it is of a kind that has none. CAIRN_ECORRUPT. */
enum cairn_err kvn_record_chunk(struct kvn_slice in, uint32_t page_bytes, struct kvn_chunk *chunk,
                                bool *is, struct cairn_why *why) CAIRN_MUST_USE;

/* ---- bitmap and index pages ----------------------------------------------------------------- */

#define KVN_BITS_AT 64u
struct kvn_bits_head {
    uint8_t level;
    uint64_t number, birth, uuid8;
};
/* Fill in head and the page's own hash; the bits or entries are there. */
void kvn_bits_seal(uint8_t *page, uint32_t page_bytes, const struct kvn_bits_head *head);
/* The hash that it has. */
struct cairn_hash128 kvn_bits_hash(const uint8_t *page);
/* CAIRN_ECORRUPT: its own hash, or magic. */
enum cairn_err kvn_bits_check(const uint8_t *page, uint32_t page_bytes,
                              struct kvn_bits_head *head) CAIRN_MUST_USE;

/* ---- records of the log --------------------------------------------------------------------- */

#define KVN_LOG_HEAD_BYTES 96u
#define KVN_LOG_HASHED_AT 24u /* what a record's hash is of begins here */
#define KVN_LOG_MORE 1u

struct kvn_log_head {
    uint32_t flags;
    uint64_t uuid8, seq, position;
    uint32_t bytes, changes;
    uint64_t durable_seq;
    struct cairn_hash128 before, hash;
};
/* Write the head of a record whose changes follow it in the same memory, and its hash, which is
 * left in head->hash, too. */
void kvn_log_seal(uint8_t *record, struct kvn_log_head *head);
/* The head alone, as far as it can be judged without the rest: magic, uuid, lengths (at most
 * `most` bytes). */
enum cairn_err kvn_log_peek(struct kvn_log_head *head, const uint8_t in[KVN_LOG_HEAD_BYTES],
                            uint64_t uuid8, uint64_t most) CAIRN_MUST_USE;
/* Does the whole record have its hash? */
bool kvn_log_whole(const uint8_t *record, const struct kvn_log_head *head);

enum kvn_change_kind { KVN_PUT = 1, KVN_DELETE = 2 };
struct kvn_change {
    enum kvn_change_kind kind;
    struct kvn_slice key, value;
};
#define KVN_CHANGE_HEAD_BYTES 8u
uint32_t kvn_change_bytes(const struct kvn_change *change);
uint32_t kvn_change_encode(uint8_t *out, const struct kvn_change *change);
/* The change at `at` of a record's changes[0..bytes); *next is behind it. CAIRN_ECORRUPT. */
enum cairn_err kvn_change_decode(struct kvn_change *change, const uint8_t *changes, uint32_t bytes,
                                 uint32_t at, uint32_t *next) CAIRN_MUST_USE;

#endif
