/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE_MAX 24

void rig_must(enum cairn_err err, const struct cairn_why *why)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(why, text, sizeof text);
    fprintf(stderr, "rig: %s\n", text);
    abort();
}

#define RIG_MODEL_ALIGN 4096

void *rig_zeros(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory) abort();
    return memory;
}

static void open_device(struct rig *rig, const char *name, uint32_t block_bytes)
{
    if (rig->dev)
        rig_open_layer(rig, name);
    else
        rig_open_bottom(rig, name, block_bytes);
    rig->devs[rig->dev_count++] = rig->dev;
}

/* Names from the top to what can be made to fail. */
static void via_fill(struct rig *rig)
{
    for (size_t i = rig->dev_count; i-- > rig->failing_at;) {
        size_t len = strlen(rig->via);
        snprintf(rig->via + len, sizeof rig->via - len, "%s%s", len ? "/" : "", rig->devs[i]->name);
    }
}

void rig_open(struct rig *rig, const char *stack)
{
    char names[CAIRN_WHY_VIA_BYTES];
    *rig = (struct rig){ .submit = cairn_blk_submit };
    snprintf(names, sizeof names, "%s", stack);
    uint32_t block_bytes = strstr(names, "smaller") ? 4096 : 512;
    for (char *slash; (slash = strrchr(names, '/')); *slash = '\0')
        open_device(rig, slash + 1, block_bytes);
    open_device(rig, names, block_bytes);
    via_fill(rig);
    rig->model = aligned_alloc(RIG_MODEL_ALIGN, RIG_BYTES); /* devices read into it, too */
    if (!rig->model) abort();
    memset(rig->model, 0, RIG_BYTES);
}

void rig_close(struct rig *rig)
{
    while (rig->dev_count) {
        struct cairn_why why = { 0 };
        rig_must(cairn_blk_close(rig->devs[--rig->dev_count], &why), &why);
    }
    for (size_t i = 0; i < rig->layer_count; i++)
        free(rig->bounces[i]);
    if (rig->vdisk) vdisk_free(rig->vdisk);
    free(rig->vdisk);
    free(rig->memory);
    free(rig->log);
    free(rig->model);
}

uint8_t *rig_alloc(const struct rig *rig, uint64_t blocks)
{
    size_t align = rig->dev->info.mem_align;
    uint8_t *memory = aligned_alloc(4096, 8192 + blocks * rig->dev->info.block_bytes / 4096 * 4096);
    if (!memory) abort();
    return memory + align;
}

void rig_free(const struct rig *rig, uint8_t *memory)
{
    free(memory - rig->dev->info.mem_align);
}

bool rig_matches(struct rig *rig, struct tape *tape)
{
    struct cairn_why why = { 0 };
    uint64_t count = rig->dev->info.block_count;
    uint8_t *data = rig_alloc(rig, count);
    enum cairn_err err = cairn_blk_read(rig->dev, 0, count, data, &why);
    uint64_t at = 0, bytes = cairn_blk_bytes(rig->dev);
    bool same = !err && !memcmp(data, rig->model, bytes);
    while (!err && !same && data[at] == rig->model[at])
        at++;
    rig_free(rig, data);
    if (err) return tape_fail(tape, "reading it all: %s", why.what);
    if (!same) return tape_fail(tape, "byte %llu differs", (unsigned long long)at);
    return rig_replays(rig, tape);
}

bool rig_write(struct rig *rig, struct tape *tape, uint64_t block, uint64_t count)
{
    struct cairn_why why = { 0 };
    uint32_t block_bytes = rig->dev->info.block_bytes;
    uint8_t *data = rig_alloc(rig, count);
    uint8_t seed = (uint8_t)(1 + tape_u64(tape, 250));
    for (size_t i = 0; i < count; i++) {
        memset(data + i * block_bytes, (int)(seed + i) & 0xff, block_bytes);
        data[i * block_bytes] = (uint8_t)(i >> 8);
        data[(i + 1) * block_bytes - 1] = (uint8_t)i;
    }
    memcpy(rig->model + block * block_bytes, data, count * block_bytes);
    enum cairn_err err = cairn_blk_write(rig->dev, block, count, data, &why);
    rig_free(rig, data);
    return !err || tape_fail(tape, "write %llu+%llu: %s", (unsigned long long)block,
                             (unsigned long long)count, why.what);
}

void rig_draw_range(struct rig *rig, struct tape *tape, uint64_t *block, uint64_t *count)
{
    uint64_t all = rig->dev->info.block_count;
    *block = tape_u64(tape, all);
    uint64_t max = all - *block < RANGE_MAX ? all - *block : RANGE_MAX;
    *count = tape_u64(tape, max);
}
