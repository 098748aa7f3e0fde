/* SPDX-License-Identifier: ISC */
/* Places: IMAGE:[PART]/PATH. The rules stand in docs/cli.md; this file only cuts text. */
#include <cairn/blk_open.h>
#include <cairn/image.h>
#include <string.h>

/* Where a separating colon may stand at the earliest: a scheme's own colons (of its prefix, of
 * host:port) never separate a path. */
static size_t search_start(const char *text)
{
    size_t start = cairn_blk_scheme_bytes(text);
    if (start > 0 && strncmp(text + start, "//", 2) == 0)
        start += 2 + strcspn(text + start + 2, "/");
    return start;
}

static bool is_number(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return len > 0;
}

static bool is_selector(const char *text)
{
    return strncmp(text, "label=", 6) == 0 || strncmp(text, "uuid=", 5) == 0 ||
           strncmp(text, "type=", 5) == 0;
}

/* Does this colon separate? What follows decides. */
static bool separates(const char *colon)
{
    const char *part = colon + 1;
    return *part == '/' || is_number(part, strcspn(part, "/")) || is_selector(part);
}

static const char *separator_find(const char *text)
{
    size_t start = search_start(text);
    for (size_t at = strlen(text); at > start; at--)
        if (text[at - 1] == ':' && separates(text + at - 1)) return text + at - 1;
    return NULL;
}

static enum cairn_err field_copy(char *out, size_t cap, const char *text, size_t len,
                                 const char *what, struct cairn_why *why)
{
    if (len >= cap)
        return cairn_why_fail(why, CAIRN_ENAMETOOLONG, "%s is longer than %zu bytes", what,
                              cap - 1);
    memcpy(out, text, len);
    out[len] = '\0';
    return CAIRN_OK;
}

static enum cairn_err parts_copy(struct cairn_image_place *place, const char *part,
                                 struct cairn_why *why)
{
    size_t part_len = strcspn(part, "/");
    if (part_len > 0 && part[part_len - 1] == '=')
        return cairn_why_fail(why, CAIRN_EINVAL, "nothing behind '%.*s'", (int)part_len, part);
    enum cairn_err err =
        field_copy(place->part, sizeof place->part, part, part_len, "the partition", why);
    if (err) return err;
    const char *path = part + part_len;
    place->has_path = *path == '/';
    return field_copy(place->path, sizeof place->path, path, strlen(path), "the path", why);
}

enum cairn_err cairn_image_place_parse(const char *text, struct cairn_image_place *place,
                                       struct cairn_why *why)
{
    memset(place, 0, sizeof *place);
    const char *colon = strncmp(text, "./", 2) == 0 ? NULL : separator_find(text);
    size_t image_len = colon ? (size_t)(colon - text) : strlen(text);
    if (image_len == 0) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "no image is named");
        cairn_why_hint(why, "write IMAGE:/PATH, as in disk.img:/EFI");
        return err;
    }
    enum cairn_err err =
        field_copy(place->image, sizeof place->image, text, image_len, "the image's name", why);
    if (err || !colon) return err;
    return parts_copy(place, colon + 1, why);
}
