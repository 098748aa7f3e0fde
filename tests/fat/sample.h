/* SPDX-License-Identifier: ISC */
/* A small healthy volume in memory, made with the codecs alone, whose every byte is known: what
 * tests of check and of repair damage. */
#ifndef CAIRN_TESTS_FAT_SAMPLE_H
#define CAIRN_TESTS_FAT_SAMPLE_H

#include <cairn/blk_mem.h>
#include <fat/codec/boot.h>
#include <fat/codec/dirent.h>
#include <fat/codec/fatent.h>

/* What is on it. Every chain is contiguous. */
enum sample_file {
    SAMPLE_A,     /* /A.TXT: 3 clusters, the last one full */
    SAMPLE_B,     /* /B.BIN: 4 clusters, the last one partly used */
    SAMPLE_EMPTY, /* /EMPTY.TXT */
    SAMPLE_LONG,  /* "/first long name.txt", FIRSTL~1.TXT: 2 long slots, 1 cluster */
    SAMPLE_OTHER, /* "/other long name.txt", OTHERL~1.TXT: as many */
    SAMPLE_DIR,   /* /DIR: 1 cluster */
    SAMPLE_INNER, /* /DIR/INNER.TXT, its slot 2: 1 cluster */
    SAMPLE_SUB,   /* /DIR/SUB, its slot 3: 1 cluster */
    SAMPLE_DEEP,  /* /DIR/SUB/DEEP.TXT: 2 clusters */
    SAMPLE_FILES
};

/* Which volume to make. Zeros are the defaults. */
struct sample_shape {
    enum cairn_fat_type type; /* must be given */
    uint32_t fat_count;       /* 0: 2 */
    uint32_t cluster_sectors; /* of 512 bytes; 0: 1 */
    uint32_t levels;          /* directories called D within one another, the lowest with
                                 BOTTOM.TXT of 1 byte; 0: none */
};

struct sample_entry {
    uint8_t *slot; /* the 8.3 one */
    uint32_t start, clusters;
};

struct sample {
    struct cairn_fat_geometry geometry;
    uint8_t *bytes; /* the volume; room for 512 clusters behind it is there, too */
    size_t size;    /* of the device, which a test may change */
    size_t mapped;  /* of the memory at bytes */
    uint32_t last;  /* cluster */
    uint32_t next;  /* the first cluster that is free, as are all behind it */
    struct sample_entry files[SAMPLE_FILES];
};

/* Aborts when the codecs refuse to make it. sample_make: the default shape of that type. */
void sample_make(struct sample *s, enum cairn_fat_type type);
void sample_make_shape(struct sample *s, const struct sample_shape *shape);
void sample_free(struct sample *s);

/* Where a file or directory is, how many bytes a file has on the healthy volume (a directory: 0),
 * and what byte n of its contents is. */
const char *sample_path(enum sample_file file);
uint32_t sample_bytes(const struct sample *s, enum sample_file file);
uint8_t sample_byte(enum sample_file file, uint32_t n);

uint8_t *sample_sector(const struct sample *s, uint32_t sector);
uint8_t *sample_cluster(const struct sample *s, uint32_t cluster);
/* Slot n of the root directory, or of a directory of one cluster that starts there. */
uint8_t *sample_root_slot(const struct sample *s, uint32_t n);
uint8_t *sample_dir_slot(const struct sample *s, enum sample_file dir, uint32_t n);
/* The first slot of the root directory that was never used. */
uint8_t *sample_root_end(const struct sample *s);

/* Entries of the FAT: one copy, or all. */
uint8_t *sample_fat(const struct sample *s, uint32_t copy, uint32_t cluster);
void sample_link(struct sample *s, uint32_t cluster, uint32_t value);
/* A new chain of adjacent clusters; returns its start. */
uint32_t sample_chain(struct sample *s, uint32_t clusters);
/* Make FSInfo say what the FAT holds. */
void sample_fsinfo(struct sample *s);
void sample_start_put(uint8_t *slot, uint32_t start);

#endif
