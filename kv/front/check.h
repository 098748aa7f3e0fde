/* SPDX-License-Identifier: ISC */
/* What the front checks before an implementation is asked. Private. */
#ifndef CAIRN_KV_CHECK_H
#define CAIRN_KV_CHECK_H

#include "../impl.h"

/* CAIRN_EINVAL, CAIRN_ENAMETOOLONG: the explanation tells which segment. */
enum cairn_err kv_key_check(const struct cairn_kv *kv, struct cairn_kv_key key,
                            struct cairn_why *why) CAIRN_MUST_USE;

/* A key of one segment; also "" where `or_none`. What it is is for the explanation. */
enum cairn_err kv_name_check(const struct cairn_kv *kv, struct cairn_kv_key name, bool or_none,
                             const char *what, struct cairn_why *why) CAIRN_MUST_USE;

/* A change of a key: the store takes changes, the key is one, flags are among those known. */
enum cairn_err kv_change_check(const struct cairn_kv *kv, struct cairn_kv_key key, uint32_t flags,
                               uint32_t known, struct cairn_why *why) CAIRN_MUST_USE;

/* offset + bytes as a size that a value may have. CAIRN_EFBIG. */
enum cairn_err kv_size_check(const struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                             uint64_t bytes, struct cairn_why *why) CAIRN_MUST_USE;

enum cairn_err kv_flags_check(const struct cairn_kv *kv, uint32_t flags, uint32_t known,
                              struct cairn_why *why) CAIRN_MUST_USE;

/* Memory for lists: CAIRN_ERANGE when it is too small. *mem and *bytes become what of it is
 * aligned for entries. */
enum cairn_err kv_list_mem_check(const struct cairn_kv *kv, void **mem, size_t *bytes,
                                 struct cairn_why *why) CAIRN_MUST_USE;

#endif
