/* SPDX-License-Identifier: ISC */
/* GPT as bytes: header and entries. UEFI 2.10, 5.3.2 and 5.3.3. */
#include <cairn/bytes.h>
#include <cairn/checksum.h>

#include "codec.h"

#define REVISION 0x00010000u

static const uint8_t signature[8] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };

bool gpt_has_signature(const uint8_t *block)
{
    return memcmp(block, signature, sizeof signature) == 0;
}

/* The checksum is made with its own field zero. */
static uint32_t header_crc(const uint8_t *block, uint32_t bytes)
{
    static const uint8_t zero[4];
    uint32_t crc = cairn_crc32(0, block, 16);
    crc = cairn_crc32(crc, zero, sizeof zero);
    return cairn_crc32(crc, block + 20, bytes - 20);
}

static const char *entries_fault(const struct gpt_header *header, uint32_t block_bytes,
                                 uint64_t block_count)
{
    uint64_t bytes = (uint64_t)header->entry_count * header->entry_bytes;
    if (header->entry_bytes < GPT_ENTRY_BYTES || header->entry_bytes > GPT_ENTRY_BYTES_MAX ||
        !cairn_is_pow2(header->entry_bytes))
        return "the size of its entries is not one that there is";
    if (bytes > GPT_ENTRIES_BYTES_MAX) return "it claims too many entries";
    if (header->entries < 2 ||
        !cairn_range_fits(header->entries, cairn_div_up(bytes, block_bytes), block_count))
        return "its entries lie outside the device";
    return NULL;
}

const char *gpt_header_decode(const uint8_t *block, uint32_t block_bytes, uint64_t at,
                              uint64_t block_count, struct gpt_header *header)
{
    uint32_t bytes = cairn_le32(block + 12);
    if (!gpt_has_signature(block)) return "it has no signature";
    if (bytes < GPT_HEADER_BYTES || bytes > block_bytes) return "its size is wrong";
    if (cairn_le32(block + 16) != header_crc(block, bytes)) return "its checksum is wrong";
    if (cairn_le64(block + 24) != at) return "it says that it lies elsewhere";
    header->at = at;
    header->alternate = cairn_le64(block + 32);
    header->first_usable = cairn_le64(block + 40);
    header->last_usable = cairn_le64(block + 48);
    header->entries = cairn_le64(block + 72);
    header->entry_count = cairn_le32(block + 80);
    header->entry_bytes = cairn_le32(block + 84);
    header->entries_crc = cairn_le32(block + 88);
    memcpy(header->disk_guid, block + 56, sizeof header->disk_guid);
    if (header->first_usable < 2) return "its usable blocks begin in front of its entries";
    return entries_fault(header, block_bytes, block_count);
}

bool gpt_entry_decode(const uint8_t *entry, uint32_t index, struct cairn_part *part)
{
    static const uint8_t unused[16];
    if (memcmp(entry, unused, sizeof unused) == 0) return false;
    uint64_t last = cairn_le64(entry + 40);
    *part = (struct cairn_part){ .number = index + 1,
                                 .first = cairn_le64(entry + 32),
                                 .attributes = cairn_le64(entry + 48) };
    part->count = last - part->first + 1;
    memcpy(part->type_guid, entry, sizeof part->type_guid);
    memcpy(part->guid, entry + 16, sizeof part->guid);
    gpt_name_decode(entry + 56, part->name);
    return true;
}

void gpt_header_encode(uint8_t *block, uint32_t block_bytes, const struct gpt_header *header)
{
    memset(block, 0, block_bytes);
    memcpy(block, signature, sizeof signature);
    cairn_le32_put(block + 8, REVISION);
    cairn_le32_put(block + 12, GPT_HEADER_BYTES);
    cairn_le64_put(block + 24, header->at);
    cairn_le64_put(block + 32, header->alternate);
    cairn_le64_put(block + 40, header->first_usable);
    cairn_le64_put(block + 48, header->last_usable);
    memcpy(block + 56, header->disk_guid, sizeof header->disk_guid);
    cairn_le64_put(block + 72, header->entries);
    cairn_le32_put(block + 80, header->entry_count);
    cairn_le32_put(block + 84, header->entry_bytes);
    cairn_le32_put(block + 88, header->entries_crc);
    cairn_le32_put(block + 16, header_crc(block, GPT_HEADER_BYTES));
}

static bool names_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void gpt_entry_encode(uint8_t *entry, uint32_t entry_bytes, const struct cairn_part *part)
{
    char name[CAIRN_PART_NAME_BYTES];
    if (memcmp(entry + 16, part->guid, sizeof part->guid) != 0) memset(entry, 0, entry_bytes);
    gpt_name_decode(entry + 56, name);
    memcpy(entry, part->type_guid, sizeof part->type_guid);
    memcpy(entry + 16, part->guid, sizeof part->guid);
    cairn_le64_put(entry + 32, part->first);
    cairn_le64_put(entry + 40, part->first + part->count - 1);
    cairn_le64_put(entry + 48, part->attributes);
    if (names_equal(name, part->name)) return;
    (void)gpt_name_encode(part->name, entry + 56); /* edits let in none that does not fit */
}

