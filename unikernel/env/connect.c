/* SPDX-License-Identifier: ISC */
#include "connect.h"

#include <cairn/bytes.h>
#include <cairn/kv_native.h>

#define FILES_USUAL 2000u /* that a directory is good for, where nothing was declared */
#define KV_MEMORY_USUAL (1u << 20)
#define PAGE 4096u

static enum cairn_err memory_take(struct cairn_arena *arena, size_t bytes, void **mem,
                                  struct cairn_why *why)
{
    *mem = cairn_arena_take(arena, bytes, PAGE);
    if (*mem) return CAIRN_OK;
    enum cairn_err err =
        cairn_why_fail(why, CAIRN_ENOMEM, "%zu KiB of memory are needed, %zu KiB are left",
                       bytes >> 10, arena->left >> 10);
    cairn_why_hint(why, "give the machine more memory, or declare less for the device");
    return err;
}

static enum cairn_err fat_connect(struct env_target *target, const struct cairn_env_device *device,
                                  struct env_connection *to, struct cairn_why *why)
{
    struct cairn_fat_options options = { .read_only = device->read_only };
    size_t least = cairn_fat_mem_least(to->blk), bytes = cairn_fat_mem_good(to->blk, FILES_USUAL);
    if (device->memory) bytes = (size_t)cairn_max_u64(device->memory, least);
    if (!device->memory && bytes > target->arena.left / 4) bytes = least;
    void *mem;
    enum cairn_err err = memory_take(&target->arena, bytes, &mem, why);
    return err ? err : cairn_fat_mount(&to->open.fat, to->blk, &options, mem, bytes, why);
}

static enum cairn_err kv_connect(struct env_target *target, const struct cairn_env_device *device,
                                 struct env_connection *to, struct cairn_why *why)
{
    struct cairn_kv_native_options options = { .read_only = device->read_only };
    size_t bytes = device->memory ? (size_t)device->memory : KV_MEMORY_USUAL;
    void *mem;
    enum cairn_err err = memory_take(&target->arena, bytes, &mem, why);
    return err ? err : cairn_kv_native_open(&to->open.kv, to->blk, &options, mem, bytes, why);
}

static enum cairn_err size_check(const struct cairn_env_device *device, const struct cairn_blk *blk,
                                 struct cairn_why *why)
{
    uint64_t bytes = cairn_blk_bytes(blk);
    if (bytes >= device->least_bytes) return CAIRN_OK;
    return cairn_why_fail(why, CAIRN_ERANGE, "the disk has %llu bytes, %llu are declared",
                          (unsigned long long)bytes, (unsigned long long)device->least_bytes);
}

static enum cairn_err writable_check(const struct cairn_env_device *device,
                                     const struct cairn_blk *blk, struct cairn_why *why)
{
    if (device->read_only || !cairn_blk_info(blk)->read_only) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_EROFS, "the disk cannot be written to");
    cairn_why_hint(why, "declare it with `read_only: true` if that is meant");
    return err;
}

static enum cairn_err kind_connect(struct env_target *target, const struct cairn_env_device *device,
                                   struct env_connection *connection, struct cairn_why *why)
{
    switch (device->kind) {
    case CAIRN_ENV_FAT:
        return fat_connect(target, device, connection, why);
    case CAIRN_ENV_KV:
        return kv_connect(target, device, connection, why);
    case CAIRN_ENV_BLOCK:
        break;
    }
    connection->open.blk = connection->blk;
    return CAIRN_OK;
}

enum cairn_err env_connect(struct env_target *target, const struct cairn_env_device *device,
                           struct env_connection *connection, struct cairn_why *why)
{
    connection->blk = NULL;
    connection->open.blk = NULL;
    enum cairn_err err = target->connect(target, device, &target->arena, &connection->blk, why);
    if (err) return err;
    err = size_check(device, connection->blk, why);
    if (!err) err = writable_check(device, connection->blk, why);
    return err ? err : kind_connect(target, device, connection, why);
}

static enum cairn_err kind_close(const struct cairn_env_device *device,
                                 struct env_connection *connection, struct cairn_why *why)
{
    switch (device->kind) {
    case CAIRN_ENV_FAT:
        return connection->open.fat ? cairn_fat_unmount(connection->open.fat, why) : CAIRN_OK;
    case CAIRN_ENV_KV:
        return connection->open.kv ? cairn_kv_close(connection->open.kv, why) : CAIRN_OK;
    case CAIRN_ENV_BLOCK:
        break;
    }
    return cairn_blk_info(connection->blk)->read_only ? CAIRN_OK
                                                      : cairn_blk_flush(connection->blk, why);
}

enum cairn_err env_disconnect(struct env_target *target, const struct cairn_env_device *device,
                              struct env_connection *connection, struct cairn_why *why)
{
    if (!connection->blk) return CAIRN_OK;
    enum cairn_err err = kind_close(device, connection, why);
    struct cairn_why closing = { 0 };
    enum cairn_err close_err = target->close(target, connection->blk, &closing);
    connection->blk = NULL;
    if (err || !close_err) return err;
    *why = closing;
    return close_err;
}
