/* SPDX-License-Identifier: ISC */
/*
 * Where things lie on a FAT volume, and how that is changed: resize, defragment, trim.
 *
 * All of it is safe at every write: whenever power goes, all files are whole, and what check finds
 * is what any cut may leave (fat/README.md). The volume says that it was cut in such work, until
 * something else is written to it. Running the same again, or any other of these but trim, frees
 * what the cut has left, takes it to its end, and marks it clean.
 *
 * What repair has to mend first is refused with CAIRN_ECORRUPT before anything is written: chains
 * that are broken or shared, and clusters that no file has, unless the volume says where they come
 * from. A volume that was not unmounted for another reason stays marked as it was.
 */
#ifndef CAIRN_FAT_LAYOUT_H
#define CAIRN_FAT_LAYOUT_H

#include <cairn/fat.h>

CAIRN_BEGIN

/* Memory for resize (to `bytes`; 0: as large as it is) and defragment: 4 bytes a cluster, 1 MiB to
 * copy through, and what cairn_fat_mem_good says. */
CAIRN_API size_t cairn_fat_layout_mem(struct cairn_blk *dev, uint64_t bytes);

struct cairn_fat_layout_options {
    bool plan_only; /* resize: write nothing, only say what would be done */
    bool pack;      /* defrag: everything to the front, so that the free space is one run */
    bool dirty;     /* free the clusters that no file has, of any volume that was not unmounted */
    /* Called now and then with clusters done and in all; return false to stop: CAIRN_ECANCELED,
     * after all that was begun is finished. NULL: none. */
    bool (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

struct cairn_fat_layout_result {
    struct cairn_fat_geometry before, after;
    uint64_t least_bytes, most_bytes; /* resize: what the volume could have */
    uint64_t moved_clusters;          /* copied from one place to another; plan_only: have to be */
    uint64_t freed_clusters;          /* that no file had */
    uint64_t pieces_before;           /* of all files and directories: one each when none is */
    uint64_t pieces_after;            /* fragmented (defrag) */
    uint64_t chains;                  /* files and directories that have clusters */
    uint64_t directories_shrunk;      /* defrag: removed slots were squeezed out of so many */
};

/* Make the volume on dev `bytes` large (0: as it is, which ends what a cut has left), within its
 * type; dev must not be mounted, and has that size already when the volume grows. What is left of
 * dev is not touched: cutting it off is the caller's. The result may be a little smaller where a
 * larger FAT would cost more than it gives; result->after tells. After a failure the volume still
 * has no more than result->after, which is what it had unless the one write that counts was begun.
 * Mirroring of the FATs, where it was off, is on afterwards.
 *   CAIRN_EINVAL   below the type's least number of clusters (why names the limits)
 *   CAIRN_EFBIG    above its most, or the FAT cannot grow where it is
 *   CAIRN_ENOSPC   the files need more (why names the least size), the device is smaller, or there
 *                  is too little free space to work with (why names how much)
 *   CAIRN_ECORRUPT to be repaired first
 *   CAIRN_EROFS, CAIRN_ECANCELED
 *   CAIRN_ENOMEM   mem_bytes is below cairn_fat_layout_mem */
CAIRN_API enum cairn_err cairn_fat_resize(struct cairn_blk *dev, uint64_t bytes,
                                          const struct cairn_fat_layout_options *options, void *mem,
                                          size_t mem_bytes, struct cairn_fat_layout_result *result,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* Make every file and directory of the volume on dev one run of clusters, directories without
 * removed slots and no longer than need be (a FAT12's or FAT16's root stays as it is). dev must not
 * be mounted. Files that fit a free run are moved there; when one fits none, or with `pack`,
 * everything is moved to the front, in the order of the tree. Clusters marked bad stay, and a file
 * that fits nowhere between them stays in pieces: see result.
 *   CAIRN_ENOSPC   something is in pieces and not one cluster is free
 * and as above. */
CAIRN_API enum cairn_err cairn_fat_defrag(struct cairn_blk *dev,
                                          const struct cairn_fat_layout_options *options, void *mem,
                                          size_t mem_bytes, struct cairn_fat_layout_result *result,
                                          struct cairn_why *why) CAIRN_MUST_USE;

/* Discard the free clusters of a mounted volume, after a sync, in the device's granularity; a file
 * becomes sparse by that. *bytes: took room and do no more; where the device does not know what
 * does (extents), it is what it was told to discard.
 *   CAIRN_ENOTSUP  the device cannot   CAIRN_EROFS */
CAIRN_API enum cairn_err cairn_fat_trim(struct cairn_fat *fs, uint64_t *bytes,
                                        struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
