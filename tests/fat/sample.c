/* SPDX-License-Identifier: ISC */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define UNIT 512u
#define SPARE_CLUSTERS 512u

static void must(bool well, const char *what)
{
    if (well) return;
    fprintf(stderr, "sample volume: %s failed\n", what);
    abort();
}

/* ---- where things are ----------------------------------------------------------------------- */

uint8_t *sample_sector(const struct sample *s, uint32_t sector)
{
    return s->bytes + (size_t)sector * UNIT;
}

uint8_t *sample_cluster(const struct sample *s, uint32_t cluster)
{
    return sample_sector(s, s->geometry.data_start + (cluster - 2) * s->geometry.cluster_sectors);
}

uint8_t *sample_root_slot(const struct sample *s, uint32_t n)
{
    uint8_t *root = s->geometry.type == CAIRN_FAT32 ? sample_cluster(s, s->geometry.root_cluster)
                                                    : sample_sector(s, s->geometry.root_start);
    return root + n * FAT_SLOT_BYTES;
}

uint8_t *sample_dir_slot(const struct sample *s, enum sample_file dir, uint32_t n)
{
    return sample_cluster(s, s->files[dir].start) + n * FAT_SLOT_BYTES;
}

uint8_t *sample_root_end(const struct sample *s)
{
    uint32_t n = 0;
    while (sample_root_slot(s, n)[0] != FAT_SLOT_END)
        n++;
    return sample_root_slot(s, n);
}

uint8_t *sample_fat(const struct sample *s, uint32_t copy, uint32_t cluster)
{
    return sample_sector(s, s->geometry.reserved_sectors + copy * s->geometry.fat_sectors) +
           fatent_offset(s->geometry.type, cluster);
}

void sample_link(struct sample *s, uint32_t cluster, uint32_t value)
{
    for (uint32_t copy = 0; copy < s->geometry.fat_count; copy++)
        fatent_put(s->geometry.type, sample_fat(s, copy, cluster), cluster, value);
}

uint32_t sample_chain(struct sample *s, uint32_t clusters)
{
    uint32_t start = s->next;
    for (uint32_t i = 0; i < clusters; i++, s->next++)
        sample_link(s, s->next, i + 1 < clusters ? s->next + 1 : FATENT_END);
    return start;
}

void sample_fsinfo(struct sample *s)
{
    struct cairn_fat_fsinfo info = { .valid = true, .next_free = s->next };
    if (s->geometry.type != CAIRN_FAT32) return;
    for (uint32_t cluster = 2; cluster <= s->last; cluster++)
        info.free_clusters +=
            fatent_get(CAIRN_FAT32, sample_fat(s, 0, cluster), cluster) == FATENT_FREE;
    cairn_fat_fsinfo_update(&info, sample_sector(s, s->geometry.fsinfo_sector));
}

void sample_start_put(uint8_t *slot, uint32_t start)
{
    cairn_le16_put(slot + FAT_SLOT_START_LOW, (uint16_t)start);
    cairn_le16_put(slot + FAT_SLOT_START_HIGH, (uint16_t)(start >> 16));
}

/* ---- making it ------------------------------------------------------------------------------ */

/* Write name's slots from `slot` on; returns the slot behind them. */
static uint8_t *entry_put(struct sample *s, enum sample_file file, uint8_t *slot, const char *raw,
                          const char *long_name, uint8_t attributes, uint32_t size)
{
    struct sample_entry *entry = &s->files[file];
    struct fat_dirent dirent = { .attributes = attributes, .start = entry->start, .size = size };
    struct fat_name name = { 0 };
    memcpy(dirent.raw, raw, FAT_SHORT_BYTES);
    fat_time_encode(1700000000000000000, 0, &dirent.modified_date, &dirent.modified_time,
                    &dirent.created_tenths);
    dirent.created_date = dirent.accessed_date = dirent.modified_date;
    dirent.created_time = dirent.modified_time;
    if (long_name)
        must(fat_name_from_utf8(&name, long_name, cairn_str_len(long_name)) == CAIRN_OK, "a name");
    for (uint32_t order = fat_long_slots(&name); order > 0; order--, slot += FAT_SLOT_BYTES)
        fat_long_encode(&name, order, fat_long_checksum(dirent.raw), slot);
    fat_dirent_encode(&dirent, slot);
    entry->slot = slot;
    return slot + FAT_SLOT_BYTES;
}

