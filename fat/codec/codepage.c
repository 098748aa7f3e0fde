/* SPDX-License-Identifier: ISC */
/* Code pages of 8.3 names. */
#include "name.h"

#include "codepage_table.h"

static const uint16_t *upper_half(enum cairn_fat_codepage page)
{
    switch (page) {
    case CAIRN_FAT_CP850:
        return codepage_850;
    case CAIRN_FAT_CP852:
        return codepage_852;
    case CAIRN_FAT_CP866:
        return codepage_866;
    case CAIRN_FAT_CP1252:
        return codepage_1252;
    case CAIRN_FAT_CP437:
    default:
        return codepage_437;
    }
}

uint16_t fat_codepage_unit(enum cairn_fat_codepage page, uint8_t byte)
{
    return byte < 0x80 ? byte : upper_half(page)[byte - 0x80];
}

uint8_t fat_codepage_byte(enum cairn_fat_codepage page, uint16_t unit)
{
    if (unit < 0x80) return (uint8_t)unit;
    const uint16_t *half = upper_half(page);
    for (uint32_t i = 0; i < 0x80; i++)
        if (half[i] == unit) return (uint8_t)(0x80 + i);
    return 0;
}
