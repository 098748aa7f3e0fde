/* SPDX-License-Identifier: ISC */
/* Which partition a place means: by number, label=, uuid=, type=, or the only FAT. */
#include "open.h"
#include <fat/codec/boot.h>

#include <cairn/bytes.h>
#include <cairn/text.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A partition as a device, for looking into it. */
static bool part_slice(struct cairn_blk *dev, const struct cairn_part *part,
                       struct cairn_blk_slice *slice)
{
    return cairn_blk_slice_open(slice, dev, part->first, part->count, "partition", NULL) ==
           CAIRN_OK;
}

static void slice_close(struct cairn_blk_slice *slice)
{
    enum cairn_err ignored = cairn_blk_close(&slice->base, NULL);
    (void)ignored;
}

static bool part_is_fat(struct img_disk *disk, const struct cairn_part *part)
{
    struct cairn_blk_slice slice;
    if (!part_slice(disk->any.dev, part, &slice)) return false;
    bool is = cairn_image_is_fat(&slice.base);
    slice_close(&slice);
    return is;
}

/* "1 (EFI System), 2 (Linux filesystem)": what the user can choose from. */
static void hint_partitions(struct img_disk *disk, struct cairn_why *why)
{
    char buf[CAIRN_WHY_TEXT_BYTES];
    struct cairn_text text;
    cairn_text_init(&text, buf, sizeof buf);
    for (uint32_t i = 0; i < disk->table.part_count; i++) {
        const struct cairn_part *part = &disk->table.parts[i];
        const char *type = cairn_part_type_name(part, disk->table.scheme);
        cairn_text_fmt(&text, "%s%u (", i ? ", " : "", part->number);
        if (part->name[0])
            cairn_text_escaped(&text, part->name, strlen(part->name));
        else
            cairn_text_str(&text, type ? type : "unknown type");
        cairn_text_str(&text, part_is_fat(disk, part) ? ", FAT)" : ")");
    }
    if (disk->table.part_count == 0) cairn_text_str(&text, "its partition table is empty");
    cairn_why_hint(why, "%s%s", disk->table.part_count ? "write IMAGE:NUMBER/PATH; there are " : "",
                   buf);
}

static enum cairn_err only_fat(struct img_disk *disk, const struct cairn_part **found,
                               struct cairn_why *why)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < disk->table.part_count; i++) {
        if (!part_is_fat(disk, &disk->table.parts[i])) continue;
        *found = &disk->table.parts[i];
        count++;
    }
    if (count == 1) return CAIRN_OK;
    /* A single partition is meant even when its FAT is beyond recognition: check wants to see. */
    if (count == 0 && disk->table.part_count == 1) {
        *found = &disk->table.parts[0];
        return CAIRN_OK;
    }
    enum cairn_err err =
        count ? cairn_why_fail(why, CAIRN_EINVAL,
                               "the disk has %u FAT partitions; which one is not said", count)
              : cairn_why_fail(why, CAIRN_ECORRUPT, "no partition of the disk is FAT");
    hint_partitions(disk, why);
    return err;
}

/* ---- one selector against one volume ------------------------------------------------------- */