const char *gpt_part_fault(const struct cairn_part_table *table, const struct cairn_part *part)
{
    uint64_t last = part->first + (part->count - 1);
    if (last < part->first) return "it ends before it begins";
    if (part->first < table->first_usable || last > table->last_usable)
        return "it lies outside the blocks that the table says are usable";
    return NULL;
}

/* ---- where things lie ------------------------------------------------------------------------ */

uint64_t gpt_entries_blocks(uint32_t entry_count, uint32_t entry_bytes, uint32_t block_bytes)
{
    return cairn_div_up((uint64_t)entry_count * entry_bytes, block_bytes);
}

static uint64_t table_entries_blocks(const struct cairn_part_table *table)
{
    return gpt_entries_blocks(table->entry_count, table->entry_bytes, table->block_bytes);
}

uint64_t gpt_backup_entries(const struct cairn_part_table *table)
{
    return table->block_count - 1 - table_entries_blocks(table);
}

const char *gpt_usable_fault(const struct gpt_header *header, uint64_t block_count)
{
    return header->last_usable < block_count ? NULL : "its usable blocks lie outside the device";
}

/* UEFI 2.10, 5.3.2: behind what is usable, in front of its header; wherever there. */
const char *gpt_backup_fault(const struct gpt_header *header, uint32_t block_bytes)
{
    uint64_t blocks = gpt_entries_blocks(header->entry_count, header->entry_bytes, block_bytes);
    if (header->entries <= header->last_usable)
        return "its entries do not lie behind usable blocks";
    if (header->entries + blocks > header->at)
        return "its entries do not lie in front of its header";
    return NULL;
}

const char *gpt_layout_fault(const struct cairn_part_table *table)
{
    uint64_t blocks = table_entries_blocks(table);
    uint64_t highest = table->part_count ? table->parts[table->part_count - 1].number : 0;
    if (table->entry_count < highest) return "a number is larger than its array of entries";
    if (table->block_count < 2 * blocks + 3) return "the device is too small for both its copies";
    if (table->first_usable > table->last_usable) return "no block is usable";
    if (table->entries < 2 || table->entries + blocks > table->first_usable)
        return "its first array of entries does not lie in front of its usable blocks";
    if (table->entries + blocks > gpt_backup_entries(table))
        return "its two arrays of entries overlap";
    if (table->last_usable >= gpt_backup_entries(table))
        return "its usable blocks leave no room for the backup at the end of the device";
    return NULL;
}

/* ---- the MBR that guards it ------------------------------------------------------------------ */

/* The partition that an entry of a hybrid MBR stands for, or NULL. */
static const struct cairn_part *entry_part(const struct cairn_part_table *table,
                                           const struct mbr_entry *entry)
{
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *part = &table->parts[i];
        if (part->first == entry->first && part->count == entry->count &&
            part->type_id == entry->type)
            return part;
    }
    return NULL;
}

static uint32_t shown_count(const struct cairn_part_table *table)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < table->part_count; i++)
        shown += table->parts[i].type_id != 0;
    return shown;
}

const char *gpt_guard_fault(const struct cairn_part_table *table, const struct mbr *mbr)
{
    uint32_t shown = 0;
    const struct mbr_entry *guard = NULL;
    for (size_t i = 0; i < CAIRN_COUNT(mbr->entries); i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (entry->type == MBR_TYPE_PROTECTIVE)
            guard = entry;
        else if (mbr_entry_is_used(entry) && entry_part(table, entry))
            shown++;
        else if (mbr_entry_is_used(entry))
            return "its MBR shows a partition that the GPT does not have so";
    }
    if (!guard) return "there is no protective MBR: most systems see no partitions";
    if (shown != shown_count(table)) return "its MBR shows one partition twice, or another too few";
    if (shown) return NULL;
    if (guard->first != 1 ||
        (guard->count != mbr_guard_count(table->block_count) && guard->count != UINT32_MAX))
        return "its protective MBR is for a device of another size";
    return NULL;
}

static bool shown_add(const struct cairn_part *part, struct mbr_entry *entry)
{
    uint8_t active = part->attributes & CAIRN_PART_GPT_BOOT ? CAIRN_PART_ACTIVE : 0;
    if (part->first > UINT32_MAX || part->count > UINT32_MAX) return false;
    *entry = (struct mbr_entry){ .status = active,
                                 .type = part->type_id,
                                 .first = (uint32_t)part->first,
                                 .count = (uint32_t)part->count };
    return true;
}

/* The guard comes first, in front of what is shown, where all firmware looks for it. */
bool gpt_guard_make(const struct cairn_part_table *table, struct mbr *mbr)
{
    uint64_t guarded = mbr_guard_count(table->block_count);
    size_t slot = 1;
    *mbr = (struct mbr){ .disk_id = table->disk_id };
    for (uint32_t i = 0; i < table->part_count; i++) {
        const struct cairn_part *part = &table->parts[i];
        if (part->type_id == 0) continue;
        if (slot == CAIRN_COUNT(mbr->entries) || !shown_add(part, &mbr->entries[slot++]))
            return false;
        guarded = cairn_min_u64(guarded, part->first - 1);
    }
    mbr->entries[0] =
        (struct mbr_entry){ .type = MBR_TYPE_PROTECTIVE, .first = 1, .count = (uint32_t)guarded };
    return guarded > 0;
}
