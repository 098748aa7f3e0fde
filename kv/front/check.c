/* SPDX-License-Identifier: ISC */
#include "check.h"

#define KEY_HINT "a key is segments of 1 to 255 bytes, with one '/' between two"

enum cairn_err kv_fail(const struct cairn_kv *kv, struct cairn_kv_key key, struct cairn_why *why,
                       enum cairn_err err, const char *what)
{
    err = cairn_why_fail(why, err, "%s", what);
    if (key.bytes) cairn_why_path(why, key.path, key.bytes);
    cairn_why_via(why, kv->name);
    return err;
}

/* ---- keys ------------------------------------------------------------------------------------ */

struct cairn_kv_key cairn_kv_key(const char *text)
{
    return (struct cairn_kv_key){ text, cairn_str_len(text) };
}

bool kv_key_beneath(struct cairn_kv_key key, struct cairn_kv_key above)
{
    if (!above.bytes) return key.bytes > 0;
    return key.bytes > above.bytes && key.path[above.bytes] == '/' &&
           memcmp(key.path, above.path, above.bytes) == 0;
}

int kv_key_compare(struct cairn_kv_key a, struct cairn_kv_key b)
{
    size_t both = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = both ? memcmp(a.path, b.path, both) : 0;
    return order ? order : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static enum cairn_err segment_fail(const struct cairn_kv *kv, struct cairn_kv_key key,
                                   uint32_t number, size_t bytes, struct cairn_why *why)
{
    enum cairn_err err =
        bytes ? cairn_why_fail(why, CAIRN_ENAMETOOLONG, "segment %u of the key has %zu bytes",
                               number, bytes)
              : cairn_why_fail(why, CAIRN_EINVAL, "segment %u of the key is empty", number);
    cairn_why_hint(why, KEY_HINT);
    cairn_why_path(why, key.path, key.bytes);
    cairn_why_via(why, kv->name);
    return err;
}

/* The root has no segments; any other key has one more than it has slashes. */
enum cairn_err kv_key_check(const struct cairn_kv *kv, struct cairn_kv_key key,
                            struct cairn_why *why)
{
    size_t start = 0;
    uint32_t number = 1;
    for (size_t i = 0; key.bytes && i <= key.bytes; i++) {
        if (i < key.bytes && key.path[i] != '/') continue;
        size_t bytes = i - start;
        if (bytes == 0 || bytes > CAIRN_KV_SEGMENT_MAX)
            return segment_fail(kv, key, number, bytes, why);
        start = i + 1;
        number++;
    }
    return CAIRN_OK;
}

enum cairn_err kv_name_check(const struct cairn_kv *kv, struct cairn_kv_key name, bool or_none,
                             const char *what, struct cairn_why *why)
{
    if (name.bytes == 0 && or_none) return CAIRN_OK;
    enum cairn_err err = kv_key_check(kv, name, why);
    if (err) return err;
    if (name.bytes && kv_last_at(name) == 0) return CAIRN_OK;
    err = kv_fail(kv, name, why, CAIRN_EINVAL, what);
    cairn_why_hint(why, "it is one segment of 1 to 255 bytes, without '/'");
    return err;
}

/* ---- changes --------------------------------------------------------------------------------- */

enum cairn_err kv_flags_check(const struct cairn_kv *kv, uint32_t flags, uint32_t known,
                              struct cairn_why *why)
{
    if (!(flags & ~known)) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_EINVAL, "flags 0x%x: not known here", flags & ~known);
    cairn_why_via(why, kv->name);
    return err;
}

enum cairn_err kv_change_check(const struct cairn_kv *kv, struct cairn_kv_key key, uint32_t flags,
                               uint32_t known, struct cairn_why *why)
{
    enum cairn_err err = kv_key_check(kv, key, why);
    if (err) return err;
    err = kv_flags_check(kv, flags, known, why);
    if (err) return err;
    if (kv->info.read_only)
        return kv_fail(kv, key, why, CAIRN_EROFS, "change: the store only reads");
    return CAIRN_OK;
}

enum cairn_err kv_size_check(const struct cairn_kv *kv, struct cairn_kv_key key, uint64_t offset,
                             uint64_t bytes, struct cairn_why *why)
{
    if (cairn_range_fits(offset, bytes, kv->info.value_max)) return CAIRN_OK;
    enum cairn_err err = kv_fail(kv, key, why, CAIRN_EFBIG, "a value as large as this");
    cairn_why_hint(why, "values of this store have at most %llu bytes: split it over several keys",
                   (unsigned long long)kv->info.value_max);
    return err;
}

enum cairn_err kv_list_mem_check(const struct cairn_kv *kv, void **mem, size_t *bytes,
                                 struct cairn_why *why)
{
    size_t align = _Alignof(struct cairn_kv_entry);
    size_t skip = (align - (uintptr_t)*mem % align) % align;
    if (*bytes < CAIRN_KV_LIST_MEM) {
        enum cairn_err err =
            cairn_why_fail(why, CAIRN_ERANGE, "a list in %zu bytes of memory", *bytes);
        cairn_why_hint(why, "give it at least %u", CAIRN_KV_LIST_MEM);
        cairn_why_via(why, kv->name);
        return err;
    }
    *mem = (uint8_t *)*mem + skip;
    *bytes -= skip;
    return CAIRN_OK;
}
