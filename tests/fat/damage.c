/* SPDX-License-Identifier: ISC */
/* The faults of one file, one directory, one name. The others are in damage_volume.c. */
#include "damage.h"

#include "damage_plant.h"

/* ---- chains --------------------------------------------------------------------------------- */

static uint32_t start_of(const struct sample *s, enum sample_file file)
{
    return s->files[file].start;
}

static void start_set(struct sample *s, enum sample_file file, uint32_t start)
{
    sample_start_put(s->files[file].slot, start);
}

static void size_set(struct sample *s, enum sample_file file, uint32_t size)
{
    cairn_le32_put(s->files[file].slot + FAT_SLOT_SIZE, size);
}

void damage_chain_start_beyond(struct sample *s)
{
    start_set(s, SAMPLE_A, s->last + 1);
}

void damage_chain_start_one(struct sample *s)
{
    start_set(s, SAMPLE_A, 1);
}

void damage_chain_start_dir(struct sample *s)
{
    start_set(s, SAMPLE_SUB, s->last + 9);
}

void damage_chain_loop(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A) + 2, start_of(s, SAMPLE_A));
}

void damage_chain_self(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A) + 1, start_of(s, SAMPLE_A) + 1);
}

void damage_chain_dir_loop(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_DIR), start_of(s, SAMPLE_DIR));
}

void damage_chain_free(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A) + 1, FATENT_FREE);
}

void damage_chain_free_start(struct sample *s)
{
    start_set(s, SAMPLE_A, s->last);
}

void damage_chain_free_dir(struct sample *s)
{
    start_set(s, SAMPLE_SUB, s->last);
}

void damage_chain_bad(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A) + 1, FATENT_BAD);
}

void damage_chain_range(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A), s->last + 1);
}

void damage_chain_outside(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_B) + 2, s->last);
    sample_link(s, start_of(s, SAMPLE_B) + 3, FATENT_FREE);
    sample_link(s, s->last, FATENT_END);
    s->size = (size_t)(sample_cluster(s, s->last) - s->bytes);
}

void damage_chain_long(struct sample *s)
{
    size_set(s, SAMPLE_A, s->geometry.cluster_bytes);
}

void damage_chain_long_empty(struct sample *s)
{
    start_set(s, SAMPLE_EMPTY, sample_chain(s, 2));
}

void damage_chain_short(struct sample *s)
{
    size_set(s, SAMPLE_A, 3 * s->geometry.cluster_bytes + 1);
}

void damage_chain_short_none(struct sample *s)
{
    size_set(s, SAMPLE_EMPTY, 1);
}

void damage_chain_shared(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A), start_of(s, SAMPLE_B) + 2);
}

void damage_chain_shared_start(struct sample *s)
{
    start_set(s, SAMPLE_B, start_of(s, SAMPLE_A));
}

void damage_chain_shared_file_dir(struct sample *s)
{
    sample_link(s, start_of(s, SAMPLE_A) + 2, start_of(s, SAMPLE_DIR));
}

void damage_chain_shared_dirs(struct sample *s)
{
    uint8_t *slot = sample_root_end(s);
    memcpy(slot, s->files[SAMPLE_SUB].slot, FAT_SLOT_BYTES);
}

void damage_orphan(struct sample *s)
{
    sample_chain(s, 3);
}

void damage_orphan_ring(struct sample *s)
{
    uint32_t start = sample_chain(s, 2);
    sample_link(s, start + 1, start);
}

/* ---- directories ---------------------------------------------------------------------------- */

void damage_dir_size(struct sample *s)
{
    size_set(s, SAMPLE_DIR, 512);
}

void damage_dir_start(struct sample *s)
{
    start_set(s, SAMPLE_SUB, 0);
}

void damage_dir_parent(struct sample *s)
{
    start_set(s, SAMPLE_SUB, start_of(s, SAMPLE_DIR));
}

void damage_dir_parent_root(struct sample *s)
{
    start_set(s, SAMPLE_SUB, s->geometry.root_cluster);
}

void damage_dir_dot(struct sample *s)
{
    sample_dir_slot(s, SAMPLE_DIR, 0)[0] = FAT_SLOT_FREE;
}

void damage_dir_dot_moved(struct sample *s)
{
    uint8_t *dot = sample_dir_slot(s, SAMPLE_DIR, 0), keep[FAT_SLOT_BYTES];
    memcpy(keep, dot, sizeof keep);
    memcpy(dot, dot + 2 * FAT_SLOT_BYTES, sizeof keep);
    memcpy(dot + 2 * FAT_SLOT_BYTES, keep, sizeof keep);
}

void damage_dir_dotdot(struct sample *s)
{
    sample_dir_slot(s, SAMPLE_SUB, 1)[0] = FAT_SLOT_FREE;
}

void damage_dir_dot_target(struct sample *s)
{
    sample_start_put(sample_dir_slot(s, SAMPLE_SUB, 0), start_of(s, SAMPLE_DIR));
}

void damage_dir_dotdot_target(struct sample *s)
{
    sample_start_put(sample_dir_slot(s, SAMPLE_SUB, 1), start_of(s, SAMPLE_SUB));
}