static void chain_put(struct sample *s, enum sample_file file, uint32_t clusters)
{
    s->files[file].clusters = clusters;
    s->files[file].start = clusters ? sample_chain(s, clusters) : 0;
}

static void dots_put(struct sample *s, enum sample_file dir, uint32_t parent)
{
    struct fat_dirent self;
    fat_dirent_decode(s->files[dir].slot, s->geometry.type, &self);
    fat_dot_slots(sample_dir_slot(s, dir, 0), &self, parent);
}

/* ---- what the files hold -------------------------------------------------------------------- */

const char *sample_path(enum sample_file file)
{
    static const char *const paths[SAMPLE_FILES] = {
        "A.TXT", "B.BIN",         "EMPTY.TXT", "first long name.txt", "other long name.txt",
        "DIR",   "DIR/INNER.TXT", "DIR/SUB",   "DIR/SUB/DEEP.TXT"
    };
    return paths[file];
}

uint32_t sample_bytes(const struct sample *s, enum sample_file file)
{
    const uint32_t cluster = s->geometry.cluster_bytes;
    const uint32_t bytes[SAMPLE_FILES] = { 3 * cluster, 3 * cluster + 7, 0, 100, 200, 0, 1,
                                           0,           cluster + 1 };
    return bytes[file];
}

uint8_t sample_byte(enum sample_file file, uint32_t n)
{
    return (uint8_t)(n * 7 + n / 251 + file * 41u + 1);
}

static void contents_fill(struct sample *s, enum sample_file file)
{
    for (uint32_t n = 0; n < sample_bytes(s, file); n++)
        sample_cluster(s, s->files[file].start)[n] = sample_byte(file, n);
}

static void file_put(struct sample *s, enum sample_file file, uint8_t **slot, const char *raw,
                     const char *long_name)
{
    *slot = entry_put(s, file, *slot, raw, long_name, CAIRN_FAT_ARCHIVE, sample_bytes(s, file));
    contents_fill(s, file);
}

static uint8_t *root_fill(struct sample *s)
{
    uint8_t *slot = sample_root_end(s);
    file_put(s, SAMPLE_A, &slot, "A       TXT", NULL);
    file_put(s, SAMPLE_B, &slot, "B       BIN", NULL);
    file_put(s, SAMPLE_EMPTY, &slot, "EMPTY   TXT", NULL);
    file_put(s, SAMPLE_LONG, &slot, "FIRSTL~1TXT", "first long name.txt");
    file_put(s, SAMPLE_OTHER, &slot, "OTHERL~1TXT", "other long name.txt");
    return entry_put(s, SAMPLE_DIR, slot, "DIR        ", NULL, CAIRN_FAT_DIRECTORY, 0);
}

static void dirs_fill(struct sample *s)
{
    uint8_t *slot = sample_dir_slot(s, SAMPLE_DIR, 2);
    dots_put(s, SAMPLE_DIR, 0);
    file_put(s, SAMPLE_INNER, &slot, "INNER   TXT", NULL);
    entry_put(s, SAMPLE_SUB, slot, "SUB        ", NULL, CAIRN_FAT_DIRECTORY, 0);
    dots_put(s, SAMPLE_SUB, s->files[SAMPLE_DIR].start);
    slot = sample_dir_slot(s, SAMPLE_SUB, 2);
    file_put(s, SAMPLE_DEEP, &slot, "DEEP    TXT", NULL);
}

