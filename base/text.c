/* SPDX-License-Identifier: ISC */
/*
 * Text (1): at[len] is NUL, len < cap (where cap > 0).
 * Text (2): once something was cut nothing more is taken, so that what is there is a true
 *           beginning of the whole, never the whole with a gap.
 */
#include <cairn/bytes.h>
#include <cairn/text.h>

void cairn_text_init(struct cairn_text *text, char *buf, size_t cap)
{
    *text = (struct cairn_text){ .at = buf, .cap = cap };
    if (cap > 0) buf[0] = '\0';
}

static size_t text_room(const struct cairn_text *text)
{
    return text->cut || text->cap == 0 ? 0 : text->cap - 1 - text->len;
}

void cairn_text_bytes(struct cairn_text *text, const char *bytes, size_t len)
{
    size_t taken = (size_t)cairn_min_u64(len, text_room(text));
    if (taken < len) text->cut = true;
    if (taken == 0) return;
    memcpy(text->at + text->len, bytes, taken);
    text->len += taken;
    text->at[text->len] = '\0';
}

void cairn_text_char(struct cairn_text *text, char c)
{
    cairn_text_bytes(text, &c, 1);
}

void cairn_text_str(struct cairn_text *text, const char *str)
{
    cairn_text_bytes(text, str, cairn_str_len(str));
}

/* The digits of value end at end; returns where they begin. */
static char *digits_before(char *end, uint64_t value, uint32_t radix, const char *digits)
{
    do {
        *--end = digits[value % radix];
        value /= radix;
    } while (value > 0);
    return end;
}

void cairn_text_u64(struct cairn_text *text, uint64_t value)
{
    char buf[20];
    char *end = buf + sizeof(buf);
    char *first = digits_before(end, value, 10, "0123456789");
    cairn_text_bytes(text, first, (size_t)(end - first));
}

/* All of it or nothing. */
static void text_whole(struct cairn_text *text, const char *bytes, size_t len)
{
    if (len > text_room(text))
        text->cut = true;
    else
        cairn_text_bytes(text, bytes, len);
}

static void escape_put(struct cairn_text *text, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    char escape[4] = { '\\', 'x', hex[byte >> 4], hex[byte & 15] };
    size_t len = 2;
    if (byte == '\n')
        escape[1] = 'n';
    else if (byte == '\t')
        escape[1] = 't';
    else if (byte == '\r')
        escape[1] = 'r';
    else if (byte == '\\')
        escape[1] = '\\';
    else
        len = 4;
    text_whole(text, escape, len);
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the UTF-8 sequence of two to four bytes at p that a terminal may get: 0 where it is
 * invalid or C1. The bounds of the second byte keep out what is too long, surrogates, what lies
 * behind U+10FFFF (Unicode 15, table 3-7) and U+0080 to U+009F. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    size_t len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (len == 0 || len > left) return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(p[i])) return 0;
    uint8_t low = p[0] == 0xc2 || p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    return p[1] >= low && p[1] <= high ? len : 0;
}

static bool is_plain_ascii(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

void cairn_text_escaped(struct cairn_text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !text->cut;) {
        const uint8_t *p = (const uint8_t *)bytes + i;
        size_t plain = is_plain_ascii(*p) ? 1 : utf8_len(p, len - i);
        if (plain > 0)
            text_whole(text, (const char *)p, plain);
        else
            escape_put(text, *p);
        i += plain > 0 ? plain : 1;
    }
}

/* One conversion of a format: %[-][0][width][.*][length]kind. */
struct spec {
    bool left, zero, has_precision;
    size_t width, precision;
    char length; /* 0, 'l', 'L' for ll, 'z', 'j' */
    char kind;
};

/* In a struct, because a va_list parameter is an array on some machines and not on others. */
struct arg_list {
    va_list args;
};

static const char *flags_parse(struct spec *spec, const char *at)
{
    for (; *at == '-' || *at == '0'; at++) {
        if (*at == '-')
            spec->left = true;
        else
            spec->zero = true;
    }
    return at;
}

static const char *number_parse(size_t *number, const char *at)
{
    const size_t limit = 4096; /* keeps a width from overflowing; no line is so long */
    for (; *at >= '0' && *at <= '9'; at++)
        if (*number < limit) *number = *number * 10 + (size_t)(*at - '0');
    return at;
}

static const char *precision_parse(struct spec *spec, const char *at, struct arg_list *list)
{
    if (*at != '.') return at;
    spec->has_precision = true;
    if (at[1] != '*') return number_parse(&spec->precision, at + 1);
    int precision = va_arg(list->args, int);
    spec->has_precision = precision >= 0;
    spec->precision = spec->has_precision ? (size_t)precision : 0;
    return at + 2;
}

static const char *length_parse(struct spec *spec, const char *at)
{
    if (*at != 'l' && *at != 'z' && *at != 'j') return at;
    spec->length = *at++;
    if (spec->length == 'l' && *at == 'l') {
        spec->length = 'L';
        at++;
    }
    return at;
}

