/* SPDX-License-Identifier: ISC */
#include "kv.h"

#include "shape.h"

#include <cairn/kv_fat.h>
#include <cairn/text.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_MEM_BYTES ((size_t)64 << 20) /* pages of it are taken only as they are needed */
#define FAT_MEM_BYTES ((size_t)1 << 20)
#define PROBE_BYTES ((size_t)4096) /* the smallest page of a store */
#define RING_SLOTS 8u
#define RING_BYTES (RING_SLOTS * ((size_t)64 << 10)) /* of the largest */

/* ---- opening ------------------------------------------------------------------------------- */

static enum cairn_err mem_take(struct tool_kv *store, size_t bytes, struct cairn_why *why)
{
    store->mem = malloc(bytes);
    return store->mem ? CAIRN_OK : cairn_why_fail(why, CAIRN_ENOMEM, "open the store");
}

/* A superblock of any of the ring's places: the newest state may be in any, and one be damaged. */
static bool ring_probe(const uint8_t *head, size_t bytes, struct cairn_kv_native_geometry *geometry)
{
    bool found = false;
    for (size_t at = 0; at + PROBE_BYTES <= bytes; at += PROBE_BYTES) {
        struct cairn_kv_native_geometry slot;
        enum cairn_err err = cairn_kv_native_probe(head + at, &slot, NULL);
        found = found || err == CAIRN_ENOTSUP || err == CAIRN_ECORRUPT;
        bool is_slot = !err && at % slot.page_bytes == 0 && at / slot.page_bytes < RING_SLOTS;
        if (!is_slot || slot.generation < geometry->generation) continue;
        *geometry = slot;
        found = true;
    }
    return found;
}

bool tool_kv_probe(struct cairn_blk *dev, struct cairn_kv_native_geometry *geometry)
{
    uint64_t block = dev->info.block_bytes, device = cairn_blk_bytes(dev);
    size_t bytes = (size_t)(device < RING_BYTES ? device / block * block : RING_BYTES);
    *geometry = (struct cairn_kv_native_geometry){ .generation = 0 };
    if (bytes == 0 || cairn_image_is_fat(dev)) return false;
    uint8_t *head = aligned_alloc(RING_SLOTS * PROBE_BYTES, RING_BYTES);
    bool found = head && !cairn_blk_read(dev, 0, bytes / block, head, NULL) &&
                 ring_probe(head, bytes, geometry);
    free(head);
    return found;
}

static enum cairn_err native_open(struct tool_kv *store, bool write, struct cairn_why *why)
{
    const struct cairn_kv_native_options how = { .read_only = !write, .clock = store->clock };
    enum cairn_err err = mem_take(store, NATIVE_MEM_BYTES, why);
    if (err) return err;
    return cairn_kv_native_open(&store->kv, cairn_image_blk(store->image), &how, store->mem,
                                NATIVE_MEM_BYTES, why);
}

/* Durable when it is closed, as with the other verbs of a volume. */
static enum cairn_err fat_open(struct tool_kv *store, const struct cairn_fat_options *fat,
                               bool write, struct cairn_why *why)
{
    const struct cairn_image_open_options mount = { .write = write, .fat = *fat };
    const struct cairn_kv_fat_options how = { .read_only = !write, .lazy = true };
    struct cairn_image *device = store->image;
    bool is_fat = cairn_image_is_fat(cairn_image_blk(device));
    enum cairn_err err =
        cairn_image_open_beside(&store->image, device, store->place.part, &mount, why);
    if (err) store->image = NULL;
    enum cairn_err closing = cairn_image_close(device, err ? NULL : why);
    if (err && !is_fat)
        cairn_why_hint(why, "neither a store nor a FAT; `cairn kv create` makes a store");
    if (!err) err = closing;
    if (!err) err = mem_take(store, FAT_MEM_BYTES, why);
    if (err) return err;
    return cairn_kv_fat_open(&store->kv, cairn_image_fat(store->image), cairn_kv_key(""), &how,
                             store->mem, FAT_MEM_BYTES, why);
}

static enum cairn_err store_open(struct tool_kv *store, const struct cairn_fat_options *fat,
                                 bool write, struct cairn_why *why)
{
    const struct cairn_image_open_options how = { .write = write };
    struct cairn_kv_native_geometry geometry;
    enum cairn_err err = cairn_image_open_device(&store->image, &store->place, &how, why);
    if (err) {
        store->image = NULL;
        return err;
    }
    store->is_native = tool_kv_probe(cairn_image_blk(store->image), &geometry);
    return store->is_native ? native_open(store, write, why) : fat_open(store, fat, write, why);
}

