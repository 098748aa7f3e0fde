/* SPDX-License-Identifier: ISC */
#include "promise.h"

#include <cairn/checksum.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static uint8_t byte_of(uint32_t seed, uint32_t at)
{
    return (uint8_t)((seed * 37u + at * 11u + at / 512u * 5u) | 1u); /* never zero */
}

uint8_t thing_byte(const struct thing *thing, uint32_t at)
{
    return byte_of(at < OP_REWRITE_BYTES ? thing->first : thing->seed, at);
}

/* ---- names ----------------------------------------------------------------------------------- */

static char names[PROMISE_NAMES][208];
static uint32_t name_count;

uint32_t promise_name(const char *name, size_t len)
{
    for (uint32_t i = 0; i < name_count; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) return i;
    return PROMISE_NAMES;
}

static uint32_t name_learn(const char *name, size_t len)
{
    uint32_t i = promise_name(name, len);
    if (i < PROMISE_NAMES) return i;
    if (name_count == PROMISE_NAMES || len >= sizeof names[0]) abort();
    memcpy(names[name_count], name, len);
    return name_count++;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static struct thing_place place_now(const struct thing *thing)
{
    return thing->places[thing->place_count - 1];
}

static uint32_t child_find(const struct promise *promise, uint32_t dir, uint32_t name)
{
    for (uint32_t i = 1; i < THINGS_MAX; i++) {
        const struct thing *thing = &promise->things[i];
        if (!thing->alive || place_now(thing).dir != dir) continue;
        if (strcasecmp(names[place_now(thing).name], names[name]) == 0) return i;
    }
    return THINGS_MAX;
}

/* Where a path leads: its directory, the name in it, and the thing there (MAX: none). false: the
 * directory is not there. */
struct where {
    struct thing_place place;
    uint32_t thing;
};

static bool path_find(const struct promise *promise, const char *path, struct where *where)
{
    uint32_t dir = 0;
    for (;;) {
        size_t len = strcspn(path, "/");
        uint32_t name = name_learn(path, len);
        where->place = (struct thing_place){ (uint8_t)dir, (uint8_t)name };
        where->thing = child_find(promise, dir, name);
        if (!path[len]) return true;
        if (where->thing == THINGS_MAX || !promise->things[where->thing].is_dir) return false;
        dir = where->thing;
        path += len + 1;
    }
}

const struct thing *promise_at(const struct promise *promise, const char *path)
{
    struct where where;
    bool found = path_find(promise, path, &where) && where.thing < THINGS_MAX;
    return found ? &promise->things[where.thing] : NULL;
}

static bool dir_is_empty(const struct promise *promise, uint32_t dir)
{
    for (uint32_t i = 1; i < THINGS_MAX; i++)
        if (promise->things[i].alive && place_now(&promise->things[i]).dir == dir) return false;
    return true;
}

static bool lies_in(const struct promise *promise, uint32_t dir, uint32_t above)
{
    while (dir && dir != above)
        dir = place_now(&promise->things[dir]).dir;
    return dir == above;
}

/* ---- what can be done ------------------------------------------------------------------------ */

#define FILE_CLUSTERS_MAX 8u

static bool room_for_thing(const struct promise *promise)
{
    for (uint32_t i = 1; i < THINGS_MAX; i++)
        if (!promise->things[i].used) return true;
    return false;
}

static bool rename_fits(const struct promise *promise, const struct op *op, uint32_t source)
{
    struct where to;
    const struct thing *thing = &promise->things[source];
    if (thing->place_count == THING_PLACES || !path_find(promise, op->to, &to)) return false;
    if (thing->is_dir && lies_in(promise, to.place.dir, source)) return false;
    if (to.thing == THINGS_MAX) return true;
    if (to.thing == source) return to.place.name != place_now(thing).name;
    const struct thing *victim = &promise->things[to.thing];
    return victim->is_dir == thing->is_dir && (!victim->is_dir || dir_is_empty(promise, to.thing));
}

static bool append_fits(const struct promise *promise, const struct thing *thing, uint32_t bytes)
{
    if (!thing) return room_for_thing(promise);
    return !thing->is_dir && bytes && thing->size_count < THING_SIZES - 1 &&
           thing_size(thing) + bytes <= FILE_CLUSTERS_MAX * promise->cluster_bytes;
}

bool promise_fits(const struct promise *promise, const struct op *op)
{
    struct where at = { .thing = THINGS_MAX };
    uint32_t bytes = op_bytes(op, promise->cluster_bytes);
    if (op->kind == OP_SYNC) return promise->changed;
    if (op->kind == OP_IDLE) return promise->changed && !promise->held; /* else it is not */
    if (op->kind == OP_LET_GO) return promise->held;
    if (op->kind == OP_LABEL) return true;
    if (!path_find(promise, op->path, &at)) return false;
    const struct thing *thing = at.thing < THINGS_MAX ? &promise->things[at.thing] : NULL;
    switch (op->kind) {
    case OP_APPEND:
        return append_fits(promise, thing, bytes);
    case OP_RESIZE:
        return thing && !thing->is_dir && thing_size(thing) != bytes &&
               thing->size_count < THING_SIZES - 1;
    case OP_RESERVE:
        return thing && !thing->is_dir && thing_size(thing) < bytes;
    case OP_REWRITE:
        return thing && !thing->is_dir && thing_size(thing) && thing->first == thing->first_was;
    case OP_REMOVE:
        return thing && (!thing->is_dir || dir_is_empty(promise, at.thing));
    case OP_RENAME:
        return thing && rename_fits(promise, op, at.thing);
    case OP_MKDIR:
        return !thing && room_for_thing(promise);
    case OP_HOLD:
        return thing && !promise->held;
    case OP_LABEL:
    case OP_LET_GO:
    case OP_SYNC:
    case OP_IDLE:
        break;
    }
    return false;
}

/* ---- what may be left ------------------------------------------------------------------------ */

static struct thing *thing_new(struct promise *promise, struct thing_place place, bool is_dir)
{
    struct thing *thing = &promise->things[1];
    while (thing->used)
        thing++;
    uint16_t seed = (uint16_t)++promise->seeds;
    *thing = (struct thing){ .used = 1,
                             .is_dir = is_dir,
                             .alive = 1,
                             .seed = seed,
                             .first = seed,
                             .first_was = seed,
                             .place_count = 1,
                             .places = { place },
                             .size_count = 1,
                             .zeros = PROMISE_NO_ZEROS };
    return thing;
}

static void size_add(struct thing *thing, uint32_t size, bool zeros)
{
    uint32_t old = thing_size(thing);
    thing->sizes[thing->size_count++] = size;
    if (zeros && old < thing->zeros) thing->zeros = old;
}

static void rewrite_note(struct promise *promise, struct thing *thing)
{
    thing->first_was = thing->first;
    thing->first = (uint16_t)++promise->seeds;
}

static void thing_end(struct thing *thing)
{
    thing->alive = thing->must = 0;
}

/* What is renamed to a name that is there gets it as it is written there. */
static void name_taken(struct thing *victim, struct thing_place *place)
{
    *place = place_now(victim);
    thing_end(victim);
}

static void rename_note(struct promise *promise, const struct op *op, struct thing *thing)
{
    struct where to;
    if (!path_find(promise, op->to, &to)) abort();
    if (promise->renamed < UINT8_MAX) promise->renamed++;
    if (to.thing < THINGS_MAX) {
        if (&promise->things[to.thing] == thing)
            promise->recased = 1;
        else
            name_taken(&promise->things[to.thing], &to.place);
    }
    thing->places[thing->place_count++] = to.place;
}

void promise_before(struct promise *promise, const struct op *op)
{
    struct where at;
    uint32_t bytes = op_bytes(op, promise->cluster_bytes);
    promise->changed = 1;
    if (op->kind == OP_LABEL) promise->labelled = 1;
    if (op->kind == OP_HOLD || op->kind == OP_LET_GO) promise->held = op->kind == OP_HOLD;
    if (op->kind > OP_MKDIR || op->kind == OP_RESERVE) return;
    if (!path_find(promise, op->path, &at)) abort();
    struct thing *thing = at.thing < THINGS_MAX ? &promise->things[at.thing] : NULL;
    if (!thing) thing = thing_new(promise, at.place, op->kind == OP_MKDIR);
    if (op->kind == OP_APPEND && bytes) size_add(thing, thing_size(thing) + bytes, false);
    if (op->kind == OP_RESIZE) size_add(thing, bytes, bytes > thing_size(thing));
    if (op->kind == OP_REWRITE) rewrite_note(promise, thing);
    if (op->kind == OP_REMOVE) thing_end(thing);
    if (op->kind == OP_RENAME) rename_note(promise, op, thing);
}

void promise_failed(struct promise *promise, const struct promise *before, const struct op *op,
                    bool there, uint32_t size)
{
    struct where at;
    if (op->kind != OP_APPEND && op->kind != OP_RESIZE) {
        *promise = *before;
        promise->changed = 1;
        return;
    }
    if (!path_find(promise, op->path, &at) || at.thing == THINGS_MAX) abort();
    if (there)
        size_add(&promise->things[at.thing], size, true);
    else
        thing_end(&promise->things[at.thing]);
}

void promise_flushed(struct promise *promise)
{
    for (uint32_t i = 1; i < THINGS_MAX; i++)
        promise->things[i].emptied = 0;
}

void promise_quietly(struct promise *promise, const struct op *op)
{
    struct where at;
    if (op->kind > OP_RESIZE || !path_find(promise, op->path, &at) || at.thing == THINGS_MAX)
        return;
    struct thing *thing = &promise->things[at.thing];
    if (op->kind == OP_RESIZE) {
        thing->emptied = thing_size(thing) || !thing->must ? 0 : thing->size_count;
    } else if (thing->emptied && thing->emptied < thing->size_count) {
        uint32_t rest = (uint32_t)thing->size_count - thing->emptied;
        memmove(&thing->sizes[thing->emptied - 1], &thing->sizes[thing->emptied],
                rest * sizeof thing->sizes[0]);
        thing->sizes[--thing->size_count] = 0;
        thing->emptied = 0;
    }
}

void promise_synced(struct promise *promise)
{
    for (uint32_t i = 1; i < THINGS_MAX; i++) {
        struct thing *thing = &promise->things[i], now = *thing;
        memset(thing, 0, sizeof *thing);
        if (!now.alive) continue;
        *thing = (struct thing){ .used = 1,
                                 .is_dir = now.is_dir,
                                 .alive = 1,
                                 .must = 1,
                                 .seed = now.seed,
                                 .first = now.first,
                                 .first_was = now.first,
                                 .place_count = 1,
                                 .places = { place_now(&now) },
                                 .size_count = 1,
                                 .sizes = { thing_size(&now) },
                                 .zeros = now.zeros };
    }
    promise->changed = promise->renamed = promise->recased = promise->labelled = 0;
}

void promise_start(struct promise *promise, uint32_t cluster_bytes)
{
    memset(promise, 0, sizeof *promise);
    promise->cluster_bytes = cluster_bytes;
    promise->things[0] = (struct thing){ .used = 1, .is_dir = 1, .alive = 1, .must = 1 };
}

uint64_t promise_hash(const struct promise *promise)
{
    return cairn_hash128(promise, offsetof(struct promise, changed)).low;
}

/* ---- what is found --------------------------------------------------------------------------- */

uint32_t promise_longest(const struct promise *promise)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < THINGS_MAX; i++) {
        const struct thing *thing = &promise->things[i];
        for (uint32_t k = 0; thing->used && k < thing->size_count; k++)
            if (thing->sizes[k] > most) most = thing->sizes[k];
    }
    return (most + promise->cluster_bytes - 1) / promise->cluster_bytes;
}

