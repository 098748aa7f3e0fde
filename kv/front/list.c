/* SPDX-License-Identifier: ISC */
/* A list keeps nothing but the name it came to, and asks the store for what lies behind. */
#include "check.h"

enum cairn_err cairn_kv_list_begin(struct cairn_kv_list *list, struct cairn_kv *kv,
                                   struct cairn_kv_key dictionary, struct cairn_kv_key from,
                                   uint32_t flags, void *mem, size_t mem_bytes,
                                   struct cairn_why *why)
{
    enum cairn_err err = kv_key_check(kv, dictionary, why);
    if (err) return err;
    err = kv_name_check(kv, from, true, "list: the name to begin at", why);
    if (err) return err;
    err = kv_flags_check(kv, flags, CAIRN_KV_VALUES, why);
    if (err) return err;
    err = kv_list_mem_check(kv, &mem, &mem_bytes, why);
    if (err) return err;
    *list = (struct cairn_kv_list){ .kv = kv,
                                    .dictionary = dictionary,
                                    .flags = flags,
                                    .last_bytes = (uint32_t)from.bytes,
                                    .mem = mem,
                                    .mem_bytes = mem_bytes };
    if (from.bytes) memcpy(list->last, from.path, from.bytes);
    return CAIRN_OK;
}

static enum cairn_err list_refill(struct cairn_kv_list *list, struct cairn_why *why)
{
    struct cairn_kv *kv = list->kv;
    struct cairn_kv_key last = { list->last, list->last_bytes };
    list->count = list->at = 0;
    enum cairn_err err = kv->ops->list(kv, list->dictionary, last, list->behind, list->flags,
                                       list->mem, list->mem_bytes, &list->count, &list->end, why);
    if (err && why && !why->path[0] && list->dictionary.bytes)
        cairn_why_path(why, list->dictionary.path, list->dictionary.bytes);
    return err;
}

/* What a list gives out it can go on behind, also when it is asked anew after a failure. */
static const struct cairn_kv_entry *list_take(struct cairn_kv_list *list)
{
    const struct cairn_kv_entry *entry = (const struct cairn_kv_entry *)list->mem + list->at++;
    list->last_bytes = entry->name_bytes;
    memcpy(list->last, entry->name, entry->name_bytes);
    list->behind = true;
    return entry;
}

enum cairn_err cairn_kv_list_next(struct cairn_kv_list *list, const struct cairn_kv_entry **entry,
                                  struct cairn_why *why)
{
    *entry = NULL;
    if (list->at == list->count && !list->end) {
        enum cairn_err err = list_refill(list, why);
        if (err) return err;
    }
    if (list->at < list->count) *entry = list_take(list);
    return CAIRN_OK;
}
