/* SPDX-License-Identifier: ISC */
/* One structure of the native store, as bytes, before its decoder. The first byte says which (low
 * four bits), the page size (three bits), and whether its hash is made right first (the highest
 * bit), which the fuzzer would not find. */
#include "fuzz.h"

#include "kv/format_use.h"
#include <cairn/bytes.h>
#include <string.h>

enum { SUPER, NODE, RECORD, CHUNK, BITS, LOG, CHANGES, KINDS };

/* Where the hash lies, and where what it is of begins: the same in all that have one. */
#define HASH_AT 8u
#define HASHED_AT 24u

static void mend(uint8_t *bytes, size_t len)
{
    struct cairn_hash128 hash = cairn_hash128(bytes + HASHED_AT, len - HASHED_AT);
    cairn_le64_put(bytes + HASH_AT, hash.low);
    cairn_le64_put(bytes + HASH_AT + 8, hash.high);
}

static void super_one(uint8_t *bytes, size_t len, bool right)
{
    struct kvn_super super;
    struct cairn_why why = { 0 };
    static uint8_t block[KVN_SUPER_BYTES], again[KVN_SUPER_BYTES];
    memset(block, 0, sizeof block);
    memcpy(block, bytes, len < sizeof block ? len : sizeof block);
    if (right) mend(block, sizeof block);
    enum cairn_err err = kvn_super_decode(&super, block, &why);
    fuzz_require(why.err == err && (!err || why.what[0]), "errors explain themselves");
    if (err) return;
    fuzz_require(kvn_fixed_pages(&super) < super.pages, "a store has room");
    fuzz_require(super.top_count <= KVN_TOP_ENTRIES && super.index_levels <= 2, "an index ends");
    kvn_super_encode(block, &super);
    fuzz_require(!kvn_super_decode(&super, block, NULL), "what was read can be written");
    kvn_super_encode(again, &super);
    fuzz_require(memcmp(block, again, sizeof block) == 0, "and stays as it is");
}

static void node_one(const uint8_t *bytes, size_t len, uint32_t page_bytes)
{
    struct cairn_why why = { 0 };
    struct kvn_node_head head;
    uint8_t *page = calloc(1, page_bytes);
    size_t half = len / 2; /* a page is full at both of its ends */
    if (len > page_bytes) len = half = page_bytes;
    memcpy(page, bytes, half);
    memcpy(page + page_bytes - (len - half), bytes + half, len - half);
    enum cairn_err err = kvn_node_check(page, page_bytes, &head, &why);
    fuzz_require(why.err == err && (!err || why.what[0]), "errors explain themselves");
    if (!err) fuzz_require(format_node_use(page), "a checked page agrees with itself");
    free(page);
}

static void chunk_one(struct kvn_slice in, uint32_t page_bytes)
{
    struct kvn_chunk chunk;
    uint8_t again[KVN_CHUNK_RECORD_MAX];
    uint32_t at = 0;
    if (kvn_chunk_decode(&chunk, in, page_bytes)) return;
    for (uint32_t i = 0; i < chunk.runs; i++) {
        fuzz_require(chunk.run[i].first >= at && chunk.run[i].count > 0, "runs ascend");
        at = (uint32_t)chunk.run[i].first + chunk.run[i].count;
    }
    fuzz_require(at <= KVN_CHUNK_BYTES / page_bytes, "runs end in the chunk");
    fuzz_require(kvn_chunk_encode(again, &chunk) == in.bytes, "chunks have one form");
    fuzz_require(memcmp(again, in.data, in.bytes) == 0, "chunks come back");
}

static void record_one(struct kvn_slice in, uint32_t page_bytes)
{
    struct kvn_record record;
    struct cairn_why why = { 0 };
    static uint8_t again[1u << 20];
    enum cairn_err err = kvn_record_decode(&record, in, page_bytes, &why);
    fuzz_require(why.err == err && (!err || why.what[0]), "errors explain themselves");
    if (err || in.bytes > sizeof again) return;
    if (record.chunk.bytes > 0) chunk_one(record.chunk, page_bytes);
    fuzz_require(kvn_record_encode(again, &record) == in.bytes, "records have one form");
    fuzz_require(memcmp(again, in.data, in.bytes) == 0, "records come back");
}

static void bits_one(uint8_t *bytes, size_t len, bool right)
{
    struct kvn_bits_head head;
    if (len < KVN_BITS_AT) return;
    if (right) mend(bytes, len);
    (void)!kvn_bits_check(bytes, (uint32_t)len, &head);
}

static void changes_one(const uint8_t *bytes, uint32_t len)
{
    struct kvn_change change;
    static uint8_t again[KVN_PAGE_MOST];
    for (uint32_t at = 0, next; !kvn_change_decode(&change, bytes, len, at, &next); at = next) {
        fuzz_require(next > at && next <= len, "changes go on, and end");
        fuzz_require(kvn_change_encode(again, &change) == next - at, "changes have one form");
    }
}

static void log_one(uint8_t *bytes, size_t len, bool right)
{
    struct kvn_log_head head;
    if (len < KVN_LOG_HEAD_BYTES) return;
    if (right) mend(bytes, len);
    if (kvn_log_peek(&head, bytes, cairn_le64(bytes + 40), len)) return;
    if (kvn_log_whole(bytes, &head))
        changes_one(bytes + KVN_LOG_HEAD_BYTES, head.bytes - KVN_LOG_HEAD_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2 || len > 1u << 17) return 0;
    uint32_t page_bytes = KVN_PAGE_LEAST << (bytes[0] >> 4 & 7) % 5;
    bool right = bytes[0] >> 7;
    size_t rest = len - 1;
    uint8_t *copy = malloc(rest); /* of its very size, so that a sanitizer sees its end */
    struct kvn_slice in = { copy, (uint32_t)rest };
    memcpy(copy, bytes + 1, rest);
    switch ((bytes[0] & 15) % KINDS) {
    case SUPER:
        super_one(copy, rest, right);
        break;
    case NODE:
        node_one(copy, rest, page_bytes);
        break;
    case RECORD:
        record_one(in, page_bytes);
        break;
    case CHUNK:
        chunk_one(in, page_bytes);
        break;
    case BITS:
        bits_one(copy, rest, right);
        break;
    case LOG:
        log_one(copy, rest, right);
        break;
    default:
        changes_one(copy, in.bytes);
        break;
    }
    free(copy);
    return 0;
}
