/* SPDX-License-Identifier: ISC */
#include "stacks.h"

#include "rig.h"
#include <cairn/bytes.h>
#include <stdio.h>
#include <string.h>

const char *const stacks[] = {
    "mem",
    "file",
    "shm",
    "uring",
    "direct",
    "direct_pread",
    "nbd",
    "rbd",
    "vhost",
    "sim",
    "strict",
    "virtio-split",
    "virtio-packed",
    "slice/mem",
    "slice/file",
    "slice/uring",
    "smaller/direct",
    "larger/mem",
    "smaller/mem",
    "readonly/mem",
    "readonly/file",
    "slice/sim",
    "slice/virtio-packed",
    "smaller/virtio-split",
    "smaller/sim",
    "slice/strict",
    "larger/strict",
    "smaller/strict",
    "slice/smaller/sim",
    "larger/slice/shm",
    "slice/slice/slice/mem",
    "smaller/slice/file",
    "readonly/slice/smaller/sim",
    "slice/larger/slice/smaller/strict",
    "cache/mem",
    "cache/file",
    "cache/strict",
    "cache/sim",
    "through/strict",
    "through/sim",
    "overlay/mem",
    "overlay/strict",
    "mirror/mem",
    "mirror/strict",
    "mirror/sim",
    "sim/strict",
    "sim/file",
    "stats/strict",
    "stats/uring",
    "stats/sim",
    "trace/strict",
    "trace/file",
    "trace/sim",
    "replay/mem",
    "replay/shm",
    "slice/cache/replay/mem",
    "slice/cache/smaller/sim",
    "stats/slice/trace/smaller/sim",
    "trace/sim/cache/strict",
    "cache/overlay/slice/sim",
    "larger/mirror/cache/file",
    "overlay/cache/mirror/strict",
    "slice/nbd",
    "slice/vhost",
    "cache/vhost",
    "smaller/nbd",
    "cache/mirror/nbd",
    "smaller/rbd",
    "slice/cache/rbd",
};

const size_t stack_count = sizeof stacks / sizeof *stacks;

/* ---- random ---------------------------------------------------------------------------------- */

#define LAYERS_MAX 6u
#define BLOCKS_MIN 64u /* what rules need */

/* Those that cost little come more than once. */
static const char *const bottoms[] = { "mem",          "sim",          "strict", "mem",
                                       "sim",          "strict",       "file",   "shm",
                                       "uring",        "direct",       "nbd",    "sim",
                                       "direct_pread", "virtio-split", "strict", "virtio-packed" };

/* What a layer does to the shape: blocks are larger (shift > 0) or smaller, and fewer. */
static const struct drawn_layer {
    const char *name;
    int shift;
    uint32_t fewer;
} drawn_layers[] = {
    { "slice", 0, 16 }, { "slice", 0, 16 }, { "larger", 2, 0 },  { "readonly", 0, 0 },
    { "cache", 0, 0 },  { "cache", 0, 0 },  { "through", 0, 0 }, { "overlay", 0, 0 },
    { "mirror", 0, 0 }, { "sim", 0, 0 },    { "sim", 0, 0 },     { "stats", 0, 0 },
    { "trace", 0, 0 },
};

static const struct drawn_layer to_smaller = { "smaller", -3, 0 };

static uint64_t mix(uint64_t *random)
{
    *random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (*random ^ (*random >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* What is drawn so far, and its shape. */
struct drawn {
    char *name;
    uint32_t block_bytes;
    uint64_t blocks;
};

/* Put the layer on top, where rules still find whole sectors and enough blocks. */
static void layer_add(struct drawn *drawn, const struct drawn_layer *layer)
{
    char above[STACK_BYTES];
    uint32_t bytes = drawn->block_bytes;
    bytes = layer->shift < 0 ? bytes >> -layer->shift : bytes << layer->shift;
    if (bytes < 512) return;
    uint64_t blocks = drawn->blocks * drawn->block_bytes / bytes - layer->fewer;
    if (blocks < BLOCKS_MIN) return;
    drawn->block_bytes = bytes;
    drawn->blocks = blocks;
    snprintf(above, sizeof above, "%s/%.100s", layer->name, drawn->name);
    memcpy(drawn->name, above, sizeof above);
}

/* A stack begins with blocks of 4096 bytes when "smaller" is in it, as rig_open has it. */
void stack_draw(uint64_t number, char name[STACK_BYTES])
{
    uint64_t random = number;
    size_t layers = mix(&random) % (LAYERS_MAX + 1), smaller = mix(&random) % (2 * LAYERS_MAX);
    bool has_smaller = smaller < layers;
    struct drawn drawn = { .name = name, .block_bytes = has_smaller ? 4096 : 512 };
    drawn.blocks = RIG_BYTES / drawn.block_bytes;
    snprintf(name, STACK_BYTES, "%s", bottoms[mix(&random) % CAIRN_COUNT(bottoms)]);
    for (size_t i = 0; i < layers; i++) {
        const struct drawn_layer *layer = &drawn_layers[mix(&random) % CAIRN_COUNT(drawn_layers)];
        if (has_smaller && i == smaller) layer = &to_smaller;
        layer_add(&drawn, layer);
    }
}
