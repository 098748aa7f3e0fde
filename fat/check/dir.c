/* SPDX-License-Identifier: ISC */
/* One directory, slot by slot. */
#include "check.h"

uint32_t fat_check_dot_kind(const uint8_t raw[FAT_SHORT_BYTES])
{
    static const uint8_t dots[] = "..         ";
    if (memcmp(raw, dots, FAT_SHORT_BYTES) == 0) return 1;
    bool one = raw[0] == '.' && raw[1] == ' ' && memcmp(raw + 2, dots + 2, 9) == 0;
    return one ? 0 : 2;
}

bool fat_check_slot_is_nonsense(const uint8_t *slot)
{
    if (slot[FAT_SLOT_ATTR] & 0xC0) return true;
    if (slot[FAT_SLOT_ATTR] & CAIRN_FAT_VOLUME) return false; /* labels and long names */
    return !fat_short_valid(slot) && fat_check_dot_kind(slot) == 2;
}

/* Data taken for a directory give away themselves by their names. One cluster is judged at a time,
 * as a chain may be right at first. */
static void unit_judge(struct fat_check_unit *unit)
{
    unit->bad = unit->good = 0;
    for (uint32_t i = 0; i < unit->count; i++) {
        const uint8_t *slot = unit->slots + (size_t)i * FAT_SLOT_BYTES;
        if (slot[0] == FAT_SLOT_END) break;
        if (slot[0] == FAT_SLOT_FREE) continue;
        if (fat_check_slot_is_nonsense(slot))
            unit->bad++;
        else
            unit->good++;
    }
    unit->garbage = unit->bad > 4 && unit->bad > unit->good;
}

/* How much to read at once: the clusters that follow, too, where they lie together. */
static uint32_t bytes_ahead(struct fat_check *c, const struct fat_check_cursor *cursor,
                            uint32_t bytes)
{
    uint32_t size = c->geometry.cluster_bytes, cluster = cursor->cluster;
    if (!cursor->ahead || bytes != size) return bytes;
    for (uint32_t left = cursor->left; left > 1 && bytes + size <= FAT_CHECK_PIECE; left--) {
        if (fat_check_next(c, cluster) != cluster + 1) break;
        bytes += size;
        cluster++;
    }
    return bytes;
}

/* At the end of a cluster, go to the next one. */
static bool cursor_settle(struct fat_check *c, struct fat_check_cursor *cursor)
{
    if (cursor->cluster == 0) return cursor->offset < c->geometry.root_entries * FAT_SLOT_BYTES;
    if (cursor->offset < c->geometry.cluster_bytes) return true;
    if (cursor->left <= 1) return false;
    cursor->cluster = fat_check_next(c, cursor->cluster);
    cursor->left--;
    cursor->offset = 0;
    return cursor->cluster >= 2 && cursor->cluster <= c->last;
}

bool fat_check_unit_next(struct fat_check *c, struct fat_check_cursor *cursor,
                         struct fat_check_unit *unit)
{
    if (c->canceled || !cursor_settle(c, cursor)) return false;
    bool fixed = cursor->cluster == 0;
    uint32_t limit = fixed ? c->geometry.root_entries * FAT_SLOT_BYTES : c->geometry.cluster_bytes;
    uint32_t start = cursor->offset / FAT_CHECK_UNIT * FAT_CHECK_UNIT;
    uint32_t bytes = limit - start < FAT_CHECK_UNIT ? limit - start : FAT_CHECK_UNIT;
    unit->at = start + (fixed ? fat_check_sector_at(c, c->geometry.root_start)
                              : fat_check_cluster_at(c, cursor->cluster));
    if (!fat_check_holds(&c->dir_window, unit->at, bytes))
        fat_check_view(c, &c->dir_window, unit->at, bytes_ahead(c, cursor, bytes));
    unit->slots = fat_check_view(c, &c->dir_window, unit->at, bytes);
    unit->from = (cursor->offset - start) / FAT_SLOT_BYTES;
    unit->count = bytes / FAT_SLOT_BYTES;
    unit->start = *cursor;
    unit->start.offset = start;
    unit->start.slot -= unit->from;
    cursor->offset = start + bytes;
    cursor->slot += unit->count - unit->from;
    unit_judge(unit);
    return true;
}

