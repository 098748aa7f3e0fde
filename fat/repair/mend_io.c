/* SPDX-License-Identifier: ISC */
/* Changing the volume, as check sees it. */
#include "round.h"

#define RAW_PIECE 4096u /* of the FAT on the device, looked at together */
#define STATE_IN_USE 1u

/* ---- a pass -------------------------------------------------------------------------------- */

bool fat_mend_windows(struct fat_check *c)
{
    struct fat_mend *mend = c->mend;
    memset(&mend->window, 0, sizeof mend->window);
    memset(&mend->piece, 0, sizeof mend->piece);
    memset(&mend->raw, 0, sizeof mend->raw);
    mend->spare = mend->dirs = NULL;
    mend->next_free = 2;
    mend->none_free = false;
    mend->found = (struct fat_mend_found){ 0 };
    mend->shared = mend->pass == 1 || mend->meets;
    mend->tree_seen = mend->later = mend->starved = mend->meets = mend->size_stays = false;
    mend->mended = 0;
    return fat_check_window_take(c, &mend->window) && fat_check_window_take(c, &mend->piece) &&
           fat_check_window_take(c, &mend->raw);
}

/* What says that the volume is in use, before its other changes, and no more, behind them. */
static void state_put(struct fat_mend *mend)
{
    for (uint32_t i = 0; i < mend->state_count; i++) {
        const struct fat_mend_state_byte *byte = &mend->state[i];
        (void)fat_changes_put(mend->changes, byte->at, &byte->in_use, 1, FAT_ORDER_MARK);
        (void)fat_changes_put(mend->changes, byte->at, &byte->in_end, 1, FAT_ORDER_STATE);
    }
}

/* The bit of FAT[1]'s highest byte that is clear while the volume is in use. */
static uint8_t clean_bit(const struct fat_check *c)
{
    return c->geometry.type == CAIRN_FAT16 ? 0x80 : 0x08;
}

static void state_find(struct fat_check *c)
{
    struct fat_mend *mend = c->mend;
    uint32_t at = cairn_fat_boot_state_offset(c->geometry.type), bytes;
    uint8_t state = (uint8_t)(c->boot[at] & ~FAT_BOOT_MOVING); /* there is nothing to go on with */
    mend->state[0] = (struct fat_mend_state_byte){ at, state | STATE_IN_USE, state };
    mend->state_count = 1;
    if (c->geometry.type == CAIRN_FAT12) return;
    bytes = fatent_bytes(c->geometry.type);
    uint64_t high = c->fat_at + 2 * bytes - 1;
    uint8_t value = *fat_check_view(c, &mend->window, high, 1);
    mend->state[1] = (struct fat_mend_state_byte){ high, (uint8_t)(value & ~clean_bit(c)), value };
    mend->state_count = 2;
}

static void round_begin(struct fat_check *c)
{
    struct fat_round *round = c->mend->round;
    round->fat_at = c->fat_at;
    round->fat_bytes = cairn_min_u64(cairn_round_up(c->fat_bytes, round->unit),
                                     fat_check_sector_at(c, c->geometry.fat_sectors));
    round->copy_count = fat_check_copies_live(c);
    for (uint32_t copy = 1; copy < round->copy_count; copy++)
        round->copy_at[copy] = fat_check_copy_at(c, copy);
}

/* Blocks are written whole. */
static bool blocks_fit(struct fat_check *c)
{
    struct fat_mend *mend = c->mend;
    if (c->geometry.sector_bytes >= mend->round->unit) return true;
    mend->err = cairn_why_fail(mend->why, CAIRN_ENOTSUP,
                               "repair a volume with sectors of %u bytes on blocks of %u",
                               c->geometry.sector_bytes, mend->round->unit);
    cairn_why_hint(mend->why, "copy it to an image, repair that, and copy it back");
    return false;
}

bool fat_mend_begin(struct fat_check *c, size_t words)
{
    struct fat_mend *mend = c->mend;
    if (!blocks_fit(c)) return false;
    mend->lookups = c->entries + (1u << 20);
    mend->spare = cairn_arena_array(&c->arena, words, sizeof *mend->spare, 8);
    if (mend->dirs_first) mend->dirs = cairn_arena_array(&c->arena, words, sizeof *mend->dirs, 8);
    if (!mend->spare || (mend->dirs_first && !mend->dirs)) return false;
    if (mend->state_count) return true;
    round_begin(c);
    state_find(c);
    state_put(mend);
    return true;
}

