/* SPDX-License-Identifier: ISC */
/* Bitmap and index pages in memory: private to space*.c. */
#ifndef CAIRN_KV_NATIVE_SPACE_SLOT_H
#define CAIRN_KV_NATIVE_SPACE_SLOT_H

#include "bits.h"
#include "codec.h"
#include "space.h"

#define KVN_SLOTS_LEAST 4u /* a path of three levels, and one to evict */
#define KVN_SLOT_NONE UINT32_MAX

static inline uint8_t *kvn_slot_bits(const struct kvn_space_slot *slot)
{
    return slot->page + KVN_BITS_AT;
}

/* The generation that is being built: what changes behind kvn_space_write is of the next one. */
static inline uint64_t kvn_space_building(const struct kvn_space *space)
{
    return space->shape.generation + 1 + space->written;
}

/* How far the search has come, in groups, when it is at this one. */
static inline uint64_t kvn_space_distance(const struct kvn_space *space, uint64_t group)
{
    uint64_t groups = kvn_groups(&space->shape);
    return group >= space->start ? group - space->start : group + groups - space->start;
}

/* The page of that level and number, read if it is not here, and all pages above it. */
enum cairn_err kvn_slot_get(struct kvn_space *space, uint32_t level, uint64_t number,
                            struct kvn_space_slot **slot, struct cairn_why *why) CAIRN_MUST_USE;
/* The same of one that is here. */
struct kvn_space_slot *kvn_slot_here(struct kvn_space *space, uint32_t level, uint64_t number);
/* An empty slot; what was in it is written if it must be. */
enum cairn_err kvn_slot_take(struct kvn_space *space, struct kvn_space_slot **slot,
                             struct cairn_why *why) CAIRN_MUST_USE;
/* Have the slot found as that page, whose parent counts it. */
void kvn_slot_link(struct kvn_space *space, struct kvn_space_slot *slot, uint32_t level,
                   uint64_t number);
/* So many pages more, or fewer, are free in a bitmap page: it and those above it know. */
void kvn_slot_adjust(struct kvn_space *space, struct kvn_space_slot *slot, int64_t more);
/* Free pages under a page that is in memory or not. */
enum cairn_err kvn_slot_free_under(struct kvn_space *space, uint32_t level, uint64_t number,
                                   uint64_t *free_pages, struct cairn_why *why) CAIRN_MUST_USE;
/* Write every page that changed, from the bitmap upward. */
enum cairn_err kvn_slots_write(struct kvn_space *space, struct cairn_why *why) CAIRN_MUST_USE;

/* Read home `home` of a page into `page`; *whole: it holds that page, and its head is `head`. */
enum cairn_err kvn_home_read(struct kvn_space *space, uint32_t level, uint64_t number,
                             uint32_t home, uint8_t *page, bool *whole, struct kvn_bits_head *head,
                             struct cairn_why *why) CAIRN_MUST_USE;

/* Learn what is busy in the group that the search is in. */
enum cairn_err kvn_space_enter(struct kvn_space *space, struct cairn_why *why) CAIRN_MUST_USE;
/* Have the search go on in a group ahead of where it is: what replaying speaks of lies there. */
enum cairn_err kvn_space_jump(struct kvn_space *space, uint64_t group,
                              struct cairn_why *why) CAIRN_MUST_USE;

#endif
