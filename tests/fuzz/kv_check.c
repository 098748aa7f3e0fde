/* SPDX-License-Identifier: ISC */
/*
 * A native store that somebody made by hand: bytes of it are changed, and then the hashes on the
 * way from the superblock to them made right. Whatever it holds, check ends, and opening and
 * reading do; findings can be printed. What is salvaged of it is a sound store; and a repair that
 * leaves nothing leaves one, too.
 */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/kv_check.h>
#include <cairn/kv_repair.h>
#include <cairn/kv_salvage.h>
#include <kv/native/codec.h>
#include <string.h>

#define DEVICE_BYTES (1u << 20)
#define PAGE 4096u
#define PAGES (DEVICE_BYTES / PAGE)
#define MEM_BYTES (512u << 10)
#define PATCH_BYTES 5u
#define FINDINGS_MAX 100000u

static uint8_t disk[DEVICE_BYTES], made[DEVICE_BYTES], mem[MEM_BYTES];
static uint16_t pages[PAGES]; /* that are worth changing: */
static unsigned page_count;
static struct cairn_clock_wall_fixed now;

static void store_fill(struct cairn_kv *kv)
{
    char key[32];
    static uint8_t bytes[70000];
    bool failed = false;
    for (unsigned i = 0; i < 60; i++) {
        sprintf(key, "d%u/key-%u", i % 5, i);
        failed = cairn_kv_set(kv, cairn_kv_key(key), bytes, i * 40, 0, NULL) || failed;
    }
    failed = cairn_kv_set(kv, cairn_kv_key("large"), bytes, sizeof bytes, 0, NULL) || failed;
    failed = cairn_kv_snapshot_make(kv, cairn_kv_key("s"), NULL) || failed;
    failed = cairn_kv_remove(kv, cairn_kv_key("d2"), NULL) || failed;
    fuzz_require(!failed, "the store is made");
}

