/* SPDX-License-Identifier: ISC */
#include "cmd.h"
#include "json.h"
#include "out.h"
#include "session.h"

#include <ctype.h>
#include <string.h>

enum { ATTR_JSON };
static const struct tool_option options[] = {
    { "json", 0, NULL, "JSON: place and attributes" },
    { NULL, 0, NULL, NULL },
};

struct attr {
    uint8_t add, remove;
    bool change, as_json;
    struct tool_json json;
};

static uint8_t letter_bit(char letter)
{
    switch (tolower((unsigned char)letter)) {
    case 'r':
        return CAIRN_FAT_READ_ONLY;
    case 'h':
        return CAIRN_FAT_HIDDEN;
    case 's':
        return CAIRN_FAT_SYSTEM;
    case 'a':
        return CAIRN_FAT_ARCHIVE;
    default:
        return 0;
    }
}

/* "+rh", "-a", "=s", "=": not options, for all that they begin with a dash. */
static bool is_change(const char *word)
{
    if (!strchr("+-=", word[0]) || word[0] == '\0' || (word[0] != '=' && word[1] == '\0'))
        return false;
    for (const char *at = word + 1; *at; at++)
        if (!letter_bit(*at)) return false;
    return true;
}

static void change_take(struct attr *attr, const char *word)
{
    uint8_t bits = 0;
    for (const char *at = word + 1; *at; at++)
        bits |= letter_bit(*at);
    attr->change = true;
    if (word[0] != '-') attr->add |= bits;
    if (word[0] == '-') attr->remove |= bits;
    if (word[0] == '=') attr->remove = (uint8_t)CAIRN_FAT_ATTR_SETTABLE;
}

static void attr_show(struct attr *attr, const char *text, uint8_t attributes)
{
    char buf[TOOL_TEXT_BYTES];
    tool_attr_text(attributes, buf);
    if (attr->as_json) {
        tool_json_open_line(&attr->json, NULL, '{');
        tool_json_str(&attr->json, "place", text);
        tool_json_str(&attr->json, "attributes", buf);
        tool_json_close(&attr->json, '}');
        return;
    }
    printf("%s  ", buf);
    tool_name_put(stdout, text);
    putchar('\n');
}

static enum cairn_err place_attr(void *ctx, struct cairn_image *image, const char *text,
                                 const char *path, struct cairn_why *why)
{
    struct attr *attr = ctx;
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    enum cairn_err err = cairn_fat_walk(cairn_image_fat(image), path, strlen(path), &node, why);
    if (err) return err;
    err = cairn_fat_stat(node, &stat, why);
    if (!err && attr->change) {
        unsigned int kept = stat.attributes & ~(unsigned int)attr->remove;
        stat.attributes = (uint8_t)((kept | attr->add) & CAIRN_FAT_ATTR_SETTABLE);
        err = cairn_fat_stat_set(node, &stat, CAIRN_FAT_SET_ATTRIBUTES, why);
    } else if (!err) {
        attr_show(attr, text, stat.attributes);
    }
    cairn_fat_release(node);
    return err;
}

static enum tool_status run(const struct tool_args *args)
{
    struct attr attr = { .as_json = tool_has(args, ATTR_JSON) };
    uint32_t places = 0;
    for (uint32_t i = 0; i < args->operand_count; i++) {
        if (is_change(args->operands[i]))
            change_take(&attr, args->operands[i]);
        else
            args->operands[places++] = args->operands[i];
    }
    if (places == 0) return tool_usage(args->verb, "no place is named");
    if (attr.as_json) tool_json_open(&attr.json, NULL, '[');
    enum tool_status status = tool_each_place(args, places, attr.change, place_attr, &attr);
    if (attr.as_json) tool_json_close(&attr.json, ']');
    return status;
}

const struct tool_verb tool_verb_attr = {
    .name = "attr",
    .summary = "Show or change attributes",
    .operands = "[+|-|=LETTERS...] PLACE...",
    .options = options,
    .volume = true,
    .changes = true,
    .details =
        "LETTERS are r (read-only), h (hidden), s (system), a (archive): + sets them, -\n"
        "clears them, = sets these and clears the others. Without any, they are shown.",
    .example = "  cairn attr +rh -a disk.img:/boot.cfg",
    .operands_least = 1,
    .operands_most = TOOL_ANY,
    .is_operand = is_change,
    .run = run,
};
