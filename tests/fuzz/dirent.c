/* SPDX-License-Identifier: ISC */
/* Slots of a directory: long names are bounded and survive, entries survive. */
#include "fuzz.h"

#include <fat/codec/dirent.h>
#include <string.h>

/* The name that was read, written again and read back. */
static void require_rewritten(const struct fat_long_reader *read, const uint8_t *raw)
{
    struct fat_long_reader again;
    uint8_t slot[FAT_SLOT_BYTES];
    fat_long_reset(&again);
    for (uint32_t order = fat_long_slots(&read->name); order > 0; order--) {
        fat_long_encode(&read->name, order, fat_long_checksum(raw), slot);
        fuzz_require(fat_slot_is_long(slot), "long slots are long");
        fuzz_require(fat_long_add(&again, slot, 0) == FAT_LONG_FINE, "written slots are fine");
    }
    fuzz_require(fat_long_matches(&again, raw), "written slots match");
    fuzz_require(fat_name_same(&again.name, &read->name), "long names survive");
}

static void require_short(const uint8_t *slot)
{
    static const enum cairn_fat_codepage pages[] = { CAIRN_FAT_CP437, CAIRN_FAT_CP850,
                                                     CAIRN_FAT_CP852, CAIRN_FAT_CP866,
                                                     CAIRN_FAT_CP1252 };
    uint8_t written[FAT_SLOT_BYTES];
    char text[CAIRN_FAT_ALIAS_BYTES];
    struct fat_dirent entry;
    struct fat_name name;
    fat_dirent_decode(slot, CAIRN_FAT32, &entry);
    fat_dirent_encode(&entry, written);
    fuzz_require(!memcmp(slot, written, sizeof written), "entries survive");
    for (size_t i = 0; i < CAIRN_COUNT(pages); i++) {
        fat_short_to_name(entry.raw, entry.case_bits, pages[i], &name);
        fuzz_require(fat_name_to_utf8(&name, text) < sizeof text, "an alias fits");
    }
    int64_t ns = fat_time_decode(entry.modified_date, entry.modified_time, 0, 0);
    uint16_t date, time;
    uint8_t tenths;
    fat_time_encode(ns, 0, &date, &time, &tenths);
    fuzz_require(fat_time_valid(date, time, tenths), "times become valid");
    if (!fat_time_valid(entry.modified_date, entry.modified_time, 0)) return;
    fuzz_require(date == entry.modified_date && time == entry.modified_time, "times survive");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fat_long_reader reader;
    fat_long_reset(&reader);
    for (size_t at = 0; len - at >= FAT_SLOT_BYTES; at += FAT_SLOT_BYTES) {
        const uint8_t *slot = bytes + at;
        if (fat_slot_is_long(slot)) {
            (void)fat_long_add(&reader, slot, at / FAT_SLOT_BYTES);
            continue;
        }
        if (fat_long_matches(&reader, slot)) require_rewritten(&reader, slot);
        require_short(slot);
        fat_long_reset(&reader);
    }
    return 0;
}
