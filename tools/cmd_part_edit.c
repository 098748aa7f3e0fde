/* SPDX-License-Identifier: ISC */
/* Partitions that come, go, and move their end. */
#include "part.h"

#include <cairn/blk_layers.h>
#include <cairn/bytes.h>
#include <stdlib.h>
#include <string.h>

/* ---- add ------------------------------------------------------------------------------------- */

enum {
    ADD_TYPE,
    ADD_SIZE,
    ADD_AT,
    ADD_NAME,
    ADD_NUMBER,
    ADD_ID,
    ADD_ACTIVE,
    ADD_ATTR,
    ADD_HYBRID,
    ADD_LOGICAL,
    ADD_ALIGN,
    ADD_QUIET,
    ADD_BLOCK
};
static const struct tool_option add_options[] = {
    { "type", 't', "TYPE", "esp, linux, fat32, swap, ..., a GUID, or 0c in an MBR (linux)" },
    { "size", 's', "SIZE|rest", "such as 100M; rest: all of the largest gap (rest)" },
    { "at", 0, "SIZE", "where it begins (the first gap with room)" },
    { "name", 'L', "NAME", "of a GPT's partition" },
    { "number", 0, "N", "its number (the lowest that is free)" },
    { "id", 'i', "GUID", "of a GPT's partition (random)" },
    { "active", 0, NULL, "what a BIOS starts, and no other one" },
    { "attr", 0, "HEX", "attributes of a GPT's partition, 64 bits" },
    { "hybrid", 0, "TYPE", "show it in the MBR, too, as such a type" },
    { "logical", 0, NULL, "inside the extended partition of an MBR" },
    { "align", 0, "SIZE", "where partitions may begin (1M)" },
    { "quiet", 'q', NULL, "do not say what was made" },
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

/* In whole blocks, or it is no place. */
static bool place_take(const struct tool_part *part, uint32_t option, uint64_t *blocks)
{
    uint64_t bytes = 0;
    if (!tool_has(part->args, option)) return true;
    if (!tool_arg_size(part->args, option, &bytes)) return false;
    *blocks = bytes / part->dev->info.block_bytes;
    if (*blocks > 0 && bytes % part->dev->info.block_bytes == 0) return true;
    tool_usage(part->args->verb, "--%s=%s is no whole number of blocks of %u bytes",
               part->args->verb->options[option].name, part->args->values[option],
               part->dev->info.block_bytes);
    return false;
}

/* "esp, bios, data, ...": what there is to choose from. */
static bool type_refuse(const struct tool_part *part, const char *option, const char *value,
                        enum cairn_part_scheme scheme)
{
    char words[256] = "";
    const char *word;
    for (size_t i = 0; (word = cairn_part_type_short(scheme, i)) != NULL; i++) {
        size_t len = strlen(words);
        snprintf(words + len, sizeof words - len, "%s%s", i ? ", " : "", word);
    }
    tool_usage(part->args->verb, "--%s=%s is no type of %s: %s, or %s", option, value,
               tool_part_scheme_text(scheme), words,
               scheme == CAIRN_PART_GPT ? "a GUID" : "two hexadecimal digits");
    return false;
}

static bool types_take(const struct tool_part *part, struct cairn_part *is)
{
    enum cairn_part_scheme scheme = part->table.scheme;
    const char *type = tool_has(part->args, ADD_TYPE) ? part->args->values[ADD_TYPE] : "linux";
    const char *hybrid = part->args->values[ADD_HYBRID];
    if (!cairn_part_type_parse(type, scheme, is)) return type_refuse(part, "type", type, scheme);
    if (!hybrid || cairn_part_type_parse(hybrid, CAIRN_PART_MBR, is)) return true;
    return type_refuse(part, "hybrid", hybrid, CAIRN_PART_MBR);
}

static bool gpt_take(const struct tool_part *part, struct cairn_part *is)
{
    const struct tool_args *args = part->args;
    const char *name = args->values[ADD_NAME], *attr = args->values[ADD_ATTR];
    char *end = NULL;
    if (name && strlen(name) >= sizeof is->name) {
        tool_usage(args->verb, "--name is longer than 36 characters");
        return false;
    }
    if (name) memcpy(is->name, name, strlen(name) + 1);
    if (attr) is->attributes = strtoull(attr, &end, 16);
    if (attr && (end == attr || *end)) {
        tool_usage(args->verb, "--attr=%s is no hexadecimal number", attr);
        return false;
    }
    if (tool_has(args, ADD_ACTIVE)) is->attributes |= CAIRN_PART_GPT_BOOT;
    if (!tool_has(args, ADD_ID)) return tool_part_guid_new(is->guid);
    if (cairn_guid_parse(args->values[ADD_ID], is->guid)) return true;
    tool_usage(args->verb, "--id=%s is no GUID", args->values[ADD_ID]);
    return false;
}

/* What one scheme has and the other has not. */
static bool scheme_take(const struct tool_part *part, struct cairn_part_wish *wish)
{
    static const uint32_t gpt_only[] = { ADD_NAME, ADD_ID, ADD_ATTR, ADD_HYBRID };
    const struct tool_args *args = part->args;
    bool gpt = part->table.scheme == CAIRN_PART_GPT;
    wish->logical =
        tool_has(args, ADD_LOGICAL) || (!gpt && wish->part.number >= CAIRN_PART_LOGICAL);
    if (gpt && !wish->logical) return gpt_take(part, &wish->part);
    for (size_t i = 0; !gpt && i < CAIRN_COUNT(gpt_only); i++) {
        if (!tool_has(args, gpt_only[i])) continue;
        tool_usage(args->verb, "an MBR has no --%s", args->verb->options[gpt_only[i]].name);
        return false;
    }
    if (gpt) tool_usage(args->verb, "a GPT has no logical partitions, and needs none");
    if (tool_has(args, ADD_ACTIVE)) wish->part.attributes = CAIRN_PART_ACTIVE;
    return !gpt;
}

static bool wish_take(const struct tool_part *part, struct cairn_part_wish *wish)
{
    const struct tool_args *args = part->args;
    return tool_arg_u32(args, ADD_NUMBER, &wish->part.number) &&
           place_take(part, ADD_AT, &wish->part.first) &&
           place_take(part, ADD_ALIGN, &wish->align) &&
           tool_part_blocks(part, args->values[ADD_SIZE], &wish->part.count) &&
           types_take(part, &wish->part) && scheme_take(part, wish);
}

/* A BIOS starts one only. */
static void active_settle(struct tool_part *part, uint32_t number)
{
    uint64_t bit = part->table.scheme == CAIRN_PART_GPT ? CAIRN_PART_GPT_BOOT : CAIRN_PART_ACTIVE;
    for (uint32_t i = 0; i < part->table.part_count; i++)
        if (part->table.parts[i].number != number) part->table.parts[i].attributes &= ~bit;
}

static enum tool_status faults_refuse(const struct tool_part *part)
{
    static const enum cairn_part_fault faults[] = { CAIRN_PART_CHAIN, CAIRN_PART_OUTSIDE,
                                                    CAIRN_PART_OVERLAP };
    enum tool_status status = TOOL_DONE;
    for (size_t i = 0; i < CAIRN_COUNT(faults) && !status; i++)
        status = tool_part_refuse(part, faults[i]);
    return status;
}

static enum tool_status add(struct tool_part *part)
{
    struct cairn_part_wish wish = { .logical = false };
    uint32_t number;
    if (!wish_take(part, &wish)) return TOOL_USAGE;
    enum tool_status status = faults_refuse(part);
    if (status) return status;
    enum cairn_err err = cairn_part_add(&part->table, &wish, &number, &part->why);
    if (err) return tool_part_fail(part, err);
    if (tool_has(part->args, ADD_ACTIVE)) active_settle(part, number);
    status = tool_part_write(part);
    if (!status && !tool_has(part->args, ADD_QUIET)) tool_part_tell(part, number);
    return status;
}

static enum tool_status add_run(const struct tool_args *args)
{
    enum tool_status status;
    struct tool_part *part = tool_part_open_table(args, ADD_BLOCK, true, &status);
    return part ? tool_part_close(part, add(part)) : status;
}

const struct tool_verb tool_verb_part_add = {
    .name = "part add",
    .summary = "Add a partition",
    .operands = "IMAGE",
    .options = add_options,
    .example =
        "  cairn part add --type=esp --size=100M --name=ESP disk.img\n"
        "  cairn part add --type=linux disk.img\n"
        "  cairn part add --logical --type=0c --size=10M mbr.img",
    .operands_least = 1,
    .operands_most = 1,
    .run = add_run,
};

/* ---- delete ---------------------------------------------------------------------------------- */

enum { DELETE_BLOCK };
static const struct tool_option delete_options[] = {
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

static enum tool_status part_remove(struct tool_part *part)
{
    enum tool_status status;
    uint32_t next;
    const struct cairn_part *named = tool_part_named(part, &next, &status);
    if (!named) return status;
    if (next < part->args->operand_count)
        return tool_usage(part->args->verb, "'%s' is one too many", part->args->operands[next]);
    status = tool_part_refuse(part, CAIRN_PART_CHAIN);
    if (status) return status;
    enum cairn_err err = cairn_part_delete(&part->table, named->number, &part->why);
    return err ? tool_part_fail(part, err) : tool_part_write(part);
}

static enum tool_status delete_run(const struct tool_args *args)
{
    enum tool_status status;
    struct tool_part *part = tool_part_open_table(args, DELETE_BLOCK, true, &status);
    return part ? tool_part_close(part, part_remove(part)) : status;
}

const struct tool_verb tool_verb_part_delete = {
    .name = "part delete",
    .summary = "Take a partition out of the table; what is in it is not touched",
    .operands = "IMAGE PART | IMAGE:PART",
    .options = delete_options,
    .details =
        "PART is a number, label=X, uuid=X or type=X. Logical partitions behind\n"
        "one that goes move up by one number; others keep theirs.",
    .example = "  cairn part delete disk.img 2\n  cairn part delete disk.img:label=OLD",
    .operands_least = 1,
    .operands_most = 2,
    .run = delete_run,
};

/* ---- resize ---------------------------------------------------------------------------------- */

enum { RESIZE_FORCE, RESIZE_QUIET, RESIZE_BLOCK };
static const struct tool_option resize_options[] = {
    { "force", 'f', NULL, "smaller than what is in it, or than is known" },
    { "quiet", 'q', NULL, "do not say what was done" },
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

/* Bytes of the volume of this boot sector; 0: it does not say. */
static uint64_t fat_bytes(const uint8_t *boot)
{
    uint64_t sectors = cairn_le16(boot + 19);
    if (sectors == 0) sectors = cairn_le32(boot + 32);
    return sectors * cairn_le16(boot + 11);
}

/* What keeps a partition from becoming so small, or NULL. */
static const char *content_fault(struct tool_part *part, struct cairn_blk *slice, uint64_t bytes,
                                 enum cairn_err *err)
{
    bool zero;
    uint64_t edge = CAIRN_PART_ALIGN_BYTES / slice->info.block_bytes;
    *err = cairn_blk_read(slice, 0, 1, part->scratch, &part->why);
    if (*err) return NULL;
    uint64_t volume = cairn_image_is_fat(slice) ? fat_bytes(part->scratch) : 0;
    if (volume > bytes)
        return "the FAT volume in it is larger: `cairn resize` makes that smaller first";
    if (volume) return NULL;
    *err =
        tool_part_look(slice, 0, cairn_min_u64(edge, slice->info.block_count), &zero, &part->why);
    return *err || zero ? NULL : "what is in it is no FAT: how much of it is in use is not known";
}

static enum tool_status shrink_check(struct tool_part *part, const struct cairn_part *is,
                                     uint64_t count)
{
    struct cairn_blk_slice slice;
    enum cairn_err err =
        cairn_blk_slice_open(&slice, part->dev, is->first, is->count, "partition", &part->why);
    if (err) return tool_part_fail(part, err);
    const char *fault = content_fault(part, &slice.base, count * part->table.block_bytes, &err);
    enum cairn_err ignored = cairn_blk_close(&slice.base, NULL);
    (void)ignored;
    if (err) return tool_part_fail(part, err);
    if (!fault) return TOOL_DONE;
    err = cairn_why_fail(&part->why, CAIRN_EBUSY, "partition %u: %s", is->number, fault);
    cairn_why_hint(&part->why, "--force does it all the same, and what is behind the end is lost");
    return tool_part_fail(part, err);
}

/* "rest" ends tidily, but never before where it ends now. */
static uint64_t rest_of(const struct tool_part *part, const struct cairn_part *is)
{
    uint64_t room = cairn_part_room(&part->table, is);
    uint64_t align = CAIRN_PART_ALIGN_BYTES / part->table.block_bytes;
    uint64_t tidy = (is->first + room) / align * align;
    return tidy > is->first ? cairn_max_u64(tidy - is->first, is->count) : room;
}

static enum tool_status resize(struct tool_part *part)
{
    enum tool_status status;
    uint32_t next;
    uint64_t count = 0;
    const struct cairn_part *is = tool_part_named(part, &next, &status);
    if (!is) return status;
    if (next + 1 != part->args->operand_count)
        return tool_usage(part->args->verb, "it needs %s", "IMAGE PART SIZE or IMAGE:PART SIZE");
    if (!tool_part_blocks(part, part->args->operands[next], &count)) return TOOL_USAGE;
    status = faults_refuse(part);
    if (status) return status;
    if (count == 0) count = rest_of(part, is);
    if (count < is->count && !cairn_part_is_extended(&part->table, is) &&
        !tool_has(part->args, RESIZE_FORCE))
        status = shrink_check(part, is, count);
    if (status) return status;
    uint32_t number = is->number;
    enum cairn_err err = cairn_part_resize(&part->table, number, count, &part->why);
    if (err) return tool_part_fail(part, err);
    status = tool_part_write(part);
    if (!status && !tool_has(part->args, RESIZE_QUIET)) tool_part_tell(part, number);
    return status;
}

static enum tool_status resize_run(const struct tool_args *args)
{
    enum tool_status status;
    struct tool_part *part = tool_part_open_table(args, RESIZE_BLOCK, true, &status);
    return part ? tool_part_close(part, resize(part)) : status;
}

const struct tool_verb tool_verb_part_resize = {
    .name = "part resize",
    .summary = "Move the end of a partition",
    .operands = "IMAGE PART SIZE|rest | IMAGE:PART SIZE|rest",
    .options = resize_options,
    .details =
        "It grows into the gap behind it, and takes all of that with rest. What is in it keeps\n"
        "its size: `cairn resize IMAGE:PART max` lets a FAT volume follow, `cairn kv grow` a\n"
        "store. Before a partition becomes smaller, `cairn resize` makes room.",
    .example =
        "  cairn part resize disk.img 2 rest\n"
        "  cairn resize disk.img:1 40M && cairn part resize disk.img 1 40M",
    .operands_least = 2,
    .operands_most = 3,
    .run = resize_run,
};
