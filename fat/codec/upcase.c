/* SPDX-License-Identifier: ISC */
/* Upper case of UTF-16 units: ASCII directly, the rest by binary search over runs. */
#include "name.h"

/* Units first, first + step .. last have their upper case at unit + delta (modulo 2^16). */
struct upcase_run {
    uint16_t first, last, delta, step;
};

#include "upcase_table.h"

/* The first run that does not end below unit, or the count of runs. */
static size_t run_find(uint16_t unit)
{
    size_t low = 0, high = CAIRN_COUNT(upcase_runs);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (upcase_runs[mid].last < unit)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool run_holds(const struct upcase_run *run, uint16_t unit)
{
    return unit >= run->first && unit <= run->last && (unit - run->first) % run->step == 0;
}

uint16_t fat_upcase(uint16_t unit)
{
    if (unit < 0x80) return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 0x20) : unit;
    size_t at = run_find(unit);
    if (at == CAIRN_COUNT(upcase_runs) || !run_holds(&upcase_runs[at], unit)) return unit;
    return (uint16_t)(unit + upcase_runs[at].delta);
}

/* Rare (an 8.3 name of another alphabet with case bits), so the runs are simply walked. */
uint16_t fat_downcase(uint16_t unit)
{
    if (unit < 0x80) return unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit + 0x20) : unit;
    for (size_t i = 0; i < CAIRN_COUNT(upcase_runs); i++) {
        uint16_t lower = (uint16_t)(unit - upcase_runs[i].delta);
        if (run_holds(&upcase_runs[i], lower)) return lower;
    }
    return unit;
}