void fat_mend_dirs_find(struct fat_check *c)
{
    struct cairn_fat_check_result keep = *c->result;
    size_t bytes = (size_t)cairn_div_up(c->entries, 64) * 8;
    uint64_t *dirs = c->mend->dirs;
    if (!dirs) return;
    c->mend->dirs = NULL;
    c->quiet = true;
    fat_check_tree(c);
    c->quiet = false;
    c->mend->dirs = dirs;
    memcpy(dirs, c->seen, bytes);
    memset(c->seen, 0, bytes);
    memset(c->mark, 0, bytes);
    c->claimed = 0;
    c->has_label = false;
    *c->result = keep;
}

/* ---- bytes --------------------------------------------------------------------------------- */

enum cairn_err fat_mend_write(struct fat_mend *mend, bool mirrors)
{
    enum fat_round_end end = mirrors ? FAT_ROUND_UNSOUND : FAT_ROUND_PART;
    mend->err = mend->unreadable ? CAIRN_EIO : fat_round_write(mend, end);
    mend->copies_differ &= !mirrors;
    mend->raw.at = mend->raw.end = 0;
    mend->changed = false;
    if (!mend->err) state_put(mend);
    return mend->err;
}

/* Views stay as they are: they show it already. */
static bool changes_write(struct fat_check *c)
{
    c->canceled |= fat_mend_write(c->mend, false) != CAIRN_OK;
    memset(c->holes, 0, sizeof c->holes);
    return !c->canceled;
}

bool fat_mend_room(struct fat_check *c, uint32_t puts, uint32_t bytes)
{
    struct fat_mend *mend = c->mend;
    if (c->canceled || mend->err) return false;
    if (fat_changes_room(mend->changes, puts, bytes)) return true;
    if (!mend->options->plan_only)
        return changes_write(c) && fat_changes_room(mend->changes, puts, bytes);
    mend->full = true;
    return false;
}

bool fat_mend_settle(struct fat_check *c, uint32_t cluster)
{
    if (c->mend->options->plan_only || cluster >= c->entries) return true;
    if (fat_mend_device_entry(c, cluster) != FATENT_FREE) return true;
    return changes_write(c);
}

static void window_show(struct fat_check_window *window, uint64_t at, const uint8_t *bytes,
                        uint32_t len)
{
    uint64_t from = cairn_max_u64(window->at, at), end = cairn_min_u64(window->end, at + len);
    if (from >= end) return;
    if (bytes)
        memcpy(window->buf + (from - window->at), bytes + (from - at), (size_t)(end - from));
    else
        memset(window->buf + (from - window->at), 0, (size_t)(end - from));
}

static void put(struct fat_check *c, uint64_t at, const void *bytes, uint32_t len, uint32_t order)
{
    struct fat_mend *mend = c->mend;
    if (!fat_changes_put(mend->changes, at, bytes, len, order)) {
        mend->full = true; /* a mender that asked for too little room */
        return;
    }
    mend->changed = true;
    window_show(&c->dir_window, at, bytes, len);
    window_show(&c->head, at, bytes, len);
    window_show(&mend->window, at, bytes, len);
    window_show(&mend->piece, at, bytes, len);
    for (uint32_t i = 0; i < c->window_count; i++)
        window_show(&c->windows[i], at, bytes, len);
}

void fat_mend_put(struct fat_check *c, uint64_t at, const void *bytes, uint32_t len,
                  enum fat_stage stage)
{
    put(c, at, bytes, len, FAT_ORDER_OF(stage));
}

void fat_mend_state(struct fat_check *c, uint32_t clear)
{
    struct fat_mend *mend = c->mend;
    uint8_t clean = clean_bit(c), set = 0;
    uint64_t backup = fat_check_sector_at(c, c->geometry.backup_boot) + mend->state[0].at;
    if (clear & 1u) set |= clean;
    if (clear & 2u) set |= clean >> 1;
    mend->state[0].in_end &= (uint8_t)~clear;
    mend->state[1].in_end |= set;
    for (uint32_t i = 0; i < mend->state_count; i++)
        put(c, mend->state[i].at, &mend->state[i].in_end, 1, FAT_ORDER_STATE);
    if (c->geometry.backup_boot) put(c, backup, &mend->state[0].in_end, 1, FAT_ORDER_STATE);
}

void fat_mend_state_reset(struct fat_check *c)
{
    struct fat_mend_state_byte *high = &c->mend->state[1];
    if (c->geometry.type == CAIRN_FAT12) return; /* FAT[1] holds no state */
    high->in_end |= c->geometry.type == CAIRN_FAT16 ? 0xFF : 0x0F;
    high->in_use = (uint8_t)(high->in_end & ~clean_bit(c));
    put(c, high->at, &high->in_use, 1, FAT_ORDER_MARK);
    fat_mend_state(c, 0);
}

