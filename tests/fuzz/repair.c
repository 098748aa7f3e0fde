/* SPDX-License-Identifier: ISC */
/* Any bytes as a volume before repair: it ends, in requests and memory that the device's size
 * bounds; it writes only what it saved; a second run finds nothing to mend; check agrees on what is
 * left; what is sound mounts; and undo gives the bytes back. */
#include "fuzz.h"

#include <fat/mending.h>
#include <string.h>

#define UNIT 512u
#define DEVICE_BYTES (256u << 10)
#define MOUNT_BYTES (1u << 20)
#define PASSES_MAX 64u

static uint64_t findings(const struct cairn_fat_check_result *result)
{
    return result->findings[CAIRN_FAT_MINOR] + result->findings[CAIRN_FAT_MAJOR];
}

static void require_kept(const struct mending *mending)
{
    fuzz_require(!mending->broken, mending->broken);
    fuzz_require(!mending->err || mending->why.err == mending->err, "an error explains itself");
    fuzz_require(mending->result.passes <= PASSES_MAX, "few passes are enough");
    fuzz_require(mending->requests <= (uint64_t)PASSES_MAX * (mending->size / UNIT + 64),
                 "the device's size bounds requests");
}

static void require_idle(const struct mending *first)
{
    static struct mending again;
    again = *first;
    mending_run(&again);
    require_kept(&again);
    if (again.save_count) fprintf(stderr, "first\n%sthen\n%s", first->log, again.log);
    fuzz_require(!again.save_count && !again.result.mended, "a second run changes nothing");
    fuzz_require(findings(&again.result.before) == findings(&first->result.after),
                 "what is left is what is found again");
    mending_end(&again);
}

static void require_mounts(struct mending *mending)
{
    struct cairn_blk_mem dev;
    struct cairn_fat *fs;
    struct cairn_fat_options options = { .read_only = true };
    void *mem = malloc(MOUNT_BYTES);
    if (!mem || cairn_blk_mem_open(&dev, mending->bytes, UNIT, mending->size / UNIT, NULL)) abort();
    enum cairn_err err = cairn_fat_mount(&fs, &dev.base, &options, mem, MOUNT_BYTES, NULL);
    fuzz_require(!err || err == CAIRN_ENOMEM, "what is sound mounts");
    if (!err && cairn_fat_unmount(fs, NULL)) abort();
    if (cairn_blk_close(&dev.base, NULL)) abort();
    free(mem);
}

static void repair(struct mending *mending, const uint8_t *original)
{
    mending->options.plan_only = true;
    mending_run(mending);
    mending_end(mending);
    require_kept(mending);
    mending->options.plan_only = false;
    mending_run(mending);
    require_kept(mending);
    if (!mending->err) {
        require_idle(mending);
        if (!findings(&mending->result.after)) require_mounts(mending);
    }
    mending_undo(mending);
    mending_end(mending);
    fuzz_require(memcmp(mending->bytes, original, mending->size) == 0, "undo is exact");
}

/* The last byte chooses options: orphans go, little memory for changes, zeros go on behind the
 * input. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct mending mending;
    if (len < UNIT + 1 || len > DEVICE_BYTES) return 0;
    uint8_t choice = bytes[--len];
    size_t size = choice & 4 ? DEVICE_BYTES : len / UNIT * UNIT;
    uint8_t *image = calloc(1, DEVICE_BYTES), *original = calloc(1, DEVICE_BYTES);
    if (!image || !original) abort();
    memcpy(image, bytes, len < size ? len : size);
    memcpy(original, image, size);
    mending = (struct mending){ .bytes = image, .size = size };
    mending.options.orphans = choice & 1 ? CAIRN_FAT_ORPHANS_FREE : CAIRN_FAT_ORPHANS_KEEP;
    mending.changes = choice & 2 ? 1 : 0;
    repair(&mending, original);
    free(image);
    free(original);
    return 0;
}
