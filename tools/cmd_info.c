/* SPDX-License-Identifier: ISC */
/* Two levels: a disk with partitions is a table; a volume is its figures. */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "probe.h"
#include "session.h"

#include <string.h>

enum { INFO_JSON };
static const struct tool_option options[] = {
    { "json", 0, NULL, "JSON: everything, sizes in bytes" },
    { NULL, 0, NULL, NULL },
};

/* A volume's figures. */
struct volume {
    const struct cairn_fat_geometry *geometry;
    struct cairn_fat_usage usage;
    char label[CAIRN_FAT_ALIAS_BYTES];
    bool dirty, error;
};

static enum cairn_err volume_read(struct volume *volume, struct cairn_image *image,
                                  struct cairn_why *why)
{
    struct cairn_fat *fs = cairn_image_fat(image);
    volume->geometry = cairn_fat_geometry(fs);
    volume->dirty = volume->geometry->state & 1u;
    volume->error = volume->geometry->state & 2u;
    enum cairn_err err = cairn_fat_usage(fs, &volume->usage, why);
    return err ? err : cairn_fat_label(fs, volume->label, why);
}

static uint64_t volume_bytes(const struct volume *volume)
{
    return (uint64_t)volume->geometry->total_sectors * volume->geometry->sector_bytes;
}

/* ---- one volume ---------------------------------------------------------------------------- */

static void volume_layout_print(const struct cairn_fat_geometry *geometry)
{
    char size[TOOL_TEXT_BYTES];
    printf("  sectors     %u of %u bytes, %u reserved\n", geometry->total_sectors,
           geometry->sector_bytes, geometry->reserved_sectors);
    printf("  FATs        %u of %u sectors\n", geometry->fat_count, geometry->fat_sectors);
    if (geometry->root_entries) printf("  root        %u entries\n", geometry->root_entries);
    printf("  clusters    %u of %s\n", geometry->cluster_count,
           tool_size_text(geometry->cluster_bytes, size));
}

static void volume_print(const struct volume *volume, const char *text)
{
    char size[TOOL_TEXT_BYTES], id[TOOL_TEXT_BYTES];
    const struct cairn_fat_usage *usage = &volume->usage;
    tool_name_put(stdout, text);
    printf(": FAT%u volume, %s\n", (unsigned int)volume->geometry->type,
           tool_size_text(volume_bytes(volume), size));
    fputs("  label       ", stdout);
    tool_name_put(stdout, volume->label[0] ? volume->label : "(none)");
    printf("\n  id          %s\n", tool_id_text(volume->geometry->volume_id, id));
    volume_layout_print(volume->geometry);
    printf("  used        %s\n",
           tool_size_text((usage->clusters - usage->free_clusters) * usage->cluster_bytes, size));
    printf("  free        %s\n", tool_size_text(usage->free_clusters * usage->cluster_bytes, size));
    printf("  state       %s%s\n",
           volume->dirty ? "dirty: not unmounted; `cairn check` looks closer" : "clean",
           volume->error ? "; its device has failed once" : "");
}

static void volume_json(struct tool_json *json, const struct volume *volume)
{
    char id[TOOL_TEXT_BYTES], type[8];
    const struct cairn_fat_geometry *geometry = volume->geometry;
    const struct cairn_fat_usage *usage = &volume->usage;
    snprintf(type, sizeof type, "FAT%u", (unsigned int)geometry->type);
    tool_json_str(json, "type", type);
    tool_json_str(json, "label", volume->label[0] ? volume->label : NULL);
    tool_json_str(json, "id", tool_id_text(geometry->volume_id, id));
    tool_json_u64(json, "bytes", volume_bytes(volume));
    tool_json_u64(json, "sector_bytes", geometry->sector_bytes);
    tool_json_u64(json, "reserved_sectors", geometry->reserved_sectors);
    tool_json_u64(json, "fats", geometry->fat_count);
    tool_json_u64(json, "fat_sectors", geometry->fat_sectors);
    tool_json_u64(json, "root_entries", geometry->root_entries);
    tool_json_u64(json, "cluster_bytes", geometry->cluster_bytes);
    tool_json_u64(json, "clusters", usage->clusters);
    tool_json_u64(json, "free_clusters", usage->free_clusters);
    tool_json_u64(json, "free_bytes", usage->free_clusters * usage->cluster_bytes);
    tool_json_bool(json, "dirty", volume->dirty);
    tool_json_bool(json, "error", volume->error);
}

static enum cairn_err volume_info(struct cairn_image *image, const char *text, bool as_json,
                                  struct cairn_why *why)
{
    struct volume volume;
    enum cairn_err err = volume_read(&volume, image, why);
    if (err) return err;
    if (as_json) {
        struct tool_json json = { 0 };
        tool_json_open(&json, NULL, '{');
        tool_json_str(&json, "place", text);
        volume_json(&json, &volume);
        tool_json_close(&json, '}');
    } else {
        volume_print(&volume, text);
    }
    return CAIRN_OK;
}

