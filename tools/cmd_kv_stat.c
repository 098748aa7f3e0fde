/* SPDX-License-Identifier: ISC */
/* Figures of a key, or of a store as a whole. */
#include "json.h"
#include "kv.h"

#include <cairn/kv_native.h>
#include <stdlib.h>
#include <string.h>

enum { STAT_DIGEST, STAT_JSON, STAT_SNAPSHOT };
static const struct tool_option options[] = {
    { "digest", 0, NULL, "a hash of all that is under the key, whatever store it is in" },
    { "json", 0, NULL, "JSON: everything, sizes in bytes" },
    TOOL_KV_SNAPSHOT,
    { NULL, 0, NULL, NULL },
};

struct facts {
    const struct tool_args *args;
    struct cairn_kv *kv;
    struct cairn_kv_key key;
    struct cairn_kv_stat stat;
    char digest[33]; /* empty: not asked for */
    struct cairn_kv_native_usage usage;
    bool has_usage;
};

static enum cairn_err digest_read(struct facts *facts, struct cairn_why *why)
{
    struct cairn_hash128 hash;
    void *mem = malloc(CAIRN_KV_DIGEST_MEM);
    if (!mem) return cairn_why_fail(why, CAIRN_ENOMEM, "hash the values");
    enum cairn_err err =
        cairn_kv_digest(facts->kv, facts->key, &hash, mem, CAIRN_KV_DIGEST_MEM, why);
    free(mem);
    if (!err)
        snprintf(facts->digest, sizeof facts->digest, "%016llx%016llx",
                 (unsigned long long)hash.high, (unsigned long long)hash.low);
    return err;
}

static enum cairn_err facts_read(struct facts *facts, const struct tool_kv *store,
                                 struct cairn_why *why)
{
    enum cairn_err err = cairn_kv_stat(facts->kv, facts->key, &facts->stat, why);
    if (!err && tool_has(facts->args, STAT_DIGEST)) err = digest_read(facts, why);
    facts->has_usage = store->is_native && !store->is_view && !facts->key.bytes;
    if (!err && facts->has_usage) err = cairn_kv_native_usage(store->kv, &facts->usage, why);
    return err;
}

static const char *durability_text(enum cairn_kv_durability durability)
{
    if (durability == CAIRN_KV_DURABLE_MEDIA) return "media";
    return durability == CAIRN_KV_DURABLE_HOST ? "host" : "none";
}

/* ---- text ---------------------------------------------------------------------------------- */

static void usage_print(const struct cairn_kv_native_usage *usage)
{
    char buf[TOOL_TEXT_BYTES];
    const struct cairn_kv_native_geometry *geometry = &usage->geometry;
    uint64_t page = geometry->page_bytes;
    printf("  format      %u, generation %llu\n  label       ", geometry->version,
           (unsigned long long)geometry->generation);
    tool_name_put(stdout, geometry->label[0] ? geometry->label : "(none)");
    printf("\n  uuid        %s\n", tool_kv_uuid_text(geometry->uuid, buf));
    printf("  size        %s", tool_size_text(geometry->pages * page, buf));
    printf(", pages of %s\n", tool_size_text(page, buf));
    printf("  log         %s", tool_size_text(geometry->log_bytes, buf));
    printf(", %s in use\n", tool_size_text(usage->log_used_bytes, buf));
    printf("  tree        %llu entries, %u level%s", (unsigned long long)usage->entries,
           usage->depth, usage->depth == 1 ? "" : "s");
    printf(", %s\n", tool_size_text(usage->tree_pages * page, buf));
    printf("  values      %s outside of the tree\n", tool_size_text(usage->data_pages * page, buf));
    printf("  free        %s\n", tool_size_text(usage->free_pages * page, buf));
    if (usage->fell_back)
        printf("  fell back   over %llu newer states that were not whole\n",
               (unsigned long long)usage->fell_back);
}

