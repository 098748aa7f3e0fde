/* SPDX-License-Identifier: ISC */
/* A name in UTF-8: it survives, and its 8.3 basis is valid. */
#include "fuzz.h"

#include <fat/codec/name.h>
#include <string.h>

static void require_short(const struct fat_name *name, enum cairn_fat_codepage page)
{
    uint8_t raw[FAT_SHORT_BYTES];
    uint32_t parsed, prefix_len;
    struct fat_short basis;
    struct fat_name shown;
    fat_short_basis(name, page, &basis);
    fuzz_require(fat_short_valid(basis.raw), "the basis is valid");
    fuzz_require(!(basis.exact && basis.lossy), "what is exact lost nothing");
    fat_short_to_name(basis.raw, basis.case_bits, page, &shown);
    fuzz_require(!basis.exact || fat_name_same(&shown, name), "exact reads back");
    fuzz_require(basis.lossy || fat_name_equal(&shown, name), "what is lost is told");
    for (uint32_t number = 1; number < 1000000; number *= 10) {
        fat_short_tail(basis.raw, number, raw);
        fuzz_require(fat_short_valid(raw), "a tail keeps it valid");
        fuzz_require(fat_short_tail_parse(raw, &parsed, &prefix_len), "a tail parses");
        fuzz_require(parsed == number && prefix_len > 0, "a tail parses to its number");
        fuzz_require(!memcmp(raw, basis.raw, prefix_len), "a tail keeps what is before it");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char text[CAIRN_FAT_NAME_BYTES];
    struct fat_name name, upper;
    char label[CAIRN_FAT_LABEL_BYTES + 1];
    uint32_t bad;
    struct cairn_why why;
    if (!cairn_fat_label_encode((const char *)bytes, len, label, &why))
        fuzz_require(strlen(label) <= CAIRN_FAT_LABEL_BYTES, "a label has 11 bytes");
    if (fat_name_from_utf8(&name, (const char *)bytes, len)) return 0;
    fuzz_require(fat_name_to_utf8(&name, text) == len, "a name has one spelling");
    fuzz_require(!memcmp(text, bytes, len), "a name survives");
    upper = name;
    for (uint32_t i = 0; i < upper.len; i++)
        upper.units[i] = fat_upcase(name.units[i]);
    fuzz_require(fat_name_equal(&name, &upper), "case does not count");
    fuzz_require(fat_name_hash(&name) == fat_name_hash(&upper), "equal names hash alike");
    if (fat_name_check(&name, &bad)) {
        fuzz_require(bad < name.len, "the refused unit is one of the name's");
        return 0;
    }
    require_short(&name, CAIRN_FAT_CP437);
    require_short(&name, CAIRN_FAT_CP866);
    require_short(&name, CAIRN_FAT_CP1252);
    return 0;
}
