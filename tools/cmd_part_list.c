/* SPDX-License-Identifier: ISC */
#include "part.h"

#include "probe.h"

#include <cairn/bytes.h>
#include <inttypes.h>

enum { LIST_FREE, LIST_JSON, LIST_BLOCK };
static const struct tool_option options[] = {
    { "free", 0, NULL, "gaps, too" },
    { "json", 0, NULL, "JSON: everything, sizes in bytes" },
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

/* What partitions and gaps are shown by: partitions in their order, then the gaps. */
static void each_gap(struct tool_part *part, bool logical,
                     void (*show)(struct tool_part *part, const struct cairn_part_gap *gap,
                                  bool logical, void *ctx),
                     void *ctx)
{
    struct cairn_part_gap gap;
    uint64_t at = 0;
    while (cairn_part_gap_next(&part->table, logical, &at, &gap))
        show(part, &gap, logical, ctx);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void place_print(const struct tool_part *part, uint64_t first, uint64_t count)
{
    char start[TOOL_TEXT_BYTES], size[TOOL_TEXT_BYTES];
    uint64_t block_bytes = part->table.block_bytes;
    printf("  %10s  %10s", tool_size_text(first * block_bytes, start),
           tool_size_text(count * block_bytes, size));
}

/* "active, hybrid": what is set of what has a name. */
static void flags_print(const struct tool_part *part, const struct cairn_part *is)
{
    bool gpt = part->table.scheme == CAIRN_PART_GPT;
    bool active = is->attributes & (gpt ? CAIRN_PART_GPT_BOOT : CAIRN_PART_ACTIVE);
    bool hybrid = gpt && is->type_id;
    if (active) fputs("  active", stdout);
    if (hybrid) printf("  in the MBR as %02X", is->type_id);
}

/* An extended partition holds other partitions. */
static void contents_look(const struct tool_part *part, const struct cairn_part *is,
                          struct cairn_blk_probed *probed)
{
    const struct cairn_blk_file *file = part->any.is_file ? &part->any.is.file : NULL;
    struct cairn_blk_probe_range range = { is->first, is->count };
    bool fits = cairn_range_fits(is->first, is->count, part->table.block_count);
    if (!fits || cairn_part_is_extended(&part->table, is))
        range = (struct cairn_blk_probe_range){ 0, 0 };
    tool_probe(part->dev, file && !file->direct ? file->fd : -1, range, probed);
}

/* "  ext4 'root'" */
static void contents_print(const struct tool_part *part, const struct cairn_part *is)
{
    struct cairn_blk_probed probed;
    contents_look(part, is, &probed);
    if (!tool_probed_is_known(&probed)) return;
    fputs("  ", stdout);
    tool_probed_put_type(&probed);
    if (!probed.label[0]) return;
    fputs(" '", stdout);
    tool_name_put(stdout, probed.label);
    putchar('\'');
}

static void part_print(const struct tool_part *part, const struct cairn_part *is)
{
    char type[TOOL_TEXT_BYTES];
    printf("  %3" PRIu32, is->number);
    place_print(part, is->first, is->count);
    printf("  %s", tool_part_type_text(is, part->table.scheme, type));
    if (is->name[0]) {
        fputs("  \"", stdout);
        tool_name_put(stdout, is->name);
        putchar('"');
    }
    contents_print(part, is);
    flags_print(part, is);
    putchar('\n');
}

static void gap_print(struct tool_part *part, const struct cairn_part_gap *gap, bool logical,
                      void *ctx)
{
    (void)ctx;
    fputs("    -", stdout);
    place_print(part, gap->first, gap->count);
    printf("  free%s\n", logical ? " for logical partitions" : "");
}

static const char *disk_id_text(const struct tool_part *part, char buf[TOOL_TEXT_BYTES])
{
    if (part->table.scheme == CAIRN_PART_GPT)
        cairn_guid_text(part->table.disk_guid, buf);
    else
        snprintf(buf, TOOL_TEXT_BYTES, "%08" PRIX32, part->table.disk_id);
    return buf;
}

static void table_print(struct tool_part *part, bool free)
{
    char size[TOOL_TEXT_BYTES], id[TOOL_TEXT_BYTES];
    const struct cairn_part_table *table = &part->table;
    tool_name_put(stdout, part->place.image);
    printf(": %s disk, %s, id %s\n", tool_part_scheme_text(table->scheme),
           tool_size_text(cairn_blk_bytes(part->dev), size), disk_id_text(part, id));
    if (table->part_count || free) puts("  no.       start        size  type");
    for (uint32_t i = 0; i < table->part_count; i++)
        part_print(part, &table->parts[i]);
    if (!free) return;
    each_gap(part, false, gap_print, NULL);
    each_gap(part, true, gap_print, NULL);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void place_json(const struct tool_part *part, struct tool_json *json, uint64_t first,
                       uint64_t count)
{
    tool_json_u64(json, "start", first * part->table.block_bytes);
    tool_json_u64(json, "bytes", count * part->table.block_bytes);
    tool_json_u64(json, "first_block", first);
    tool_json_u64(json, "blocks", count);
}

static void part_json(const struct tool_part *part, struct tool_json *json,
                      const struct cairn_part *is)
{
    char buf[TOOL_TEXT_BYTES];
    struct cairn_blk_probed probed;
    bool gpt = part->table.scheme == CAIRN_PART_GPT;
    contents_look(part, is, &probed);
    tool_json_open(json, NULL, '{');
    tool_json_u64(json, "number", is->number);
    place_json(part, json, is->first, is->count);
    tool_json_str(json, "type", tool_part_type_text(is, part->table.scheme, buf));
    tool_json_bool(json, "active",
                   is->attributes & (gpt ? CAIRN_PART_GPT_BOOT : CAIRN_PART_ACTIVE));
    if (gpt) {
        cairn_guid_text(is->type_guid, buf);
        tool_json_str(json, "type_guid", buf);
        cairn_guid_text(is->guid, buf);
        tool_json_str(json, "guid", buf);
        tool_json_str(json, "name", is->name);
        tool_json_u64(json, "attributes", is->attributes);
        if (is->type_id) tool_json_u64(json, "mbr_type_id", is->type_id);
    } else {
        tool_json_u64(json, "type_id", is->type_id);
        tool_json_bool(json, "logical", is->number >= CAIRN_PART_LOGICAL);
    }
    tool_probed_json(json, "contents", &probed);
    tool_json_close(json, '}');
}

static void gap_json(struct tool_part *part, const struct cairn_part_gap *gap, bool logical,
                     void *ctx)
{
    struct tool_json *json = ctx;
    tool_json_open_line(json, NULL, '{');
    place_json(part, json, gap->first, gap->count);
    tool_json_bool(json, "logical", logical);
    tool_json_close(json, '}');
}

static void table_json(struct tool_part *part)
{
    char id[TOOL_TEXT_BYTES];
    struct tool_json json = { 0 };
    const struct cairn_part_table *table = &part->table;
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", part->text);
    tool_json_str(&json, "scheme", tool_part_scheme_text(table->scheme));
    tool_json_str(&json, "id", disk_id_text(part, id));
    tool_json_u64(&json, "bytes", cairn_blk_bytes(part->dev));
    tool_json_u64(&json, "block_bytes", table->block_bytes);
    tool_json_bool(&json, "from_backup", table->from_backup);
    tool_json_open(&json, "partitions", '[');
    for (uint32_t i = 0; i < table->part_count; i++)
        part_json(part, &json, &table->parts[i]);
    tool_json_close(&json, ']');
    tool_json_open(&json, "free", '[');
    each_gap(part, false, gap_json, &json);
    each_gap(part, true, gap_json, &json);
    tool_json_close(&json, ']');
    tool_part_findings_json(part, &json);
    tool_json_close(&json, '}');
}

static enum tool_status run(const struct tool_args *args)
{
    enum tool_status status;
    struct tool_part *part = tool_part_open_table(args, LIST_BLOCK, false, &status);
    if (!part) return status;
    if (tool_has(args, LIST_JSON))
        table_json(part);
    else
        table_print(part, tool_has(args, LIST_FREE));
    tool_part_findings_tell(part);
    return tool_part_close(part, part->findings.count ? TOOL_FOUND : TOOL_DONE);
}

const struct tool_verb tool_verb_part_list = {
    .name = "part list",
    .summary = "Show the partitions of a disk, what they hold, and what is wrong with their table",
    .operands = "IMAGE",
    .options = options,
    .details =
        "What is wrong goes to standard error, one line each, and makes the exit code 1;\n"
        "`cairn part repair` mends most of it.",
    .example = "  cairn part list --free disk.img\n  cairn part list --json /dev/sdb | jq .free",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
