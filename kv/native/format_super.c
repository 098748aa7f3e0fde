/* SPDX-License-Identifier: ISC */
/* Superblocks, and what they hold: pointers, entries of the index (kv/FORMAT.md). */
#include "codec.h"

#define VERSION 1u
#define HASH_AT 8u
#define HASHED_AT 24u
#define FREED_AT 296u
#define SKIP_AT 360u
#define TOP_AT 1024u

static const uint8_t magic[8] = { 'C', 'a', 'i', 'r', 'n', 'K', 'V', '\n' };

void kvn_pointer_encode(uint8_t out[KVN_POINTER_BYTES], const struct kvn_pointer *pointer)
{
    cairn_le64_put(out, pointer->page);
    cairn_le64_put(out + 8, pointer->birth);
    kvn_hash_put(out + 16, pointer->hash);
}

void kvn_pointer_decode(struct kvn_pointer *pointer, const uint8_t in[KVN_POINTER_BYTES])
{
    pointer->page = cairn_le64(in);
    pointer->birth = cairn_le64(in + 8);
    pointer->hash = kvn_hash_get(in + 16);
}

void kvn_home_encode(uint8_t out[KVN_HOME_BYTES], const struct kvn_home *home)
{
    memset(out, 0, KVN_HOME_BYTES);
    kvn_hash_put(out, home->hash);
    cairn_le64_put(out + 16, home->birth);
    cairn_le32_put(out + 24, home->free);
    out[28] = home->home;
}

enum cairn_err kvn_home_decode(struct kvn_home *home, const uint8_t in[KVN_HOME_BYTES])
{
    home->hash = kvn_hash_get(in);
    home->birth = cairn_le64(in + 16);
    home->free = cairn_le32(in + 24);
    home->home = in[28];
    if (home->home >= KVN_RING) return CAIRN_ECORRUPT;
    bool never = home->birth == 0;
    bool zeros = home->hash.low == 0 && home->hash.high == 0 && home->free == 0 && home->home == 0;
    return never && !zeros ? CAIRN_ECORRUPT : CAIRN_OK;
}

static void encode_store(uint8_t *out, const struct kvn_super *super)
{
    cairn_le32_put(out + 24, super->version);
    cairn_le32_put(out + 28, super->page_bytes);
    cairn_le64_put(out + 32, super->compat);
    cairn_le64_put(out + 40, super->ro_compat);
    cairn_le64_put(out + 48, super->incompat);
    memcpy(out + 56, super->uuid, sizeof super->uuid);
    cairn_le64_put(out + 72, super->generation);
    cairn_le64_put(out + 80, super->pages);
    cairn_le64_put(out + 88, super->log_bytes);
    cairn_le64_put(out + 96, (uint64_t)super->made_ns);
    memcpy(out + 104, super->label, sizeof super->label);
}

static void encode_state(uint8_t *out, const struct kvn_super *super)
{
    kvn_pointer_encode(out + 168, &super->root);
    out[200] = super->depth;
    out[201] = super->index_levels;
    cairn_le16_put(out + 202, super->top_count);
    cairn_le64_put(out + 208, super->entries);
    cairn_le64_put(out + 216, super->tree_pages);
    cairn_le64_put(out + 224, super->data_pages);
    cairn_le64_put(out + 232, super->next_id);
    cairn_le64_put(out + 240, super->snapshot_generation);
    cairn_le64_put(out + 248, super->log_start);
    cairn_le64_put(out + 256, super->log_seq);
    kvn_hash_put(out + 264, super->log_chain);
    cairn_le64_put(out + 280, super->free_pages);
    cairn_le64_put(out + 288, super->search_group);
    cairn_le32_put(out + SKIP_AT, super->log_skip);
}

void kvn_super_encode(uint8_t out[KVN_SUPER_BYTES], const struct kvn_super *super)
{
    memset(out, 0, KVN_SUPER_BYTES);
    memcpy(out, magic, sizeof magic);
    encode_store(out, super);
    encode_state(out, super);
    for (uint32_t i = 0; i < KVN_RING; i++)
        cairn_le64_put(out + FREED_AT + i * sizeof(uint64_t), super->freed[i]);
    for (uint32_t i = 0; i < super->top_count; i++)
        kvn_home_encode(out + TOP_AT + i * KVN_HOME_BYTES, &super->top[i]);
    kvn_hash_put(out + HASH_AT, cairn_hash128(out + HASHED_AT, KVN_SUPER_BYTES - HASHED_AT));
}

static void decode_store(struct kvn_super *super, const uint8_t *in)
{
    super->version = cairn_le32(in + 24);
    super->page_bytes = cairn_le32(in + 28);
    super->compat = cairn_le64(in + 32);
    super->ro_compat = cairn_le64(in + 40);
    super->incompat = cairn_le64(in + 48);
    memcpy(super->uuid, in + 56, sizeof super->uuid);
    super->generation = cairn_le64(in + 72);
    super->pages = cairn_le64(in + 80);
    super->log_bytes = cairn_le64(in + 88);
    super->made_ns = (int64_t)cairn_le64(in + 96);
    memcpy(super->label, in + 104, sizeof super->label);
}

