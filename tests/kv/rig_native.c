/* SPDX-License-Identifier: ISC */
/* The native store on a memory device. With ample memory; with so little that pages are
 * evicted and checkpoints run all the time; with pages of 64 KiB; with six generations kept; and
 * lazy.
 */
#include "rig.h"

#include <cairn/blk_mem.h>
#include <cairn/kv_native.h>
#include <stdlib.h>

#define DEVICE_BYTES (12u << 20)

struct native {
    struct cairn_blk_mem dev;
    uint8_t *disk, *mem;
    size_t mem_bytes;
    uint32_t keep;
    bool lazy;
};

static void native_connect(struct rig *rig, bool read_only)
{
    struct native *native = rig->of;
    struct cairn_kv_native_options options = { .clock = &rig->clock.base,
                                               .read_only = read_only,
                                               .keep = native->keep,
                                               .lazy = native->lazy };
    if (cairn_kv_native_open(&rig->kv, &native->dev.base, &options, native->mem, native->mem_bytes,
                             NULL))
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
    native->disk = calloc(1, DEVICE_BYTES);
    native->mem = malloc(mem_bytes);
    native->mem_bytes = mem_bytes;
    if (cairn_blk_mem_open(&native->dev, native->disk, 512, DEVICE_BYTES / 512, NULL)) abort();
    if (cairn_kv_native_format(&native->dev.base, &options, native->mem, mem_bytes, NULL)) abort();
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
    free(native->disk);
    free(native->mem);
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