static bool serial_parse(const char *text, uint32_t *serial)
{
    char digits[9];
    size_t len = strlen(text);
    if (len == 9 && text[4] == '-') {
        memcpy(digits, text, 4);
        memcpy(digits + 4, text + 5, 5);
    } else if (len == 8) {
        memcpy(digits, text, 9);
    } else {
        return false;
    }
    if (strspn(digits, "0123456789abcdefABCDEF") != 8) return false;
    *serial = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

static bool volume_has_serial(struct cairn_blk *dev, const char *text)
{
    uint32_t serial;
    if (!serial_parse(text, &serial)) return false;
    uint8_t *buf = malloc(dev->info.block_bytes);
    if (!buf) return false;
    struct cairn_fat_geometry geometry;
    bool is_signed;
    bool has = cairn_blk_read(dev, 0, 1, buf, NULL) == CAIRN_OK &&
               cairn_fat_boot_decode(buf, &geometry, &is_signed, NULL) == CAIRN_OK &&
               geometry.volume_id == serial;
    free(buf);
    return has;
}

static bool volume_has_label(struct cairn_blk *dev, const char *text)
{
    char label[CAIRN_FAT_ALIAS_BYTES];
    img_volume_label(dev, label);
    return label[0] && strcasecmp(label, text) == 0;
}

static bool volume_matches(struct cairn_blk *dev, const char *selector)
{
    if (strncmp(selector, "label=", 6) == 0) return volume_has_label(dev, selector + 6);
    if (strncmp(selector, "uuid=", 5) == 0) return volume_has_serial(dev, selector + 5);
    return false;
}

static bool type_matches(const struct cairn_part *part, enum cairn_part_scheme scheme,
                         const char *text)
{
    struct cairn_part wanted = { .type_id = 0 };
    if (!cairn_part_type_parse(text, scheme, &wanted)) return false;
    if (scheme == CAIRN_PART_MBR) return wanted.type_id == part->type_id;
    return memcmp(wanted.type_guid, part->type_guid, sizeof part->type_guid) == 0;
}

bool cairn_image_part_is(struct cairn_blk *dev, const struct cairn_part_table *table,
                         const struct cairn_part *part, const char *selector)
{
    if (strncmp(selector, "type=", 5) == 0) return type_matches(part, table->scheme, selector + 5);
    uint8_t guid[16];
    if (strncmp(selector, "label=", 6) == 0 && strcmp(part->name, selector + 6) == 0) return true;
    if (strncmp(selector, "uuid=", 5) == 0 && table->scheme == CAIRN_PART_GPT &&
        cairn_guid_parse(selector + 5, guid))
        return memcmp(guid, part->guid, sizeof guid) == 0;
    struct cairn_blk_slice slice;
    if (!part_slice(dev, part, &slice)) return false;
    bool matches = volume_matches(&slice.base, selector);
    slice_close(&slice);
    return matches;
}

/* ---- choosing ------------------------------------------------------------------------------ */

static enum cairn_err by_number(struct img_disk *disk, const char *selector,
                                const struct cairn_part **found, struct cairn_why *why)
{
    unsigned long number = strtoul(selector, NULL, 10);
    for (uint32_t i = 0; i < disk->table.part_count; i++) {
        if (disk->table.parts[i].number != number) continue;
        *found = &disk->table.parts[i];
        return CAIRN_OK;
    }
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOENT, "no partition %s", selector);
    hint_partitions(disk, why);
    return err;
}

static enum cairn_err by_match(struct img_disk *disk, const char *selector,
                               const struct cairn_part **found, struct cairn_why *why)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < disk->table.part_count; i++) {
        if (!cairn_image_part_is(disk->any.dev, &disk->table, &disk->table.parts[i], selector))
            continue;
        *found = &disk->table.parts[i];
        count++;
    }
    if (count == 1) return CAIRN_OK;
    enum cairn_err err =
        count ? cairn_why_fail(why, CAIRN_EINVAL, "%u partitions have %s", count, selector)
              : cairn_why_fail(why, CAIRN_ENOENT, "no partition has %s", selector);
    hint_partitions(disk, why);
    return err;
}

static enum cairn_err bare_volume(struct img_disk *disk, const char *selector,
                                  struct cairn_why *why)
{
    if (!selector[0] || volume_matches(disk->any.dev, selector)) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOENT, "the disk has no partitions, so no '%s'", selector);
    cairn_why_hint(why, "leave the partition out: IMAGE:/PATH");
    return err;
}

enum cairn_err img_part_select(struct img_disk *disk, const char *selector,
                               const struct cairn_part **part, struct cairn_why *why)
{
    *part = NULL;
    if (disk->table.scheme == CAIRN_PART_NONE) return bare_volume(disk, selector, why);
    if (!selector[0]) return only_fat(disk, part, why);
    if (strchr(selector, '=')) return by_match(disk, selector, part, why);
    return by_number(disk, selector, part, why);
}