/* ---- a disk -------------------------------------------------------------------------------- */

/* A partition's volume, when it has one that can be mounted. */
static bool part_volume(struct cairn_image *disk, const struct cairn_part *part,
                        struct cairn_image **image, struct volume *volume)
{
    char number[16];
    struct cairn_image_open_options how = { .write = false };
    snprintf(number, sizeof number, "%u", part->number);
    if (cairn_image_open_beside(image, disk, number, &how, NULL)) return false;
    if (volume_read(volume, *image, NULL) == CAIRN_OK) return true;
    enum cairn_err ignored = cairn_image_close(*image, NULL);
    (void)ignored;
    return false;
}

static const char *part_type(const struct cairn_image *disk, const struct cairn_part *part,
                             char buf[TOOL_TEXT_BYTES])
{
    enum cairn_part_scheme scheme = cairn_image_table(disk)->scheme;
    const char *name = cairn_part_type_name(part, scheme);
    if (name) return name;
    if (scheme == CAIRN_PART_GPT)
        cairn_guid_text(part->type_guid, buf);
    else
        snprintf(buf, TOOL_TEXT_BYTES, "type %02X", part->type_id);
    return buf;
}

static void part_probe(struct cairn_image *disk, const struct cairn_part *part,
                       struct cairn_blk_probed *probed)
{
    struct cairn_blk_probe_range range = { part->first, part->count };
    tool_probe(cairn_image_disk(disk), cairn_image_fd(disk), range, probed);
}

/* What is no FAT. */
static void part_print_foreign(struct cairn_image *disk, const struct cairn_part *part)
{
    struct cairn_blk_probed probed;
    part_probe(disk, part, &probed);
    tool_probed_put_type(&probed);
    if (!probed.label[0]) return;
    putchar(' ');
    tool_name_put(stdout, probed.label);
}

static void part_print(struct cairn_image *disk, const struct cairn_part *part)
{
    char start[TOOL_TEXT_BYTES], size[TOOL_TEXT_BYTES], type[TOOL_TEXT_BYTES];
    uint64_t block_bytes = cairn_image_disk(disk)->info.block_bytes;
    struct cairn_image *image;
    struct volume volume;
    printf("  %3u  %10s  %10s  %-22s  ", part->number,
           tool_size_text(part->first * block_bytes, start),
           tool_size_text(part->count * block_bytes, size), part_type(disk, part, type));
    if (part_volume(disk, part, &image, &volume)) {
        printf("FAT%u ", (unsigned int)volume.geometry->type);
        tool_name_put(stdout, volume.label);
        enum cairn_err ignored = cairn_image_close(image, NULL);
        (void)ignored;
    } else {
        part_print_foreign(disk, part);
    }
    if (part->name[0]) {
        fputs(" \"", stdout);
        tool_name_put(stdout, part->name);
        putchar('"');
    }
    putchar('\n');
}

static void disk_print(struct cairn_image *disk, const char *text)
{
    char size[TOOL_TEXT_BYTES];
    const struct cairn_part_table *table = cairn_image_table(disk);
    tool_name_put(stdout, text);
    printf(": %s disk, %s, %u partition%s%s\n", table->scheme == CAIRN_PART_GPT ? "GPT" : "MBR",
           tool_size_text(cairn_blk_bytes(cairn_image_disk(disk)), size), table->part_count,
           table->part_count == 1 ? "" : "s",
           table->from_backup ? " (from the backup table: the first is damaged)" : "");
    if (table->part_count)
        puts("  no.       start        size  type                    filesystem");
    for (uint32_t i = 0; i < table->part_count; i++)
        part_print(disk, &table->parts[i]);
}

static void part_json(struct tool_json *json, struct cairn_image *disk,
                      const struct cairn_part *part)
{
    char buf[TOOL_TEXT_BYTES];
    uint64_t block_bytes = cairn_image_disk(disk)->info.block_bytes;
    struct cairn_image *image;
    struct volume volume;
    tool_json_open(json, NULL, '{');
    tool_json_u64(json, "number", part->number);
    tool_json_u64(json, "start", part->first * block_bytes);
    tool_json_u64(json, "bytes", part->count * block_bytes);
    tool_json_str(json, "type", part_type(disk, part, buf));
    if (cairn_image_table(disk)->scheme == CAIRN_PART_GPT) {
        cairn_guid_text(part->type_guid, buf);
        tool_json_str(json, "type_guid", buf);
        cairn_guid_text(part->guid, buf);
        tool_json_str(json, "guid", buf);
        tool_json_str(json, "name", part->name);
    } else {
        tool_json_u64(json, "type_id", part->type_id);
    }
    if (part_volume(disk, part, &image, &volume)) {
        tool_json_open(json, "filesystem", '{');
        volume_json(json, &volume);
        tool_json_close(json, '}');
        enum cairn_err ignored = cairn_image_close(image, NULL);
        (void)ignored;
    } else {
        struct cairn_blk_probed probed;
        part_probe(disk, part, &probed);
        tool_probed_json(json, "filesystem", &probed);
    }
    tool_json_close(json, '}');
}

