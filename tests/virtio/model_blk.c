/* SPDX-License-Identifier: ISC */
/* Requests of virtio-blk (virtio 1.3, section 5.2.6), and the lies about them. */
#include "model.h"
#include <cairn/bytes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECTOR 512u

enum { T_IN, T_OUT, T_FLUSH = 4, T_GET_ID = 8, T_LIFETIME = 10, T_DISCARD = 11, T_ZEROES = 13 };
enum { S_OK, S_IOERR, S_UNSUPP };

bool model_rule(const struct model *model, bool held, const char *rule)
{
    if (held || model->plan.draw) return held;
    fprintf(stderr, "the driver breaks a rule: %s\n", rule);
    abort();
}

uint64_t model_draw(struct model *model, uint64_t max)
{
    return model->plan.draw ? model->plan.draw(model->plan.ctx, max) : 0;
}

bool model_lies(struct model *model, uint64_t once_in)
{
    return model->plan.draw && model_draw(model, once_in) == once_in;
}

uint8_t *model_memory(const struct model *model, uint64_t address, uint64_t bytes)
{
    uint64_t from = (uint64_t)(uintptr_t)model->plan.reach, all = model->plan.reach_bytes;
    address -= MODEL_ADDRESS_BIAS;
    if (address > UINTPTR_MAX || bytes > UINT32_MAX) return NULL;
    if (model->plan.reach && !(address >= from && cairn_range_fits(address - from, bytes, all)))
        return NULL;
    return (uint8_t *)(uintptr_t)address;
}

/* The bytes that one side writes, as one row. */
struct row {
    const struct model_chain *chain;
    bool writable;
    uint16_t seg;
    uint32_t done; /* of seg */
};

/* Copy to or from the next bytes of a row; the bytes there were. */
static uint32_t row_copy(struct row *row, uint8_t *data, uint64_t bytes)
{
    uint32_t copied = 0;
    for (; copied < bytes && row->seg < row->chain->count; row->seg++, row->done = 0) {
        const struct model_seg *seg = &row->chain->segs[row->seg];
        if (seg->writable != row->writable) continue;
        uint32_t part = (uint32_t)cairn_min_u64(bytes - copied, seg->bytes - row->done);
        if (row->writable)
            memcpy(seg->data + row->done, data + copied, part);
        else
            memcpy(data + copied, seg->data + row->done, part);
        copied += part;
        row->done += part;
        if (row->done < seg->bytes) break;
    }
    return copied;
}

static uint64_t row_bytes(const struct model_chain *chain, bool writable)
{
    uint64_t bytes = 0;
    for (uint16_t i = 0; i < chain->count; i++)
        if (chain->segs[i].writable == writable) bytes += chain->segs[i].bytes;
    return bytes;
}

/* NULL: it is not in the disk, or bad. */
static uint8_t *disk_at(const struct model *model, uint64_t sector, uint64_t bytes)
{
    bool fits = bytes % SECTOR == 0 && cairn_range_fits(sector, bytes / SECTOR, model->sectors);
    if (!model_rule(model, fits, "requests lie in the disk")) return NULL;
    uint64_t end = sector + bytes / SECTOR;
    bool is_bad = sector < model->bad_first + model->bad_count && model->bad_first < end;
    return is_bad ? NULL : model->disk + sector * SECTOR;
}

static void segs_judge(struct model *model, const struct model_chain *chain)
{
    uint32_t segs = chain->count - 2u;
    bool limited = model_takes(model, MODEL_F(MODEL_F_SEG_MAX));
    model_rule(model, segs <= (limited ? model->plan.seg_max : 1), "seg_max is kept");
    for (uint32_t i = 1; i <= segs; i++) {
        const struct model_seg *seg = &chain->segs[i];
        if (model_takes(model, MODEL_F(MODEL_F_SIZE_MAX)))
            model_rule(model, seg->bytes <= model->plan.size_max, "size_max is kept");
        if (model->seen_count == MODEL_SEEN_MAX) continue;
        model->seen[model->seen_count].data = seg->data;
        model->seen[model->seen_count++].bytes = seg->bytes;
    }
}

static uint8_t do_range(const struct model *model, uint32_t type, struct row *in)
{
    uint8_t range[16];
    if (!model_rule(model, row_copy(in, range, 16) == 16, "a range follows")) return S_IOERR;
    uint64_t sectors = cairn_le32(range + 8), bytes = sectors * SECTOR;
    uint32_t flags = cairn_le32(range + 12);
    model_rule(model, sectors <= model->plan.range_sectors_max, "ranges are as short as said");
    model_rule(model, flags <= (type == T_ZEROES ? 1u : 0u), "flags are known");
    uint8_t *at = disk_at(model, cairn_le64(range), bytes);
    if (!at) return S_IOERR;
    memset(at, type == T_ZEROES ? 0 : 0xd5, (size_t)bytes);
    return S_OK;
}

static uint8_t do_data(struct model *model, uint64_t sector, struct row *row, uint64_t bytes)
{
    segs_judge(model, row->chain);
    uint8_t *at = disk_at(model, sector, bytes);
    if (!at) return S_IOERR;
    row_copy(row, at, bytes);
    return S_OK;
}

static uint8_t do_answer(struct row *out, uint32_t type)
{
    uint8_t id[20] = "cairn model 1", life[6] = { 1, 0, 3, 0, 4, 0 };
    if (type == T_GET_ID)
        row_copy(out, id, sizeof id);
    else
        row_copy(out, life, sizeof life);
    return S_OK;
}

