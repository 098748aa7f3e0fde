/* SPDX-License-Identifier: ISC */
/*
 * A directory of a mounted FAT volume as a key-value store: keys are the paths below it, values its
 * files, dictionaries its directories. Whatever else is done in there by cairn_fat_* shows at once.
 *
 * What FAT cannot do is refused, and nothing is stored under another name than the one given:
 *  - No batches, views and snapshots: info says so.
 *  - Names are UTF-8 of at most 255 bytes, without control characters and " * / : < > ? \ |, do not
 *    end in a dot or a space, and are not "." or "..": CAIRN_EINVAL or CAIRN_EILSEQ from calls that
 *    would store one. To those that read or remove, such a key is one that is absent.
 *  - Names that differ only in case are one to FAT, and so are a file's long and 8.3 name. Keys are
 *    bytes: beside "a", the key "A" is absent, and cannot be set: CAIRN_EEXIST.
 *  - The segment CAIRN_KV_FAT_RESERVED is no key in the store's root, in any case of its letters.
 *  - A value has at most 4 GiB - 1 bytes; a directory 65,536 slots of 32 bytes, of which a name
 *    takes 1 to 21: CAIRN_ENOSPC beyond. The root of a FAT12 or FAT16 has fewer.
 *  - Times are cut to 2 s, and lie from 1980 to 2107: CAIRN_ERANGE from time_set. That of the
 *    volume's root is not recorded, and reads as 0. Setting a value that is there changes the
 *    dictionary's as well.
 *  - A file whose name is longer than a segment makes a list of its directory fail
 *    (CAIRN_ENAMETOOLONG).
 * A volume mounted with short_names LOWER or WIN95 shows some names in another case than they were
 * given in, and is thus not for a store; mount it with MIXED (the default) or WINNT.
 *
 * Atomic is, to a power cut, what FAT's order of writing makes so (fat/README.md): setting a value
 * (a new file that then takes the old one's name), making, allocating, removing (a dictionary is
 * first moved aside), appending, and renaming, after which a cut may also leave both names, until
 * cairn_fat_repair makes them two files. cairn_kv_write inside a value of at most copy_max bytes is
 * done on a copy, that is atomic too; a larger value is written in place, and so is one for whose
 * copy there is no room: then a cut may leave some sectors old and some new. With
 * CAIRN_KV_REPLACE_DICTIONARY a cut may leave neither the dictionary nor the value. Removing
 * dictionaries works in place as well where there is no room to move them aside.
 *
 * Listing is ordered though FAT is not: a call reads the whole directory and keeps the smallest
 * names that fit into the list's memory. So a list of n entries, of which k fit at a time, costs
 * n/k readings of n entries.
 */
#ifndef CAIRN_KV_FAT_H
#define CAIRN_KV_FAT_H

#include <cairn/fat.h>
#include <cairn/kv.h>

CAIRN_BEGIN

/* A directory of this name holds, in the store's root, what is being written or removed. It is
 * there only while the store is open for writing; opening removes what a crash left in it. */
#define CAIRN_KV_FAT_RESERVED "KV-TEMP.$$$"

#define CAIRN_KV_FAT_MEM_LEAST 6144u       /* bytes */
#define CAIRN_KV_FAT_MEM_GOOD (64u * 1024) /* copies go in larger pieces */
#define CAIRN_KV_FAT_COPY_MAX (UINT64_C(1) << 20)

/* Zeros are the defaults. */
struct cairn_kv_fat_options {
    bool read_only;
    bool lazy;         /* changes are durable with cairn_kv_sync, or when the volume is synced */
    uint64_t copy_max; /* values up to this size are written by copy; 0: CAIRN_KV_FAT_COPY_MAX */
};

/* The store in the directory at `directory` of fs ("" is the root of the volume), which is there.
 * fs and mem stay the caller's, also when this fails, and outlive the store; only one store has a
 * directory at a time, and none lies below another's. Read-only when fs or the options say so.
 *   CAIRN_ENOENT, CAIRN_ENOTDIR  the directory
 *   CAIRN_ENOMEM   mem_bytes is below CAIRN_KV_FAT_MEM_LEAST
 *   CAIRN_ECORRUPT a crash left something, and the volume has not been checked since */
CAIRN_API enum cairn_err cairn_kv_fat_open(struct cairn_kv **kv, struct cairn_fat *fs,
                                           struct cairn_kv_key directory,
                                           const struct cairn_kv_fat_options *options, void *mem,
                                           size_t mem_bytes, struct cairn_why *why) CAIRN_MUST_USE;

CAIRN_END

#endif
