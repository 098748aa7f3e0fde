/* SPDX-License-Identifier: ISC */
#include "mend.h"

#include <string.h>

#include "fuzz.h"

#define UNIT 512u
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

void fuzz_mend(struct mending *mending)
{
    uint8_t *original = malloc(mending->size);
    if (!original) abort();
    memcpy(original, mending->bytes, mending->size);
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
    free(original);
}
