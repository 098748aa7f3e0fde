/* SPDX-License-Identifier: ISC */
/* What the verbs of `kv` share: the store of a place, open. */
#ifndef CAIRN_TOOLS_KV_H
#define CAIRN_TOOLS_KV_H

#include "args.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <cairn/image_kv.h>
#include <cairn/kv_check.h>
#include <cairn/kv_native.h>

extern const struct tool_verb tool_verb_kv_check, tool_verb_kv_compact, tool_verb_kv_create,
    tool_verb_kv_dump, tool_verb_kv_get, tool_verb_kv_grow, tool_verb_kv_load, tool_verb_kv_ls,
    tool_verb_kv_mv, tool_verb_kv_repair, tool_verb_kv_rm, tool_verb_kv_salvage, tool_verb_kv_set,
    tool_verb_kv_snapshot, tool_verb_kv_stat, tool_verb_kv_tree;

/* An open store, and what it lies on. */
struct tool_kv {
    struct cairn_image_place place; /* of the operand that was opened last */
    struct cairn_image *image;      /* NULL: nothing is open */
    struct cairn_kv *kv;
    struct cairn_kv_view view; /* of a snapshot, in place of kv; is_view */
    bool is_native, is_view;
    struct cairn_clock_wall_fixed fixed; /* SOURCE_DATE_EPOCH, when that is set: */
    struct cairn_clock_wall *clock;      /* NULL: the platform's */
    void *mem;
};

/* The key of a place: its path without the first '/'. */
static inline struct cairn_kv_key tool_kv_key(const struct cairn_image_place *place)
{
    return cairn_kv_key(place->path + (place->path[0] == '/'));
}

/* A store of its own format is opened as such, a FAT volume as a store on FAT. text is the operand;
 * store->place is filled. A store that is open stays so when text lies in it, and is closed first
 * when not. Begin with zeros; end with close, also after a failure. */
enum tool_status tool_kv_open(struct tool_kv *store, const struct tool_args *args, const char *text,
                              bool write);
/* The same, and its keys as a snapshot kept them; NULL: as they are. */
enum tool_status tool_kv_open_at(struct tool_kv *store, const struct tool_args *args,
                                 const char *text, const char *snapshot);
/* Close it; a failure of closing, which syncs, is told unless one was. */
enum tool_status tool_kv_close(struct tool_kv *store, enum tool_status status);

/* The store that operations go to. */
static inline struct cairn_kv *tool_kv_of(struct tool_kv *store)
{
    return store->is_view ? &store->view.kv : store->kv;
}

/* Does the device hold a store of its own format? What the newest of its superblocks says is in
 * geometry, zeros when none can be read. */
bool tool_kv_probe(struct cairn_blk *dev, struct cairn_kv_native_geometry *geometry);

/* One verb over all of its operands, which are keys: stops at the first failure. */
enum tool_status tool_kv_each(const struct tool_args *args, bool write, const char *snapshot,
                              enum cairn_err (*each)(void *ctx, struct cairn_kv *kv,
                                                     const char *text, struct cairn_kv_key key,
                                                     struct cairn_why *why),
                              void *ctx);

/* A key or a part of it, of any bytes, escaped; the rest as tool_entry_put. */
void tool_kv_name_put(FILE *to, const char *name, size_t bytes);
void tool_kv_entry_put(const char *name, size_t bytes, bool is_dictionary);

/* What a check found: a line, and an object that is left open for more. (kv_finding.c) */
void tool_kv_finding_print(const struct cairn_kv_finding *finding);
void tool_kv_finding_json(struct tool_json *json, const struct cairn_kv_finding *finding);
/* Those that count as wrong: minor and major. */
static inline uint64_t tool_kv_faults(const struct cairn_kv_check_result *result)
{
    return result->findings[CAIRN_KV_MINOR] + result->findings[CAIRN_KV_MAJOR];
}

/* "83dbf03b-6870-8c8a-9dfd-4db28b6443ea" */
const char *tool_kv_uuid_text(const uint8_t uuid[16], char buf[TOOL_TEXT_BYTES]);

#define TOOL_KV_SNAPSHOT                                                                           \
    {                                                                                              \
        "snapshot", 0, "NAME", "as that snapshot keeps it"                                         \
    }

#endif
