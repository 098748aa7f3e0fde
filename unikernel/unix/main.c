/* SPDX-License-Identifier: ISC */
/*
 * The target `unix`: a program whose devices are files, or whatever cairn_blk_open knows.
 *
 *   app [--block:NAME=FILE]... [--mem=SIZE] [ARGUMENT]...
 */
#include "../env/target.h"

#include <cairn/blk_open.h>
#include <cairn/bytes.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define DISKS_MAX 64u
#define MEMORY_USUAL (UINT64_C(64) << 20)

struct unix_target {
    struct env_target base;
    uint64_t memory;
    const char *places[DISKS_MAX]; /* "NAME=FILE" */
    size_t place_count;
};

/* Where the device's blocks are: what the command line says, else its image of the table. */
static const char *place_of(const struct unix_target *target, const struct cairn_env_device *device)
{
    size_t len = strlen(device->name);
    for (size_t i = 0; i < target->place_count; i++)
        if (strncmp(target->places[i], device->name, len) == 0 && target->places[i][len] == '=')
            return target->places[i] + len + 1;
    return device->image;
}

static enum cairn_err unix_connect(struct env_target *base, const struct cairn_env_device *device,
                                   struct cairn_arena *arena, struct cairn_blk **blk,
                                   struct cairn_why *why)
{
    const char *place = place_of((struct unix_target *)base, device);
    if (!place) {
        enum cairn_err err = cairn_why_fail(why, CAIRN_ENODEV, "no file is named for it");
        cairn_why_hint(why, "--block:%s=FILE", device->name);
        return err;
    }
    struct cairn_blk_any *any = cairn_arena_array(arena, 1, sizeof *any, 16);
    if (!any) return cairn_why_fail(why, CAIRN_ENOMEM, "memory for a device");
    struct cairn_blk_file_options options = { .write = !device->read_only };
    enum cairn_err err = cairn_blk_open(any, place, &options, why);
    if (!err) *blk = any->dev;
    return err;
}

static struct cairn_blk_any *any_of(struct cairn_blk *blk)
{
    uint8_t *at = (uint8_t *)blk - offsetof(struct cairn_blk_any, is);
    return (struct cairn_blk_any *)(void *)at;
}

static enum cairn_err unix_close(struct env_target *base, struct cairn_blk *blk,
                                 struct cairn_why *why)
{
    (void)base;
    return cairn_blk_any_close(any_of(blk), why);
}

/* False: an option that is none. */
static bool option_take(struct unix_target *target, const char *option)
{
    if (strncmp(option, "--block:", 8) == 0 && strchr(option + 8, '=') &&
        target->place_count < DISKS_MAX) {
        target->places[target->place_count++] = option + 8;
        return true;
    }
    return strncmp(option, "--mem=", 6) == 0 && !cairn_size_parse(option + 6, &target->memory);
}

static bool arguments_take(struct unix_target *target, int argc, char **argv)
{
    target->base.argv[target->base.argc++] = cairn_env_app.name;
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (option_take(target, argv[at])) continue;
        fprintf(stderr,
                "%s: what is '%s'?\nusage: %s [--block:NAME=FILE]... [--mem=SIZE] [ARGUMENT]...\n",
                cairn_env_app.name, argv[at], cairn_env_app.name);
        return false;
    }
    while (at < argc && target->base.argc < (int)ENV_ARGS_MAX)
        target->base.argv[target->base.argc++] = argv[at++];
    return true;
}

int main(int argc, char **argv)
{
    static struct unix_target target = { .base = { .connect = unix_connect, .close = unix_close },
                                         .memory = MEMORY_USUAL };
    if (!arguments_take(&target, argc, argv)) return CAIRN_ENV_NOT_STARTED;
    size_t bytes = target.memory < SIZE_MAX ? (size_t)target.memory : SIZE_MAX;
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) {
        fprintf(stderr, "%s: %llu bytes of memory: %s\n", cairn_env_app.name,
                (unsigned long long)target.memory, strerror(errno));
        return CAIRN_ENV_NOT_STARTED;
    }
    cairn_arena_init(&target.base.arena, mem, bytes);
    return env_run(&target.base);
}