/* A page of a book where a directory was. */
void damage_dir_garbage(struct sample *s)
{
    static const char text[] = "alle tiere sind gleich manche sind gleicher ";
    uint8_t *cluster = sample_cluster(s, start_of(s, SAMPLE_SUB));
    for (uint32_t i = 0; i < s->geometry.cluster_bytes; i++)
        cluster[i] = (uint8_t)text[i % (sizeof text - 1)];
    for (uint32_t i = FAT_SLOT_ATTR; i < s->geometry.cluster_bytes; i += FAT_SLOT_BYTES)
        cluster[i] = 'e';
}

/* Slots that were used once still count: only the end mark ends a directory. */
void damage_dir_big(struct sample *s)
{
    uint32_t bytes = s->geometry.cluster_bytes, slots = bytes / FAT_SLOT_BYTES;
    uint32_t clusters = 65536 / slots + 1, start = sample_chain(s, clusters);
    sample_link(s, start_of(s, SAMPLE_SUB), start);
    memset(sample_dir_slot(s, SAMPLE_SUB, 3), FAT_SLOT_FREE, (slots - 3) * FAT_SLOT_BYTES);
    memset(sample_cluster(s, start), FAT_SLOT_FREE, (size_t)clusters * bytes);
}

void damage_dir_after_end(struct sample *s)
{
    uint8_t *slot = sample_dir_slot(s, SAMPLE_DIR, 4);
    memcpy(slot + FAT_SLOT_BYTES, s->files[SAMPLE_EMPTY].slot, FAT_SLOT_BYTES);
}

/* ---- names ---------------------------------------------------------------------------------- */

void damage_name_illegal(struct sample *s)
{
    s->files[SAMPLE_A].slot[1] = '*';
}

void damage_name_control(struct sample *s)
{
    s->files[SAMPLE_A].slot[1] = 0x07;
}

void damage_name_lower(struct sample *s)
{
    s->files[SAMPLE_A].slot[0] = 'a';
}

void damage_name_space(struct sample *s)
{
    s->files[SAMPLE_EMPTY].slot[0] = ' ';
}

void damage_name_dots(struct sample *s)
{
    memcpy(s->files[SAMPLE_EMPTY].slot, "..         ", FAT_SHORT_BYTES);
}

void damage_name_dots_twice(struct sample *s)
{
    memcpy(sample_dir_slot(s, SAMPLE_SUB, 3), sample_dir_slot(s, SAMPLE_SUB, 0), FAT_SLOT_BYTES);
}

void damage_name_duplicate(struct sample *s)
{
    memcpy(s->files[SAMPLE_B].slot, s->files[SAMPLE_A].slot, FAT_SHORT_BYTES);
}

/* The two slots of a name in front of its 8.3 entry; `order` 1 is the nearer one. */
static uint8_t *long_slot(const struct sample *s, enum sample_file file, uint32_t order)
{
    return s->files[file].slot - order * FAT_SLOT_BYTES;
}

static void long_rename(struct sample *s, enum sample_file file, const char *text)
{
    struct fat_name name;
    if (fat_name_from_utf8(&name, text, cairn_str_len(text))) return;
    for (uint32_t order = 1; order <= 2; order++)
        fat_long_encode(&name, order, fat_long_checksum(s->files[file].slot),
                        long_slot(s, file, order));
}

void damage_long_duplicate(struct sample *s)
{
    long_rename(s, SAMPLE_OTHER, "First LONG name.txt");
}

/* Someone who knows no long names removed the file. */
void damage_long_orphan(struct sample *s)
{
    s->files[SAMPLE_LONG].slot[0] = FAT_SLOT_FREE;
    sample_link(s, start_of(s, SAMPLE_LONG), FATENT_FREE);
}

void damage_long_orphan_start(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 2)[0] = FAT_SLOT_FREE;
}

void damage_long_orphan_middle(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[0] = FAT_SLOT_FREE;
}

void damage_long_sequence(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[0] = 3;
}

void damage_long_sequence_restart(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[0] |= FAT_LONG_LAST;
}

void damage_long_sequence_short(struct sample *s)
{
    memcpy(long_slot(s, SAMPLE_LONG, 1), long_slot(s, SAMPLE_LONG, 2), FAT_SLOT_BYTES);
    long_slot(s, SAMPLE_LONG, 2)[0] = FAT_SLOT_FREE;
}

void damage_long_checksum(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[13] ^= 0x55;
    long_slot(s, SAMPLE_LONG, 2)[13] ^= 0x55;
}

void damage_long_checksum_one(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[13] ^= 0x55;
}

void damage_long_reserved_type(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[12] = 1;
}

void damage_long_reserved_start(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[FAT_SLOT_START_LOW] = 9;
}

void damage_long_illegal(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 1)[3] = '?';
}

void damage_long_illegal_surrogate(struct sample *s)
{
    cairn_le16_put(long_slot(s, SAMPLE_LONG, 1) + 3, 0xDC00);
}

void damage_long_illegal_order(struct sample *s)
{
    long_slot(s, SAMPLE_LONG, 2)[0] = FAT_LONG_LAST | 21;
}

void damage_attributes(struct sample *s)
{
    s->files[SAMPLE_A].slot[FAT_SLOT_ATTR] |= 0x40;
}

void damage_attributes_kind(struct sample *s)
{
    s->files[SAMPLE_SUB].slot[FAT_SLOT_ATTR] |= CAIRN_FAT_VOLUME;
}

void damage_time(struct sample *s)
{
    cairn_le16_put(s->files[SAMPLE_A].slot + 24, 40 << 9 | 15 << 5 | 1);
}
