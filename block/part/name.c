/* SPDX-License-Identifier: ISC */
/* Names of GPT partitions: 36 units of UTF-16 on disk, UTF-8 here. */
#include "codec.h"

#include <cairn/bytes.h>

/* One UTF-16 character of the name; unpaired surrogates become U+FFFD. */
static uint32_t name_char(const uint8_t *units, size_t *at)
{
    uint32_t unit = cairn_le16(units + 2 * (*at)++);
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    uint32_t next = *at < GPT_NAME_UNITS ? cairn_le16(units + 2 * *at) : 0;
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

void gpt_name_decode(const uint8_t *units, char name[CAIRN_PART_NAME_BYTES])
{
    size_t len = 0;
    for (size_t at = 0; at < GPT_NAME_UNITS;) {
        uint32_t c = name_char(units, &at);
        if (c == 0) break;
        len += put_utf8(name + len, c);
    }
    name[len] = '\0';
}

/* One character of UTF-8 at *text, which moves on; 0: the end, or bytes that are none. */
static uint32_t char_take(const char **text)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    uint8_t lead = (uint8_t) * *text;
    uint32_t more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return 0;
    uint32_t c = more ? lead & (0x3Fu >> more) : lead;
    for (uint32_t i = 1; i <= more; i++) {
        uint8_t next = (uint8_t)(*text)[i];
        if ((next & 0xC0) != 0x80) return 0;
        c = c << 6 | (next & 0x3Fu);
    }
    if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *text += more + 1;
    return c;
}

bool gpt_name_encode(const char *name, uint8_t *units)
{
    size_t used = 0;
    if (units) memset(units, 0, (size_t)2 * GPT_NAME_UNITS);
    while (*name) {
        uint32_t c = char_take(&name);
        size_t need = c >= 0x10000 ? 2 : 1;
        if (c == 0 || used + need > GPT_NAME_UNITS) return false;
        uint8_t *out = units ? units + 2 * used : NULL;
        if (out && need == 2) {
            cairn_le16_put(out, (uint16_t)(0xD7C0 + (c >> 10)));
            out += 2;
        }
        if (out) cairn_le16_put(out, (uint16_t)(need == 2 ? 0xDC00 | (c & 0x3FF) : c));
        used += need;
    }
    return true;
}
