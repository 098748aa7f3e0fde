/* SPDX-License-Identifier: ISC */
/* Reading a GPT: either copy, what is wrong with them, and what the MBR in front says. */
#include "read.h"

#include <cairn/bytes.h>
#include <cairn/checksum.h>

/* One of the two copies. */
struct copy {
    struct gpt_header header;
    bool has_header;   /* it can be believed, whatever its entries are */
    bool is_cut;       /* it is for a larger device */
    const char *fault; /* why the copy cannot be used, or NULL */
};

struct copies {
    struct copy primary, backup;
    bool backup_is_old; /* it is not in the last block */
};

static uint64_t array_bytes(const struct gpt_header *header)
{
    return (uint64_t)header->entry_count * header->entry_bytes;
}

/* The piece of the array of entries that begins at byte `done`, into scratch. */
static enum cairn_err piece_read(const struct part_reader *reader, const struct gpt_header *header,
                                 uint64_t done, size_t *bytes, struct cairn_why *why)
{
    uint32_t block_bytes = reader->dev->info.block_bytes;
    *bytes = (size_t)cairn_min_u64(array_bytes(header) - done, reader->scratch_bytes);
    return cairn_blk_read(reader->dev, header->entries + done / block_bytes,
                          cairn_div_up(*bytes, block_bytes), reader->scratch, why);
}

static const char *entries_fault(const struct part_reader *reader, const struct gpt_header *header)
{
    uint32_t crc = 0;
    size_t bytes;
    for (uint64_t done = 0; done < array_bytes(header); done += bytes) {
        if (piece_read(reader, header, done, &bytes, NULL)) return "its entries are unreadable";
        crc = cairn_crc32(crc, reader->scratch, bytes);
    }
    return crc == header->entries_crc ? NULL : "the checksum of its entries is wrong";
}

/* The backup is gone with the end of a disk, so only a first copy can tell; and there must be room
 * for both. */
static bool may_shrink(const struct part_reader *reader, const struct gpt_header *header)
{
    const struct cairn_blk_info *info = &reader->dev->info;
    uint64_t blocks =
        gpt_entries_blocks(header->entry_count, header->entry_bytes, info->block_bytes);
    return reader->findings && header->at == GPT_PRIMARY &&
           info->block_count > header->first_usable + blocks + 1;
}

/* The copy whose header lies in block `at`; what cannot be read is as bad as what is wrong, as
 * there are two copies. */
static void copy_look(const struct part_reader *reader, uint64_t at, struct copy *copy)
{
    const struct cairn_blk_info *info = &reader->dev->info;
    copy->has_header = copy->is_cut = false;
    copy->fault = "it is unreadable";
    if (cairn_blk_read(reader->dev, at, 1, reader->scratch, NULL)) return;
    copy->fault =
        gpt_header_decode(reader->scratch, info->block_bytes, at, info->block_count, &copy->header);
    const char *usable = copy->fault ? NULL : gpt_usable_fault(&copy->header, info->block_count);
    copy->is_cut = usable && may_shrink(reader, &copy->header);
    if (usable && !copy->is_cut) copy->fault = usable;
    copy->has_header = !copy->fault;
    if (!copy->fault) copy->fault = entries_fault(reader, &copy->header);
}

bool gpt_is_there(const struct part_reader *reader)
{
    struct copy primary;
    copy_look(reader, GPT_PRIMARY, &primary);
    return !primary.fault;
}

/* In the last block; or, when the disk has grown, where the first header says. */
static void backup_look(const struct part_reader *reader, struct copies *copies)
{
    uint64_t last = reader->dev->info.block_count - 1;
    uint64_t told = copies->primary.has_header ? copies->primary.header.alternate : last;
    copy_look(reader, last, &copies->backup);
    copies->backup_is_old = copies->backup.fault && told > GPT_PRIMARY && told < last;
    if (!copies->backup_is_old) return;
    struct copy old;
    copy_look(reader, told, &old);
    if (!old.fault) copies->backup = old;
}

/* ---- what was found -------------------------------------------------------------------------- */

static bool agree(const struct gpt_header *a, const struct gpt_header *b)
{
    return a->alternate == b->at && b->alternate == a->at && a->first_usable == b->first_usable &&
           a->last_usable == b->last_usable && a->entry_count == b->entry_count &&
           a->entry_bytes == b->entry_bytes && a->entries_crc == b->entries_crc &&
           memcmp(a->disk_guid, b->disk_guid, sizeof a->disk_guid) == 0;
}

static void found(const struct part_reader *reader, enum cairn_part_fault fault, const char *detail)
{
    part_found(reader, &(struct cairn_part_finding){ .fault = fault, .detail = detail });
}

static void copies_judge(const struct part_reader *reader, const struct copies *copies)
{
    const struct copy *primary = &copies->primary, *backup = &copies->backup;
    const char *place = backup->fault
                            ? backup->fault
                            : gpt_backup_fault(&backup->header, reader->dev->info.block_bytes);
    if (primary->is_cut) return;
    if (primary->fault) found(reader, CAIRN_PART_PRIMARY, primary->fault);
    if (place) found(reader, CAIRN_PART_BACKUP, place);
    if (copies->backup_is_old) found(reader, CAIRN_PART_PLACE, NULL);
    if (!primary->fault && !backup->fault && !agree(&primary->header, &backup->header))
        found(reader, CAIRN_PART_DIFFER, NULL);
}

