/* SPDX-License-Identifier: ISC */
#include "combo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sample_shape combo_shapes[] = {
    { .type = CAIRN_FAT12 },
    { .type = CAIRN_FAT16, .levels = 30 },
    { .type = CAIRN_FAT32 },
    { .type = CAIRN_FAT12, .fat_count = 1, .cluster_sectors = 4 },
    { .type = CAIRN_FAT16, .fat_count = 1 },
    { .type = CAIRN_FAT32, .fat_count = 1, .cluster_sectors = 2, .levels = 3 },
};
const size_t combo_shape_count = CAIRN_COUNT(combo_shapes);

const char *combo_text(const struct combo *combo)
{
    static char text[256];
    const struct sample_shape *shape = &combo->shape;
    size_t len = 0;
    for (uint32_t i = 0; i < combo->count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? "+" : "",
                                combo->of[i]->name);
    snprintf(text + len, sizeof text - len, " on FAT%d, %u FATs, clusters of %u, %u levels",
             (int)shape->type, shape->fat_count ? shape->fat_count : 2,
             shape->cluster_sectors ? shape->cluster_sectors : 1, shape->levels);
    return text;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static size_t index_of(const struct combo *combo, uint32_t i)
{
    return (size_t)(combo->of[i] - damages);
}

/* Counts like the hand of a clock: the last fault goes on first; those behind one that went on
 * follow it. */
bool combo_next(struct combo *combo, uint32_t count)
{
    uint32_t place = combo->count;
    if (place == 0) {
        combo->count = count;
        for (uint32_t i = 0; i < count; i++)
            combo->of[i] = &damages[i];
        return true;
    }
    while (place > 0 && index_of(combo, place - 1) + 1 + (count - place) >= damage_count)
        place--;
    if (place == 0) return false;
    combo->of[place - 1]++;
    for (; place < count; place++)
        combo->of[place] = combo->of[place - 1] + 1;
    return true;
}

void combo_draw(struct tape *tape, struct combo *combo)
{
    *combo = (struct combo){ .shape = combo_shapes[tape_pick(tape, combo_shape_count)],
                             .count = 1 + (uint32_t)tape_pick(tape, COMBO_MAX) };
    size_t at = 0;
    for (uint32_t i = 0; i < combo->count; i++, at++) {
        at += tape_pick(tape, damage_count - at - (combo->count - i - 1));
        combo->of[i] = &damages[at];
    }
    tape_note(tape, "%s", combo_text(combo));
}

/* ---- planting ------------------------------------------------------------------------------- */

#define FRONT_MAX (1u << 20)

/* What is on the volume, and which bytes of it faults have changed: only the front, since nothing
 * is planted behind the clusters that were in use. */
struct soil {
    struct sample *s;
    uint8_t *before, *changed;
    size_t bytes, size;
    bool resized;
};

static void soil_open(struct soil *soil, struct sample *s)
{
    size_t bytes = (size_t)(sample_cluster(s, s->next) - s->bytes);
    static uint8_t before[FRONT_MAX], changed[FRONT_MAX];
    *soil = (struct soil){ s, before, changed, bytes, s->size, false };
    if (bytes > FRONT_MAX) abort();
    memset(changed, 0, bytes);
    memcpy(soil->before, s->bytes, bytes);
}

/* Note what differs from before; counts bytes that had not changed yet, and those that had. */
static void soil_note(struct soil *soil, size_t at, size_t bytes, uint32_t counts[2])
{
    const uint8_t *now = soil->s->bytes;
    if (memcmp(now + at, soil->before + at, bytes) == 0) return;
    for (size_t end = at + bytes; at < end; at++) {
        if (now[at] == soil->before[at]) continue;
        counts[soil->changed[at]]++;
        soil->changed[at] = 1;
        soil->before[at] = now[at];
    }
}

/* Does the fault change something, and only what none has changed before it? */
static bool soil_takes(struct soil *soil, const struct damage *damage)
{
    uint32_t counts[2] = { 0 };
    damage->plant(soil->s);
    if (soil->s->size != soil->size) counts[soil->resized]++;
    soil->resized |= soil->s->size != soil->size;
    soil->size = soil->s->size;
    for (size_t at = 0; at < soil->bytes; at += 512)
        soil_note(soil, at, 512, counts);
    return counts[0] > 0 && counts[1] == 0;
}

/* Plant those of FSInfo, or the others. */
static bool some_plant(const struct combo *combo, struct soil *soil, bool fsinfo)
{
    bool taken = true;
    for (uint32_t i = 0; taken && i < combo->count; i++) {
        bool of_fsinfo = strncmp(combo->of[i]->name, "fsinfo", 6) == 0;
        if (of_fsinfo == fsinfo) taken = soil_takes(soil, combo->of[i]);
    }
    return taken;
}

static bool fits(const struct damage *damage, const struct sample_shape *shape)
{
    if (damage->fault == CAIRN_FAT_FAULT_FATS_DIFFER && shape->fat_count == 1) return false;
    return damage_fits(damage, shape->type);
}

bool combo_plant(const struct combo *combo, struct sample *s)
{
    struct soil soil;
    for (uint32_t i = 0; i < combo->count; i++)
        if (!fits(combo->of[i], &combo->shape)) return false;
    sample_make_shape(s, &combo->shape);
    soil_open(&soil, s);
    bool planted = some_plant(combo, &soil, false);
    sample_fsinfo(s);
    memcpy(soil.before, s->bytes, soil.bytes);
    planted = planted && some_plant(combo, &soil, true);
    if (!planted) sample_free(s);
    return planted;
}
