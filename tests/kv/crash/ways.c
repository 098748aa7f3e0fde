/* SPDX-License-Identifier: ISC */
#include "ways.h"

#include <stdlib.h>

/* ---- combinations ---------------------------------------------------------------------------- */

static uint32_t options_of(const struct ways *ways, const struct choice *choice, uint32_t i)
{
    return ways->disk->blocks[ways->group[choice->first + i]].count;
}

/* In how many ways it is the one that is not as all others: of many blocks, every
 * so-and-so-many-th. */
static uint32_t odd_options(const struct ways *ways, const struct choice *choice, uint32_t i)
{
    uint32_t stride = choice->count / WAYS_ODD_MAX + 1;
    return i % stride == 0 ? options_of(ways, choice, i) - 1 : 0;
}

static void combinations_count(const struct ways *ways, struct choice *choice)
{
    uint64_t product = 1;
    uint32_t most = 0, more = 0;
    for (uint32_t i = 0; i < choice->count; i++) {
        uint32_t options = options_of(ways, choice, i);
        if (product <= ways->full) product *= options;
        most = options > most ? options : most;
        more += odd_options(ways, choice, i);
    }
    choice->full = product <= ways->full;
    choice->of = choice->full ? (uint32_t)product : most + 2 * more;
}

/* Which options the blocks of a choice have: walks them from the first on. */
struct combination {
    const struct choice *choice;
    uint32_t most; /* combinations that are moments */
    uint32_t left; /* of the number, behind the blocks before */
};

static struct combination combination(const struct ways *ways, const struct choice *choice)
{
    struct combination c = { choice, 0, choice->at };
    for (uint32_t i = 0; i < choice->count; i++)
        if (options_of(ways, choice, i) > c.most) c.most = options_of(ways, choice, i);
    return c;
}

/* Number `left` of those in which one block is not as all others: the first half of them has it
 * older than the newest, the other newer than the oldest. */
static uint32_t odd_one(const struct ways *ways, const struct choice *choice, uint32_t block,
                        uint32_t left)
{
    uint32_t more = (choice->of - combination(ways, choice).most) / 2;
    bool newest = left < more;
    left = newest ? left : left - more;
    for (uint32_t i = 0; i < block; i++) {
        uint32_t options = odd_options(ways, choice, i);
        if (left < options) return newest ? options_of(ways, choice, block) - 1 : 0;
        left -= options;
    }
    if (left < odd_options(ways, choice, block)) return newest ? left : left + 1;
    return newest ? options_of(ways, choice, block) - 1 : 0;
}

static uint32_t combination_next(const struct ways *ways, struct combination *c, uint32_t block)
{
    uint32_t options = options_of(ways, c->choice, block);
    if (c->choice->full) {
        uint32_t option = c->left % options;
        c->left /= options;
        return option;
    }
    if (c->left < c->most) return c->left < options ? c->left : options - 1;
    return odd_one(ways, c->choice, block, c->left - c->most);
}

/* The key behind a choice. */
static uint64_t key_with(const struct ways *ways, const struct choice *choice)
{
    struct combination c = combination(ways, choice);
    uint64_t key = ways->key;
    for (uint32_t i = 0; i < choice->count; i++) {
        uint32_t block = ways->group[choice->first + i];
        uint32_t option = combination_next(ways, &c, i);
        key += disk_share_as(ways->disk, block, option) - disk_share(ways->disk, block);
    }
    return key;
}

static void choose(struct ways *ways, const struct choice *choice)
{
    uint32_t options[DISK_BLOCKS];
    struct combination c = combination(ways, choice);
    ways->key = key_with(ways, choice);
    for (uint32_t i = 0; i < choice->count; i++)
        options[i] = combination_next(ways, &c, i);
    for (uint32_t i = 0; i < choice->count; i++)
        disk_decide(ways->disk, ways->group[choice->first + i], options[i]);
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* Is there a combination from this one on that is not known? */
static bool choice_find(struct ways *ways, struct choice *choice)
{
    for (; choice->at < choice->of; choice->at++)
        if (!memo_seen(ways->memo, key_with(ways, choice) + ways->salt)) return true;
    return false;
}

/* xorshift64 */
static uint64_t draw(struct ways *ways)
{
    ways->drawn ^= ways->drawn << 13;
    ways->drawn ^= ways->drawn >> 7;
    return ways->drawn ^= ways->drawn << 17;
}

static bool choice_make(struct ways *ways, uint32_t first, uint32_t count)
{
    struct choice *choice = &ways->choices[ways->at];
    if (ways->at == WAYS_CHOICES_MAX) abort();
    *choice = (struct choice){ .first = (uint16_t)first, .count = (uint16_t)count };
    combinations_count(ways, choice);
    if (!choice->of) abort();
    if (ways->drawn)
        choice->at = (uint32_t)(draw(ways) % choice->of);
    else if (!choice_find(ways, choice))
        return false;
    ways->count++;
    return true;
}

bool ways_decide(struct ways *ways, uint32_t block, uint32_t count)
{
    const struct choice *before = ways->at ? &ways->choices[ways->at - 1] : NULL;
    uint32_t first = before ? before->first + before->count : 0u, end = first;
    for (uint32_t i = block; i < block + count; i++)
        if (ways->disk->blocks[i].now == DISK_OPEN) ways->group[end++] = (uint16_t)i;
    if (end == first) return true;
    if (ways->at == ways->count && !choice_make(ways, first, end - first)) return false;
    choose(ways, &ways->choices[ways->at++]);
    return true;
}

/* ---- ways ------------------------------------------------------------------------------------ */

static void way_begin(struct ways *ways)
{
    disk_cut(ways->disk, ways->from);
    ways->key = ways->from->key;
    ways->at = 0;
}

bool ways_start(struct ways *ways, struct disk *disk, const struct disk *from, struct memo *memo,
                uint64_t salt)
{
    ways->disk = disk;
    ways->from = from;
    ways->memo = memo;
    ways->salt = salt;
    ways->drawn = 0;
    ways->count = 0;
    disk->ways = ways;
    if (memo_seen(memo, from->key + salt)) return false;
    way_begin(ways);
    return true;
}

/* Its number goes up; what it chose among must be known: go there first. */
static bool choice_advance(struct ways *ways)
{
    uint32_t last = ways->count - 1;
    way_begin(ways);
    for (ways->at = 0; ways->at < last; ways->at++)
        choose(ways, &ways->choices[ways->at]);
    ways->choices[last].at++;
    return choice_find(ways, &ways->choices[last]);
}

bool ways_next(struct ways *ways)
{
    while (ways->count) {
        if (choice_advance(ways)) {
            way_begin(ways);
            return true;
        }
        ways->count--;
    }
    return false;
}

void ways_draw(struct ways *ways, uint64_t seed)
{
    ways->drawn = seed;
    ways->count = 0;
    way_begin(ways);
}