static void facts_print(const struct facts *facts, const char *text)
{
    char buf[TOOL_TEXT_BYTES];
    bool is_value = facts->stat.kind == CAIRN_KV_VALUE;
    const struct cairn_kv_info *info = cairn_kv_info(facts->kv);
    tool_name_put(stdout, text);
    printf(": %s\n", is_value ? "value" : facts->key.bytes ? "dictionary" : "key-value store");
    if (is_value) printf("  size        %llu bytes\n", (unsigned long long)facts->stat.size);
    printf("  modified    %s\n", tool_time_text(facts->stat.modified_ns, false, buf));
    if (facts->digest[0]) printf("  digest      %s\n", facts->digest);
    if (facts->key.bytes) return;
    printf("  batches     %s\n", info->atomic_batches ? "atomic" : "none: each change is its own");
    printf("  snapshots   %s\n", info->views ? "yes" : "none");
    printf("  durable     %s\n", durability_text(info->durability));
    if (facts->has_usage) usage_print(&facts->usage);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void usage_json(struct tool_json *json, const struct cairn_kv_native_usage *usage)
{
    char buf[TOOL_TEXT_BYTES];
    const struct cairn_kv_native_geometry *geometry = &usage->geometry;
    uint64_t page = geometry->page_bytes;
    tool_json_u64(json, "version", geometry->version);
    tool_json_u64(json, "generation", geometry->generation);
    tool_json_str(json, "label", geometry->label[0] ? geometry->label : NULL);
    tool_json_str(json, "uuid", tool_kv_uuid_text(geometry->uuid, buf));
    tool_json_u64(json, "bytes", geometry->pages * page);
    tool_json_u64(json, "page_bytes", page);
    tool_json_u64(json, "log_bytes", geometry->log_bytes);
    tool_json_u64(json, "log_used_bytes", usage->log_used_bytes);
    tool_json_u64(json, "entries", usage->entries);
    tool_json_u64(json, "depth", usage->depth);
    tool_json_u64(json, "tree_bytes", usage->tree_pages * page);
    tool_json_u64(json, "value_bytes", usage->data_pages * page);
    tool_json_u64(json, "free_bytes", usage->free_pages * page);
    tool_json_u64(json, "fell_back", usage->fell_back);
}

static void facts_json(struct tool_json *json, const struct facts *facts, const char *text)
{
    const struct cairn_kv_info *info = cairn_kv_info(facts->kv);
    tool_json_open(json, NULL, '{');
    tool_json_str(json, "place", text);
    tool_json_str(json, "type", facts->stat.kind == CAIRN_KV_VALUE ? "value" : "dictionary");
    tool_json_u64(json, "size", facts->stat.size);
    tool_json_time(json, "modified", facts->stat.modified_ns);
    if (facts->digest[0]) tool_json_str(json, "digest", facts->digest);
    if (!facts->key.bytes) {
        tool_json_open(json, "store", '{');
        tool_json_bool(json, "atomic_batches", info->atomic_batches);
        tool_json_bool(json, "snapshots", info->views);
        tool_json_str(json, "durability", durability_text(info->durability));
        if (facts->has_usage) usage_json(json, &facts->usage);
        tool_json_close(json, '}');
    }
    tool_json_close(json, '}');
}

static enum tool_status run(const struct tool_args *args)
{
    struct facts facts = { .args = args };
    struct tool_kv store = { .image = NULL };
    struct cairn_why why = { 0 };
    const char *text = args->operands[0];
    enum tool_status status = tool_kv_open_at(&store, args, text, args->values[STAT_SNAPSHOT]);
    if (!status) {
        facts.kv = tool_kv_of(&store);
        facts.key = tool_kv_key(&store.place);
        enum cairn_err err = facts_read(&facts, &store, &why);
        struct tool_json json = { 0 };
        if (err)
            status = tool_fail(text, err, &why);
        else if (tool_has(args, STAT_JSON))
            facts_json(&json, &facts, text);
        else
            facts_print(&facts, text);
    }
    return tool_kv_close(&store, status);
}

const struct tool_verb tool_verb_kv_stat = {
    .name = "kv stat",
    .summary = "Show the figures of a key, or of a store",
    .operands = "STORE[:/KEY]",
    .options = options,
    .volume = true,
    .example = "  cairn kv stat store.img\n  cairn kv stat --digest store.img:/config",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
