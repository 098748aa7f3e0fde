/* SPDX-License-Identifier: ISC */
/* Names that are illegal, or another's. A name that is made up is nobody else's in the directory,
 * be it in front of the entry at hand or behind it (check/names.c). */
#include "mend_slot.h"

#define TRIES_EACH 8u        /* numbers that each name tries from 1 on */
#define NUMBER_MOST 999999u  /* of an 8.3 name's tail */
#define NUMBER_UNITS_MAX 10u /* " (999999)", and one more */

/* Some small numbers first; then on from the last one of the whole directory, so that thousands of
 * equal names take no longer than as many different ones. 0: there are none left. */
static uint32_t number_next(struct fat_check_scan *scan, uint32_t number)
{
    if (number < TRIES_EACH) return number + 1;
    if (scan->number < TRIES_EACH) scan->number = TRIES_EACH;
    return scan->number < NUMBER_MOST ? ++scan->number : 0;
}

/* ---- 8.3 names ------------------------------------------------------------------------------- */

static void short_name(const struct fat_check *c, const uint8_t raw[FAT_SHORT_BYTES],
                       struct fat_name *name)
{
    fat_short_to_name(raw, 0, c->options.codepage, name);
}

static bool short_is_taken(struct fat_check *c, const uint8_t raw[FAT_SHORT_BYTES])
{
    struct fat_name name;
    short_name(c, raw, &name);
    return fat_check_name_taken(c, &name);
}

/* The name without its numeric tail. */
static void tail_cut(uint8_t raw[FAT_SHORT_BYTES])
{
    uint32_t number, prefix;
    if (fat_short_tail_parse(raw, &number, &prefix) && prefix > 0)
        memset(raw + prefix, ' ', 8 - prefix);
}

/* Make raw, which is legal, one that nobody has. */
static bool short_number(struct fat_check *c, uint8_t raw[FAT_SHORT_BYTES])
{
    uint8_t basis[FAT_SHORT_BYTES];
    tail_cut(raw);
    memcpy(basis, raw, sizeof basis);
    for (uint32_t number = 1; number; number = number_next(c->scan, number)) {
        fat_short_tail(basis, number, raw);
        if (!short_is_taken(c, raw)) return true;
    }
    return false;
}

/* The long slots in front of it bear its checksum. */
static bool short_put(struct fat_check *c, const uint8_t raw[FAT_SHORT_BYTES])
{
    struct fat_name name;
    if (!fat_mend_room(c, c->long_count + 1, c->long_count + FAT_SHORT_BYTES)) return false;
    fat_mend_slot(c, c->slot_at, 0, raw, FAT_SHORT_BYTES, FAT_STAGE_ADD);
    fat_mend_set_sum(c, raw);
    short_name(c, raw, &name);
    fat_mend_say_name(c, c->long_count ? "its 8.3 name becomes" : "its name becomes", &name);
    return true;
}

static uint8_t byte_legal(uint8_t byte, uint32_t place)
{
    uint8_t probe[FAT_SHORT_BYTES];
    memset(probe, 'A', sizeof probe);
    if (byte >= 'a' && byte <= 'z') return (uint8_t)(byte - 'a' + 'A');
    probe[place] = byte;
    return fat_short_valid(probe) ? byte : '_';
}

/* Spaces are legal where they pad. */
static void short_make_legal(uint8_t raw[FAT_SHORT_BYTES])
{
    static const uint8_t ends[] = { 8, 11 };
    for (uint32_t part = 0, i = 0; part < CAIRN_COUNT(ends); part++, i = 8) {
        uint32_t end = ends[part];
        while (end > i && raw[end - 1] == ' ')
            end--;
        for (; i < end; i++)
            raw[i] = raw[i] == ' ' ? '_' : byte_legal(raw[i], i);
    }
    if (raw[0] == ' ') raw[0] = '_';
}

bool fat_mend_name_illegal(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t raw[FAT_SHORT_BYTES];
    struct fat_name old, name;
    (void)cluster, (void)a, (void)b;
    memcpy(raw, fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES), sizeof raw);
    short_name(c, raw, &old);
    short_make_legal(raw);
    short_name(c, raw, &name);
    if (!fat_name_equal(&old, &name) && short_is_taken(c, raw) && !short_number(c, raw))
        return false;
    return short_put(c, raw);
}

