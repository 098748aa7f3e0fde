/* SPDX-License-Identifier: ISC */
/*
 * Names of a source as names of FAT. Those that need no change are settled first, in order, so that
 * a made-up name never takes one that is real.
 */
#include "scan.h"

#include "os.h"
#include <cairn/bytes.h>
#include <cairn/kv.h>
#include <cairn/text.h>
#include <fat/codec/name.h>
#include <stdlib.h>

#define TEXT_BYTES 512
#define PRETTY_MAX 9 /* made-up names count from 2 to here each on its own, then all together */

/* What is wrong with a name, into text; false: nothing. */
static bool refused(const char *utf8, struct fat_name *name, struct cairn_text *text)
{
    uint32_t bad;
    enum cairn_err err = fat_name_from_utf8(name, utf8, cairn_str_len(utf8));
    if (err == CAIRN_ENAMETOOLONG)
        cairn_text_str(text, "the name is longer than 255 UTF-16 units, FAT's limit");
    else if (err)
        cairn_text_str(text, "the name is not UTF-8");
    if (err) return true;
    err = fat_name_check(name, &bad);
    if (!err) return false;
    uint16_t unit = bad < name->len ? name->units[bad] : 0;
    if (unit == ' ' || unit == '.')
        cairn_text_fmt(text, "FAT has no names that end in '%c'", (char)unit);
    else if (unit < ' ' || unit > '~')
        cairn_text_fmt(text, "FAT has no names with the control character 0x%02x", unit);
    else
        cairn_text_fmt(text, "FAT has no names with '%c'", (char)unit);
    return true;
}

static enum cairn_err names_start(struct img_names *names, uint32_t count, struct cairn_why *why)
{
    uint32_t room = 64;
    while (room < UINT32_MAX / 4 && room < count * 2)
        room *= 2;
    names->next = PRETTY_MAX + 1;
    if (room > names->room) {
        free(names->slots);
        names->room = 0;
        names->slots = malloc(room * sizeof *names->slots);
        if (!names->slots) return img_no_memory(why);
        names->room = room;
    }
    memset(names->slots, 0, names->room * sizeof *names->slots);
    return CAIRN_OK;
}

void img_names_free(struct img_names *names)
{
    free(names->slots);
}

static bool same_name(const char *utf8, const struct fat_name *name)
{
    struct fat_name other;
    return !fat_name_from_utf8(&other, utf8, cairn_str_len(utf8)) && fat_name_equal(&other, name);
}

/* The slot of an equal name, or the free one where it belongs. */
static struct img_names_slot *names_slot(const struct img_names *names, const struct fat_name *name,
                                         uint32_t hash)
{
    for (uint32_t at = hash;; at++) {
        struct img_names_slot *slot = &names->slots[at & (names->room - 1)];
        if (!slot->name || (slot->hash == hash && same_name(slot->name, name))) return slot;
    }
}

/* Take a name; NULL when it was free, else the one that has it. */
static const char *names_take(struct img_names *names, const struct fat_name *name,
                              const char *utf8)
{
    uint32_t hash = fat_name_hash(name);
    struct img_names_slot *slot = names_slot(names, name, hash);
    if (slot->name) return slot->name;
    *slot = (struct img_names_slot){ .hash = hash, .name = utf8 };
    return NULL;
}

static void drop(struct img_scan *scan, uint32_t dir, struct img_find *find, const char *text)
{
    bool skip = scan->options->on_name == CAIRN_IMAGE_SKIP;
    find->dropped = true;
    img_scan_notice(scan, skip ? CAIRN_IMAGE_SKIP : CAIRN_IMAGE_ERROR, dir, find->node.source_name,
                    text);
}

/* Take the name as it is, or say why not. */
static void settle_as_is(struct img_scan *scan, uint32_t dir, struct img_find *find)
{
    char buf[TEXT_BYTES];
    struct cairn_text text;
    struct fat_name name;
    cairn_text_init(&text, buf, sizeof buf);
    find->unnamed = refused(find->node.source_name, &name, &text);
    if (!find->unnamed) {
        const char *other = names_take(&scan->names, &name, find->node.name);
        if (!other) return;
        find->unnamed = true;
        cairn_text_str(&text, "FAT takes it for the same name as '");
        cairn_text_escaped(&text, other, cairn_str_len(other));
        cairn_text_char(&text, '\'');
    }
    if (scan->options->on_name != CAIRN_IMAGE_MAP) drop(scan, dir, find, buf);
}

/* Bytes that the first character takes by its first byte, at most len. */
static size_t utf8_len(const char *at, size_t len)
{
    uint8_t first = (uint8_t)*at;
    size_t want = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return want < len ? want : len;
}

