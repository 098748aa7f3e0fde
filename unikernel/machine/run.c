/* SPDX-License-Identifier: ISC */
/* The target `virtio`: from a machine that stands to an application that runs. */
#include "../env/target.h"
#include "disks.h"

struct virtio_target {
    struct env_target base;
    struct uk_disks disks;
};

static enum cairn_err connect(struct env_target *base, const struct cairn_env_device *device,
                              struct cairn_arena *arena, struct cairn_blk **blk,
                              struct cairn_why *why)
{
    (void)arena;
    return uk_disks_take(&((struct virtio_target *)base)->disks, device->name, blk, why);
}

static enum cairn_err close(struct env_target *base, struct cairn_blk *blk, struct cairn_why *why)
{
    (void)base;
    return cairn_blk_close(blk, why);
}

_Noreturn void uk_run(struct uk_machine *machine)
{
    static struct virtio_target target;
    static const char *const not_arguments[] = { "virtio_mmio.device=", NULL };
    uk_mmio_by_command_line(machine);
    struct uk_range ram = uk_ram_largest(machine, (uintptr_t)uk_image_end);
    target.base = (struct env_target){ .connect = connect, .close = close };
    cairn_arena_init(&target.base.arena, (void *)(uintptr_t)ram.at, (size_t)ram.bytes);
    target.base.argv[target.base.argc++] = cairn_env_app.name;
    env_args_split(&target.base, machine->command_line, not_arguments);
    if (!uk_disks_find(&target.disks, machine, &target.base.arena))
        uk_die(UK_STATUS_NOT_STARTED, "%s: %llu KiB of memory are too few", cairn_env_app.name,
               (unsigned long long)ram.bytes >> 10);
    uk_power_off((uint32_t)env_run(&target.base));
}