static bool is_same_device(const struct cairn_image_place *a, const struct cairn_image_place *b)
{
    return strcmp(a->image, b->image) == 0 && strcmp(a->part, b->part) == 0;
}

enum tool_status tool_kv_open(struct tool_kv *store, const struct tool_args *args, const char *text,
                              bool write)
{
    struct cairn_image_place place;
    struct cairn_fat_options fat = { .read_only = false };
    int64_t now = INT64_MIN;
    struct cairn_why why = { 0 };
    enum tool_status status;
    if (!tool_volume_take(args, &fat) || !tool_source_date(args->verb, &now)) return TOOL_USAGE;
    if (fat.short_names == CAIRN_FAT_SHORT_LOWER || fat.short_names == CAIRN_FAT_SHORT_WIN95)
        return tool_usage(args->verb, "--short-names: only mixed and winnt leave keys as they are");
    (void)tool_place_is(text, &place, &status);
    if (status) return status;
    bool is_open = store->image && is_same_device(&place, &store->place);
    if (!is_open) status = tool_kv_close(store, TOOL_DONE);
    store->place = place;
    if (is_open || status) return status;
    if (now != INT64_MIN) {
        cairn_clock_wall_fixed_init(&store->fixed, now);
        fat.clock = store->clock = &store->fixed.base;
    }
    enum cairn_err err = store_open(store, &fat, write, &why);
    return err ? tool_fail(text, err, &why) : TOOL_DONE;
}

enum tool_status tool_kv_open_at(struct tool_kv *store, const struct tool_args *args,
                                 const char *text, const char *snapshot)
{
    struct cairn_why why = { 0 };
    enum tool_status status = tool_kv_open(store, args, text, false);
    if (status || !snapshot || store->is_view) return status;
    enum cairn_err err =
        cairn_kv_snapshot_open(&store->view, store->kv, cairn_kv_key(snapshot), &why);
    store->is_view = !err;
    return err ? tool_fail(text, err, &why) : TOOL_DONE;
}

enum tool_status tool_kv_close(struct tool_kv *store, enum tool_status status)
{
    struct cairn_why why = { 0 };
    enum cairn_err err = CAIRN_OK;
    if (store->is_view) cairn_kv_view_close(&store->view);
    if (store->kv) err = cairn_kv_close(store->kv, &why);
    if (store->image) {
        enum cairn_err closing = cairn_image_close(store->image, err ? NULL : &why);
        if (!err) err = closing;
    }
    free(store->mem);
    if (err && !status) status = tool_fail(store->place.image, err, &why);
    *store = (struct tool_kv){ .image = NULL };
    return status;
}

enum tool_status tool_kv_each(const struct tool_args *args, bool write, const char *snapshot,
                              enum cairn_err (*each)(void *ctx, struct cairn_kv *kv,
                                                     const char *text, struct cairn_kv_key key,
                                                     struct cairn_why *why),
                              void *ctx)
{
    struct tool_kv store = { .image = NULL };
    enum tool_status status = TOOL_DONE;
    for (uint32_t i = 0; i < args->operand_count && !status; i++) {
        const char *text = args->operands[i];
        struct cairn_why why = { 0 };
        status = write ? tool_kv_open(&store, args, text, true)
                       : tool_kv_open_at(&store, args, text, snapshot);
        if (status) break;
        enum cairn_err err = each(ctx, tool_kv_of(&store), text, tool_kv_key(&store.place), &why);
        if (err) status = tool_fail(text, err, &why);
    }
    return tool_kv_close(&store, status);
}

/* ---- printing ------------------------------------------------------------------------------ */

void tool_kv_name_put(FILE *to, const char *name, size_t bytes)
{
    char buf[4 * CAIRN_KV_WALK_BYTES + 1];
    struct cairn_text text;
    cairn_text_init(&text, buf, sizeof buf);
    cairn_text_escaped(&text, name, bytes);
    fputs(buf, to);
}

void tool_kv_entry_put(const char *name, size_t bytes, bool is_dictionary)
{
    bool colour = is_dictionary && tool_wants_colour(stdout);
    if (colour) fputs("\033[1;34m", stdout);
    tool_kv_name_put(stdout, name, bytes);
    if (colour) fputs("\033[0m", stdout);
}

const char *tool_kv_uuid_text(const uint8_t uuid[16], char buf[TOOL_TEXT_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) buf[at++] = '-';
        at += (size_t)snprintf(buf + at, TOOL_TEXT_BYTES - at, "%02x", uuid[i]);
    }
    return buf;
}