static bool is_known(const struct model *model, uint32_t type)
{
    switch (type) {
    case T_IN:
    case T_OUT:
    case T_GET_ID:
        return true;
    case T_FLUSH:
        return model_takes(model, MODEL_F(MODEL_F_FLUSH));
    case T_LIFETIME:
        return model_takes(model, MODEL_F(MODEL_F_LIFETIME));
    case T_DISCARD:
        return model_takes(model, MODEL_F(MODEL_F_DISCARD));
    case T_ZEROES:
        return model_takes(model, MODEL_F(MODEL_F_WRITE_ZEROES));
    default:
        return false;
    }
}

static uint8_t request_do(struct model *model, const struct model_chain *chain)
{
    struct row in = { .chain = chain }, out = { .chain = chain, .writable = true };
    uint8_t header[16];
    if (!model_rule(model, row_copy(&in, header, 16) == 16, "a header comes first")) return S_IOERR;
    uint32_t type = cairn_le32(header);
    uint64_t sector = cairn_le64(header + 8);
    bool changes = type == T_OUT || type == T_DISCARD || type == T_ZEROES;
    if (!model_rule(model, is_known(model, type), "requests are of features taken"))
        return S_UNSUPP;
    if (changes && model_takes(model, MODEL_F(MODEL_F_RO))) return S_IOERR;
    if (type == T_FLUSH) model->flushes++;
    if (type == T_IN) return do_data(model, sector, &out, row_bytes(chain, true) - 1);
    if (type == T_OUT) return do_data(model, sector, &in, row_bytes(chain, false) - 16);
    if (type == T_DISCARD || type == T_ZEROES) return do_range(model, type, &in);
    if (type == T_FLUSH) return model->bad_flush ? S_IOERR : S_OK;
    model_rule(model, row_bytes(chain, true) - 1 == (type == T_GET_ID ? 20 : 6),
               "answers have the length of their structures");
    return do_answer(&out, type);
}

uint32_t model_request(struct model *model, const struct model_chain *chain)
{
    const struct model_seg *last = &chain->segs[chain->count - 1];
    if (!model_rule(model, chain->count >= 2 && last->writable, "a status comes last")) return 0;
    if (!model_rule(model, row_bytes(chain, false) >= 16, "a header comes first")) return 0;
    model->requests++;
    uint8_t status = request_do(model, chain);
    bool fails = model->requests == model->fail_at;
    if (fails) status = model->fail_status;
    if (model_lies(model, 12)) status = (uint8_t)model_draw(model, 255);
    bool silent = model_lies(model, 30) || (fails && model->fail_silent);
    if (!silent) last->data[last->bytes - 1] = status;
    return (uint32_t)row_bytes(chain, true) + (fails ? (uint32_t)model->fail_length : 0);
}

/* What was done in one go, to be given back. */
struct done {
    uint32_t id, bytes;
    uint16_t descs;
};

static uint64_t random_below(struct model *model, uint64_t count)
{
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (model->random >> 33) % count;
}

static void shuffle(struct model *model, struct done *done, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)random_below(model, i);
        struct done was = done[i - 1];
        done[i - 1] = done[other];
        done[other] = was;
    }
}

/* Lies that a used entry may hold, and whether it comes at all, or twice. */
static void give_lying(struct model *model, struct model_queue *q, struct done done,
                       uint16_t chains)
{
    if (model_lies(model, 20)) done.id = (uint32_t)model_draw(model, UINT32_MAX);
    if (model_lies(model, 20)) done.id = (uint32_t)model_draw(model, q->size - 1u);
    if (model_lies(model, 12)) done.bytes = (uint32_t)model_draw(model, UINT32_MAX);
    if (model_lies(model, 20)) return;
    model_ring_give(model, q, done.id, done.bytes, chains, done.descs);
    if (model_lies(model, 20)) model_ring_give(model, q, done.id, done.bytes, chains, done.descs);
    if (model_lies(model, 16) && model->shared)
        model->shared[model_draw(model, model->shared_bytes - 1)] = (uint8_t)model_draw(model, 255);
    if (model_lies(model, 40)) model->status |= CAIRN_VIRTIO_NEEDS_RESET;
}

/* With IN_ORDER one entry stands for a group. */
static void give_all(struct model *model, struct model_queue *q, struct done *done, size_t count)
{
    bool in_order = model_takes(model, CAIRN_VIRTIO_F_IN_ORDER);
    if (model->plan.shuffle && !in_order) shuffle(model, done, count);
    for (size_t i = 0, group; i < count; i += group) {
        group = in_order && model->plan.shuffle ? 1 + (size_t)random_below(model, count - i) : 1;
        struct done last = done[i + group - 1];
        for (size_t j = i; j + 1 < i + group; j++)
            last.descs = (uint16_t)(last.descs + done[j].descs);
        give_lying(model, q, last, (uint16_t)group);
    }
}

void model_run(struct model *model, struct model_queue *q)
{
    static _Thread_local struct model_chain chain;
    static _Thread_local struct done done[MODEL_QUEUE_SIZE_MAX];
    size_t count = q->ready;
    while (count) {
        count = 0;
        while (count < q->size && model_ring_take(model, q, &chain)) {
            if (model->mute_at && model->requests + 1 >= model->mute_at) return;
            if (model->lose_sector && cairn_le64(chain.segs[0].data + 8) >= model->lose_sector)
                continue;
            done[count].id = chain.id;
            done[count].descs = chain.descs;
            done[count++].bytes = model_request(model, &chain);
        }
        give_all(model, q, done, count);
        model_ring_ask(model, q);
    }
}
