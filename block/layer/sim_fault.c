/* SPDX-License-Identifier: ISC */
/* What befalls single requests of sim. */
#include "sim.h"

/* ---- the bytes of a request ------------------------------------------------------------------ */

/* Where byte `at` of the request is; NULL: it is a zero. */
static uint8_t *request_byte(const struct cairn_blk_req *req, uint64_t at)
{
    struct blk_cursor memory = { req->segs, 0 };
    if (!req->seg_count) return NULL;
    blk_cursor_skip(&memory, at);
    return blk_cursor_next(&memory, 1).data;
}

static void unit_copy(uint8_t *to, const struct cairn_blk_req *req, uint64_t at, uint32_t bytes)
{
    const uint8_t *from = request_byte(req, at);
    if (from)
        memcpy(to, from, bytes);
    else
        memset(to, 0, bytes);
}

/* ---- faults ---------------------------------------------------------------------------------- */

enum cairn_err blk_sim_change(struct cairn_blk_sim *sim, struct cairn_blk_req *req)
{
    bool kept, is_native = sim->base.info.fua == CAIRN_BLK_NATIVE;
    bool is_fua = is_native && (req->flags & CAIRN_BLK_FUA);
    enum cairn_err err = blk_sim_remember(sim, req->block, req->count, &kept, req->why);
    if (!err) err = blk_layer_submit(&sim->base, req, 1);
    if (!err && (is_fua || !kept))
        err = blk_sim_settle_range(sim, req->block, req->count, req->why);
    return err;
}

/* Which units of a torn change took effect: the first ones, or any. */
struct tear {
    bool in_order;
    uint64_t kept; /* of those in order */
};

static bool unit_is_kept(struct cairn_blk_sim *sim, const struct tear *tear, uint64_t unit)
{
    return tear->in_order ? unit < tear->kept : blk_sim_draw(sim, 2) != 0;
}

/* One block of the torn request, `at` bytes from its beginning. */
static enum cairn_err block_tear(struct cairn_blk_sim *sim, const struct cairn_blk_req *req,
                                 uint64_t at, const struct tear *tear)
{
    uint32_t block_bytes = sim->base.info.block_bytes, unit = blk_sim_atomic(&sim->plan);
    uint64_t block = req->block + at / block_bytes;
    bool kept, changed = false;
    enum cairn_err err = blk_sim_get(sim, block, sim->scratch, req->why);
    for (uint32_t i = 0; !err && i < block_bytes; i += unit) {
        if (!unit_is_kept(sim, tear, (at + i) / unit)) continue;
        unit_copy(sim->scratch + i, req, at + i, unit);
        changed = true;
    }
    if (err || !changed) return err;
    err = blk_sim_remember(sim, block, 1, &kept, req->why);
    return err ? err : blk_sim_put(sim, block, sim->scratch, req->why);
}

static enum cairn_err change_tear(struct cairn_blk_sim *sim, const struct cairn_blk_req *req)
{
    uint32_t block_bytes = sim->base.info.block_bytes, unit = blk_sim_atomic(&sim->plan);
    uint64_t bytes = req->count * block_bytes;
    if (!bytes) return CAIRN_OK;
    struct tear tear = { .in_order = blk_sim_draw(sim, 2) };
    tear.kept = blk_sim_draw(sim, bytes / unit);
    enum cairn_err err = CAIRN_OK;
    for (uint64_t at = 0; !err && at < bytes; at += block_bytes)
        err = block_tear(sim, req, at, &tear);
    return err;
}

/* Other blocks, if the device has any. */
static enum cairn_err change_misdirect(struct cairn_blk_sim *sim, const struct cairn_blk_req *req,
                                       uint64_t distance)
{
    struct cairn_blk_req other = *req;
    uint64_t places = sim->base.info.block_count - req->count + 1;
    if (places < 2) return CAIRN_OK;
    if (!distance) distance = 1 + blk_sim_draw(sim, places - 1);
    other.block = (req->block + distance % places) % places;
    return blk_sim_change(sim, &other);
}

/* One of the blocks that have an older version shows it. Segments are whole blocks. */
static void read_stale(struct cairn_blk_sim *sim, const struct cairn_blk_req *req)
{
    uint32_t block_bytes = sim->base.info.block_bytes;
    uint64_t start = req->count ? blk_sim_draw(sim, req->count) : 0;
    for (uint64_t i = 0; i < req->count; i++) {
        uint64_t at = (start + i) % req->count;
        const struct blk_sim_entry *entry = blk_sim_find(sim, req->block + at);
        if (!entry || !entry->versions) continue;
        uint32_t version = (uint32_t)blk_sim_draw(sim, entry->versions);
        memcpy(request_byte(req, at * block_bytes), blk_sim_older(sim, entry, version),
               block_bytes);
        return;
    }
}

