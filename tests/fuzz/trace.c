/* SPDX-License-Identifier: ISC */
/* A log of writes before replay. Its head is made right, as the fuzzer would not find that. */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/blk_trace.h>
#include <cairn/bytes.h>
#include <string.h>

#define BYTES_MAX (64u << 10)

static uint8_t log_bytes[BYTES_MAX + 512], disk[64 * 512], buf[(64u << 10) + 4096];

static void require_entry(const struct cairn_blk_replay *replay,
                          const struct cairn_blk_replay_entry *entry)
{
    fuzz_require(entry->number < replay->entries, "entries are counted");
    fuzz_require(memchr(entry->name, '\0', sizeof entry->name) != NULL, "names end");
    fuzz_require(entry->at + entry->bytes < UINT64_C(1) << 63, "places are those of a device");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_blk_mem log, dev;
    struct cairn_blk_replay replay;
    struct cairn_blk_replay_entry entry;
    struct cairn_why why = { 0 };
    if (len < 1 || len - 1 > BYTES_MAX) return 0;
    memset(log_bytes, 0, sizeof log_bytes);
    memcpy(log_bytes + 512, bytes + 1, len - 1);
    cairn_le64_put(log_bytes, UINT64_C(0x6A736677736872));
    cairn_le64_put(log_bytes + 8, 1);
    cairn_le64_put(log_bytes + 16, 1000);
    cairn_le32_put(log_bytes + 24, 512u << (bytes[0] & 3));
    if (cairn_blk_mem_open(&log, log_bytes, 512, 1 + (len - 1 + 511) / 512, NULL) ||
        cairn_blk_mem_open(&dev, disk, 512, sizeof disk / 512, NULL))
        return 0;
    if (cairn_blk_replay_open(&replay, &log.base, buf, sizeof buf, NULL)) return 0;
    enum cairn_err err = CAIRN_OK;
    while (!err) {
        err = cairn_blk_replay_next(&replay, &entry, &why);
        if (err) break;
        require_entry(&replay, &entry);
        err = cairn_blk_replay_apply(&replay, &entry, &dev.base, &why);
    }
    fuzz_require(err == CAIRN_ENOENT || err == CAIRN_ECORRUPT || err == CAIRN_ERANGE,
                 "errors are known ones");
    fuzz_require(why.err == err && why.what[0], "errors explain themselves");
    return 0;
}
