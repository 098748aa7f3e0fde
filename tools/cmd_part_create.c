/* SPDX-License-Identifier: ISC */
#include "part.h"

#include "session.h"
#include <cairn/bytes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CREATE_SCHEME, CREATE_SIZE, CREATE_ID, CREATE_FORCE, CREATE_BLOCK };
static const struct tool_option options[] = {
    { "scheme", 0, "gpt|mbr", "kind of table (gpt)" },
    { "size", 's', "SIZE", "make a new image so large, such as 64M" },
    { "id", 'i', "ID", "of the disk: a GUID, or of an MBR up to 8 hexadecimal digits (random)" },
    { "force", 'f', NULL, "over what is there already: it is lost" },
    TOOL_PART_BLOCK,
    { NULL, 0, NULL, NULL },
};

#define EDGE_BYTES (1u << 20) /* at either end: where everything says what it is */
#define BOOT_CODE_BYTES 440u
#define BLOCK_BYTES_MAX 65536u

struct create {
    const struct tool_args *args;
    enum cairn_part_scheme scheme;
    uint64_t size;
    uint8_t guid[16];
    uint32_t disk_id;
};

static bool options_take(struct create *create)
{
    static const char *const words[] = { "gpt", "mbr", NULL };
    const struct tool_args *args = create->args;
    uint32_t scheme = 0;
    if (!tool_arg_choice(args, CREATE_SCHEME, words, &scheme) ||
        !tool_arg_size(args, CREATE_SIZE, &create->size))
        return false;
    create->scheme = scheme ? CAIRN_PART_MBR : CAIRN_PART_GPT;
    if (!tool_part_guid_new(create->guid)) {
        tool_note("no random id from the system: give one with --id");
        return false;
    }
    create->disk_id = cairn_le32(create->guid);
    if (create->scheme == CAIRN_PART_MBR) return tool_arg_hex32(args, CREATE_ID, &create->disk_id);
    create->disk_id = 0;
    if (!tool_has(args, CREATE_ID) || cairn_guid_parse(args->values[CREATE_ID], create->guid))
        return true;
    tool_usage(args->verb, "--id=%s is no GUID", args->values[CREATE_ID]);
    return false;
}

/* ---- what is there --------------------------------------------------------------------------- */

/* What is in the way, or NULL. A table that cannot even be read counts, too. */
static const char *obstacle_find(struct tool_part *part, enum cairn_err *err)
{
    struct cairn_blk *dev = part->dev;
    uint64_t edge =
        cairn_min_u64(cairn_div_up(EDGE_BYTES, dev->info.block_bytes), dev->info.block_count);
    bool head_zero, tail_zero = true;
    *err = CAIRN_OK;
    if (part->why.err) return "it has a partition table, a damaged one";
    if (part->table.scheme != CAIRN_PART_NONE) return "it has a partition table";
    if (cairn_image_is_fat(dev)) return "it is a FAT volume";
    *err = tool_part_look(dev, 0, edge, &head_zero, &part->why);
    if (!*err)
        *err = tool_part_look(dev, dev->info.block_count - edge, edge, &tail_zero, &part->why);
    if (*err) return NULL;
    return head_zero && tail_zero ? NULL : "something is in its first or last MiB";
}

/* Whatever said there what it was says so no more; boot code stays, but for a file system's. */
static enum cairn_err edges_wipe(struct tool_part *part)
{
    static uint8_t block[BLOCK_BYTES_MAX];
    struct cairn_blk *dev = part->dev;
    uint64_t count = dev->info.block_count;
    uint64_t edge = cairn_min_u64(cairn_div_up(EDGE_BYTES, dev->info.block_bytes), count - 1);
    bool keeps_code = part->table.scheme != CAIRN_PART_NONE;
    enum cairn_err err = cairn_blk_read(dev, 0, 1, block, &part->why);
    size_t kept = keeps_code ? BOOT_CODE_BYTES : 0;
    memset(block + kept, 0, dev->info.block_bytes - kept);
    if (!err) err = cairn_blk_write(dev, 0, 1, block, &part->why);
    if (!err) err = cairn_blk_zero(dev, 1, edge, &part->why);
    return err ? err : cairn_blk_zero(dev, count - edge, edge, &part->why);
}

static enum tool_status obstacle_pass(struct tool_part *part)
{
    enum cairn_err err;
    bool force = tool_has(part->args, CREATE_FORCE);
    if (part->dev->info.block_count < 2) return TOOL_DONE; /* too small, says create */
    const char *obstacle = obstacle_find(part, &err);
    if (err) return tool_part_fail(part, err);
    if (!obstacle) return TOOL_DONE;
    if (!force)
        return tool_usage(part->args->verb, "'%s': %s; --force makes a new one, and it is lost",
                          part->text, obstacle);
    cairn_why_clear(&part->why);
    err = edges_wipe(part);
    return err ? tool_part_fail(part, err) : TOOL_DONE;
}

/* ---- making ---------------------------------------------------------------------------------- */

static enum tool_status table_make(struct tool_part *part, const struct create *create)
{
    static struct cairn_part_table table; /* the old one says what is in the way */
    const struct cairn_blk_info *info = &part->dev->info;
    struct cairn_why why = { 0 };
    enum cairn_err err = cairn_part_create(&table, create->scheme, info->block_bytes,
                                           info->block_count, create->guid, create->disk_id, &why);
    if (err) return tool_fail(part->text, err, &why);
    enum tool_status status = obstacle_pass(part);
    if (status) return status;
    part->table = table;
    return tool_part_write(part);
}

/* Only a file can be new; other devices are there, or cannot be made here. */
static bool image_exists(const char *image)
{
    struct stat st;
    const char *path = cairn_blk_file_path(image);
    return !path || lstat(path, &st) == 0;
}

static enum tool_status place_check(const struct create *create, struct cairn_image_place *place,
                                    bool *exists)
{
    const char *text = create->args->operands[0];
    enum tool_status status;
    bool is_place = tool_place_is(text, place, &status);
    if (status) return status;
    if (is_place)
        return tool_usage(create->args->verb, "'%s' is inside a disk; name the image", text);
    *exists = image_exists(place->image);
    if (!*exists && !create->size)
        return tool_usage(create->args->verb, "'%s' is not there; --size=64M makes it", text);
    if (*exists && create->size)
        return tool_usage(create->args->verb, "'%s' exists, and --size is for new images", text);
    return TOOL_DONE;
}

static enum tool_status run(const struct tool_args *args)
{
    struct create create = { .args = args };
    struct cairn_image_place place;
    bool exists = false;
    if (!options_take(&create)) return TOOL_USAGE;
    enum tool_status status = place_check(&create, &place, &exists);
    if (status) return status;
    struct tool_part *part = tool_part_open(
        args, CREATE_BLOCK, exists ? TOOL_PART_WRITE : TOOL_PART_MAKE, create.size, &status);
    if (part) status = tool_part_close(part, table_make(part, &create));
    if (part && status && !exists) (void)unlink(cairn_blk_file_path(place.image));
    return status;
}

const struct tool_verb tool_verb_part_create = {
    .name = "part create",
    .summary = "Make an empty partition table, in a new image or one that is there",
    .operands = "IMAGE",
    .options = options,
    .details =
        "What has a table or a volume, or anything in its first or last MiB, is refused without\n"
        "--force, which clears both. The same --id makes the same bytes.",
    .example =
        "  cairn part create --size=64M disk.img\n"
        "  cairn part create --scheme=mbr --id=1234ABCD /dev/sdb",
    .operands_least = 1,
    .operands_most = 1,
    .run = run,
};