/* What is at rest changes under all that is remembered. */
static enum cairn_err bit_flip(struct cairn_blk_sim *sim, uint64_t block, uint64_t bit,
                               struct cairn_why *why)
{
    bool kept, is_new = sim->options.tracked && !blk_sim_find(sim, block);
    enum cairn_err err = is_new ? blk_sim_remember(sim, block, 1, &kept, why) : CAIRN_OK;
    if (!err) err = blk_sim_get(sim, block, sim->scratch, why);
    if (err) return err;
    sim->scratch[bit / 8] ^= (uint8_t)(1u << bit % 8);
    err = blk_sim_put(sim, block, sim->scratch, why);
    struct blk_sim_entry *entry = blk_sim_find(sim, block);
    if (err || !entry || (entry->versions && !is_new)) return err;
    return blk_sim_settle_entry(sim, entry, why);
}

enum cairn_err blk_sim_rot(struct cairn_blk_sim *sim, const struct cairn_blk_sim_rule *rule,
                           const struct cairn_blk_req *req, struct cairn_why *why)
{
    uint64_t all = sim->base.info.block_count, first = 0, count = all;
    if (rule->count) {
        first = cairn_min_u64(rule->block, all);
        count = cairn_min_u64(rule->count, all - first);
    } else if (req) {
        first = req->block;
        count = req->count;
    }
    if (!count) return CAIRN_OK;
    uint64_t block = first + blk_sim_draw(sim, count);
    return bit_flip(sim, block, blk_sim_draw(sim, sim->base.info.block_bytes * UINT64_C(8)), why);
}

/* ---- one request ----------------------------------------------------------------------------- */

static enum cairn_err fail(struct cairn_blk_sim *sim, struct cairn_blk_req *req, enum cairn_err err,
                           const char *what)
{
    return blk_req_fail(&sim->base, req, 0, err ? err : CAIRN_EIO, 0, what);
}

static enum cairn_err cut(struct cairn_blk_sim *sim, struct cairn_blk_req *req)
{
    return fail(sim, req, blk_sim_power_off(sim, NULL), "the power is cut");
}

static enum cairn_err read_do(struct cairn_blk_sim *sim, struct cairn_blk_req *req,
                              const struct blk_sim_hit *hit)
{
    const struct cairn_blk_sim_rule *rot = hit->by[CAIRN_BLK_FAULT_ROT];
    enum cairn_err err = rot ? blk_sim_rot(sim, rot, req, req->why) : CAIRN_OK;
    if (!err) err = blk_layer_submit(&sim->base, req, 1);
    if (!err && hit->by[CAIRN_BLK_FAULT_STALE]) read_stale(sim, req);
    return err;
}

static enum cairn_err change_do(struct cairn_blk_sim *sim, struct cairn_blk_req *req,
                                const struct blk_sim_hit *hit)
{
    const struct cairn_blk_sim_rule *rot = hit->by[CAIRN_BLK_FAULT_ROT];
    const struct cairn_blk_sim_rule *misdirect = hit->by[CAIRN_BLK_FAULT_MISDIRECT];
    if (hit->by[CAIRN_BLK_FAULT_LOST]) return CAIRN_OK;
    enum cairn_err err =
        misdirect ? change_misdirect(sim, req, misdirect->value) : blk_sim_change(sim, req);
    return !err && rot ? blk_sim_rot(sim, rot, req, req->why) : err;
}

static enum cairn_err suffer(struct cairn_blk_sim *sim, struct cairn_blk_req *req,
                             const struct blk_sim_hit *hit)
{
    const struct cairn_blk_sim_rule *power = hit->by[CAIRN_BLK_FAULT_CUT];
    const struct cairn_blk_sim_rule *error = hit->by[CAIRN_BLK_FAULT_ERROR];
    const struct cairn_blk_sim_rule *torn = hit->by[CAIRN_BLK_FAULT_TORN];
    bool is_read = req->op == CAIRN_BLK_READ;
    if (power && power->cut == CAIRN_BLK_CUT_BEFORE) return cut(sim, req);
    if (error) return fail(sim, req, error->err, "fails as planned");
    bool tears = torn || (power && power->cut == CAIRN_BLK_CUT_HALF);
    enum cairn_err err = CAIRN_OK;
    if (tears && !is_read)
        err = change_tear(sim, req);
    else
        err = is_read ? read_do(sim, req, hit) : change_do(sim, req, hit);
    if (power) return cut(sim, req);
    return torn && !is_read && !err ? fail(sim, req, torn->err, "is torn as planned") : err;
}

/* A failure of a request before it keeps the explanation that they share. */
enum cairn_err blk_sim_suffer(struct cairn_blk_sim *sim, struct cairn_blk_req *reqs, size_t at,
                              const struct blk_sim_hit *hit)
{
    struct cairn_blk_req alone = reqs[at];
    if (!blk_why_is_first(reqs, at)) alone.why = NULL;
    reqs[at].status = suffer(sim, &alone, hit);
    return reqs[at].status;
}
