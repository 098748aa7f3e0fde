/* SPDX-License-Identifier: ISC */
/* Directory slots: pure codec of 32 bytes. fatgen103, "FAT Directory Structure", "Long Directory
 * Entries". */
#ifndef CAIRN_FAT_DIRENT_H
#define CAIRN_FAT_DIRENT_H

#include "name.h"

#define FAT_SLOT_BYTES 32u
#define FAT_SLOT_END 0x00u  /* first byte: this slot and all behind it were never used */
#define FAT_SLOT_FREE 0xE5u /* first byte: removed */
#define FAT_ATTR_LONG 0x0Fu
#define FAT_LONG_UNITS 13u
#define FAT_LONG_LAST 0x40u
#define FAT_LONG_SLOTS_MAX 20u /* 255 units */

/* Offsets in an 8.3 slot that are changed singly. */
#define FAT_SLOT_ATTR 11u
#define FAT_SLOT_CASE 12u
#define FAT_SLOT_CREATED 13u /* tenths, time, date, access date: 13..19 */
#define FAT_SLOT_START_HIGH 20u
#define FAT_SLOT_MODIFIED 22u /* time, date */
#define FAT_SLOT_START_LOW 26u
#define FAT_SLOT_SIZE 28u

/* In a long slot. */
#define FAT_SLOT_LONG_TYPE 12u /* 0, as its start cluster at FAT_SLOT_START_LOW */
#define FAT_SLOT_LONG_SUM 13u

struct fat_dirent {
    uint8_t raw[FAT_SHORT_BYTES];
    uint8_t attributes;
    uint8_t case_bits;
    uint8_t created_tenths; /* 10 ms units, 0 to 199 */
    uint16_t created_time, created_date, accessed_date, modified_time, modified_date;
    uint32_t start; /* FAT12/16: the high half is not part of it */
    uint32_t size;
};
void fat_dirent_decode(const uint8_t *slot, enum cairn_fat_type type, struct fat_dirent *out);
/* FAT12/16: the high half of start is written as 0. */
void fat_dirent_encode(const struct fat_dirent *in, uint8_t *slot);

/* Slots that a name needs besides the 8.3 one: 0 to 20. */
static inline uint32_t fat_long_slots(const struct fat_name *name)
{
    return (name->len + FAT_LONG_UNITS - 1) / FAT_LONG_UNITS;
}
static inline bool fat_slot_is_long(const uint8_t *slot)
{
    return (slot[FAT_SLOT_ATTR] & 0x3Fu) == FAT_ATTR_LONG;
}
/* Checksum of the 8.3 name that long slots carry. */
uint8_t fat_long_checksum(const uint8_t raw[FAT_SHORT_BYTES]);
/* Encode slot number `order` (1 = the one next to the 8.3 entry) of name. */
void fat_long_encode(const struct fat_name *name, uint32_t order, uint8_t checksum, uint8_t *slot);

/* Gathers the long slots in front of an 8.3 entry, in disk order. */
struct fat_long_reader {
    struct fat_name name;
    uint8_t checksum;
    uint8_t expected;    /* order of the next slot; 0: complete, or none begun */
    bool active;         /* a set was begun and is sound so far */
    uint64_t first_slot; /* set by the caller's add: where the set began */
};
void fat_long_reset(struct fat_long_reader *reader);

/* What a long slot did to the reader. */
enum fat_long_fault {
    FAT_LONG_FINE,
    FAT_LONG_RESTART, /* a start inside a set */
    FAT_LONG_STRAY,   /* a slot that is no start, outside a set */
    FAT_LONG_ORDER,   /* not the expected order */
    FAT_LONG_SUM,     /* checksum differs within the set */
    FAT_LONG_RANGE    /* order 0 or above 20, or more than 255 units */
};
/* What the next slot would do, without taking it. */
enum fat_long_fault fat_long_judge(const struct fat_long_reader *reader, const uint8_t *slot);
/* Take it; fault: what judge says of it. */
void fat_long_take(struct fat_long_reader *reader, enum fat_long_fault fault, const uint8_t *slot,
                   uint64_t slot_number);
/* Both. */
enum fat_long_fault fat_long_add(struct fat_long_reader *reader, const uint8_t *slot,
                                 uint64_t slot_number);
/* Is a complete set there that belongs to this 8.3 name? Then reader->name is its name. */
bool fat_long_matches(const struct fat_long_reader *reader, const uint8_t raw[FAT_SHORT_BYTES]);

/* Times. DOS local time, given the volume's offset from UTC in minutes. Out of range is clamped to
 * 1980-01-01 00:00:00 .. 2107-12-31 23:59:58. */
void fat_time_encode(int64_t ns, int32_t offset_min, uint16_t *date, uint16_t *time,
                     uint8_t *tenths);
/* Impossible dates are read as their nearest possible one. */
int64_t fat_time_decode(uint16_t date, uint16_t time, uint8_t tenths, int32_t offset_min);
bool fat_time_valid(uint16_t date, uint16_t time, uint8_t tenths);

/* The ready-made pieces that more than one writer of directories needs: the "." and ".." slots of a
 * new directory, and the root's label slot (whose first byte 0xE5 becomes 0x05). */
void fat_dot_slots(uint8_t slots[2 * FAT_SLOT_BYTES], const struct fat_dirent *self,
                   uint32_t parent_start);
void fat_label_slot(uint8_t slot[FAT_SLOT_BYTES], const uint8_t label[CAIRN_FAT_LABEL_BYTES],
                    uint16_t date, uint16_t time);

#endif
