/* SPDX-License-Identifier: ISC */
#include "part.h"

#include "session.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#define SCRATCH_BYTES (1u << 18)
#define SCRATCH_ALIGN 4096u

/* ---- open and closed ------------------------------------------------------------------------- */

static struct tool_part *part_new(const struct tool_args *args)
{
    struct tool_part *part = calloc(1, sizeof *part);
    if (!part) return NULL;
    part->args = args;
    part->text = args->operands[0];
    part->scratch_bytes = SCRATCH_BYTES;
    part->scratch = aligned_alloc(SCRATCH_ALIGN, SCRATCH_BYTES);
    if (part->scratch) return part;
    free(part);
    return NULL;
}

static void part_free(struct tool_part *part)
{
    if (!part) return;
    free(part->scratch);
    free(part);
}

enum tool_status tool_part_fail(const struct tool_part *part, enum cairn_err err)
{
    return tool_fail(part->text, err, &part->why);
}

static enum tool_status device_open(struct tool_part *part, enum tool_part_mode mode,
                                    uint64_t block_bytes, uint64_t create_bytes)
{
    struct cairn_blk_file_options how = { .block_bytes = (uint32_t)block_bytes,
                                          .write = mode != TOOL_PART_LOOK,
                                          .create = mode == TOOL_PART_MAKE,
                                          .create_bytes = create_bytes };
    enum cairn_err err = cairn_blk_open(&part->any, part->place.image, &how, &part->why);
    if (err == CAIRN_ENOENT)
        cairn_why_hint(&part->why, "`cairn part create --size=64M` makes a new image");
    if (err) return tool_part_fail(part, err);
    part->dev = part->any.dev;
    return TOOL_DONE;
}

static enum tool_status table_read(struct tool_part *part)
{
    enum cairn_err err = cairn_part_examine(part->dev, &part->table, &part->findings, part->scratch,
                                            part->scratch_bytes, &part->why);
    if (!err || part->args->verb == &tool_verb_part_create) return TOOL_DONE;
    return tool_part_fail(part, err);
}

static enum tool_status operand_take(struct tool_part *part)
{
    enum tool_status status;
    (void)tool_place_is(part->text, &part->place, &status);
    if (!status && part->place.has_path && strcmp(part->place.path, "/") != 0)
        return tool_usage(part->args->verb, "'%s' is inside a volume; name the image", part->text);
    bool takes_part =
        part->args->verb == &tool_verb_part_delete || part->args->verb == &tool_verb_part_resize;
    if (!status && part->place.part[0] && !takes_part)
        return tool_usage(part->args->verb, "'%s' is inside a disk; name the image", part->text);
    return status;
}

struct tool_part *tool_part_open(const struct tool_args *args, uint32_t block,
                                 enum tool_part_mode mode, uint64_t create_bytes,
                                 enum tool_status *status)
{
    uint64_t block_bytes = 0;
    struct tool_part *part = part_new(args);
    *status =
        part ? TOOL_DONE : tool_fail(args->operands[0], CAIRN_ENOMEM, &(struct cairn_why){ 0 });
    if (part && !tool_arg_size(args, block, &block_bytes)) *status = TOOL_USAGE;
    if (!*status && block_bytes > UINT32_MAX)
        *status = tool_usage(args->verb, "--block=%s is too large", args->values[block]);
    if (!*status) *status = operand_take(part);
    if (!*status) *status = device_open(part, mode, block_bytes, create_bytes);
    if (*status) {
        part_free(part);
        return NULL;
    }
    *status = table_read(part);
    if (!*status) return part;
    (void)tool_part_close(part, *status);
    return NULL;
}

struct tool_part *tool_part_open_table(const struct tool_args *args, uint32_t block, bool write,
                                       enum tool_status *status)
{
    struct tool_part *part =
        tool_part_open(args, block, write ? TOOL_PART_WRITE : TOOL_PART_LOOK, 0, status);
    if (!part || part->table.scheme != CAIRN_PART_NONE) return part;
    enum cairn_err err = cairn_why_fail(&part->why, CAIRN_ECORRUPT, "there is no partition table");
    cairn_why_hint(&part->why, "`cairn part create` makes one");
    *status = tool_part_close(part, tool_part_fail(part, err));
    return NULL;
}

/* The kernel of this host shows partitions of its block devices as devices of their own; EINVAL:
 * not of this one. */
static void host_tell(const struct tool_part *part)
{
    if (!part->any.is_file || !part->any.is.file.is_device) return;
    if (ioctl(part->any.is.file.fd, BLKRRPART) == 0 || errno == EINVAL) return;
    tool_note("%s: the system does not look at the new table yet (%s)", part->text,
              strerror(errno));
}

enum tool_status tool_part_write(struct tool_part *part)
{
    enum cairn_err err =
        cairn_part_write(part->dev, &part->table, part->scratch, part->scratch_bytes, &part->why);
    if (err) return tool_part_fail(part, err);
    host_tell(part);
    return TOOL_DONE;
}

enum tool_status tool_part_close(struct tool_part *part, enum tool_status status)
{
    enum cairn_err err = cairn_blk_any_close(&part->any, &part->why);
    if (err && !status) status = tool_part_fail(part, err);
    part_free(part);
    return status;
}

/* ---- which partition ------------------------------------------------------------------------- */

static bool is_meant(const struct tool_part *part, const struct cairn_part *is,
                     const char *selector)
{
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, is->number);
    if (!strchr(selector, '=')) return strcmp(number, selector) == 0;
    return cairn_image_part_is(part->dev, &part->table, is, selector);
}

