/* SPDX-License-Identifier: ISC */
/* Code pages of 8.3 names: those of one byte a character. */
#include "name.h"

struct codepage {
    uint16_t number;
    uint16_t upper_half[128]; /* the characters of bytes 0x80 to 0xFF, none twice */
};

#include "codepage_table.h"

bool cairn_fat_codepage_known(uint32_t number)
{
    for (size_t i = 0; i < CAIRN_COUNT(codepages); i++)
        if (codepages[i].number == number) return true;
    return false;
}

/* An unknown page is read as the default, which stands first. */
static const uint16_t *upper_half(enum cairn_fat_codepage page)
{
    for (size_t i = 0; i < CAIRN_COUNT(codepages); i++)
        if (codepages[i].number == (uint32_t)page) return codepages[i].upper_half;
    return codepages[0].upper_half;
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