uint32_t promise_musts(const struct promise *promise)
{
    uint32_t set = 0;
    for (uint32_t i = 1; i < THINGS_MAX; i++)
        if (promise->things[i].must) set |= 1u << i;
    return set;
}

static bool may_stand(const struct thing *thing, uint32_t dirs, uint32_t name)
{
    bool moves = !thing->must || thing->place_count > 1;
    for (uint32_t i = 0; i < thing->place_count; i++) {
        struct thing_place place = thing->places[i];
        if (!(dirs >> place.dir & 1)) continue;
        uint32_t alias = PROMISE_ALIAS(toupper((unsigned char)names[place.name][0]));
        if (place.name == name || (alias == name && moves)) return true;
    }
    return false;
}

uint32_t promise_dirs(const struct promise *promise, uint32_t dirs, uint32_t name)
{
    uint32_t set = 0;
    for (uint32_t i = 1; i < THINGS_MAX; i++) {
        const struct thing *thing = &promise->things[i];
        if (thing->is_dir && may_stand(thing, dirs, name)) set |= 1u << i;
    }
    return set;
}

static bool holds_its_own(const struct thing *thing, const uint8_t *bytes, uint32_t size)
{
    bool known = false;
    for (uint32_t i = 0; i < thing->size_count; i++)
        known |= thing->sizes[i] == size;
    for (uint32_t i = 0; known && i < size; i++) {
        known = bytes[i] == thing_byte(thing, i) || (!bytes[i] && i >= thing->zeros) ||
                (i < OP_REWRITE_BYTES && bytes[i] == byte_of(thing->first_was, i));
    }
    return known;
}

uint32_t promise_files(const struct promise *promise, uint32_t dirs, uint32_t name,
                       const uint8_t *bytes, uint32_t size)
{
    uint32_t set = 0;
    for (uint32_t i = 1; i < THINGS_MAX; i++) {
        const struct thing *thing = &promise->things[i];
        if (thing->used && !thing->is_dir && may_stand(thing, dirs, name) &&
            holds_its_own(thing, bytes, size))
            set |= 1u << i;
    }
    return set;
}

const char *promise_thing_name(const struct promise *promise, uint32_t things)
{
    uint32_t i = 0;
    while (!(things >> i & 1))
        i++;
    return names[place_now(&promise->things[i]).name];
}
