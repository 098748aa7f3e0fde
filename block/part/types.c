/* SPDX-License-Identifier: ISC */
/* What people call the types of partitions, and the short names by which they ask for them. */
#include <cairn/bytes.h>
#include <cairn/part.h>

struct guid_name {
    char guid[37];
    const char *name, *short_name; /* short_name may be NULL */
};

static const struct guid_name guid_names[] = {
    { "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI System", "esp" },
    { "21686148-6449-6E6F-744E-656564454649", "BIOS boot", "bios" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data", "data" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data", "fat12" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data", "fat16" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data", "fat32" },
    { "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved", "msr" },
    { "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "Windows recovery environment", NULL },
    { "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux filesystem", "linux" },
    { "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap", "swap" },
    { "E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM", "lvm" },
    { "A19D880F-05FC-4D3B-A006-743F0F84911E", "Linux RAID", "raid" },
    { "933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "Linux home", "home" },
    { "BC13C2FF-59E6-4262-A352-B275FD6F7172", "Linux extended boot", "xbootldr" },
    { "44479540-F297-41B2-9AF7-D131D5F0458A", "Linux root (x86)", NULL },
    { "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "Linux root (x86-64)", NULL },
    { "B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "Linux root (ARM-64)", NULL },
    { "48465300-0000-11AA-AA11-00306543ECAC", "Apple HFS/HFS+", NULL },
    { "7C3457EF-0000-11AA-AA11-00306543ECAC", "Apple APFS", NULL },
    { "516E7CB4-6ECF-11D6-8FF8-00022D09712B", "FreeBSD data", NULL },
};

struct id_name {
    uint8_t id;
    const char *name, *short_name;
};

static const struct id_name id_names[] = {
    { 0x01, "FAT12", "fat12" },
    { 0x04, "FAT16 <32M", NULL },
    { 0x05, "Extended", NULL },
    { 0x06, "FAT16", NULL },
    { 0x07, "HPFS/NTFS/exFAT", "data" },
    { 0x0B, "FAT32", NULL },
    { 0x0C, "FAT32 LBA", "fat32" },
    { 0x0E, "FAT16 LBA", "fat16" },
    { 0x0F, "Extended LBA", "extended" },
    { 0x11, "Hidden FAT12", NULL },
    { 0x14, "Hidden FAT16 <32M", NULL },
    { 0x16, "Hidden FAT16", NULL },
    { 0x1B, "Hidden FAT32", NULL },
    { 0x1C, "Hidden FAT32 LBA", NULL },
    { 0x1E, "Hidden FAT16 LBA", NULL },
    { 0x82, "Linux swap", "swap" },
    { 0x83, "Linux", "linux" },
    { 0x85, "Linux extended", NULL },
    { 0x8E, "Linux LVM", "lvm" },
    { 0xA5, "FreeBSD", NULL },
    { 0xEA, "Linux extended boot", "xbootldr" },
    { 0xEE, "GPT", NULL },
    { 0xEF, "EFI System", "esp" },
    { 0xFD, "Linux RAID", "raid" },
};

static const char *guid_name(const uint8_t guid[16])
{
    char text[37];
    cairn_guid_text(guid, text);
    for (size_t i = 0; i < CAIRN_COUNT(guid_names); i++)
        if (cairn_str_equal(text, guid_names[i].guid)) return guid_names[i].name;
    return NULL;
}

static const char *id_name(uint8_t id)
{
    for (size_t i = 0; i < CAIRN_COUNT(id_names); i++)
        if (id_names[i].id == id) return id_names[i].name;
    return NULL;
}

const char *cairn_part_type_name(const struct cairn_part *part, enum cairn_part_scheme scheme)
{
    return scheme == CAIRN_PART_GPT ? guid_name(part->type_guid) : id_name(part->type_id);
}

/* ---- the reverse ----------------------------------------------------------------------------- */

/* ASCII letters count alike in either case. */
static bool is_word(const char *text, const char *word)
{
    if (!word) return false;
    for (; *text && *word; text++, word++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text | 0x20) : *text;
        if (c != *word) return false;
    }
    return *text == *word;
}

static bool guid_find(const char *text, uint8_t guid[16])
{
    for (size_t i = 0; i < CAIRN_COUNT(guid_names); i++)
        if (is_word(text, guid_names[i].short_name))
            return cairn_guid_parse(guid_names[i].guid, guid);
    return cairn_guid_parse(text, guid);
}

/* One or two hexadecimal digits, behind "0x" or not; 00 is no type. */
static bool id_parse(const char *text, uint8_t *id)
{
    uint32_t value = 0, digits = 0;
    if (text[0] == '0' && (text[1] | 0x20) == 'x') text += 2;
    for (; *text; text++, digits++) {
        char c = *text >= 'a' && *text <= 'f' ? (char)(*text - 0x20) : *text;
        bool is_letter = c >= 'A' && c <= 'F';
        if (digits == 2 || (!is_letter && (c < '0' || c > '9'))) return false;
        value = value << 4 | (uint32_t)(is_letter ? c - 'A' + 10 : c - '0');
    }
    *id = (uint8_t)value;
    return value != 0;
}

static bool id_find(const char *text, uint8_t *id)
{
    for (size_t i = 0; i < CAIRN_COUNT(id_names); i++) {
        if (!is_word(text, id_names[i].short_name)) continue;
        *id = id_names[i].id;
        return true;
    }
    return id_parse(text, id);
}

bool cairn_part_type_parse(const char *text, enum cairn_part_scheme scheme, struct cairn_part *part)
{
    if (scheme == CAIRN_PART_GPT) return guid_find(text, part->type_guid);
    return id_find(text, &part->type_id);
}

const char *cairn_part_type_short(enum cairn_part_scheme scheme, size_t index)
{
    bool gpt = scheme == CAIRN_PART_GPT;
    size_t count = gpt ? CAIRN_COUNT(guid_names) : CAIRN_COUNT(id_names);
    for (size_t i = 0; i < count; i++) {
        const char *name = gpt ? guid_names[i].short_name : id_names[i].short_name;
        if (name && index-- == 0) return name;
    }
    return NULL;
}
