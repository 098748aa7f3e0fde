/* SPDX-License-Identifier: ISC */
/* What each fault is called, how bad it is and how it is told; and the one door that all findings
 * pass through. */
#include "../repair/mend.h"

/* A sentence's figures: %a, %b (%A, %B in hexadecimal), %c the cluster, %s the sector. %(is|are)
 * picks the first word when the figure before it is 1, else the second. */
struct fault {
    const char *name;
    enum cairn_fat_severity severity;
    const char *sentence;
};

#define NOTE CAIRN_FAT_NOTE
#define MINOR CAIRN_FAT_MINOR
#define MAJOR CAIRN_FAT_MAJOR
#define CLUSTERS "%(cluster|clusters)"

/* clang-format off: a table, one sentence a line as far as it goes */
static const struct fault faults[] = {
    [CAIRN_FAT_FAULT_BOOT] = { "boot", MAJOR, "the boot sector cannot be used" },
    [CAIRN_FAT_FAULT_BOOT_DOUBT] = { "boot-doubt", MAJOR,
                                     "the boot sector contradicts what is on the volume" },
    [CAIRN_FAT_FAULT_BOOT_SIGNATURE] = { "boot-signature", MINOR,
                                         "the boot sector ends in %A, not in 55AA" },
    [CAIRN_FAT_FAULT_BACKUP_MISSING] = { "backup-missing", NOTE, "there is no backup boot sector" },
    [CAIRN_FAT_FAULT_BACKUP_DIFFERS] = { "backup-differs", MINOR,
                                         "the backup boot sector (sector %s) differs in %a "
                                         "%(byte|bytes), first at offset %b" },
    [CAIRN_FAT_FAULT_BACKUP_USED] = { "backup-used", MAJOR,
                                      "the backup boot sector (sector %s) is good and was used "
                                      "instead" },
    [CAIRN_FAT_FAULT_FSINFO_MISSING] = { "fsinfo-missing", NOTE, "there is no FSInfo sector" },
    [CAIRN_FAT_FAULT_FSINFO_MAGIC] = { "fsinfo-magic", MINOR,
                                       "the FSInfo sector (sector %s) lacks its signatures" },
    [CAIRN_FAT_FAULT_FSINFO_FREE] = { "fsinfo-free", MINOR,
                                      "%a " CLUSTERS " free, but FSInfo says %b" },
    [CAIRN_FAT_FAULT_FSINFO_UNSET] = { "fsinfo-unset", NOTE,
                                       "FSInfo does not know how many clusters are free (%a)" },
    [CAIRN_FAT_FAULT_FSINFO_NEXT] = { "fsinfo-next", MINOR,
                                      "FSInfo says that cluster %b is the next free one; the last "
                                      "of the volume is %a" },
    [CAIRN_FAT_FAULT_SIZE] = { "size", MAJOR, "the volume has %a bytes, but its device only %b" },
    [CAIRN_FAT_FAULT_FAT_SMALL] = { "fat-small", MINOR,
                                    "the volume has room for %b clusters, but a FAT only for %a" },
    [CAIRN_FAT_FAULT_FEW_CLUSTERS] = { "few-clusters", MINOR,
                                       "a FAT32 of %a " CLUSTERS
                                       ", where others expect at least %b" },
    [CAIRN_FAT_FAULT_DIRTY] = { "dirty", MINOR, "the volume was not unmounted cleanly" },
    [CAIRN_FAT_FAULT_ERROR_BIT] = { "error-bit", MINOR,
                                    "a driver has met errors when reading or writing this volume" },
    [CAIRN_FAT_FAULT_FAT_MEDIA] = { "fat-media", MINOR,
                                    "FAT entry 0 is 0x%A; the boot sector's media byte makes it "
                                    "0x%B" },
    [CAIRN_FAT_FAULT_FAT_RESERVED] = { "fat-reserved", MINOR,
                                       "FAT entry 1 is 0x%A, which is no end mark" },
    [CAIRN_FAT_FAULT_FATS_DIFFER] = { "fats-differ", MINOR,
                                      "FAT %b differs from the one in force in %a "
                                      "%(sector|sectors), first in sector %s" },
    [CAIRN_FAT_FAULT_FAT_RANGE] = { "fat-range", MAJOR,
                                    "the FAT entry of cluster %c is %b; clusters go from 2 to %a" },
    [CAIRN_FAT_FAULT_FAT_NIBBLE] = { "fat-nibble", NOTE,
                                     "%a %(FAT entry has|FAT entries have) reserved high bits set, "
                                     "first that of cluster %c" },
    [CAIRN_FAT_FAULT_CHAIN_START] = { "chain-start", MAJOR,
                                      "it starts at cluster %b; clusters go from 2 to %a" },
    [CAIRN_FAT_FAULT_CHAIN_LOOP] = { "chain-loop", MAJOR,
                                     "its chain comes back to its own cluster %c after "
                                     "%a " CLUSTERS },
    [CAIRN_FAT_FAULT_CHAIN_FREE] = { "chain-free", MAJOR,
                                     "its chain goes into cluster %c, which is free, after "
                                     "%a " CLUSTERS },
    [CAIRN_FAT_FAULT_CHAIN_BAD] = { "chain-bad", MAJOR,
                                    "its chain goes into cluster %c, which is marked bad, after "
                                    "%a " CLUSTERS },
    [CAIRN_FAT_FAULT_CHAIN_RANGE] = { "chain-range", MAJOR,
                                      "its chain leaves the volume after %a " CLUSTERS
                                      ": cluster %c is followed by %b" },
    [CAIRN_FAT_FAULT_CHAIN_OUTSIDE] = { "chain-outside", MAJOR,
                                        "%a of its clusters %(lies|lie) behind the end of the "
                                        "device, first cluster %c" },
    [CAIRN_FAT_FAULT_CHAIN_LONG] = { "chain-long", MINOR,
                                     "it has %a " CLUSTERS ", its size needs only %b" },
    [CAIRN_FAT_FAULT_CHAIN_SHORT] = { "chain-short", MAJOR,
                                      "it has %a " CLUSTERS ", its size needs %b" },
    [CAIRN_FAT_FAULT_CHAIN_SHARED] = { "chain-shared", MAJOR,
                                       "its chain goes into cluster %c, which belongs to another, "
                                       "after %a " CLUSTERS },
    [CAIRN_FAT_FAULT_ORPHAN] = { "orphan", MINOR,
                                 "%a " CLUSTERS
                                 " from cluster %c on %(belongs|belong) to no file" },
    [CAIRN_FAT_FAULT_DIR_SIZE] = { "dir-size", MINOR,
                                   "the entry of a directory says a size of %a %(byte|bytes), not "
                                   "0" },
    [CAIRN_FAT_FAULT_DIR_START] = { "dir-start", MAJOR,
                                    "a directory that starts at cluster %a, which is none" },
    [CAIRN_FAT_FAULT_DIR_PARENT] = { "dir-parent", MAJOR,
                                     "a directory that starts at cluster %c, as the directory %a "
                                     "%(level|levels) up does" },
    [CAIRN_FAT_FAULT_DIR_DOT] = { "dir-dot", MINOR, "slot 0 of the directory is not \".\"" },
    [CAIRN_FAT_FAULT_DIR_DOTDOT] = { "dir-dotdot", MINOR, "slot 1 of the directory is not \"..\"" },
    [CAIRN_FAT_FAULT_DIR_DOT_TARGET] = { "dir-dot-target", MINOR,
                                         "\".\" of the directory points at cluster %b, not at %a" },
    [CAIRN_FAT_FAULT_DIR_DOTDOT_TARGET] = { "dir-dotdot-target", MINOR,
                                            "\"..\" of the directory points at cluster %b, not at "
                                            "%a" },
    [CAIRN_FAT_FAULT_DIR_GARBAGE] = { "dir-garbage", MAJOR,
                                      "cluster %c of the directory holds something else: %b "
                                      "sensible entries, %a nonsensical" },
    [CAIRN_FAT_FAULT_DIR_BIG] = { "dir-big", MINOR,
                                  "the directory has %a slots in use; drivers stop at %b" },
    [CAIRN_FAT_FAULT_DIR_AFTER_END] = { "dir-after-end", MINOR,
                                        "%a %(slot|slots) in use behind the directory's end mark, "
                                        "first slot %b" },
    [CAIRN_FAT_FAULT_NAME_ILLEGAL] = { "name-illegal", MINOR,
                                       "the 8.3 name has an illegal character: 0x%A at place %b" },
    [CAIRN_FAT_FAULT_NAME_DOTS] = { "name-dots", MINOR,
                                    "an entry called \".\" or \"..\" in slot %a, where none "
                                    "belongs" },
    [CAIRN_FAT_FAULT_NAME_DUPLICATE] = { "name-duplicate", MAJOR,
                                         "the entry in slot %a has the 8.3 name of another one" },
    [CAIRN_FAT_FAULT_LONG_DUPLICATE] = { "long-duplicate", MAJOR,
                                         "the entry in slot %a has the name of another one" },
    [CAIRN_FAT_FAULT_LONG_ORPHAN] = { "long-orphan", MINOR,
                                      "long-name slots without an 8.3 entry of their own, up to "
                                      "slot %a" },
    [CAIRN_FAT_FAULT_LONG_SEQUENCE] = { "long-sequence", MINOR,
                                        "long-name slots out of order: slot %a bears number %b" },
    [CAIRN_FAT_FAULT_LONG_CHECKSUM] = { "long-checksum", MINOR,
                                        "a long name with checksum 0x%A, where 0x%B belongs" },
    [CAIRN_FAT_FAULT_LONG_RESERVED] = { "long-reserved", MINOR,
                                        "a long-name slot has type %a and start cluster %b, which "
                                        "should be 0" },
    [CAIRN_FAT_FAULT_LONG_ILLEGAL] = { "long-illegal", MINOR,
                                       "the long name has an illegal character: 0x%A at place %b" },
    [CAIRN_FAT_FAULT_ATTRIBUTES] = { "attributes", MINOR,
                                     "the attributes 0x%A do not go together" },
    [CAIRN_FAT_FAULT_TIME] = { "time", MINOR, "%a of its times %(is|are) impossible" },
    [CAIRN_FAT_FAULT_LABEL_DIFFERS] = { "label-differs", MINOR,
                                        "the labels in root directory and boot sector differ" },
    [CAIRN_FAT_FAULT_LABEL_ILLEGAL] = { "label-illegal", MINOR,
                                        "the label has an illegal character: 0x%A at place %b" },
    [CAIRN_FAT_FAULT_LABEL_EXTRA] = { "label-extra", MINOR,
                                      "slot %a holds a label besides the volume's own" },
    [CAIRN_FAT_FAULT_READ] = { "read", MAJOR, "sector %s cannot be read" },
};
/* clang-format on */
_Static_assert(CAIRN_COUNT(faults) == CAIRN_FAT_FAULT_COUNT, "each fault has its line");

