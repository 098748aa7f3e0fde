/* SPDX-License-Identifier: ISC */
/*
 * What a store should hold: an array of whole paths, in the order of a walk. Naive on purpose: it
 * shares no idea with any store. Each change first says which errors it must get, and is done only
 * when there are none.
 */
#ifndef CAIRN_TESTS_KV_MODEL_H
#define CAIRN_TESTS_KV_MODEL_H

#include <cairn/kv.h>

#define MODEL_NODES_MAX 256
#define MODEL_PATH_MAX 1200

struct model_node {
    char path[MODEL_PATH_MAX];
    size_t path_bytes;
    enum cairn_kv_kind kind;
    uint8_t *data;
    size_t size;
    int64_t modified_ns;
};

struct model {
    struct model_node *nodes; /* the first is the root */
    size_t count;
    int64_t now_ns;
};

/* Errors of which a change must get one; without any it succeeds. */
struct expect {
    enum cairn_err errs[6];
    size_t count;
};

bool expect_met(const struct expect *expect, enum cairn_err err);
const char *expect_text(const struct expect *expect);

void model_init(struct model *model);
void model_free(struct model *model);
void model_copy(struct model *copy, const struct model *model);

struct model_node *model_find(const struct model *model, struct cairn_kv_key key); /* or NULL */
/* Does a value stand above the key? */
bool model_blocked(const struct model *model, struct cairn_kv_key key);
/* The entry of a dictionary whose name is the least from `from` on, or behind it; or NULL. */
struct model_node *model_entry(const struct model *model, struct cairn_kv_key dictionary,
                               struct cairn_kv_key from, bool behind);
struct cairn_kv_key model_key(const struct model_node *node);
struct cairn_kv_key model_name(const struct model_node *node);

struct expect model_set(struct model *model, struct cairn_kv_key key, const void *data,
                        size_t bytes, uint32_t flags);
struct expect model_write(struct model *model, struct cairn_kv_key key, uint64_t offset,
                          const void *data, size_t bytes);
struct expect model_allocate(struct model *model, struct cairn_kv_key key, size_t size);
struct expect model_make(struct model *model, struct cairn_kv_key key);
struct expect model_remove(struct model *model, struct cairn_kv_key key);
struct expect model_rename(struct model *model, struct cairn_kv_key from, struct cairn_kv_key to,
                           uint32_t flags);
struct expect model_time_set(struct model *model, struct cairn_kv_key key, int64_t ns);

/* As kv/README.md says, of all bytes at once. */
struct cairn_hash128 model_digest(const struct model *model, struct cairn_kv_key key);

#endif