static void disk_json(struct cairn_image *disk, const char *text)
{
    struct tool_json json = { 0 };
    const struct cairn_part_table *table = cairn_image_table(disk);
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", text);
    tool_json_str(&json, "scheme", table->scheme == CAIRN_PART_GPT ? "GPT" : "MBR");
    tool_json_u64(&json, "bytes", cairn_blk_bytes(cairn_image_disk(disk)));
    tool_json_bool(&json, "from_backup", table->from_backup);
    tool_json_open(&json, "partitions", '[');
    for (uint32_t i = 0; i < table->part_count; i++)
        part_json(&json, disk, &table->parts[i]);
    tool_json_close(&json, ']');
    tool_json_close(&json, '}');
}

/* ---- what is no FAT -------------------------------------------------------------------------- */

static void foreign_print(const struct cairn_blk_probed *probed, uint64_t bytes, const char *text)
{
    char size[TOOL_TEXT_BYTES];
    tool_name_put(stdout, text);
    fputs(": ", stdout);
    tool_probed_put_type(probed);
    printf(", %s\n  label       ", tool_size_text(bytes, size));
    tool_name_put(stdout, probed->label[0] ? probed->label : "(none)");
    fputs("\n  UUID        ", stdout);
    tool_name_put(stdout, probed->uuid[0] ? probed->uuid : "(none)");
    putchar('\n');
}

static void foreign_json(const struct cairn_blk_probed *probed, uint64_t bytes, const char *text)
{
    struct tool_json json = { 0 };
    tool_json_open(&json, NULL, '{');
    tool_json_str(&json, "place", text);
    tool_probed_json_members(&json, probed);
    tool_json_u64(&json, "bytes", bytes);
    tool_json_close(&json, '}');
}

/* Of a place with no FAT that can be mounted. False: nothing is known of it, or that it is FAT. */
static bool foreign_info(struct cairn_image *disk, const char *part, const char *text, bool as_json)
{
    struct cairn_blk_probed probed;
    struct cairn_image *image;
    if (cairn_image_open_device_beside(&image, disk, part, NULL)) return false;
    uint64_t bytes = cairn_blk_bytes(cairn_image_blk(image));
    uint32_t unit = cairn_image_disk(image)->info.block_bytes;
    struct cairn_blk_probe_range range = { cairn_image_offset(image) / unit, bytes / unit };
    tool_probe(cairn_image_disk(image), cairn_image_fd(image), range, &probed);
    enum cairn_err ignored = cairn_image_close(image, NULL);
    (void)ignored;
    if (!tool_probed_is_known(&probed) || probed.is_fat) return false;
    if (as_json)
        foreign_json(&probed, bytes, text);
    else
        foreign_print(&probed, bytes, text);
    return true;
}

/* ---- which of them ------------------------------------------------------------------------- */

static enum cairn_err disk_info(struct cairn_image *disk, const struct cairn_image_place *place,
                                const char *text, bool as_json, struct cairn_why *why)
{
    struct cairn_image_open_options how = { .write = false };
    struct cairn_image *image;
    if (!place->part[0] && cairn_image_table(disk)->scheme != CAIRN_PART_NONE) {
        if (as_json)
            disk_json(disk, text);
        else
            disk_print(disk, text);
        return CAIRN_OK;
    }
    enum cairn_err err = cairn_image_open_beside(&image, disk, place->part, &how, why);
    if (err == CAIRN_ECORRUPT && foreign_info(disk, place->part, text, as_json)) return CAIRN_OK;
    if (err) return err;
    err = volume_info(image, text, as_json, why);
    enum cairn_err closing = cairn_image_close(image, err ? NULL : why);
    return err ? err : closing;
}

static enum tool_status run(const struct tool_args *args)
{
    struct cairn_image_open_options how = { .write = false };
    struct cairn_image_place place;
    struct cairn_image *disk;
    struct cairn_why why = { 0 };
    enum tool_status status;
    const char *text = args->operands[0];
    (void)tool_place_is(text, &place, &status);
    if (status) return status;
    enum cairn_err err = cairn_image_open_disk(&disk, &place, &how, &why);
    if (!err) {
        err = disk_info(disk, &place, text, tool_has(args, INFO_JSON), &why);
        enum cairn_err closing = cairn_image_close(disk, err ? NULL : &why);
        err = err ? err : closing;
    }
    return err ? tool_fail(text, err, &why) : TOOL_DONE;
}

const struct tool_verb tool_verb_info = {
    .name = "info",
    .summary = "Show the partitions of a disk, or the figures of a volume",
    .operands = "IMAGE[:PART]",
    .options = options,
    .example = "  cairn info disk.img\n  cairn info --json disk.img:1",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