static void dot_target(struct fat_check *c, const struct fat_check_scan *scan, uint32_t kind,
                       const struct fat_dirent *entry)
{
    uint32_t right = kind == 0 ? scan->start : scan->parent;
    if (entry->start == right) return;
    fat_check_find(c,
                   kind == 0 ? CAIRN_FAT_FAULT_DIR_DOT_TARGET : CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET,
                   0, right, entry->start);
}

static enum cairn_fat_fault dot_fault(uint32_t kind)
{
    return kind == 0 ? CAIRN_FAT_FAULT_DIR_DOT : CAIRN_FAT_FAULT_DIR_DOTDOT;
}

/* "." or "..": once each, and not in the root; whether they are in slots 0 and 1 is told in the
 * end. true: look at the slot again. */
static bool dot_scan(struct fat_check *c, struct fat_check_scan *scan, uint32_t kind,
                     const uint8_t *slot)
{
    struct fat_dirent entry;
    uint32_t number = scan->slots - 1;
    fat_dirent_decode(slot, c->geometry.type, &entry);
    fat_check_long_cut(c);
    if (scan->is_root || scan->dot[kind].at || !(entry.attributes & CAIRN_FAT_DIRECTORY))
        return fat_check_find(c, CAIRN_FAT_FAULT_NAME_DOTS, 0, number, 0);
    scan->dot[kind] = (struct fat_check_dot){ c->slot_at, number };
    (void)fat_check_attributes(c, &entry);
    if (entry.size) fat_check_find(c, CAIRN_FAT_FAULT_DIR_SIZE, 0, entry.size, 0);
    dot_target(c, scan, kind, &entry);
    return false;
}

/* true: look at the slot again. */
static bool entry_scan(struct fat_check *c, struct fat_check_scan *scan, const uint8_t *slot)
{
    uint32_t kind = fat_check_dot_kind(slot);
    if (kind < 2) return dot_scan(c, scan, kind, slot);
    fat_check_entry(c, scan, slot);
    return false;
}

/* The first of the free slots that the directory ends in. */
static void tail_track(struct fat_check *c, struct fat_check_scan *scan, bool is_free,
                       uint32_t number)
{
    if (!is_free) {
        scan->tail_at = 0;
    } else if (scan->tail_at == 0) {
        scan->tail_at = c->slot_at;
        scan->tail = number;
    }
}

static void scan_end(struct fat_check_scan *scan, const struct fat_check_unit *unit,
                     uint32_t number)
{
    scan->ended = true;
    scan->end = unit->start;
    scan->end.offset += (number - unit->start.slot) * FAT_SLOT_BYTES;
    scan->end.slot = number;
}

static void slot_scan(struct fat_check *c, struct fat_check_scan *scan,
                      const struct fat_check_unit *unit, const uint8_t *slot, uint32_t number)
{
    if (slot[0] == FAT_SLOT_END) {
        scan_end(scan, unit, number);
        return;
    }
    scan->slots = number + 1;
    if (c->mend) tail_track(c, scan, slot[0] == FAT_SLOT_FREE, number);
    if (slot[0] == FAT_SLOT_FREE || (unit->garbage && fat_check_slot_is_nonsense(slot))) {
        fat_check_long_cut(c);
    } else if (fat_slot_is_long(slot)) {
        fat_check_long_slot(c, slot, number);
        return;
    } else if (entry_scan(c, scan, slot) && slot[0] != FAT_SLOT_FREE) {
        (void)entry_scan(c, scan, slot);
    }
    c->long_count = 0;
}

