/* SPDX-License-Identifier: ISC */
/* The volume's label, in the root directory and in the boot sector. */
#include "check.h"

static const uint8_t no_name[CAIRN_FAT_LABEL_BYTES] = "NO NAME    ";

/* Lower case is let pass: Windows shows it, and it is not wrong enough to tell of. */
bool fat_check_label_is_legal(uint8_t byte, uint32_t place)
{
    static const char refused[] = "\"*+,./:;<=>?[\\]|";
    if (byte < 0x20 && !(place == 0 && byte == 0x05)) return false;
    if (byte == 0x7F || (byte == ' ' && place == 0)) return false;
    for (const char *r = refused; *r; r++)
        if (byte == (uint8_t)*r) return false;
    return true;
}

static void label_check(struct fat_check *c, const uint8_t label[CAIRN_FAT_LABEL_BYTES])
{
    for (uint32_t i = 0; i < CAIRN_FAT_LABEL_BYTES; i++) {
        if (fat_check_label_is_legal(label[i], i)) continue;
        fat_check_find(c, CAIRN_FAT_FAULT_LABEL_ILLEGAL, 0, label[i], i);
        return;
    }
}

void fat_check_label_slot(struct fat_check *c, const struct fat_check_scan *scan,
                          const uint8_t label[CAIRN_FAT_LABEL_BYTES])
{
    if (!scan->is_root || c->has_label) {
        fat_check_find(c, CAIRN_FAT_FAULT_LABEL_EXTRA, 0, scan->slots - 1, 0);
        return;
    }
    c->has_label = true;
    memcpy(c->root_label, label, CAIRN_FAT_LABEL_BYTES);
    label_check(c, label);
}

/* Old boot sectors have no such field (0x29 tells). */
static bool boot_has_label(const struct fat_check *c)
{
    const uint8_t *label = c->geometry.label;
    uint32_t at = cairn_fat_boot_label_offset(c->geometry.type);
    return c->boot[at - 5] == 0x29 && label[0] != 0 && label[0] != ' ' &&
           memcmp(label, no_name, sizeof no_name) != 0;
}

static bool boot_could_have_label(const struct fat_check *c)
{
    return c->boot[cairn_fat_boot_label_offset(c->geometry.type) - 5] == 0x29;
}

/* Escaped, as a remark goes to terminals. */
static void labels_remark(struct fat_check *c, bool boot)
{
    char buf[2 * 4 * CAIRN_FAT_LABEL_BYTES + 40];
    struct cairn_text text;
    cairn_text_init(&text, buf, sizeof buf);
    cairn_text_str(&text, "root ");
    if (c->has_label)
        cairn_text_escaped(&text, (const char *)c->root_label, CAIRN_FAT_LABEL_BYTES);
    else
        cairn_text_str(&text, "none");
    cairn_text_str(&text, ", boot sector ");
    if (boot)
        cairn_text_escaped(&text, (const char *)c->geometry.label, CAIRN_FAT_LABEL_BYTES);
    else
        cairn_text_str(&text, "none");
    fat_check_remark(c, "%s", buf);
}

void fat_check_label(struct fat_check *c)
{
    bool boot = boot_has_label(c);
    bool root_first_e5 = c->root_label[0] == 0x05;
    c->slot_at = FAT_CHECK_NOWHERE;
    if (root_first_e5) c->root_label[0] = 0xE5;
    if (boot && !c->has_label) label_check(c, c->geometry.label);
    if (!boot && !c->has_label) return;
    if (!boot && !boot_could_have_label(c)) return;
    if (boot == c->has_label && memcmp(c->root_label, c->geometry.label, sizeof no_name) == 0)
        return;
    labels_remark(c, boot);
    fat_check_find_at(c, CAIRN_FAT_FAULT_LABEL_DIFFERS, 0, 0, 0);
}
