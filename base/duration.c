/* SPDX-License-Identifier: ISC */
#include <cairn/bytes.h>
#include <cairn/clock.h>
#include <cairn/text.h>

#define NS_PER_MIN (60 * (uint64_t)CAIRN_NS_PER_SEC)

/* value / unit with three digits that count, cut and not rounded: 3.21, 12.4, 830. */
static void digits_put(struct cairn_text *text, uint64_t value, uint64_t unit)
{
    uint64_t whole = value / unit;
    cairn_text_u64(text, whole);
    if (whole >= 100 || unit == 1) return;
    uint64_t hundredths = value % unit * 100 / unit;
    if (whole >= 10)
        cairn_text_fmt(text, ".%u", (unsigned)(hundredths / 10));
    else
        cairn_text_fmt(text, ".%02u", (unsigned)hundredths);
}

static void short_put(struct cairn_text *text, uint64_t ns)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = { { CAIRN_NS_PER_SEC, " s" }, { CAIRN_NS_PER_MS, " ms" }, { 1000, " us" } };
    for (size_t i = 0; i < CAIRN_COUNT(units); i++) {
        if (ns < units[i].unit) continue;
        digits_put(text, ns, units[i].unit);
        cairn_text_str(text, units[i].name);
        return;
    }
    digits_put(text, ns, 1);
    cairn_text_str(text, " ns");
}

/* From a minute on: the largest unit, and the next one where it is not 0. */
static void long_put(struct cairn_text *text, uint64_t seconds)
{
    static const struct {
        uint32_t unit, next;
        const char *name, *next_name;
    } units[] = { { 86400, 3600, " d", " h" },
                  { 3600, 60, " h", " min" },
                  { 60, 1, " min", " s" } };
    size_t i = 0;
    while (seconds < units[i].unit)
        i++;
    cairn_text_u64(text, seconds / units[i].unit);
    cairn_text_str(text, units[i].name);
    uint64_t rest = seconds % units[i].unit / units[i].next;
    if (rest == 0) return;
    cairn_text_char(text, ' ');
    cairn_text_u64(text, rest);
    cairn_text_str(text, units[i].next_name);
}

size_t cairn_duration_text(uint64_t ns, char *buf, size_t cap)
{
    struct cairn_text text;
    cairn_text_init(&text, buf, cap);
    if (ns < NS_PER_MIN)
        short_put(&text, ns);
    else
        long_put(&text, ns / (uint64_t)CAIRN_NS_PER_SEC);
    return text.len;
}