const char *cairn_fat_fault_name(enum cairn_fat_fault fault)
{
    return (unsigned)fault < CAIRN_FAT_FAULT_COUNT ? faults[fault].name : "?";
}

/* %(one|many): write the word that figure asks for; returns what follows the parenthesis. */
static const char *word_pick(struct cairn_text *out, const char *at, uint64_t figure)
{
    for (bool one = true; *at != ')'; at++) {
        if (*at == '|')
            one = false;
        else if (one == (figure == 1))
            cairn_text_char(out, *at);
    }
    return at + 1;
}

static uint64_t figure_of(const struct cairn_fat_finding *found, char letter)
{
    switch (letter) {
    case 'a':
    case 'A':
        return found->a;
    case 'c':
        return found->cluster;
    case 's':
        return found->sector;
    default:
        return found->b;
    }
}

static void sentence_write(struct cairn_text *out, const char *at,
                           const struct cairn_fat_finding *found)
{
    uint64_t figure = 0;
    while (*at) {
        if (*at != '%') {
            cairn_text_char(out, *at++);
        } else if (at[1] == '(') {
            at = word_pick(out, at + 2, figure);
        } else {
            figure = figure_of(found, at[1]);
            cairn_text_fmt(out, at[1] < 'a' ? "%llX" : "%llu", (unsigned long long)figure);
            at += 2;
        }
    }
}

