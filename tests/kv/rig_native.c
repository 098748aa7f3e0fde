/* SPDX-License-Identifier: ISC */
/* The native store on a memory device. With ample memory; with so little that pages are
 * evicted and checkpoints run all the time; with pages of 64 KiB; with six generations kept; and
 * lazy.
 */
#include "rig.h"

#include <cairn/blk_mem.h>
#include <cairn/kv_native.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_BYTES (12u << 20)
#define MEM_BYTES (16u << 20)

/* Of one rig at a time: thousands are opened, and memory that is new each time costs more than all
 * that they do. The budget is the end of its block, so that the sanitizer sees what goes beyond. */
static uint8_t *disk, *mem;

struct native {
    struct cairn_blk_mem dev;
    size_t mem_bytes;
    uint32_t keep;
    bool lazy;
};

static uint8_t *budget(size_t bytes)
{
    return mem + MEM_BYTES - bytes;
}

static void native_connect(struct rig *rig, bool read_only)
{
    struct native *native = rig->of;
    struct cairn_kv_native_options options = { .clock = &rig->clock.base,
                                               .read_only = read_only,
                                               .keep = native->keep,
                                               .lazy = native->lazy };
    if (cairn_kv_native_open(&rig->kv, &native->dev.base, &options, budget(native->mem_bytes),
                             native->mem_bytes, NULL))
        abort();
}

static void open_as(struct rig *rig, size_t mem_bytes, uint32_t page_bytes, struct native as)
{
    struct native *native = calloc(1, sizeof *native);
    struct cairn_kv_native_format_options options = { .page_bytes = page_bytes,
                                                      .log_bytes = 2u << 20 };
    if (!native) abort();
    *native = as;
    rig->of = native;
    native->mem_bytes = mem_bytes;
    if (!disk) disk = malloc(DEVICE_BYTES);
    if (!mem) mem = malloc(MEM_BYTES);
    if (!disk || !mem) abort();
    memset(disk, 0, DEVICE_BYTES);
    if (cairn_blk_mem_open(&native->dev, disk, 512, DEVICE_BYTES / 512, NULL)) abort();
    if (cairn_kv_native_format(&native->dev.base, &options, budget(mem_bytes), mem_bytes, NULL))
        abort();
    native_connect(rig, false);
}

static void open_sized(struct rig *rig, size_t mem_bytes, uint32_t page_bytes)
{
    open_as(rig, mem_bytes, page_bytes, (struct native){ 0 });
}

static void native_reopen(struct rig *rig, bool read_only)
{
    if (cairn_kv_close(rig->kv, NULL)) abort();
    native_connect(rig, read_only);
}

static void native_close(struct rig *rig)
{
    struct native *native = rig->of;
    if (cairn_kv_close(rig->kv, NULL) || cairn_blk_close(&native->dev.base, NULL)) abort();
    free(native);
}

static void ample_open(struct rig *rig)
{
    open_sized(rig, 8u << 20, 0);
}

static void little_open(struct rig *rig)
{
    open_sized(rig, 1u << 20, 0);
}

static void wide_open(struct rig *rig)
{
    open_sized(rig, 16u << 20, 65536);
}

static void keeping_open(struct rig *rig)
{
    open_as(rig, 1u << 20, 0, (struct native){ .keep = 6 });
}

static void lazy_open(struct rig *rig)
{
    open_as(rig, 2u << 20, 8192, (struct native){ .lazy = true });
}

const struct store store_native = {
    .name = "native",
    .open = ample_open,
    .reopen = native_reopen,
    .close = native_close,
    .full_bytes = DEVICE_BYTES,
    .sparse = true,
};

const struct store store_native_little = {
    .name = "native, little memory",
    .open = little_open,
    .reopen = native_reopen,
    .close = native_close,
    .full_bytes = DEVICE_BYTES,
    .sparse = true,
};

const struct store store_native_wide = {
    .name = "native, wide pages",
    .open = wide_open,
    .reopen = native_reopen,
    .close = native_close,
    .sparse = true,
};

const struct store store_native_keeping = {
    .name = "native, six kept",
    .open = keeping_open,
    .reopen = native_reopen,
    .close = native_close,
    .full_bytes = DEVICE_BYTES,
    .sparse = true,
};

const struct store store_native_lazy = {
    .name = "native, lazy",
    .open = lazy_open,
    .reopen = native_reopen,
    .close = native_close,
    .full_bytes = DEVICE_BYTES,
    .sparse = true,
};