/* Every name as one that FAT takes: '_' for what it refuses, cut at 255 units. */
static void name_map(struct fat_name *name, const char *utf8)
{
    size_t len = cairn_str_len(utf8), step;
    name->len = 0;
    for (; len > 0; utf8 += step, len -= step) {
        struct fat_name part = { .len = 1, .units = { '_' } };
        step = utf8_len(utf8, len);
        if (fat_name_from_utf8(&part, utf8, step)) {
            step = part.len = 1;
            part.units[0] = '_';
        }
        if (name->len + part.len > FAT_NAME_UNITS) break;
        memcpy(name->units + name->len, part.units, part.len * sizeof part.units[0]);
        name->len = (uint16_t)(name->len + part.len);
    }
    uint32_t bad;
    while (fat_name_check(name, &bad) && bad < name->len && name->units[bad] != '_')
        name->units[bad] = '_';
}

/* "~number" in front of the extension; the part before it is cut to make room. */
static void name_vary(const struct fat_name *name, uint32_t number, struct fat_name *out)
{
    char digits[16];
    struct cairn_text text;
    cairn_text_init(&text, digits, sizeof digits);
    cairn_text_fmt(&text, "~%u", number);
    uint32_t dot = name->len;
    for (uint32_t i = name->len; i-- > 1;)
        if (name->units[i] == '.') {
            dot = i;
            break;
        }
    uint32_t ext = name->len - dot;
    if (ext > 32) dot = name->len, ext = 0;
    uint32_t keep = FAT_NAME_UNITS - ext - (uint32_t)text.len;
    if (keep > dot) keep = dot;
    if (keep > 1 && (name->units[keep - 1] & 0xFC00u) == 0xD800u) keep--; /* no half character */
    memcpy(out->units, name->units, keep * sizeof out->units[0]);
    for (uint32_t i = 0; i < text.len; i++)
        out->units[keep + i] = (uint16_t)digits[i];
    memcpy(out->units + keep + text.len, name->units + dot, ext * sizeof out->units[0]);
    out->len = (uint16_t)(keep + text.len + ext);
}

static bool name_is_free(const struct img_names *names, const struct fat_name *name)
{
    return !names_slot(names, name, fat_name_hash(name))->name;
}

static enum cairn_err settle_mapped(struct img_scan *scan, uint32_t dir, struct img_find *find,
                                    struct cairn_why *why)
{
    struct fat_name base, name;
    char utf8[CAIRN_FAT_NAME_BYTES], line[CAIRN_FAT_NAME_BYTES + 32];
    name_map(&base, find->node.source_name);
    name = base;
    for (uint32_t number = 2; !name_is_free(&scan->names, &name); number++)
        name_vary(&base, number <= PRETTY_MAX ? number : scan->names.next++, &name);
    size_t len = fat_name_to_utf8(&name, utf8);
    find->node.name = img_tree_keep(scan->tree, utf8, len);
    if (!find->node.name) return img_no_memory(why);
    (void)names_take(&scan->names, &name, find->node.name);
    struct cairn_text text;
    cairn_text_init(&text, line, sizeof line);
    cairn_text_fmt(&text, "stored as '%s'", utf8);
    img_scan_notice(scan, CAIRN_IMAGE_MAP, dir, find->node.source_name, line);
    return CAIRN_OK;
}

enum cairn_err img_names_settle(struct img_scan *scan, uint32_t dir, struct cairn_why *why)
{
    struct img_finds *finds = &scan->finds;
    enum cairn_err err = names_start(&scan->names, finds->count, why);
    if (err) return err;
    for (uint32_t i = 0; i < finds->count; i++)
        if (!finds->at[i].dropped) settle_as_is(scan, dir, &finds->at[i]);
    for (uint32_t i = 0; i < finds->count; i++) {
        struct img_find *find = &finds->at[i];
        if (!find->dropped && find->unnamed) err = settle_mapped(scan, dir, find, why);
        if (err) return err;
        find->node.name_len = (uint16_t)cairn_str_len(find->node.name);
    }
    return CAIRN_OK;
}

void img_names_check(struct img_scan *scan, uint32_t dir)
{
    for (uint32_t i = 0; i < scan->finds.count; i++) {
        struct img_find *find = &scan->finds.at[i];
        size_t len = cairn_str_len(find->node.name);
        find->node.name_len = (uint16_t)len;
        if (!find->dropped && len > CAIRN_KV_SEGMENT_MAX)
            drop(scan, dir, find, "the name is longer than 255 bytes, the limit of a key's part");
    }
}