/* ---- entries of the FAT -------------------------------------------------------------------- */

static bool is_used(uint32_t value)
{
    return value != FATENT_FREE && value != FATENT_BAD;
}

/* Counts, and what points where, follow the entry. */
static void entry_count(struct fat_check *c, uint32_t cluster, uint32_t old, uint32_t value)
{
    struct cairn_fat_check_result *result = c->result;
    if (cluster < 2) return;
    result->used_clusters += is_used(value);
    result->used_clusters -= is_used(old);
    result->free_clusters += (value == FATENT_FREE);
    result->free_clusters -= (old == FATENT_FREE);
    result->bad_clusters -= (old == FATENT_BAD);
    if (fat_check_in_range(c, value) && value < c->entries && !fat_check_bit(c->seen, value))
        fat_check_bit_set(c->mark, value);
}

/* Entries of a FAT12 share bytes: such a byte is not changed in two stages of a round. */
void fat_mend_entry(struct fat_check *c, uint32_t cluster, uint32_t value, enum fat_stage stage)
{
    enum cairn_fat_type type = c->geometry.type;
    uint64_t at = c->fat_at + fatent_offset(type, cluster);
    uint32_t len = fatent_bytes(type), old = fat_check_next(c, cluster);
    bool mixed =
        type == CAIRN_FAT12 && fat_changes_mix(c->mend->changes, at, len, FAT_ORDER_OF(stage));
    uint8_t bytes[4];
    if (mixed && !c->mend->options->plan_only && !changes_write(c)) return;
    memcpy(bytes, fat_check_view(c, c->window, at, len), len);
    fatent_put(type, bytes, cluster, value);
    fat_mend_put(c, at, bytes, len, stage);
    entry_count(c, cluster, old, value);
}

static uint32_t raw_entry(struct fat_check *c, uint64_t fat_at, uint32_t cluster)
{
    enum cairn_fat_type type = c->geometry.type;
    uint64_t at = fat_at + fatent_offset(type, cluster), start = at / RAW_PIECE * RAW_PIECE;
    const uint8_t *piece = fat_check_view(c, &c->mend->raw, start, RAW_PIECE + 4);
    return fatent_get(type, piece + (at - start), cluster);
}

uint32_t fat_mend_device_entry(struct fat_check *c, uint32_t cluster)
{
    return raw_entry(c, c->fat_at, cluster);
}

/* Free on the device: as long as the copies are alike, one speaks for all. */
static bool is_free_there(struct fat_check *c, uint32_t cluster)
{
    uint32_t copies = c->mend->copies_differ ? fat_check_copies_live(c) : 1;
    if (fat_mend_device_entry(c, cluster) != FATENT_FREE) return false;
    for (uint32_t copy = 1; copy < copies; copy++)
        if (raw_entry(c, fat_check_copy_at(c, copy), cluster) != FATENT_FREE) return false;
    return true;
}

static bool is_free(struct fat_check *c, uint32_t cluster)
{
    return !fat_check_bit(c->seen, cluster) && !fat_check_bit(c->mark, cluster) &&
           fat_check_next(c, cluster) == FATENT_FREE && is_free_there(c, cluster);
}

/* The next free cluster, once around; 0: none. */
static uint32_t free_find(struct fat_check *c)
{
    struct fat_mend *mend = c->mend;
    uint32_t end = c->entries < c->outside ? c->entries : c->outside;
    for (uint32_t i = 2; i < end && !mend->none_free; i++) {
        uint32_t cluster = mend->next_free;
        mend->next_free = cluster + 1 < end ? cluster + 1 : 2;
        if (is_free(c, cluster)) return cluster;
    }
    mend->none_free = true;
    mend->starved |= c->result->free_clusters > 0;
    return 0;
}

bool fat_mend_free_left(const struct fat_check *c, uint64_t clusters)
{
    return !c->mend->none_free && clusters <= c->result->free_clusters;
}

uint32_t fat_mend_take(struct fat_check *c)
{
    bool early = c->mend->pass == 1 && !c->mend->tree_seen;
    c->mend->waits |= early;
    c->mend->later |= early;
    uint32_t cluster = early ? 0 : free_find(c);
    if (cluster == 0 || !fat_mend_room(c, 2, 8)) return 0;
    fat_mend_entry(c, cluster, FATENT_END, FAT_STAGE_NEW);
    fat_check_bit_set(c->seen, cluster);
    c->claimed++;
    return cluster;
}