bool fat_mend_name_duplicate(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t raw[FAT_SHORT_BYTES];
    (void)cluster, (void)a, (void)b;
    memcpy(raw, fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES), sizeof raw);
    short_make_legal(raw);
    return short_number(c, raw) && short_put(c, raw);
}

/* A directory that is known anyway: one more "." or "..", or one whose attributes were damaged, for
 * which check then finds that there is none. */
static bool is_mere_dot(const struct fat_check *c, const struct fat_dirent *entry, uint64_t number)
{
    const struct fat_check_scan *scan = c->scan;
    bool known = entry->start == scan->start || entry->start == scan->parent || entry->start == 0;
    bool in_place = !scan->is_root && number < 2;
    return known && (in_place || entry->start || (entry->attributes & CAIRN_FAT_DIRECTORY));
}

/* What leads elsewhere gets a name. */
bool fat_mend_name_dots(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    uint8_t raw[FAT_SHORT_BYTES];
    struct fat_dirent entry;
    (void)cluster, (void)b;
    fat_dirent_decode(fat_mend_look(c, c->slot_at, FAT_SLOT_BYTES), c->geometry.type, &entry);
    if (is_mere_dot(c, &entry, a)) {
        if (!fat_mend_entry_drop(c)) return false;
        fat_mend_say(c, "removed");
        return true;
    }
    memcpy(raw, entry.raw[1] == '.' ? "DOTDOT     " : "DOT        ", sizeof raw);
    return (!short_is_taken(c, raw) || short_number(c, raw)) && short_put(c, raw);
}

/* ---- long names ------------------------------------------------------------------------------ */

static uint32_t units_put(uint16_t *units, uint32_t number)
{
    uint16_t digits[NUMBER_UNITS_MAX];
    uint32_t count = 0, len = 0;
    for (; number; number /= 10)
        digits[count++] = (uint16_t)('0' + number % 10);
    units[len++] = ' ';
    units[len++] = '(';
    while (count)
        units[len++] = digits[--count];
    units[len++] = ')';
    return len;
}

static uint32_t ext_from(const struct fat_name *name, uint32_t ext_most)
{
    for (uint32_t i = name->len; i > 1; i--)
        if (name->units[i - 1] == '.') return name->len - (i - 1) <= ext_most ? i - 1 : name->len;
    return name->len;
}

/* "name.ext" becomes "name (number).ext", its stem cut to fit as many slots as it has. */
static void long_number(const struct fat_name *name, uint32_t slots, uint32_t number,
                        struct fat_name *out)
{
    uint16_t tail[NUMBER_UNITS_MAX];
    uint32_t most =
        slots * FAT_LONG_UNITS < FAT_NAME_UNITS ? slots * FAT_LONG_UNITS : FAT_NAME_UNITS;
    uint32_t tail_len = units_put(tail, number), dot = ext_from(name, most - tail_len - 1);
    uint32_t ext_len = name->len - dot;
    uint32_t stem = dot < most - tail_len - ext_len ? dot : most - tail_len - ext_len;
    if ((name->units[stem - 1] & 0xFC00u) == 0xD800 && stem > 1) stem--;
    memcpy(out->units, name->units, stem * sizeof tail[0]);
    memcpy(out->units + stem, tail, tail_len * sizeof tail[0]);
    memcpy(out->units + stem + tail_len, name->units + dot, ext_len * sizeof tail[0]);
    out->len = (uint16_t)(stem + tail_len + ext_len);
}

static bool long_rename(struct fat_check *c)
{
    struct fat_name name;
    for (uint32_t number = 2; number; number = number_next(c->scan, number)) {
        long_number(&c->reader.name, c->long_count, number, &name);
        if (fat_check_name_taken(c, &name)) continue;
        if (!fat_mend_set_write(c, &name)) return false;
        fat_name_copy(&c->reader.name, &name);
        fat_mend_say_name(c, "its name becomes", &name);
        return true;
    }
    return false;
}

/* b: the long name is another's; 0: the 8.3 name is another's long one. */
bool fat_mend_long_duplicate(struct fat_check *c, uint32_t cluster, uint64_t a, uint64_t b)
{
    if (b == 0) return fat_mend_name_duplicate(c, cluster, a, b);
    return c->long_count > 0 && long_rename(c);
}
