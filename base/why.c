/* SPDX-License-Identifier: ISC */
#include <cairn/bytes.h>
#include <cairn/text.h>
#include <cairn/why.h>

void cairn_why_clear(struct cairn_why *why)
{
    if (!why) return;
    memset(why, 0, sizeof(*why));
    why->block = CAIRN_WHY_NONE;
}

enum cairn_err cairn_why_fail(struct cairn_why *why, enum cairn_err err, const char *fmt, ...)
{
    if (!why) return err;
    /* Not into why->what at once: the arguments may be parts of the old explanation. */
    char buf[CAIRN_WHY_TEXT_BYTES];
    struct cairn_text what;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&what, buf, sizeof(buf));
    cairn_text_vfmt(&what, fmt, args);
    va_end(args);

    cairn_why_clear(why);
    why->err = err;
    memcpy(why->what, what.at, what.len + 1);
    return err;
}

void cairn_why_block(struct cairn_why *why, uint64_t block)
{
    if (why) why->block = block;
}

void cairn_why_os(struct cairn_why *why, int32_t os_code)
{
    if (why) why->os = os_code;
}

void cairn_why_path(struct cairn_why *why, const char *path, size_t len)
{
    if (!why) return;
    size_t kept = (size_t)cairn_min_u64(len, sizeof(why->path) - 1);
    memmove(why->path, path + (len - kept), kept);
    if (kept < len) memcpy(why->path, "...", 3);
    why->path[kept] = '\0';
}

void cairn_why_via(struct cairn_why *why, const char *layer)
{
    if (!why) return;
    size_t below = cairn_str_len(why->via);
    if (below == 0) {
        struct cairn_text via;
        cairn_text_init(&via, why->via, sizeof(why->via));
        cairn_text_str(&via, layer);
        return;
    }
    size_t len = cairn_str_len(layer);
    if (len + 1 + below + 1 > sizeof(why->via)) return;
    memmove(why->via + len + 1, why->via, below + 1);
    memcpy(why->via, layer, len);
    why->via[len] = '/';
}

void cairn_why_hint(struct cairn_why *why, const char *fmt, ...)
{
    if (!why) return;
    struct cairn_text hint;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&hint, why->hint, sizeof(why->hint));
    cairn_text_vfmt(&hint, fmt, args);
    va_end(args);
}

static void escaped_put(struct cairn_text *text, const char *str)
{
    cairn_text_escaped(text, str, cairn_str_len(str));
}

/* "write: no power" and the like, behind which a place would read as part of the detail. */
static bool has_detail(const char *what)
{
    while (*what && !(what[0] == ':' && what[1] == ' '))
        what++;
    return *what != '\0';
}

/* "write block 4096 via cow/disk.img", or "write: no power, block 4096 via disk.img", each part
 * where it is known. */
static void operation_put(struct cairn_text *text, const struct cairn_why *why)
{
    const char *space = "";
    if (why->what[0]) {
        escaped_put(text, why->what);
        space = has_detail(why->what) ? ", " : " ";
    }
    if (why->block != CAIRN_WHY_NONE) {
        cairn_text_fmt(text, "%sblock ", space);
        cairn_text_u64(text, why->block);
        space = " ";
    }
    if (why->via[0]) {
        cairn_text_fmt(text, "%svia ", space);
        escaped_put(text, why->via);
    }
}

static bool has_operation(const struct cairn_why *why)
{
    return why->what[0] || why->via[0] || why->block != CAIRN_WHY_NONE;
}

size_t cairn_why_text(const struct cairn_why *why, char *buf, size_t cap)
{
    struct cairn_text text;
    cairn_text_init(&text, buf, cap);
    if (why->err != CAIRN_OK && why->path[0]) {
        escaped_put(&text, why->path);
        cairn_text_str(&text, ": ");
    }
    if (why->err != CAIRN_OK && has_operation(why)) {
        operation_put(&text, why);
        cairn_text_str(&text, ": ");
    }
    cairn_text_str(&text, cairn_err_text(why->err));
    if (why->err != CAIRN_OK && why->hint[0]) {
        cairn_text_str(&text, " (");
        escaped_put(&text, why->hint);
        cairn_text_char(&text, ')');
    }
    return text.len;
}