static void decode_state(struct kvn_super *super, const uint8_t *in)
{
    kvn_pointer_decode(&super->root, in + 168);
    super->depth = in[200];
    super->index_levels = in[201];
    super->top_count = cairn_le16(in + 202);
    super->entries = cairn_le64(in + 208);
    super->tree_pages = cairn_le64(in + 216);
    super->data_pages = cairn_le64(in + 224);
    super->next_id = cairn_le64(in + 232);
    super->snapshot_generation = cairn_le64(in + 240);
    super->log_start = cairn_le64(in + 248);
    super->log_seq = cairn_le64(in + 256);
    super->log_chain = kvn_hash_get(in + 264);
    super->free_pages = cairn_le64(in + 280);
    super->search_group = cairn_le64(in + 288);
    super->log_skip = cairn_le32(in + SKIP_AT);
    for (uint32_t i = 0; i < KVN_RING; i++)
        super->freed[i] = cairn_le64(in + FREED_AT + i * sizeof(uint64_t));
}

static enum cairn_err wrong(struct cairn_why *why, const char *what)
{
    return cairn_why_fail(why, CAIRN_ECORRUPT, "superblock: %s", what);
}

/* What this program knows how to read. */
static enum cairn_err check_version(const struct kvn_super *super, struct cairn_why *why)
{
    if (super->version == VERSION && super->incompat == 0) return CAIRN_OK;
    if (super->version == 0) return wrong(why, "version 0");
    (void)(super->version > VERSION
               ? cairn_why_fail(why, CAIRN_ENOTSUP, "key-value store of format version %u",
                                super->version)
               : cairn_why_fail(why, CAIRN_ENOTSUP, "key-value store with unknown features %llx",
                                (unsigned long long)super->incompat));
    cairn_why_hint(why, "it was made by a newer Cairn; this one reads version %u", VERSION);
    return CAIRN_ENOTSUP;
}

static bool label_ends(const struct kvn_super *super)
{
    for (uint32_t i = 0; i < sizeof super->label; i++)
        if (super->label[i] == '\0') return true;
    return false;
}

static bool root_is_sane(const struct kvn_super *super)
{
    if (super->root.page == 0) return super->depth == 0;
    return super->depth >= 1 && super->depth <= KVN_DEPTH_MAX && super->root.page < super->pages &&
           super->root.birth >= 1 && super->root.birth <= super->generation;
}

/* No two counts of pages are of the same ones. */
static bool counts_are_sane(const struct kvn_super *super)
{
    uint64_t most = kvn_empty_free(super, 0, kvn_groups(super));
    return super->tree_pages <= most && super->data_pages <= most - super->tree_pages &&
           super->free_pages <= most - super->tree_pages - super->data_pages;
}

static enum cairn_err check_state(const struct kvn_super *super, struct cairn_why *why)
{
    struct kvn_super shape = { .page_bytes = super->page_bytes, .pages = super->pages };
    kvn_index_shape(&shape);
    if (shape.index_levels != super->index_levels || shape.top_count != super->top_count)
        return wrong(why, "the index of free space has the wrong shape");
    if (super->search_group >= kvn_groups(super)) return wrong(why, "no such group to allocate in");
    if (!root_is_sane(super)) return wrong(why, "the pointer to the root");
    if (!counts_are_sane(super)) return wrong(why, "more pages are counted than there are");
    if (super->next_id < KVN_ID_FIRST) return wrong(why, "the next id is a reserved one");
    if (super->snapshot_generation > super->generation)
        return wrong(why, "a snapshot that is newer than the store");
    return CAIRN_OK;
}

static enum cairn_err decode_top(struct kvn_super *super, const uint8_t *in, struct cairn_why *why)
{
    memset(super->top, 0, sizeof super->top);
    for (uint32_t i = 0; i < super->top_count; i++)
        if (kvn_home_decode(&super->top[i], in + TOP_AT + i * KVN_HOME_BYTES) ||
            super->top[i].birth > super->generation)
            return wrong(why, "an entry of the index of free space");
    return CAIRN_OK;
}

enum cairn_err kvn_super_decode(struct kvn_super *super, const uint8_t in[KVN_SUPER_BYTES],
                                struct cairn_why *why)
{
    if (memcmp(in, magic, sizeof magic) != 0)
        return cairn_why_fail(why, CAIRN_EINVAL, "not a key-value store: no superblock");
    if (!kvn_hash_equal(kvn_hash_get(in + HASH_AT),
                        cairn_hash128(in + HASHED_AT, KVN_SUPER_BYTES - HASHED_AT)))
        return wrong(why, "its hash does not fit");
    decode_store(super, in);
    decode_state(super, in);
    enum cairn_err err = check_version(super, why);
    if (err) return err;
    if (super->generation == 0) return wrong(why, "generation 0");
    if (!label_ends(super)) return wrong(why, "the label has no end");
    if (kvn_geometry_check(super, why)) return wrong(why, "sizes that no store has");
    err = check_state(super, why);
    return err ? err : decode_top(super, in, why);
}

enum cairn_err cairn_kv_native_probe(const void *bytes, struct cairn_kv_native_geometry *geometry,
                                     struct cairn_why *why)
{
    struct kvn_super super = { .version = 0 };
    enum cairn_err err = kvn_super_decode(&super, bytes, why);
    if (err) return err;
    memset(geometry, 0, sizeof *geometry);
    memcpy(geometry->uuid, super.uuid, sizeof geometry->uuid);
    memcpy(geometry->label, super.label, sizeof geometry->label);
    geometry->version = super.version;
    geometry->page_bytes = super.page_bytes;
    geometry->pages = super.pages;
    geometry->log_bytes = super.log_bytes;
    geometry->generation = super.generation;
    return CAIRN_OK;
}
