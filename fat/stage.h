/* SPDX-License-Identifier: ISC */
/*
 * The order in which changes reach the disk, of the volume and of repair alike: everything of one
 * stage is flushed before anything of the next is written.
 */
#ifndef CAIRN_FAT_STAGE_H
#define CAIRN_FAT_STAGE_H

enum fat_stage {
    FAT_STAGE_NEW,    /* data, new directory clusters, FAT entries of new chains */
    FAT_STAGE_LINK,   /* links from live chains to new clusters */
    FAT_STAGE_ADD,    /* directory entries added or changed */
    FAT_STAGE_REMOVE, /* entries removed, sizes made smaller, ".." */
    FAT_STAGE_FREE,   /* clusters freed, chains cut */
    FAT_STAGE_COUNT
};

#endif
