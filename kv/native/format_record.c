/* SPDX-License-Identifier: ISC */
/* Records, and the chunks in them (kv/FORMAT.md, "Records"). */
#include "codec.h"

#define RUN_BYTES 17u
#define HASH_BYTES 16u
#define RUN_RESERVED 1u
#define RUN_IN_PLACE 2u
#define PAGE_BITS 48u      /* of the number of a run's first page */
#define SNAPSHOT_BYTES 49u /* generation, root, levels, entries */

/* ---- chunks ---------------------------------------------------------------------------------- */

static void page48_put(uint8_t *out, uint64_t page)
{
    cairn_le32_put(out, (uint32_t)page);
    cairn_le16_put(out + 4, (uint16_t)(page >> 32));
}

static uint64_t page48_get(const uint8_t *in)
{
    return cairn_le32(in) | (uint64_t)cairn_le16(in + 4) << 32;
}

static void run_encode(uint8_t *out, const struct kvn_run *run)
{
    out[0] = run->first;
    out[1] = run->count;
    out[2] = run->reserved ? RUN_RESERVED : run->in_place ? RUN_IN_PLACE : 0;
    page48_put(out + 3, run->page);
    cairn_le64_put(out + 9, run->birth);
}

/* False: no such run of a chunk of `pages` pages, behind what ends at page `*end`. */
static bool run_decode(struct kvn_run *run, const uint8_t *in, uint32_t pages, uint32_t *end)
{
    if (in[2] > RUN_IN_PLACE) return false;
    run->first = in[0];
    run->count = in[1];
    run->reserved = in[2] == RUN_RESERVED;
    run->in_place = in[2] == RUN_IN_PLACE;
    run->page = page48_get(in + 3);
    run->birth = cairn_le64(in + 9);
    if (run->count == 0 || run->first < *end || run->first + run->count > pages) return false;
    *end = (uint32_t)run->first + run->count;
    return run->page > 0 && run->page + run->count <= UINT64_C(1) << PAGE_BITS && run->birth > 0;
}

uint32_t kvn_chunk_encode(uint8_t *out, const struct kvn_chunk *chunk)
{
    uint8_t *hash = out + 1 + chunk->runs * RUN_BYTES;
    out[0] = (uint8_t)chunk->runs;
    for (uint32_t i = 0; i < chunk->runs; i++) {
        const struct kvn_run *run = &chunk->run[i];
        run_encode(out + 1 + i * RUN_BYTES, run);
        for (uint32_t page = 0; page < run->count && !run->reserved; page++) {
            kvn_hash_put(hash, chunk->hash[run->first + page]);
            hash += HASH_BYTES;
        }
    }
    return (uint32_t)(hash - out);
}

/* The hashes of a run, of those that `left` begins with. */
static bool hashes_decode(struct kvn_chunk *chunk, const struct kvn_run *run,
                          struct kvn_slice *left)
{
    if (run->reserved) return true;
    if (left->bytes < run->count * HASH_BYTES) return false;
    for (uint32_t page = 0; page < run->count; page++)
        chunk->hash[run->first + page] = kvn_hash_get(left->data + page * HASH_BYTES);
    left->data += run->count * HASH_BYTES;
    left->bytes -= run->count * HASH_BYTES;
    return true;
}

enum cairn_err kvn_chunk_decode(struct kvn_chunk *chunk, struct kvn_slice in, uint32_t page_bytes)
{
    uint32_t pages = KVN_CHUNK_BYTES / page_bytes, end = 0;
    memset(chunk, 0, sizeof *chunk);
    if (in.bytes < 1 || in.data[0] > pages || in.bytes - 1 < in.data[0] * RUN_BYTES)
        return CAIRN_ECORRUPT;
    uint32_t runs = in.data[0], head = 1 + runs * RUN_BYTES;
    struct kvn_slice hashes = { in.data + head, in.bytes - head };
    for (uint32_t i = 0; i < runs; i++) {
        if (!run_decode(&chunk->run[i], in.data + 1 + i * RUN_BYTES, pages, &end) ||
            !hashes_decode(chunk, &chunk->run[i], &hashes))
            return CAIRN_ECORRUPT;
    }
    chunk->runs = runs;
    return hashes.bytes == 0 ? CAIRN_OK : CAIRN_ECORRUPT;
}

/* ---- records --------------------------------------------------------------------------------- */

static uint32_t put(uint8_t *out, struct kvn_slice bytes)
{
    if (bytes.bytes > 0) memcpy(out, bytes.data, bytes.bytes);
    return bytes.bytes;
}

static uint32_t snapshot_encode(uint8_t *out, const struct kvn_record *record)
{
    cairn_le64_put(out, record->generation);
    kvn_pointer_encode(out + 8, &record->root);
    out[40] = record->depth;
    cairn_le64_put(out + 41, record->entries);
    return SNAPSHOT_BYTES;
}

static uint32_t grave_encode(uint8_t *out, const struct kvn_record *record)
{
    out[1] = record->is_snapshot;
    if (!record->is_snapshot) return 2;
    cairn_le64_put(out + 2, (uint64_t)record->time_ns);
    return 10 + snapshot_encode(out + 10, record);
}

