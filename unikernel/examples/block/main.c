/* SPDX-License-Identifier: ISC */
/* A disk as blocks: write a pattern, flush, read it back, compare. */
#include <cairn/env.h>

#include <cairn/bytes.h>

#define BYTES (UINT32_C(1) << 20)

static int failed(const char *what, const struct cairn_why *why)
{
    char text[512];
    cairn_why_text(why, text, sizeof text);
    cairn_env_print("%s: %s\n", what, text);
    return 1;
}

int cairn_main(struct cairn_env *env)
{
    struct cairn_blk *disk = cairn_env_block(env, "disk");
    const struct cairn_blk_info *info = cairn_blk_info(disk);
    cairn_env_print("disk: %llu blocks of %u bytes\n", (unsigned long long)info->block_count,
                    info->block_bytes);
    uint8_t *out = cairn_arena_take(env->arena, BYTES, 4096);
    uint8_t *in = cairn_arena_take(env->arena, BYTES, 4096);
    if (!out || !in || BYTES > cairn_blk_bytes(disk)) return 2;
    for (uint32_t i = 0; i < BYTES; i++)
        out[i] = (uint8_t)(i ^ i >> 8 ^ 0x5A);
    struct cairn_why why = { 0 };
    uint64_t blocks = BYTES / info->block_bytes;
    if (cairn_blk_write(disk, 0, blocks, out, &why)) return failed("write", &why);
    if (cairn_blk_flush(disk, &why)) return failed("flush", &why);
    if (cairn_blk_read(disk, 0, blocks, in, &why)) return failed("read", &why);
    if (memcmp(in, out, BYTES) != 0) return 3;
    cairn_env_print("%u bytes written, flushed, read and compared\n", BYTES);
    return 0;
}
