/* SPDX-License-Identifier: ISC */
/*
 * Changes to a device that are not written yet: runs of bytes, each with the place in the order of
 * writing that its stage has. What is read is shown with them; fat/repair/round.c writes them.
 *
 *   (1) A byte is what the newest change of it says; as of an order, the newest of that order or a
 *       lower one; without such, what the device says.
 *   (2) The device is only read from here.
 *   (3) Memory is what init was given; a change that does not fit is refused whole.
 */
#ifndef CAIRN_FAT_CHANGES_H
#define CAIRN_FAT_CHANGES_H

#include <cairn/blk.h>

#include "../stage.h"

/* The order of writing: before all stages the volume says that it is in use, behind them that it no
 * longer is. */
#define FAT_ORDER_MARK 0u
#define FAT_ORDER_OF(stage) ((uint32_t)(stage) + 1u)
#define FAT_ORDER_STATE ((uint32_t)FAT_STAGE_COUNT + 1u)

struct fat_changes;

/* The least memory, and what it holds for sure: this many changes of this many bytes in all. */
#define FAT_CHANGES_LEAST (256u << 10)
#define FAT_CHANGES_PUTS 64u
#define FAT_CHANGES_BYTES 65536u

/* In mem, which the caller keeps; NULL: too little. The unit of keeping and of writing is a block
 * of the device. */
struct fat_changes *fat_changes_init(const struct cairn_blk *dev, void *mem, size_t bytes);

/* Do so many changes, of so many bytes in all, and so many copies fit yet? */
bool fat_changes_room(const struct fat_changes *changes, uint32_t puts, uint32_t bytes);

/* Bytes [at, at + len) of the device become `bytes` (NULL: zeros); may cross blocks. false: no
 * room, nothing is changed. */
bool fat_changes_put(struct fat_changes *changes, uint64_t at, const void *bytes, uint32_t len,
                     uint32_t order);

/* Data: `bytes` at `to` become what the device has at `from`; all multiples of a block. Goes with
 * the stage NEW; not shown by fat_changes_show. false: no room. */
bool fat_changes_copy(struct fat_changes *changes, uint64_t from, uint64_t to, uint64_t bytes);

/* Make bytes read from the device at `at` what they are as of an order; show: in the end. */
void fat_changes_apply(const struct fat_changes *changes, uint32_t order, uint64_t at, uint8_t *buf,
                       size_t len);
void fat_changes_show(const struct fat_changes *changes, uint64_t at, uint8_t *buf, size_t len);

/* Does any change touch [at, at + len)? Does one of another order? */
bool fat_changes_touch(const struct fat_changes *changes, uint64_t at, uint64_t len);
bool fat_changes_mix(const struct fat_changes *changes, uint64_t at, uint32_t len, uint32_t order);

/* The changed blocks of the device in order, those that lie together at once: at most `most` bytes.
 * Only those with a change of `order`, or all (FAT_ORDER_ANY). Start with a zeroed run; false: no
 * more. Nothing is put meanwhile. */
#define FAT_ORDER_ANY UINT32_MAX
struct fat_changes_run {
    uint64_t at;
    uint32_t bytes;
    const void *next;
    bool begun;
};
bool fat_changes_next(struct fat_changes *changes, struct fat_changes_run *run, uint32_t order,
                      uint32_t most);

/* The copies, in the order made. */
struct fat_changes_copy {
    const struct fat_changes_copy *next;
    uint64_t from, to, bytes;
};
const struct fat_changes_copy *fat_changes_copies(const struct fat_changes *changes);

/* Forget all changes. */
void fat_changes_clear(struct fat_changes *changes);

#endif