uint32_t kvn_record_encode(uint8_t *out, const struct kvn_record *record)
{
    out[0] = (uint8_t)record->kind;
    if (record->kind == KVN_CHUNK) return 1 + put(out + 1, record->chunk);
    if (record->kind == KVN_GRAVE) return grave_encode(out, record);
    cairn_le64_put(out + 1, (uint64_t)record->time_ns);
    switch (record->kind) {
    case KVN_INLINE:
        return 9 + put(out + 9, record->data);
    case KVN_SMALL:
        cairn_le32_put(out + 9, (uint32_t)record->size);
        return 13 + put(out + 13, record->chunk);
    case KVN_LARGE:
        cairn_le64_put(out + 9, record->size);
        cairn_le64_put(out + 17, record->id);
        return 25;
    case KVN_DICTIONARY:
        cairn_le64_put(out + 9, record->id);
        return 17;
    case KVN_SNAPSHOT:
    case KVN_CHUNK:
    case KVN_GRAVE:
        break;
    }
    return 9 + snapshot_encode(out + 9, record);
}

/* `in` is what lies behind the kind, as with those below. */
static bool chunk_fill(struct kvn_record *record, struct kvn_slice in, uint32_t page_bytes)
{
    struct kvn_chunk chunk;
    record->chunk = in;
    return !kvn_chunk_decode(&chunk, in, page_bytes);
}

static bool small_fill(struct kvn_record *record, struct kvn_slice in, uint32_t page_bytes)
{
    if (in.bytes < 12) return false;
    record->size = cairn_le32(in.data + 8);
    return record->size <= KVN_CHUNK_BYTES &&
           chunk_fill(record, (struct kvn_slice){ in.data + 12, in.bytes - 12 }, page_bytes);
}

static bool large_fill(struct kvn_record *record, struct kvn_slice in)
{
    if (in.bytes != 24) return false;
    record->size = cairn_le64(in.data + 8);
    record->id = cairn_le64(in.data + 16);
    return record->size > KVN_CHUNK_BYTES && record->size <= CAIRN_KV_VALUE_MAX &&
           record->id >= KVN_ID_FIRST;
}

static bool dictionary_fill(struct kvn_record *record, struct kvn_slice in)
{
    if (in.bytes != 16) return false;
    record->id = cairn_le64(in.data + 8);
    return record->id == KVN_ID_ROOT || record->id >= KVN_ID_FIRST;
}

static bool snapshot_fill(struct kvn_record *record, struct kvn_slice in)
{
    if (in.bytes != 8 + SNAPSHOT_BYTES) return false;
    record->generation = cairn_le64(in.data + 8);
    kvn_pointer_decode(&record->root, in.data + 16);
    record->depth = in.data[48];
    record->entries = cairn_le64(in.data + 49);
    return record->depth <= KVN_DEPTH_MAX && (record->depth == 0) == (record->root.page == 0) &&
           record->root.birth <= record->generation;
}

static bool grave_fill(struct kvn_record *record, struct kvn_slice in)
{
    if (in.bytes < 1 || in.data[0] > 1) return false;
    record->is_snapshot = in.data[0] == 1;
    if (!record->is_snapshot) return in.bytes == 1;
    if (!snapshot_fill(record, (struct kvn_slice){ in.data + 1, in.bytes - 1 })) return false;
    record->time_ns = (int64_t)cairn_le64(in.data + 1);
    return true;
}

/* Those with a time. */
static bool timed_fill(struct kvn_record *record, struct kvn_slice in, uint32_t page_bytes)
{
    if (in.bytes < 8) return false;
    record->time_ns = (int64_t)cairn_le64(in.data);
    switch (record->kind) {
    case KVN_INLINE:
        record->data = (struct kvn_slice){ in.data + 8, in.bytes - 8 };
        record->size = record->data.bytes;
        return true;
    case KVN_SMALL:
        return small_fill(record, in, page_bytes);
    case KVN_LARGE:
        return large_fill(record, in);
    case KVN_DICTIONARY:
        return dictionary_fill(record, in);
    case KVN_SNAPSHOT:
        return snapshot_fill(record, in);
    case KVN_CHUNK:
    case KVN_GRAVE:
        break;
    }
    return false;
}

enum cairn_err kvn_record_decode(struct kvn_record *record, struct kvn_slice in,
                                 uint32_t page_bytes, struct cairn_why *why)
{
    memset(record, 0, sizeof *record);
    if (in.bytes < 1) return cairn_why_fail(why, CAIRN_ECORRUPT, "a record without bytes");
    record->kind = (enum kvn_kind)in.data[0];
    struct kvn_slice rest = { in.data + 1, in.bytes - 1 };
    bool fine = record->kind == KVN_CHUNK   ? chunk_fill(record, rest, page_bytes)
                : record->kind == KVN_GRAVE ? grave_fill(record, rest)
                                            : timed_fill(record, rest, page_bytes);
    if (fine) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ECORRUPT, "a record of kind %u, %u bytes, contradicts itself",
                          in.data[0], in.bytes);
}

enum cairn_err kvn_record_chunk(struct kvn_slice in, uint32_t page_bytes, struct kvn_chunk *chunk,
                                bool *is, struct cairn_why *why)
{
    struct kvn_record record;
    enum cairn_err err = kvn_record_decode(&record, in, page_bytes, why);
    *is = !err && (record.kind == KVN_SMALL || record.kind == KVN_CHUNK);
    return *is ? kvn_chunk_decode(chunk, record.chunk, page_bytes) : err;
}