static void store_make(struct cairn_blk *dev)
{
    struct cairn_kv_native_options how = { .clock = &now.base };
    struct cairn_kv_native_format_options format = { .log_bytes = 128u << 10 };
    struct cairn_kv *kv = NULL;
    cairn_clock_wall_fixed_init(&now, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    fuzz_require(!cairn_kv_native_format(dev, &format, mem, sizeof mem, NULL) &&
                     !cairn_kv_native_open(&kv, dev, &how, mem, sizeof mem, NULL),
                 "the store opens");
    store_fill(kv);
    fuzz_require(!cairn_kv_close(kv, NULL), "the store closes");
    memcpy(made, disk, sizeof made);
    for (unsigned i = 0; i < PAGES; i++)
        if (memcmp(made + i * PAGE, "CKV", 3) == 0 || memcmp(made + i * PAGE, "Cairn", 5) == 0)
            pages[page_count++] = (uint16_t)i;
}

/* A pointer's hash, as its page is now. */
static void pointer_seal(uint8_t *pointer)
{
    uint64_t page = cairn_le64(pointer);
    if (page && page < PAGES) kvn_hash_put(pointer + 16, cairn_hash128(disk + page * PAGE, PAGE));
}

/* Those of the page's entries, where it has entries that lead to pages. */
static void children_seal(uint8_t *page)
{
    struct kvn_node_head head;
    if (kvn_node_check(page, PAGE, &head, NULL) || !head.level) return;
    for (uint32_t i = 0; i < head.count; i++)
        pointer_seal(page + (kvn_node_value(page, i).data - page));
}

/* The map's pages, and the entries of the superblock that lead to them. */
static void map_seal(uint8_t *super)
{
    uint64_t first = 8 + (128u << 10) / PAGE;
    uint8_t *entry = super + 1024, *page = disk + (first + entry[28] % 8) * PAGE;
    kvn_hash_put(page + 8, cairn_hash128(page + 24, PAGE - 24));
    memcpy(entry, page + 8, 16);
}

static void seal(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        if (memcmp(disk + i * PAGE, "CKVT", 4) == 0) children_seal(disk + i * PAGE);
    for (unsigned i = 0; i < 16; i++) {
        uint8_t *super = disk + (i < 8 ? i : PAGES - 16 + i) * PAGE;
        if (memcmp(super, "CairnKV", 7) != 0) continue;
        pointer_seal(super + 168);
        map_seal(super);
        kvn_hash_put(super + 8, cairn_hash128(super + 24, 4096 - 24));
    }
}

static bool listen(void *ctx, const struct cairn_kv_finding *found)
{
    unsigned *count = ctx;
    fuzz_require(found->fault < CAIRN_KV_FAULT_COUNT && found->text[0], "findings can be printed");
    return ++*count < FINDINGS_MAX;
}

static void check(struct cairn_blk *dev)
{
    unsigned count = 0;
    struct cairn_kv_check_options how = { .report = listen, .ctx = &count };
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    if (cairn_kv_check_begin(&check, dev, &how, mem, sizeof mem, NULL)) return;
    while (more && !cairn_kv_check_step(check, 1u << 20, &more, NULL)) {
        cairn_kv_check_result(check, &result);
        fuzz_require(result.bytes_read < 64u * DEVICE_BYTES, "check ends");
    }
}

static void read_all(struct cairn_blk *dev)
{
    static uint8_t digest_mem[CAIRN_KV_DIGEST_MEM];
    struct cairn_kv_native_options how = { .read_only = true, .clock = &now.base };
    struct cairn_hash128 hash;
    struct cairn_kv *kv = NULL;
    if (cairn_kv_native_open(&kv, dev, &how, mem, sizeof mem, NULL)) return;
    (void)!cairn_kv_digest(kv, cairn_kv_key("d1"), &hash, digest_mem, sizeof digest_mem, NULL);
    (void)!cairn_kv_digest(kv, cairn_kv_key("large"), &hash, digest_mem, sizeof digest_mem, NULL);
    (void)!cairn_kv_close(kv, NULL);
}

static uint64_t faults(const struct cairn_kv_check_result *of)
{
    return of->findings[CAIRN_KV_MINOR] + of->findings[CAIRN_KV_MAJOR];
}

static bool tell(void *ctx, const struct cairn_kv_finding *finding)
{
    (void)ctx;
    if (finding->severity != CAIRN_KV_NOTE) fprintf(stderr, "%s\n", finding->text);
    return true;
}

static void sound(struct cairn_blk *dev)
{
    const struct cairn_kv_check_options how = { .report = tell };
    struct cairn_kv_check *check;
    struct cairn_kv_check_result result;
    bool more = true;
    fuzz_require(!cairn_kv_check_begin(&check, dev, &how, mem, sizeof mem, NULL), "it is a store");
    while (more)
        fuzz_require(!cairn_kv_check_step(check, 1u << 20, &more, NULL), "it can be checked");
    cairn_kv_check_result(check, &result);
    fuzz_require(!faults(&result), "it is sound");
}

static void salvage(struct cairn_blk *dev)
{
    static uint8_t of_new[2 * DEVICE_BYTES], of_salvage[CAIRN_KV_SALVAGE_MEM_LEAST];
    struct cairn_kv_native_options native = { .clock = &now.base };
    struct cairn_kv_salvage_options how = { .native = &native };
    struct cairn_kv_native_format_options format = { .log_bytes = 128u << 10 };
    struct cairn_kv_salvage_result result;
    struct cairn_blk_mem fresh;
    fuzz_require(!cairn_blk_mem_open(&fresh, of_new, 512, sizeof of_new / 512, NULL) &&
                     !cairn_kv_native_format(&fresh.base, &format, mem, sizeof mem, NULL),
                 "a new store");
    if (!cairn_kv_salvage(dev, &fresh.base, &how, of_salvage, sizeof of_salvage, &result, NULL))
        sound(&fresh.base);
}

static void repair(struct cairn_blk *dev)
{
    struct cairn_kv_repair_result result;
    if (cairn_kv_repair(dev, NULL, mem, sizeof mem, &result, NULL)) return;
    /* The tree of a snapshot that only the log had was not looked at before. */
    if (!result.left && !result.before.log_commits) sound(dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool is_made;
    struct cairn_blk_mem dev;
    fuzz_require(!cairn_blk_mem_open(&dev, disk, 512, DEVICE_BYTES / 512, NULL), "a device");
    if (!is_made) store_make(&dev.base);
    is_made = true;
    memcpy(disk, made, sizeof disk);
    for (; len >= PATCH_BYTES; bytes += PATCH_BYTES, len -= PATCH_BYTES)
        disk[pages[cairn_le16(bytes) % page_count] * PAGE + cairn_le16(bytes + 2) % PAGE] =
            bytes[4];
    seal();
    seal(); /* pages above those that changed have changed */
    check(&dev.base);
    read_all(&dev.base);
    salvage(&dev.base);
    repair(&dev.base);
    return 0;
}
