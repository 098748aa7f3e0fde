/* SPDX-License-Identifier: ISC */
/* A counter that survives power cuts: what was printed is never counted again. */
#include <cairn/env.h>

#include <cairn/bytes.h>
#include <cairn/text.h>

static uint64_t number_of(const char *text, size_t len)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(text[i] - '0');
    return number;
}

/* One more, durably. */
static enum cairn_err count(struct cairn_kv *kv, uint64_t *number, struct cairn_why *why)
{
    struct cairn_kv_key key = cairn_kv_key("visits");
    char digits[24];
    size_t done = 0;
    enum cairn_err err = cairn_kv_get(kv, key, 0, digits, sizeof digits, &done, why);
    if (err && err != CAIRN_ENOENT) return err;
    *number = err ? 1 : number_of(digits, done) + 1;
    struct cairn_text text;
    cairn_text_init(&text, digits, sizeof digits);
    cairn_text_u64(&text, *number);
    return cairn_kv_set(kv, key, digits, text.len, 0, why);
}

/* As often as the argument says, or once. */
int cairn_main(struct cairn_env *env)
{
    struct cairn_kv *kv = cairn_env_kv(env, "store");
    struct cairn_why why = { 0 };
    uint64_t times = env->argc > 1 ? number_of(env->argv[1], cairn_str_len(env->argv[1])) : 1;
    for (uint64_t number = 0; times > 0; times--) {
        if (count(kv, &number, &why)) {
            char text[512];
            cairn_why_text(&why, text, sizeof text);
            cairn_env_print("%s\n", text);
            return 1;
        }
        cairn_env_print("visit %llu\n", (unsigned long long)number);
    }
    return 0;
}
