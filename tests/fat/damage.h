/* SPDX-License-Identifier: ISC */
/* Faults to plant into a healthy volume, each under a name, and what check must then say. */
#ifndef CAIRN_TESTS_FAT_DAMAGE_H
#define CAIRN_TESTS_FAT_DAMAGE_H

#include <cairn/fat_check.h>

#include "sample.h"

#define DAMAGE_ON_12 1u
#define DAMAGE_ON_16 2u
#define DAMAGE_ON_32 4u
#define DAMAGE_ALSO_MAX 4

struct damage {
    const char *name;
    void (*plant)(struct sample *s); /* FSInfo's count is made right afterwards */
    uint32_t on;                     /* types of volumes it fits; 0: all */
    bool fsck;                       /* fsck.fat 4.2 finds it, too */
    enum cairn_fat_fault fault;      /* what check must find */
    /* What the fault brings with it. An unused place is 0: no fault brings CAIRN_FAT_FAULT_BOOT. */
    enum cairn_fat_fault also[DAMAGE_ALSO_MAX];
};

extern const struct damage damages[];
extern const size_t damage_count;

bool damage_fits(const struct damage *damage, enum cairn_fat_type type);
/* NULL: there is none of that name. */
const struct damage *damage_find(const char *name);
void damage_plant(const struct damage *damage, struct sample *s);

#endif
