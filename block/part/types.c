/* SPDX-License-Identifier: ISC */
/* What people call the types of partitions. */
#include <cairn/bytes.h>
#include <cairn/part.h>

struct guid_name {
    char guid[37];
    const char *name;
};

static const struct guid_name guid_names[] = {
    { "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI System" },
    { "21686148-6449-6E6F-744E-656564454649", "BIOS boot" },
    { "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Microsoft basic data" },
    { "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved" },
    { "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "Windows recovery environment" },
    { "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux filesystem" },
    { "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap" },
    { "E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM" },
    { "A19D880F-05FC-4D3B-A006-743F0F84911E", "Linux RAID" },
    { "933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "Linux home" },
    { "BC13C2FF-59E6-4262-A352-B275FD6F7172", "Linux extended boot" },
    { "44479540-F297-41B2-9AF7-D131D5F0458A", "Linux root (x86)" },
    { "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "Linux root (x86-64)" },
    { "B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "Linux root (ARM-64)" },
    { "48465300-0000-11AA-AA11-00306543ECAC", "Apple HFS/HFS+" },
    { "7C3457EF-0000-11AA-AA11-00306543ECAC", "Apple APFS" },
    { "516E7CB4-6ECF-11D6-8FF8-00022D09712B", "FreeBSD data" },
};

struct id_name {
    uint8_t id;
    const char *name;
};

static const struct id_name id_names[] = {
    { 0x01, "FAT12" },
    { 0x04, "FAT16 <32M" },
    { 0x05, "Extended" },
    { 0x06, "FAT16" },
    { 0x07, "HPFS/NTFS/exFAT" },
    { 0x0B, "FAT32" },
    { 0x0C, "FAT32 LBA" },
    { 0x0E, "FAT16 LBA" },
    { 0x0F, "Extended LBA" },
    { 0x11, "Hidden FAT12" },
    { 0x14, "Hidden FAT16 <32M" },
    { 0x16, "Hidden FAT16" },
    { 0x1B, "Hidden FAT32" },
    { 0x1C, "Hidden FAT32 LBA" },
    { 0x1E, "Hidden FAT16 LBA" },
    { 0x82, "Linux swap" },
    { 0x83, "Linux" },
    { 0x85, "Linux extended" },
    { 0x8E, "Linux LVM" },
    { 0xA5, "FreeBSD" },
    { 0xEE, "GPT" },
    { 0xEF, "EFI System" },
    { 0xFD, "Linux RAID" },
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
