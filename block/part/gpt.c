/* SPDX-License-Identifier: ISC */
/* GPT as bytes: header and entries. UEFI 2.10, 5.3.2 and 5.3.3. */
#include <cairn/bytes.h>
#include <cairn/checksum.h>

#include "codec.h"

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
    header->first_usable = cairn_le64(block + 40);
    header->last_usable = cairn_le64(block + 48);
    header->entries = cairn_le64(block + 72);
    header->entry_count = cairn_le32(block + 80);
    header->entry_bytes = cairn_le32(block + 84);
    header->entries_crc = cairn_le32(block + 88);
    memcpy(header->disk_guid, block + 56, sizeof header->disk_guid);
    if (header->last_usable >= block_count || header->first_usable < 2)
        return "its usable blocks lie outside the device";
    return entries_fault(header, block_bytes, block_count);
}

/* One UTF-16 character of units[*at..36); unpaired surrogates become U+FFFD. */
static uint32_t name_char(const uint8_t *units, size_t *at)
{
    uint32_t unit = cairn_le16(units + 2 * (*at)++);
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    uint32_t next = *at < 36 ? cairn_le16(units + 2 * *at) : 0;
    if (unit > 0xDBFF || next < 0xDC00 || next > 0xDFFF) return 0xFFFD;
    (*at)++;
    return 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    out[0] = (char)(lead[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3F));
    return more + 1;
}

static void name_decode(const uint8_t *units, char name[CAIRN_PART_NAME_BYTES])
{
    size_t len = 0;
    for (size_t at = 0; at < 36;) {
        uint32_t c = name_char(units, &at);
        if (c == 0) break;
        len += put_utf8(name + len, c);
    }
    name[len] = '\0';
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
    name_decode(entry + 56, part->name);
    return true;
}

const char *gpt_part_fault(const struct gpt_header *header, const struct cairn_part *part)
{
    uint64_t last = part->first + (part->count - 1);
    if (last < part->first) return "it ends before it begins";
    if (part->first < header->first_usable || last > header->last_usable)
        return "it lies outside the blocks that the table says are usable";
    return NULL;
}