uint32_t fat_mend_take_dir(struct fat_check *c)
{
    uint32_t cluster = fat_mend_take(c), bytes;
    if (cluster == 0) return 0;
    fat_check_bit_set(c->mark, cluster);
    for (uint32_t done = 0; done < c->geometry.cluster_bytes; done += bytes) {
        bytes = (uint32_t)cairn_min_u64(c->geometry.cluster_bytes - done, FAT_CHANGES_BYTES);
        if (!fat_mend_room(c, 2, bytes)) return 0;
        fat_mend_put(c, fat_check_cluster_at(c, cluster) + done, NULL, bytes, FAT_STAGE_NEW);
    }
    return cluster;
}

uint32_t fat_mend_free(struct fat_check *c, uint32_t first)
{
    uint32_t count = 0, cluster = first;
    while (cluster >= 2 && cluster < c->entries && !fat_check_bit(c->seen, cluster)) {
        uint32_t next = fat_check_next(c, cluster);
        if (next == FATENT_FREE || next == FATENT_BAD || !fat_mend_room(c, 2, 8)) break;
        fat_mend_entry(c, cluster, FATENT_FREE, FAT_STAGE_FREE);
        cluster = next;
        count++;
    }
    return count;
}

/* ---- the other copies ---------------------------------------------------------------------- */

/* In the first pass that is known when the whole FAT was looked at. */
static bool copies_may_differ(const struct fat_check *c)
{
    return c->mend->pass == 1 || c->mend->copies_differ;
}

/* The cluster it leads to is nobody's, and used: says this copy, or the one in force. */
static bool is_good(struct fat_check *c, uint32_t copy, uint32_t value)
{
    if (value == FATENT_END) return true;
    if (!fat_check_in_range(c, value) || value >= c->entries) return false;
    if (fat_check_bit(c->seen, value)) return false;
    return is_used(fat_check_next(c, value)) ||
           is_used(raw_entry(c, fat_check_copy_at(c, copy), value));
}

bool fat_mend_is_used(struct fat_check *c, uint32_t cluster)
{
    bool used = is_used(fat_check_next(c, cluster));
    for (uint32_t copy = 1; !used && copies_may_differ(c) && copy < fat_check_copies_live(c);
         copy++)
        used = is_used(raw_entry(c, fat_check_copy_at(c, copy), cluster));
    return used;
}

bool fat_mend_vote(struct fat_check *c, uint32_t cluster)
{
    uint32_t now = fat_check_next(c, cluster);
    if (!copies_may_differ(c)) return false;
    if (cluster >= c->entries) return false;
    for (uint32_t copy = 1; copy < fat_check_copies_live(c); copy++) {
        uint32_t value = raw_entry(c, fat_check_copy_at(c, copy), cluster);
        if (value == now || !is_good(c, copy, value)) continue;
        if (!fat_mend_room(c, 2, 8)) return false;
        fat_mend_entry(c, cluster, value, FAT_STAGE_LINK);
        fat_mend_say(c, "the entry of cluster %u is taken from FAT %u", cluster, copy);
        return true;
    }
    return false;
}

/* ---- slots --------------------------------------------------------------------------------- */

void fat_mend_slot(struct fat_check *c, uint64_t slot_at, uint32_t offset, const void *bytes,
                   uint32_t len, enum fat_stage stage)
{
    fat_mend_put(c, slot_at + offset, bytes, len, stage);
}

void fat_mend_slot_remove(struct fat_check *c, uint64_t slot_at)
{
    const uint8_t removed = FAT_SLOT_FREE;
    fat_mend_slot(c, slot_at, 0, &removed, 1, FAT_STAGE_REMOVE);
}

void fat_mend_slot_start(struct fat_check *c, uint64_t slot_at, uint32_t start,
                         enum fat_stage stage)
{
    uint8_t low[2], high[2];
    cairn_le16_put(low, (uint16_t)start);
    cairn_le16_put(high, (uint16_t)(start >> 16));
    fat_mend_slot(c, slot_at, FAT_SLOT_START_LOW, low, sizeof low, stage);
    if (c->geometry.type != CAIRN_FAT32) return;
    fat_mend_slot(c, slot_at, FAT_SLOT_START_HIGH, high, sizeof high, stage);
}

void fat_mend_slot_size(struct fat_check *c, uint64_t slot_at, uint32_t size)
{
    uint8_t bytes[4];
    cairn_le32_put(bytes, size);
    fat_mend_slot(c, slot_at, FAT_SLOT_SIZE, bytes, sizeof bytes, FAT_STAGE_REMOVE);
}
