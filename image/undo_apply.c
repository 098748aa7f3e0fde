/* SPDX-License-Identifier: ISC */
/*
 * Taking a repair back. Three passes: the file is read whole and hashed; each block of the image
 * that it speaks of is compared; then what differs is put back. Only places are kept in memory.
 */
#include "undo.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a block in a round that was cut, so many bytes may differ although the round leaves them as
 * they are: the volume's mark that it is in use, which comes first and goes last. */
#define MARK_BYTES 1u

/* Where a record is, and what of. */
struct place {
    uint64_t block, record;
};

/* What the records of one block say together. */
struct story {
    uint8_t *first;   /* as the block was */
    uint8_t *last;    /* as the repair left it */
    uint8_t *touched; /* by byte: 0 where no round changed it */
    bool loose;       /* it belongs to a round that may have been cut */
};

struct undo {
    int fd;
    struct cairn_blk *dev;
    struct img_undo_header header;
    size_t record_bytes;
    struct place *places; /* by block, then record */
    uint8_t *record;      /* one of them */
    uint8_t *block;       /* the image's */
    struct story story;
    struct cairn_image_undo_result *result;
    struct cairn_why *why;
};

static enum cairn_err damaged(const struct undo *undo, const char *how)
{
    enum cairn_err err = cairn_why_fail(undo->why, CAIRN_ECORRUPT, "the undo file %s", how);
    cairn_why_hint(undo->why, "nothing was changed; use an undamaged copy of it");
    return err;
}

