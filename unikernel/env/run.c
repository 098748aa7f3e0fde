/* SPDX-License-Identifier: ISC */
/* The life of an application: connect, cairn_main, disconnect. */
#include "connect.h"
#include "print.h"

#include <cairn/bytes.h>

struct run {
    struct env_target *target;
    const struct cairn_env_app *app;
    struct env_connection *connections;
    struct cairn_env env;
};

static void device_failed(const struct cairn_env_device *device, const struct cairn_why *why)
{
    static const char *const kinds[] = { "block", "fat", "kv" };
    cairn_env_print("%s: cannot connect the %s device:\n", cairn_env_app.name, kinds[device->kind]);
    env_print_why(device->name, why);
}

static enum cairn_err connect_all(struct run *run)
{
    for (size_t i = 0; i < run->app->device_count; i++) {
        struct cairn_why why = { 0 };
        enum cairn_err err =
            env_connect(run->target, &run->app->devices[i], &run->connections[i], &why);
        run->env.open[i] = run->connections[i].open;
        if (!err) continue;
        device_failed(&run->app->devices[i], &why);
        return err;
    }
    return CAIRN_OK;
}

static enum cairn_err disconnect_all(struct run *run)
{
    enum cairn_err first = CAIRN_OK;
    for (size_t i = run->app->device_count; i-- > 0;) {
        struct cairn_why why = { 0 };
        enum cairn_err err =
            env_disconnect(run->target, &run->app->devices[i], &run->connections[i], &why);
        if (err) env_print_why(run->app->devices[i].name, &why);
        if (!first) first = err;
    }
    return first;
}

static bool tables_take(struct run *run)
{
    struct cairn_arena *arena = &run->target->arena;
    size_t count = run->app->device_count;
    run->connections = cairn_arena_array(arena, count, sizeof *run->connections, 16);
    run->env.open = cairn_arena_array(arena, count, sizeof *run->env.open, 16);
    return run->connections && run->env.open;
}

int env_run(struct env_target *target)
{
    struct run run = { .target = target, .app = &cairn_env_app };
    run.env = (struct cairn_env){ .app = run.app,
                                  .argc = target->argc,
                                  .argv = target->argv,
                                  .mono = cairn_clock_mono_platform(),
                                  .wall = cairn_clock_wall_platform(),
                                  .arena = &target->arena };
    cairn_log_reporter_set(env_log_console());
    if (!tables_take(&run)) {
        cairn_env_print("%s: there is no memory for the table of devices\n", run.app->name);
        return CAIRN_ENV_NOT_STARTED;
    }
    int status = connect_all(&run) ? CAIRN_ENV_NOT_STARTED : cairn_main(&run.env);
    if (disconnect_all(&run) && status == 0) status = CAIRN_ENV_NOT_CLOSED;
    return status & 127;
}

/* ---- devices by name ------------------------------------------------------------------------- */

static union cairn_env_device_open device_of(struct cairn_env *env, const char *name,
                                             enum cairn_env_kind kind)
{
    for (size_t i = 0; i < env->app->device_count; i++)
        if (env->app->devices[i].kind == kind && cairn_str_equal(env->app->devices[i].name, name))
            return env->open[i];
    return (union cairn_env_device_open){ NULL };
}

struct cairn_blk *cairn_env_block(struct cairn_env *env, const char *name)
{
    return device_of(env, name, CAIRN_ENV_BLOCK).blk;
}

struct cairn_fat *cairn_env_fat(struct cairn_env *env, const char *name)
{
    return device_of(env, name, CAIRN_ENV_FAT).fat;
}

struct cairn_kv *cairn_env_kv(struct cairn_env *env, const char *name)
{
    return device_of(env, name, CAIRN_ENV_KV).kv;
}