/* A directory within a directory, and so on; the entry of the first one goes to `slot`. */
static void levels_fill(struct sample *s, uint8_t *slot, uint32_t levels)
{
    struct fat_dirent entry;
    uint32_t parent = 0;
    fat_dirent_decode(s->files[SAMPLE_DIR].slot, s->geometry.type, &entry);
    memcpy(entry.raw, "D          ", FAT_SHORT_BYTES);
    for (; levels > 0; levels--) {
        entry.start = sample_chain(s, 1);
        fat_dirent_encode(&entry, slot);
        slot = sample_cluster(s, entry.start);
        fat_dot_slots(slot, &entry, parent);
        slot += 2 * FAT_SLOT_BYTES;
        parent = entry.start;
    }
    memcpy(entry.raw, "BOTTOM  TXT", FAT_SHORT_BYTES);
    entry.attributes = CAIRN_FAT_ARCHIVE;
    entry.size = 1;
    entry.start = sample_chain(s, 1);
    fat_dirent_encode(&entry, slot);
}

/* ---- the volume ----------------------------------------------------------------------------- */

static size_t size_of(const struct sample_shape *shape)
{
    size_t small = shape->type == CAIRN_FAT12   ? 1440u << 10
                   : shape->type == CAIRN_FAT16 ? 8u << 20
                                                : 36u << 20;
    return small * shape->cluster_sectors;
}

static void format(struct sample *s, const struct sample_shape *shape)
{
    struct cairn_fat_format_options options = { .type = shape->type,
                                                .sector_bytes = UNIT,
                                                .cluster_bytes = UNIT * shape->cluster_sectors,
                                                .fat_count = shape->fat_count,
                                                .volume_id = 0x1234ABCD,
                                                .label = "CAIRN",
                                                .time_ns = 1700000000000000000 };
    struct cairn_blk_mem dev;
    size_t scratch_bytes = 64u << 10;
    void *scratch = malloc(scratch_bytes);
    must(scratch && cairn_blk_mem_open(&dev, s->bytes, UNIT, s->size / UNIT, NULL) == CAIRN_OK,
         "memory");
    must(cairn_fat_format(&dev.base, &options, scratch, scratch_bytes, &s->geometry, NULL) ==
             CAIRN_OK,
         "format");
    must(cairn_blk_close(&dev.base, NULL) == CAIRN_OK, "close");
    free(scratch);
}

/* Most of a volume is never touched, so it is mapped: the sanitizers' malloc would touch all of it.
 */
static void memory_map(struct sample *s, size_t spare)
{
    s->mapped = s->size + spare;
    s->bytes = mmap(NULL, s->mapped, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(s->bytes != MAP_FAILED, "memory");
}

void sample_make_shape(struct sample *s, const struct sample_shape *given)
{
    static const uint32_t clusters[SAMPLE_FILES] = { 3, 4, 0, 1, 1, 1, 1, 1, 2 };
    struct sample_shape shape = *given;
    if (!shape.cluster_sectors) shape.cluster_sectors = 1;
    *s = (struct sample){ .size = size_of(&shape) };
    memory_map(s, (size_t)SPARE_CLUSTERS * UNIT * shape.cluster_sectors);
    format(s, &shape);
    s->last = s->geometry.cluster_count + 1;
    s->next = shape.type == CAIRN_FAT32 ? 3 : 2;
    for (uint32_t i = 0; i < SAMPLE_FILES; i++)
        chain_put(s, i, clusters[i]);
    uint8_t *slot = root_fill(s);
    dirs_fill(s);
    if (shape.levels) levels_fill(s, slot, shape.levels);
    sample_fsinfo(s);
}

void sample_make(struct sample *s, enum cairn_fat_type type)
{
    sample_make_shape(s, &(struct sample_shape){ .type = type });
}

void sample_free(struct sample *s)
{
    munmap(s->bytes, s->mapped);
}
