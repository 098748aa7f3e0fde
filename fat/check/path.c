/* SPDX-License-Identifier: ISC */
/* Where a finding is, as text. Only the directories' names are kept, in FAT_CHECK_PATH bytes; what
 * lies deeper than they reach is shown as "...". */
#include "check.h"

#define DEEPER "/..."

void fat_check_path_push(struct fat_check *c, const struct fat_name *name)
{
    bool fits = c->path_len + FAT_CHECK_NAME + 4 <= FAT_CHECK_PATH;
    bool said = c->path_len >= 4 && memcmp(c->path + c->path_len - 4, DEEPER, 4) == 0;
    if (fits && !said) {
        c->path[c->path_len] = '/';
        c->path_len += 1 + (uint32_t)fat_name_to_utf8(name, c->path + c->path_len + 1);
    } else if (!said) {
        memcpy(c->path + c->path_len, DEEPER, 4);
        c->path_len += 4;
    }
}

/* Copy whole[0..len), its middle replaced when it is too long, never inside a character. */
static void path_show(char *out, const char *whole, size_t len)
{
    const size_t most = CAIRN_FAT_CHECK_PATH_BYTES - 1;
    size_t head = len, tail = len;
    if (len > most) {
        head = most / 2 - 3;
        tail = len - most / 2;
        while (head > 0 && ((uint8_t)whole[head] & 0xC0) == 0x80)
            head--;
        while (tail < len && ((uint8_t)whole[tail] & 0xC0) == 0x80)
            tail++;
    }
    struct cairn_text text;
    cairn_text_init(&text, out, CAIRN_FAT_CHECK_PATH_BYTES);
    cairn_text_bytes(&text, whole, head);
    if (head < len) cairn_text_str(&text, "...");
    cairn_text_bytes(&text, whole + tail, len - tail);
}

const char *fat_check_path(struct fat_check *c)
{
    size_t len = c->path_len;
    if (!c->in_tree) return "";
    if (c->name || len == 0) c->path[len++] = '/';
    if (c->name) len += fat_name_to_utf8(c->name, c->path + len);
    path_show(c->shown, c->path, len);
    return c->shown;
}
