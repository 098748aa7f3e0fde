/* SPDX-License-Identifier: ISC */
/* Volume labels: 11 bytes of a code page. */
#include "../codec/name.h"

static uint8_t label_byte(uint16_t unit, enum cairn_fat_codepage page)
{
    static const char refused[] = "\"*+,./:;<=>?[\\]|";
    if (unit < ' ' || unit == 0x7F) return 0;
    for (const char *c = refused; *c; c++)
        if (unit == (uint16_t)*c) return 0;
    return fat_codepage_byte(page, fat_upcase(unit));
}

static enum cairn_err refuse(struct cairn_why *why, enum cairn_err err, const char *utf8,
                             size_t len, const char *what)
{
    (void)cairn_why_fail(why, err, "volume label: %s", what);
    cairn_why_path(why, utf8, len);
    cairn_why_hint(why, "use at most 11 letters, digits and spaces, the first no space");
    return err;
}

enum cairn_err cairn_fat_label_encode_in(enum cairn_fat_codepage page, const char *utf8, size_t len,
                                         char out[CAIRN_FAT_LABEL_BYTES + 1], struct cairn_why *why)
{
    struct fat_name name = { .len = 0 };
    out[0] = 0;
    if (len == 0) return CAIRN_OK;
    enum cairn_err err = fat_name_from_utf8(&name, utf8, len);
    if (err)
        return refuse(why, err, utf8, len, err == CAIRN_EILSEQ ? "no valid UTF-8" : "too long");
    while (name.len > 0 && name.units[name.len - 1] == ' ')
        name.len--;
    if (name.len > CAIRN_FAT_LABEL_BYTES)
        return refuse(why, CAIRN_ENAMETOOLONG, utf8, len, "longer than 11 characters");
    if (name.units[0] == ' ') return refuse(why, CAIRN_EILSEQ, utf8, len, "begins with a space");
    for (uint32_t i = 0; i < name.len; i++) {
        uint8_t byte = label_byte(name.units[i], page);
        if (byte == 0)
            return refuse(why, CAIRN_EILSEQ, utf8, len, "holds a character that FAT refuses");
        out[i] = (char)byte;
    }
    out[name.len] = 0;
    return CAIRN_OK;
}

enum cairn_err cairn_fat_label_encode(const char *utf8, size_t len,
                                      char out[CAIRN_FAT_LABEL_BYTES + 1], struct cairn_why *why)
{
    return cairn_fat_label_encode_in(CAIRN_FAT_CP437, utf8, len, out, why);
}
