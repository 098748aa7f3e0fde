/* SPDX-License-Identifier: ISC */
/* What reads: as struct cairn_kv_ops has it. */
#ifndef CAIRN_KV_NATIVE_GET_H
#define CAIRN_KV_NATIVE_GET_H

#include "store.h"

enum cairn_err kvn_stat(struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_kv_stat *stat,
                        struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_get(struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset, void *data,
                       size_t bytes, size_t *done, struct cairn_why *why) CAIRN_MUST_USE;
enum cairn_err kvn_list(struct cairn_kv *kv, struct cairn_kv_key dictionary,
                        struct cairn_kv_key from, bool behind, uint32_t flags, void *mem,
                        size_t mem_bytes, size_t *count, bool *end,
                        struct cairn_why *why) CAIRN_MUST_USE;
/* The entries under an id. */
enum cairn_err kvn_list_id(struct kvn_reader *reader, uint64_t id, struct cairn_kv_key from,
                           bool behind, uint32_t flags, void *mem, size_t mem_bytes, size_t *count,
                           bool *end, struct cairn_why *why) CAIRN_MUST_USE;

#endif
