/* SPDX-License-Identifier: ISC */
/* Any bytes as a volume whose layout is to be changed: it ends, in bounded memory; and where check
 * had nothing against the volume before, it has nothing behind it, and as much is there. */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/fat_check.h>
#include <cairn/fat_layout.h>
#include <string.h>

#define UNIT 512u
#define ROOM_BYTES (64u << 10) /* behind the input */

static bool check(struct cairn_blk *dev, struct cairn_fat_check_result *result)
{
    struct cairn_fat_check_options options = { .report = NULL };
    size_t bytes = cairn_fat_check_mem(dev, 64);
    void *mem = malloc(bytes);
    if (!mem) abort();
    enum cairn_err err = cairn_fat_check(dev, &options, mem, bytes, result, NULL);
    free(mem);
    return !err && !result->findings[CAIRN_FAT_MAJOR];
}

/* What is done follows from the input's first byte, which is a jump in a boot sector. */
static enum cairn_err change(struct cairn_blk *dev, uint8_t what, uint64_t bytes)
{
    struct cairn_fat_layout_options options = { .pack = what & 1 };
    struct cairn_fat_layout_result result;
    struct cairn_why why = { 0 };
    uint64_t to = what & 4 ? bytes / 2 : bytes + (what & 8 ? ROOM_BYTES : ROOM_BYTES / 4);
    size_t need = cairn_fat_layout_mem(dev, to);
    fuzz_require(need <= (24u << 20) + bytes, "memory is bounded by the device's size");
    void *mem = malloc(need);
    if (!mem) abort();
    enum cairn_err err = what & 2 ? cairn_fat_defrag(dev, &options, mem, need, &result, &why)
                                  : cairn_fat_resize(dev, to, &options, mem, need, &result, &why);
    fuzz_require(err == CAIRN_OK || why.err == err, "an error explains itself");
    free(mem);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_blk_mem dev;
    struct cairn_fat_check_result before, after;
    uint64_t blocks = (len + ROOM_BYTES) / UNIT;
    uint8_t *copy = calloc(blocks, UNIT);
    if (!copy) abort();
    if (len) memcpy(copy, bytes, len < blocks * UNIT ? len : blocks * UNIT);
    if (cairn_blk_mem_open(&dev, copy, UNIT, blocks, NULL)) abort();
    bool was_sound = check(&dev.base, &before);
    enum cairn_err err = change(&dev.base, copy[0], len);
    if (was_sound) {
        fuzz_require(check(&dev.base, &after), "what was sound is");
        fuzz_require(before.files == after.files && before.directories == after.directories &&
                         before.bytes == after.bytes,
                     "as much is there");
    }
    if (err == CAIRN_ECORRUPT && was_sound)
        fuzz_require(before.findings[CAIRN_FAT_MINOR] > 0, "what is sound is not refused");
    if (cairn_blk_close(&dev.base, NULL)) abort();
    free(copy);
    return 0;
}