const struct cairn_part *tool_part_named(struct tool_part *part, uint32_t *next,
                                         enum tool_status *status)
{
    const struct cairn_part_table *table = &part->table;
    const struct cairn_part *found = NULL;
    const char *selector = part->place.part;
    uint32_t count = 0;
    *next = 1;
    if (!selector[0] && part->args->operand_count > 1) selector = part->args->operands[(*next)++];
    for (uint32_t i = 0; selector[0] && i < table->part_count; i++) {
        if (!is_meant(part, &table->parts[i], selector)) continue;
        found = &table->parts[i];
        count++;
    }
    *status = TOOL_DONE;
    if (count == 1) return found;
    if (!selector[0]) {
        *status = tool_usage(part->args->verb, "which partition is not said: a number, or label=X");
        return NULL;
    }
    enum cairn_err err =
        count ? cairn_why_fail(&part->why, CAIRN_EINVAL, "%u partitions have %s", count, selector)
              : cairn_why_fail(&part->why, CAIRN_ENOENT, "no partition %s", selector);
    cairn_why_hint(&part->why, "`cairn part list` shows them");
    *status = tool_part_fail(part, err);
    return NULL;
}

enum tool_status tool_part_refuse(const struct tool_part *part, enum cairn_part_fault fault)
{
    char text[256];
    for (uint32_t i = 0; i < part->findings.count; i++) {
        struct cairn_why why = { 0 };
        if (part->findings.list[i].fault != fault) continue;
        cairn_part_finding_text(&part->findings.list[i], text, sizeof text);
        enum cairn_err err = cairn_why_fail(&why, CAIRN_ECORRUPT, "%s", text);
        cairn_why_hint(&why, "nothing was changed; delete what is wrong, or make a new table");
        return tool_fail(part->text, err, &why);
    }
    return TOOL_DONE;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool tool_part_blocks(const struct tool_part *part, const char *text, uint64_t *blocks)
{
    uint64_t bytes;
    if (!text) return true;
    *blocks = 0;
    if (strcmp(text, "rest") == 0 || strcmp(text, "max") == 0) return true;
    if (cairn_size_parse(text, &bytes) == CAIRN_OK && bytes > 0) {
        *blocks = cairn_div_up(bytes, part->dev->info.block_bytes);
        return true;
    }
    tool_usage(part->args->verb, "'%s' is no size, such as 100M or 1.5G, nor rest", text);
    return false;
}

bool tool_part_guid_new(uint8_t guid[16])
{
    if (getrandom(guid, 16, 0) != 16) return false;
    guid[7] = (uint8_t)((guid[7] & 0x0F) | 0x40); /* of the third group, which is little-endian */
    guid[8] = (uint8_t)((guid[8] & 0x3F) | 0x80);
    return true;
}

/* ---- telling --------------------------------------------------------------------------------- */

const char *tool_part_scheme_text(enum cairn_part_scheme scheme)
{
    return scheme == CAIRN_PART_GPT ? "GPT" : "MBR";
}

const char *tool_part_type_text(const struct cairn_part *part, enum cairn_part_scheme scheme,
                                char buf[TOOL_TEXT_BYTES])
{
    const char *name = cairn_part_type_name(part, scheme);
    if (name) return name;
    if (scheme == CAIRN_PART_GPT)
        cairn_guid_text(part->type_guid, buf);
    else
        snprintf(buf, TOOL_TEXT_BYTES, "type %02X", part->type_id);
    return buf;
}

void tool_part_tell(const struct tool_part *part, uint32_t number)
{
    char at[TOOL_TEXT_BYTES], size[TOOL_TEXT_BYTES], type[TOOL_TEXT_BYTES];
    const struct cairn_part *is = cairn_part_numbered(&part->table, number);
    uint64_t block_bytes = part->table.block_bytes;
    tool_name_put(stdout, part->place.image);
    printf(": partition %u: %s at %s, %s\n", number, tool_size_text(is->count * block_bytes, size),
           tool_size_text(is->first * block_bytes, at),
           tool_part_type_text(is, part->table.scheme, type));
}

void tool_part_findings_tell(const struct tool_part *part)
{
    char text[256];
    for (uint32_t i = 0; i < part->findings.count; i++) {
        cairn_part_finding_text(&part->findings.list[i], text, sizeof text);
        tool_note("%s: %s", part->text, text);
    }
}

void tool_part_findings_json(const struct tool_part *part, struct tool_json *json)
{
    char text[256];
    tool_json_open(json, "findings", '[');
    for (uint32_t i = 0; i < part->findings.count; i++) {
        const struct cairn_part_finding *finding = &part->findings.list[i];
        cairn_part_finding_text(finding, text, sizeof text);
        tool_json_open_line(json, NULL, '{');
        tool_json_str(json, "kind", cairn_part_fault_name(finding->fault));
        tool_json_str(json, "text", text);
        tool_json_bool(json, "mendable", cairn_part_is_mendable(finding->fault));
        tool_json_close(json, '}');
    }
    tool_json_close(json, ']');
}

enum cairn_err tool_part_look(struct cairn_blk *dev, uint64_t first, uint64_t count, bool *zero,
                              struct cairn_why *why)
{
    static uint8_t buffer[1u << 16];
    uint64_t step = sizeof buffer / dev->info.block_bytes;
    *zero = true;
    for (uint64_t at = first, end = first + count; at < end && *zero; at += step) {
        uint64_t blocks = cairn_min_u64(step, end - at);
        enum cairn_err err = cairn_blk_read(dev, at, blocks, buffer, why);
        if (err) return err;
        size_t bytes = (size_t)blocks * dev->info.block_bytes;
        *zero = buffer[0] == 0 && memcmp(buffer, buffer + 1, bytes - 1) == 0;
    }
    return CAIRN_OK;
}
