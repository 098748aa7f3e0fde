/* SPDX-License-Identifier: ISC */
/* An undo file before an image of 64 KiB. The first byte tells whether its checksums are made right
 * first (bit 0), which the fuzzer would not find, and whether the image is as the first and only
 * round of the file left it (bit 1), or all zeros. */
#include "fuzz.h"

#include "image/undo_build.h"
#include <cairn/blk_mem.h>
#include <cairn/bytes.h>
#include <unistd.h>

#define BLOCK 512u
#define BLOCKS 128u
#define INPUT_MAX (64u << 10)

static uint8_t memory[BLOCK * BLOCKS], before[sizeof memory], file[INPUT_MAX];

static const struct img_undo_header like = { .block_bytes = BLOCK,
                                             .device_bytes = sizeof memory,
                                             .volume_bytes = sizeof memory };

/* Put into memory what the records say a repair left. */
static void image_make(size_t len, bool repaired)
{
    memset(memory, 0, sizeof memory);
    size_t record = img_undo_record_bytes(BLOCK);
    for (size_t at = IMG_UNDO_HEADER_BYTES; repaired && at + record <= len; at += record) {
        uint64_t block = cairn_le64(file + at);
        if (block >= BLOCKS) continue;
        memcpy(memory + block * BLOCK, file + at + IMG_UNDO_RECORD_HEAD + BLOCK, BLOCK);
    }
    memcpy(before, memory, sizeof memory);
}

static enum cairn_err apply(size_t len, struct cairn_image_undo_result *result,
                            struct cairn_why *why)
{
    struct cairn_blk_mem mem;
    int fd = undo_file(file, len);
    if (cairn_blk_mem_open(&mem, memory, BLOCK, BLOCKS, NULL)) abort();
    enum cairn_err err = img_undo_apply(fd, len, &mem.base, &like, result, why);
    close(fd);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_image_undo_result result;
    struct cairn_why why = { 0 };
    if (len < 1 || len - 1 > INPUT_MAX) return 0;
    memcpy(file, bytes + 1, --len);
    if (bytes[0] & 1) undo_sign(file, len);
    image_make(len, bytes[0] & 2);
    enum cairn_err err = apply(len, &result, &why);
    fuzz_require(result.restored <= result.blocks && result.blocks <= BLOCKS, "counts are bounded");
    if (err) {
        fuzz_require(err == CAIRN_ECORRUPT || err == CAIRN_EINVAL || err == CAIRN_ESTALE ||
                         err == CAIRN_ENOTSUP,
                     "errors are known ones");
        fuzz_require(why.err == err && why.what[0], "errors explain themselves");
        fuzz_require(memcmp(memory, before, sizeof memory) == 0, "what is refused changes nothing");
        return 0;
    }
    fuzz_require(apply(len, &result, &why) == CAIRN_OK && result.restored == 0,
                 "a second undo changes nothing");
    return 0;
}