/* The first partition that begins where an entry of a hybrid MBR does, and can be shown. */
static struct cairn_part *shown_find(struct cairn_part_table *table, const struct mbr_entry *entry)
{
    for (uint32_t i = 0; i < table->part_count; i++) {
        struct cairn_part *part = &table->parts[i];
        if (part->first == entry->first && part->count > 0 && part->count <= UINT32_MAX)
            return part;
    }
    return NULL;
}

/* What a hybrid MBR shows; block 1 is the guard's. */
static void shown_take(const struct part_reader *reader, const struct mbr *mbr)
{
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (!mbr_entry_is_used(entry) || entry->type == MBR_TYPE_PROTECTIVE) continue;
        struct cairn_part *part = entry->first > 1 ? shown_find(reader->table, entry) : NULL;
        if (part) part->type_id = entry->type;
    }
}

/* Where partitions are lost nothing is mended, so nothing more is found. */
static bool cut_judge(const struct part_reader *reader, const struct copy *primary)
{
    bool fits = reader->findings->count == 0; /* so far partitions were taken, and no more */
    if (primary->is_cut) found(reader, fits ? CAIRN_PART_SHRUNK : CAIRN_PART_CUT, NULL);
    return !primary->is_cut || fits;
}

static void table_judge(const struct part_reader *reader, const struct mbr *mbr)
{
    const char *guard = gpt_guard_fault(reader->table, mbr);
    const char *layout = gpt_layout_fault(reader->table);
    if (guard) found(reader, CAIRN_PART_GUARD, guard);
    if (layout) found(reader, CAIRN_PART_LAYOUT, layout);
}

/* ---- taking a copy --------------------------------------------------------------------------- */

/* The entries of a piece of the array that is in scratch; `index` is the first one's. */
static enum cairn_err piece_take(const struct part_reader *reader, uint64_t index, size_t bytes)
{
    uint32_t step = reader->table->entry_bytes;
    for (size_t at = 0; at < bytes; at += step, index++) {
        struct cairn_part part;
        if (!gpt_entry_decode(reader->scratch + at, (uint32_t)index, &part)) continue;
        enum cairn_err err = part_take(reader, &part, gpt_part_fault(reader->table, &part));
        if (err) return err;
    }
    return CAIRN_OK;
}

/* Where the first array belongs when its own header does not say: behind that. Of a larger disk's
 * usable blocks those are left that this one has. */
static void header_take(struct cairn_part_table *table, const struct gpt_header *header,
                        const struct copy *primary)
{
    table->scheme = CAIRN_PART_GPT;
    table->first_usable = header->first_usable;
    table->last_usable = header->last_usable;
    table->entries = primary->has_header ? primary->header.entries : GPT_PRIMARY + 1;
    table->entry_count = header->entry_count;
    table->entry_bytes = header->entry_bytes;
    table->source = header->entries;
    memcpy(table->disk_guid, header->disk_guid, sizeof header->disk_guid);
    if (primary->is_cut) table->last_usable = gpt_backup_entries(table) - 1;
}

/* Take over a copy that was found good. */
static enum cairn_err copy_take(const struct part_reader *reader, const struct gpt_header *header,
                                const struct copy *primary)
{
    size_t bytes;
    header_take(reader->table, header, primary);
    for (uint64_t done = 0; done < array_bytes(header); done += bytes) {
        enum cairn_err err = piece_read(reader, header, done, &bytes, reader->why);
        if (!err) err = piece_take(reader, done / header->entry_bytes, bytes);
        if (err) return err;
    }
    return CAIRN_OK;
}

/* A table that was written for blocks of another size has its first header at another byte. */
static void hint_block_size(const struct part_reader *reader)
{
    uint32_t block_bytes = reader->dev->info.block_bytes;
    uint32_t other = block_bytes == 512 ? 4096 : 512;
    if (cairn_blk_read(reader->dev, other / block_bytes, 1, reader->scratch, NULL)) return;
    if (gpt_has_signature(reader->scratch + other % block_bytes))
        cairn_why_hint(reader->why, "the table was written for blocks of %lu bytes, not %lu",
                       (unsigned long)other, (unsigned long)block_bytes);
}

static enum cairn_err both_bad(const struct part_reader *reader, const struct copies *copies)
{
    enum cairn_err err =
        cairn_why_fail(reader->why, CAIRN_ECORRUPT, "GPT: the first header: %s; the backup: %s",
                       copies->primary.fault, copies->backup.fault);
    cairn_why_hint(reader->why,
                   "bring back a saved copy of the table; or, to begin anew and lose "
                   "where its partitions were, `cairn part create --force`");
    hint_block_size(reader);
    return err;
}

enum cairn_err gpt_read(const struct part_reader *reader, const struct mbr *mbr)
{
    struct copies copies;
    copy_look(reader, GPT_PRIMARY, &copies.primary);
    copies.backup = (struct copy){ .fault = NULL };
    copies.backup_is_old = false;
    if (copies.primary.fault || reader->findings) backup_look(reader, &copies);
    if (copies.primary.is_cut && !copies.backup.fault) {
        copies.primary.is_cut = copies.primary.has_header = false;
        copies.primary.fault =
            gpt_usable_fault(&copies.primary.header, reader->dev->info.block_count);
    }
    if (copies.primary.fault && copies.backup.fault) return both_bad(reader, &copies);
    reader->table->from_backup = copies.primary.fault != NULL;
    if (reader->findings) copies_judge(reader, &copies);
    const struct copy *good = copies.primary.fault ? &copies.backup : &copies.primary;
    enum cairn_err err = copy_take(reader, &good->header, &copies.primary);
    if (err) return err;
    shown_take(reader, mbr);
    if (reader->findings && cut_judge(reader, &copies.primary)) table_judge(reader, mbr);
    return CAIRN_OK;
}