bool fat_check_find(struct fat_check *c, enum cairn_fat_fault fault, uint32_t cluster, uint64_t a,
                    uint64_t b)
{
    struct cairn_fat_finding found = { .fault = fault,
                                       .severity = faults[fault].severity,
                                       .cluster = cluster,
                                       .sector = c->sector,
                                       .a = a,
                                       .b = b };
    struct cairn_text text;
    if (c->canceled || c->quiet) return false;
    cairn_text_init(&text, found.text, sizeof found.text);
    sentence_write(&text, faults[fault].sentence, &found);
    if (c->remark[0]) cairn_text_fmt(&text, ": %s", c->remark);
    c->remark[0] = 0;
    c->result->findings[found.severity]++;
    found.path = fat_check_path(c);
    bool again = c->mend && fat_mend_fault(c, fault, cluster, a, b);
    if (c->mend && !fat_mend_tells(c, &found)) return again;
    if (c->options.report && !c->canceled) c->canceled = !c->options.report(c->options.ctx, &found);
    if (c->mend && c->canceled) c->mend->anew = false;
    if (c->mend && c->mend->anew) c->canceled = true;
    return again;
}

bool fat_check_find_at(struct fat_check *c, enum cairn_fat_fault fault, uint64_t sector, uint64_t a,
                       uint64_t b)
{
    uint64_t before = c->sector;
    c->sector = sector;
    bool again = fat_check_find(c, fault, 0, a, b);
    c->sector = before;
    return again;
}

void fat_check_find_more(struct fat_check *c, enum cairn_fat_fault fault)
{
    if (c->mend && !c->canceled && !c->quiet) (void)fat_mend_fault(c, fault, 0, 0, 0);
}

void fat_check_remark(struct fat_check *c, const char *fmt, ...)
{
    struct cairn_text text;
    va_list args;
    va_start(args, fmt);
    cairn_text_init(&text, c->remark, sizeof c->remark);
    cairn_text_vfmt(&text, fmt, args);
    va_end(args);
}