static enum cairn_err bytes_read(const struct undo *undo, uint64_t at, void *buf, size_t len)
{
    uint8_t *to = buf;
    while (len > 0) {
        ssize_t got = pread(undo->fd, to, len, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return img_os_fail(undo->why, NULL, "read the undo file");
        if (got == 0) return damaged(undo, "ends early");
        at += (uint64_t)got;
        to += got;
        len -= (size_t)got;
    }
    return CAIRN_OK;
}

static enum cairn_err record_read(const struct undo *undo, uint64_t number)
{
    return bytes_read(undo, IMG_UNDO_HEADER_BYTES + number * undo->record_bytes, undo->record,
                      undo->record_bytes);
}

static const uint8_t *before_of(const struct undo *undo)
{
    return undo->record + IMG_UNDO_RECORD_HEAD;
}

static const uint8_t *after_of(const struct undo *undo)
{
    return before_of(undo) + undo->header.block_bytes;
}

/* ---- the file ------------------------------------------------------------------------------ */

static enum cairn_err image_check(const struct undo *undo, const struct img_undo_header *like)
{
    const struct img_undo_header *header = &undo->header;
    if (header->block_bytes == like->block_bytes && header->device_bytes == like->device_bytes &&
        header->volume_at == like->volume_at && header->volume_bytes == like->volume_bytes)
        return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(
        undo->why, CAIRN_EINVAL,
        "the undo file is of a volume of %llu bytes at byte %llu of %llu, this one "
        "has %llu at %llu of %llu",
        (unsigned long long)header->volume_bytes, (unsigned long long)header->volume_at,
        (unsigned long long)header->device_bytes, (unsigned long long)like->volume_bytes,
        (unsigned long long)like->volume_at, (unsigned long long)like->device_bytes);
    cairn_why_hint(undo->why, "name the image and the partition that were repaired");
    return err;
}

static enum cairn_err header_read(struct undo *undo, uint64_t file_bytes,
                                  const struct img_undo_header *like)
{
    uint8_t bytes[IMG_UNDO_HEADER_BYTES] = { 0 };
    size_t len = (size_t)cairn_min_u64(file_bytes, sizeof bytes);
    enum cairn_err err = bytes_read(undo, 0, bytes, len);
    if (!err) err = img_undo_header_decode(&undo->header, bytes, undo->why);
    if (!err && file_bytes < sizeof bytes) err = damaged(undo, "ends early");
    if (!err) err = image_check(undo, like);
    if (err) return err;
    undo->record_bytes = img_undo_record_bytes(undo->header.block_bytes);
    if ((file_bytes - IMG_UNDO_HEADER_BYTES) / undo->record_bytes < undo->header.records ||
        undo->header.records > SIZE_MAX / sizeof *undo->places)
        return damaged(undo, "ends early");
    return CAIRN_OK;
}

static enum cairn_err memory_take(struct undo *undo)
{
    size_t block_bytes = undo->header.block_bytes;
    undo->places = malloc((size_t)undo->header.records * sizeof *undo->places);
    undo->record = malloc(undo->record_bytes + 4 * block_bytes);
    if (!undo->places || !undo->record)
        return cairn_why_fail(undo->why, CAIRN_ENOMEM, "read the undo file");
    undo->block = undo->record + undo->record_bytes;
    undo->story.first = undo->block + block_bytes;
    undo->story.last = undo->story.first + block_bytes;
    undo->story.touched = undo->story.last + block_bytes;
    return CAIRN_OK;
}

static bool record_is_good(const struct undo *undo, uint32_t *round)
{
    const uint8_t *head = undo->record;
    uint32_t now = cairn_le32(head + 8);
    bool good = now >= *round && now <= undo->header.rounds && cairn_le32(head + 12) == 0 &&
                cairn_le64(head) < undo->header.volume_bytes / undo->header.block_bytes;
    *round = now;
    return good;
}

/* Read all, into places in the order of the file. */
static enum cairn_err records_read(struct undo *undo)
{
    struct cairn_hasher hasher;
    uint32_t round = 1;
    cairn_hasher_init(&hasher);
    for (uint64_t i = 0; i < undo->header.records; i++) {
        enum cairn_err err = record_read(undo, i);
        if (err) return err;
        cairn_hasher_add(&hasher, undo->record, undo->record_bytes);
        if (!record_is_good(undo, &round)) return damaged(undo, "is damaged");
        undo->places[i] = (struct place){ cairn_le64(undo->record), i };
    }
    struct cairn_hash128 hash = cairn_hasher_value(&hasher);
    bool same = hash.low == undo->header.hash.low && hash.high == undo->header.hash.high;
    return same ? CAIRN_OK : damaged(undo, "is damaged");
}

static int place_compare(const void *a, const void *b)
{
    const struct place *one = a, *two = b;
    if (one->block != two->block) return one->block < two->block ? -1 : 1;
    return one->record < two->record ? -1 : one->record > two->record;
}

/* ---- the image ----------------------------------------------------------------------------- */

static void changes_mark(struct undo *undo, const uint8_t *before, const uint8_t *after)
{
    for (uint32_t i = 0; i < undo->header.block_bytes; i++)
        undo->story.touched[i] |= before[i] ^ after[i];
}

/* The records of the block at places[*at]; *at moves behind them. undo.h (2) holds between them,
 * or the file was made to deceive. */
static enum cairn_err story_read(struct undo *undo, uint64_t *at)
{
    struct story *story = &undo->story;
    size_t block_bytes = undo->header.block_bytes;
    uint64_t block = undo->places[*at].block;
    memset(story->touched, 0, block_bytes);
    for (bool is_first = true; *at < undo->header.records; is_first = false, (*at)++) {
        if (undo->places[*at].block != block) break;
        enum cairn_err err = record_read(undo, undo->places[*at].record);
        if (err) return err;
        if (is_first)
            memcpy(story->first, before_of(undo), block_bytes);
        else if (memcmp(story->last, before_of(undo), block_bytes) != 0)
            return damaged(undo, "contradicts itself");
        memcpy(story->last, after_of(undo), block_bytes);
        changes_mark(undo, before_of(undo), after_of(undo));
        story->loose =
            !undo->header.finished && cairn_le32(undo->record + 8) == undo->header.rounds;
    }
    return CAIRN_OK;
}

/* The first byte that cannot be what the repair left or what was before; block_bytes: none. */
static uint32_t difference(const struct undo *undo)
{
    const struct story *story = &undo->story;
    uint32_t block_bytes = undo->header.block_bytes, marks = story->loose ? MARK_BYTES : 0;
    if (memcmp(undo->block, story->first, block_bytes) == 0) return block_bytes;
    for (uint32_t i = 0; i < block_bytes; i++) {
        if (undo->block[i] == story->last[i] || (story->loose && story->touched[i])) continue;
        if (marks == 0) return i;
        marks--;
    }
    return block_bytes;
}

static enum cairn_err changed(const struct undo *undo, uint64_t block, uint32_t at)
{
    enum cairn_err err = cairn_why_fail(
        undo->why, CAIRN_ESTALE,
        "the image changed since the repair: byte %llu of the volume is %02x, the repair left %02x",
        (unsigned long long)(block * undo->header.block_bytes + at), undo->block[at],
        undo->story.last[at]);
    cairn_why_hint(undo->why, "nothing was changed; undo works only on what the repair left");
    return err;
}

/* One pass over all blocks that the file speaks of. */
static enum cairn_err blocks_each(struct undo *undo,
                                  enum cairn_err (*each)(struct undo *undo, uint64_t block))
{
    for (uint64_t at = 0; at < undo->header.records;) {
        uint64_t block = undo->places[at].block;
        enum cairn_err err = story_read(undo, &at);
        if (!err) err = cairn_blk_read(undo->dev, block, 1, undo->block, undo->why);
        if (!err) err = each(undo, block);
        if (err) return err;
    }
    return CAIRN_OK;
}

static enum cairn_err block_verify(struct undo *undo, uint64_t block)
{
    uint32_t at = difference(undo);
    undo->result->blocks++;
    return at < undo->header.block_bytes ? changed(undo, block, at) : CAIRN_OK;
}

static enum cairn_err block_restore(struct undo *undo, uint64_t block)
{
    const uint8_t *was = undo->story.first;
    if (memcmp(undo->block, was, undo->header.block_bytes) == 0) return CAIRN_OK;
    undo->result->restored++;
    return cairn_blk_write(undo->dev, block, 1, was, undo->why);
}

static enum cairn_err undo_run(struct undo *undo)
{
    enum cairn_err err = memory_take(undo);
    if (!err) err = records_read(undo);
    if (err) return err;
    qsort(undo->places, (size_t)undo->header.records, sizeof *undo->places, place_compare);
    err = blocks_each(undo, block_verify);
    if (!err) err = blocks_each(undo, block_restore);
    return err ? err : cairn_blk_flush(undo->dev, undo->why);
}

enum cairn_err img_undo_apply(int fd, uint64_t file_bytes, struct cairn_blk *dev,
                              const struct img_undo_header *like,
                              struct cairn_image_undo_result *result, struct cairn_why *why)
{
    struct undo undo = { .fd = fd, .dev = dev, .result = result, .why = why };
    *result = (struct cairn_image_undo_result){ .block_bytes = like->block_bytes };
    enum cairn_err err = header_read(&undo, file_bytes, like);
    if (!err && dev->info.read_only) err = cairn_why_fail(why, CAIRN_EROFS, "take a repair back");
    if (!err) err = undo_run(&undo);
    result->finished = undo.header.finished;
    free(undo.places);
    free(undo.record);
    return err;
}

enum cairn_err cairn_image_undo_apply(const char *path, struct cairn_image *image,
                                      struct cairn_image_undo_result *result, struct cairn_why *why)
{
    struct img_undo_header like = img_undo_header_of(image);
    struct stat st;
    /* Not blocking: a FIFO is refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return img_os_fail(why, path, "open the undo file");
    enum cairn_err err = CAIRN_OK;
    if (fstat(fd, &st) != 0)
        err = img_os_fail(why, path, "open the undo file");
    else if (!S_ISREG(st.st_mode))
        err = cairn_why_fail(why, CAIRN_ENOTSUP, "the undo file is no regular file");
    else
        err = img_undo_apply(fd, (uint64_t)st.st_size, cairn_image_blk(image), &like, result, why);
    if (err && why && !why->path[0]) cairn_why_path(why, path, strlen(path));
    (void)close(fd);
    return err;
}