static int64_t arg_signed(struct arg_list *list, char length)
{
    switch (length) {
    case 'l':
        return va_arg(list->args, long);
    case 'L':
        return va_arg(list->args, long long);
    case 'z':
        return va_arg(list->args, ptrdiff_t);
    case 'j':
        return va_arg(list->args, intmax_t);
    default:
        return va_arg(list->args, int);
    }
}

static uint64_t arg_unsigned(struct arg_list *list, char length)
{
    switch (length) {
    case 'l':
        return va_arg(list->args, unsigned long);
    case 'L':
        return va_arg(list->args, unsigned long long);
    case 'z':
        return va_arg(list->args, size_t);
    case 'j':
        return va_arg(list->args, uintmax_t);
    default:
        return va_arg(list->args, unsigned int);
    }
}

static void text_fill(struct cairn_text *text, char c, size_t count)
{
    while (count-- > 0 && !text->cut)
        cairn_text_char(text, c);
}

/* prefix (a sign, "0x") and body, padded to the width. */
static void padded_put(struct cairn_text *text, const struct spec *spec, const char *prefix,
                       const char *body, size_t len)
{
    size_t used = cairn_str_len(prefix) + len;
    size_t pad = spec->width > used ? spec->width - used : 0;
    bool zero = spec->zero && !spec->left;
    if (!zero && !spec->left) text_fill(text, ' ', pad);
    cairn_text_str(text, prefix);
    if (zero) text_fill(text, '0', pad);
    cairn_text_bytes(text, body, len);
    if (spec->left) text_fill(text, ' ', pad);
}

static void number_put(struct cairn_text *text, const struct spec *spec, const char *prefix,
                       uint64_t value)
{
    char buf[20];
    char *end = buf + sizeof(buf);
    bool decimal = spec->kind == 'd' || spec->kind == 'i' || spec->kind == 'u';
    const char *digits = spec->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char *first = digits_before(end, value, decimal ? 10 : 16, digits);
    padded_put(text, spec, prefix, first, (size_t)(end - first));
}

static void signed_put(struct cairn_text *text, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    number_put(text, spec, value < 0 ? "-" : "", magnitude);
}

/* Reads no further than the precision: the bytes need no NUL then. */
static void string_put(struct cairn_text *text, struct spec *spec, const char *str)
{
    if (!str) str = "(null)";
    size_t len = 0;
    while ((!spec->has_precision || len < spec->precision) && str[len])
        len++;
    spec->zero = false;
    padded_put(text, spec, "", str, len);
}

static void char_put(struct cairn_text *text, struct spec *spec, char c)
{
    spec->zero = false;
    padded_put(text, spec, "", &c, 1);
}

/* False for a conversion that is none of ours. */
static bool spec_put(struct cairn_text *text, struct spec *spec, struct arg_list *list)
{
    if (spec->has_precision && spec->kind != 's') return false;
    switch (spec->kind) {
    case 'd':
    case 'i':
        signed_put(text, spec, arg_signed(list, spec->length));
        return true;
    case 'u':
    case 'x':
    case 'X':
        number_put(text, spec, "", arg_unsigned(list, spec->length));
        return true;
    case 'p':
        number_put(text, spec, "0x", (uintptr_t)va_arg(list->args, void *));
        return true;
    case 's':
        string_put(text, spec, va_arg(list->args, const char *));
        return true;
    case 'c':
        char_put(text, spec, (char)va_arg(list->args, int));
        return true;
    case '%':
        cairn_text_char(text, '%');
        return true;
    default:
        return false;
    }
}

/* The conversion behind a '%'; returns what follows it. An unknown one and all behind it are put
 * as they stand: its argument cannot be told, so none of those that follow could be. */
static const char *conversion_put(struct cairn_text *text, const char *at, struct arg_list *list)
{
    struct spec spec = { 0 };
    const char *next = flags_parse(&spec, at + 1);
    next = number_parse(&spec.width, next);
    next = precision_parse(&spec, next, list);
    next = length_parse(&spec, next);
    spec.kind = *next;
    if (spec_put(text, &spec, list)) return next + 1;
    cairn_text_str(text, at);
    return at + cairn_str_len(at);
}

void cairn_text_vfmt(struct cairn_text *text, const char *fmt, va_list args)
{
    struct arg_list list;
    va_copy(list.args, args);
    while (*fmt) {
        size_t plain = 0;
        while (fmt[plain] && fmt[plain] != '%')
            plain++;
        cairn_text_bytes(text, fmt, plain);
        fmt += plain;
        if (*fmt == '%') fmt = conversion_put(text, fmt, &list);
    }
    va_end(list.args);
}

void cairn_text_fmt(struct cairn_text *text, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    cairn_text_vfmt(text, fmt, args);
    va_end(args);
}
