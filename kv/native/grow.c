/* SPDX-License-Identifier: ISC */
/* A device that has become larger: the store takes the new pages, by a checkpoint of their own. */
#include <cairn/bytes.h>

#include "store.h"

/* The tail ring will be here. An older store may have been, too. */
static enum cairn_err tail_clear(struct kvn_store *store, uint64_t pages, struct cairn_why *why)
{
    uint32_t blocks = store->super.page_bytes / cairn_blk_info(store->dev)->block_bytes;
    cairn_lock_drop(&store->lock);
    enum cairn_err err =
        cairn_blk_zero(store->dev, (pages - KVN_RING) * blocks, KVN_RING * blocks, why);
    cairn_lock_take(&store->lock);
    return err;
}

/* The log is empty before: it must not speak of pages that no superblock has. Until the next one is
 * durable, nothing is written where the old tail ring is. */
static enum cairn_err take_pages(struct kvn_store *store, uint64_t pages, struct cairn_why *why)
{
    enum cairn_err err = kvn_checkpoint_all(store, why);
    if (!err) err = tail_clear(store, pages, why);
    if (err) return err;
    err = kvn_space_grow(&store->space, pages, why);
    if (err) {
        kvn_space_forget(&store->space, &store->super);
        return err;
    }
    /* Older generations have the last group's new pages in use: those that may come back pass. */
    for (uint32_t i = 0; i < store->space.keep + 3 && !err; i++) {
        err = kvn_checkpoint_begin(store, true, why);
        if (!err) err = kvn_checkpoint_finish(store, why);
    }
    return err;
}

enum cairn_err cairn_kv_native_grow(struct cairn_kv *kv, struct cairn_why *why)
{
    struct kvn_store *store = kvn_store_of(kv);
    struct kvn_change_set set;
    if (kv->info.read_only) return cairn_why_fail(why, CAIRN_EROFS, "the store is read-only");
    enum cairn_err err = kvn_change_begin_bare(&set, store, 0, why);
    if (err) return err;
    kvn_change_publish(&set);
    uint64_t pages = cairn_blk_bytes(store->dev) / store->super.page_bytes;
    /* A new tail ring must not lie over the old one. */
    if (pages >= store->super.pages + KVN_RING) err = take_pages(store, pages, why);
    kvn_change_end(&set);
    cairn_lock_drop(&store->lock);
    return err;
}
