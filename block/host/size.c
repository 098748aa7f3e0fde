/* SPDX-License-Identifier: ISC */
/* Sizes as people write them. */
#include <cairn/blk_open.h>

#define FRACTION_DIGITS_MAX 6 /* so that fraction * 2^40 fits in 64 bits */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A run of digits; false when there is none or it does not fit. */
static enum cairn_err parse_digits(const char **text, uint64_t *value)
{
    if (!is_digit(**text)) return CAIRN_EINVAL;
    for (*value = 0; is_digit(**text); (*text)++) {
        uint64_t digit = (uint64_t)(**text - '0');
        if (*value > (UINT64_MAX - digit) / 10) return CAIRN_EOVERFLOW;
        *value = *value * 10 + digit;
    }
    return CAIRN_OK;
}

/* ".5" as fraction / scale. */
static enum cairn_err parse_fraction(const char **text, uint64_t *fraction, uint64_t *scale)
{
    *fraction = 0;
    *scale = 1;
    if (**text != '.') return CAIRN_OK;
    const char *first = ++*text;
    enum cairn_err err = parse_digits(text, fraction);
    if (err || *text - first > FRACTION_DIGITS_MAX) return CAIRN_EINVAL;
    for (; first < *text; first++)
        *scale *= 10;
    return CAIRN_OK;
}

static bool parse_unit(const char *text, uint32_t *shift)
{
    static const char units[] = "KMGT";
    *shift = 0;
    if (!*text) return true;
    for (uint32_t i = 0; units[i]; i++)
        if (*text == units[i] || *text == (char)(units[i] + ('a' - 'A'))) *shift = 10 * (i + 1);
    return *shift && !text[1];
}

enum cairn_err cairn_size_parse(const char *text, uint64_t *bytes)
{
    uint64_t whole, fraction, scale;
    uint32_t shift;
    enum cairn_err err = parse_digits(&text, &whole);
    if (!err) err = parse_fraction(&text, &fraction, &scale);
    if (err) return err;
    if (!parse_unit(text, &shift)) return CAIRN_EINVAL;
    if (whole > UINT64_MAX >> shift) return CAIRN_EOVERFLOW;
    /* 0.3K is no whole number of bytes: whoever writes it means something else. */
    if ((fraction << shift) % scale) return CAIRN_EINVAL;
    uint64_t part = (fraction << shift) / scale;
    if ((whole << shift) > UINT64_MAX - part) return CAIRN_EOVERFLOW;
    *bytes = (whole << shift) + part;
    return CAIRN_OK;
}
