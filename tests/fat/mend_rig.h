/* SPDX-License-Identifier: ISC */
/* What the units of repair share: mend a sample volume, and look at what came out. */
#ifndef CAIRN_TESTS_FAT_MEND_RIG_H
#define CAIRN_TESTS_FAT_MEND_RIG_H

#include <cairn/fat.h>

#include "damage.h"
#include "mending.h"

#define MEND_TYPES 3u
extern const enum cairn_fat_type mend_types[MEND_TYPES];

struct mend_mounted {
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    void *mem;
};
void mend_mount(struct mend_mounted *m, const struct sample *s);
void mend_unmount(struct mend_mounted *m);

/* Is `file` there, whole, under this path? A directory need only be one. */
bool mend_is_at(const struct sample *s, const char *path, enum sample_file file);
bool mend_exists(const struct sample *s, const char *path);

/* Repair; then nothing is left to find, by fsck.fat neither, and nothing to do. */
void mend_volume(struct sample *s, struct mending *mending);
/* Repaired, it has `file` whole at `path`. */
void mend_keeps(struct sample *s, const char *path, enum sample_file file);

#endif
