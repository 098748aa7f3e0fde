/* SPDX-License-Identifier: ISC */
/* GUIDs as text. On disk the first three groups are little-endian numbers (UEFI 2.10, app. A). */
#include <cairn/part.h>

/* Which byte each pair of digits is; a dash stands before pairs 4, 6, 8 and 10. */
static const uint8_t byte_order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool dash_before(size_t pair)
{
    return pair == 4 || pair == 6 || pair == 8 || pair == 10;
}

void cairn_guid_text(const uint8_t guid[16], char out[37])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t pair = 0; pair < 16; pair++) {
        uint8_t byte = guid[byte_order[pair]];
        if (dash_before(pair)) *out++ = '-';
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool cairn_guid_parse(const char *text, uint8_t guid[16])
{
    for (size_t pair = 0; pair < 16; pair++) {
        if (dash_before(pair) && *text++ != '-') return false;
        int high = digit_value(text[0]);
        int low = high < 0 ? -1 : digit_value(text[1]);
        if (low < 0) return false;
        guid[byte_order[pair]] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}
