/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <cairn/kv_mem.h>
#include <stdlib.h>

#define MEM_BYTES (24u << 20)

static void mem_open(struct rig *rig)
{
    const struct cairn_kv_mem_options options = { .clock = &rig->clock.base };
    rig->of = malloc(MEM_BYTES);
    if (cairn_kv_mem_open(&rig->kv, &options, rig->of, MEM_BYTES, NULL)) abort();
}

static void mem_close(struct rig *rig)
{
    if (cairn_kv_close(rig->kv, NULL)) abort();
    free(rig->of);
}

const struct store store_mem = {
    .name = "memory",
    .open = mem_open,
    .close = mem_close,
    .full_bytes = MEM_BYTES,
    .sparse = true,
};
