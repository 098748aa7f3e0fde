/* SPDX-License-Identifier: ISC */
/* Walking the memory of a request, which lies in segments, some of them empty. */
#include "../impl.h"

struct cairn_blk_seg blk_cursor_next(struct blk_cursor *cursor, uint64_t bytes)
{
    while (cursor->done == cursor->seg->bytes) {
        cursor->seg++;
        cursor->done = 0;
    }
    size_t some = (size_t)cairn_min_u64(bytes, cursor->seg->bytes - cursor->done);
    struct cairn_blk_seg next = { (uint8_t *)cursor->seg->data + cursor->done, some };
    cursor->done += some;
    return next;
}

void blk_cursor_skip(struct blk_cursor *cursor, uint64_t bytes)
{
    while (bytes)
        bytes -= blk_cursor_next(cursor, bytes).bytes;
}

void blk_cursor_copy(struct blk_cursor *cursor, enum cairn_blk_op op, uint8_t *data, size_t bytes)
{
    while (bytes) {
        struct cairn_blk_seg next = blk_cursor_next(cursor, bytes);
        if (op == CAIRN_BLK_READ)
            memcpy(next.data, data, next.bytes);
        else
            memcpy(data, next.data, next.bytes);
        data += next.bytes;
        bytes -= next.bytes;
    }
}