/* Some drivers go on behind the end mark, some stop; so nothing there is followed. */
static void slot_after_end(struct fat_check_scan *scan, const uint8_t *slot, uint32_t number)
{
    if (slot[0] == FAT_SLOT_END || slot[0] == FAT_SLOT_FREE) return;
    if (scan->after_end++ == 0) scan->after_end_slot = number;
}

static bool goes_on(const struct fat_check_scan *scan)
{
    return !scan->is_file && !scan->cut;
}

static void unit_scan(struct fat_check *c, struct fat_check_scan *scan, struct fat_check_unit *unit)
{
    uint32_t sector_log2 = cairn_log2(c->geometry.sector_bytes);
    c->unit = unit;
    if (unit->garbage && !scan->ended)
        fat_check_find(c, CAIRN_FAT_FAULT_DIR_GARBAGE, unit->start.cluster, unit->bad, unit->good);
    for (uint32_t i = unit->from; i < unit->count && !c->canceled && goes_on(scan); i++) {
        const uint8_t *slot = unit->slots + (size_t)i * FAT_SLOT_BYTES;
        c->slot_at = unit->at + (uint64_t)i * FAT_SLOT_BYTES;
        c->sector = c->slot_at >> sector_log2;
        if (scan->ended)
            slot_after_end(scan, slot, unit->start.slot + i);
        else
            slot_scan(c, scan, unit, slot, unit->start.slot + i);
    }
}

/* All up to the end mark, or to the directory's last slot. */
static void slots_scan(struct fat_check *c, struct fat_check_scan *scan,
                       struct fat_check_cursor *cursor)
{
    struct fat_check_unit unit;
    cursor->ahead = true;
    while (goes_on(scan) && fat_check_unit_next(c, cursor, &unit))
        unit_scan(c, scan, &unit);
    c->unit = NULL;
    c->slot_at = FAT_CHECK_NOWHERE;
    c->sector = FAT_CHECK_NOWHERE;
}

/* true: repair has taken away the end mark, go on from there. */
static bool after_end_check(struct fat_check *c, struct fat_check_scan *scan,
                            struct fat_check_cursor *cursor)
{
    if (scan->after_end == 0 || !fat_check_find(c, CAIRN_FAT_FAULT_DIR_AFTER_END, scan->start,
                                                scan->after_end, scan->after_end_slot))
        return false;
    scan->ended = false;
    scan->after_end = 0;
    *cursor = scan->end;
    return true;
}

static void dots_check(struct fat_check *c, const struct fat_check_scan *scan)
{
    for (uint32_t kind = 0; kind < 2 && !scan->is_root; kind++) {
        const struct fat_check_dot *dot = &scan->dot[kind];
        if (dot->at && dot->slot == kind) continue;
        if (dot->at)
            fat_check_remark(c, "it is in slot %u", dot->slot);
        else
            fat_check_remark(c, "there is none");
        fat_check_find(c, dot_fault(kind), scan->start, dot->slot, 0);
    }
}

static void scan_finish(struct fat_check *c, const struct fat_check_scan *scan)
{
    fat_check_long_cut(c);
    dots_check(c, scan);
    if (scan->slots > FAT_CHECK_DIR_MAX)
        fat_check_find(c, CAIRN_FAT_FAULT_DIR_BIG, scan->start, scan->slots, FAT_CHECK_DIR_MAX);
}

void fat_check_dir(struct fat_check *c, const struct fat_check_cursor *start,
                   struct fat_check_scan *scan)
{
    struct fat_check_cursor cursor = *start;
    scan->first = *start;
    c->scan = scan;
    c->long_count = 0;
    fat_check_names_begin(c, start);
    fat_long_reset(&c->reader);
    do
        slots_scan(c, scan, &cursor);
    while (!c->canceled && after_end_check(c, scan, &cursor));
    if (!scan->is_file) scan_finish(c, scan);
    c->scan = NULL;
    c->name = NULL;
}
