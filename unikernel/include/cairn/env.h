/* SPDX-License-Identifier: ISC */
/*
 * An application that runs as a Unix program, as a virtio machine and as a guest of Solo5,
 * unchanged.
 *
 * It defines cairn_main, and declares in app.yaml which devices it wants by what names; each is
 * connected when cairn_main begins. When one cannot be, cairn_main does not begin: the console says
 * which and why, and the program ends with status CAIRN_ENV_NOT_STARTED.
 */
#ifndef CAIRN_ENV_H
#define CAIRN_ENV_H

#include <cairn/arena.h>
#include <cairn/blk.h>
#include <cairn/clock.h>
#include <cairn/fat.h>
#include <cairn/kv.h>
#include <cairn/log.h>

CAIRN_BEGIN

/* Statuses that are not cairn_main's. */
#define CAIRN_ENV_NOT_CLOSED 125  /* it returned 0, but a device could not be flushed or closed */
#define CAIRN_ENV_NOT_STARTED 126 /* a device is missing or is not what was declared */
#define CAIRN_ENV_TRAP 127        /* the processor met an exception; the console has a report */

enum cairn_env_kind { CAIRN_ENV_BLOCK, CAIRN_ENV_FAT, CAIRN_ENV_KV };

/* One line of app.yaml. `cairn unikernel configure` writes the table; see cairn_env_app. */
struct cairn_env_device {
    const char *name; /* letters and digits, at most 20 */
    enum cairn_env_kind kind;
    bool read_only;
    const char *image;    /* of the target `unix`: a path, unless the command line has another */
    uint64_t memory;      /* bytes for the volume's or store's pages; 0: what is usual */
    uint64_t least_bytes; /* a smaller device does not connect; 0: any will do */
};

struct cairn_env_app {
    const char *name;
    const struct cairn_env_device *devices;
    size_t device_count;
    enum cairn_log_level log_level; /* messages beyond it do not reach the console */
};

/* The application's table; defined by what configure writes. */
extern const struct cairn_env_app cairn_env_app;

struct cairn_env {
    const struct cairn_env_app *app;
    int argc; /* argv[0] is the application's name; argv[argc] is NULL */
    const char *const *argv;
    struct cairn_clock_mono *mono;
    struct cairn_clock_wall *wall;
    struct cairn_arena *arena;         /* memory that nobody else uses */
    union cairn_env_device_open *open; /* by app->devices */
};

/* What a device is when it is connected. */
union cairn_env_device_open {
    struct cairn_blk *blk;
    struct cairn_fat *fat;
    struct cairn_kv *kv;
};

/* The application. Its result, 0 to 124, is the program's status; what it left unsynced is synced
 * and all devices are closed afterwards. */
int cairn_main(struct cairn_env *env);

/* The device of this name; NULL when none of that kind was declared. */
struct cairn_blk *cairn_env_block(struct cairn_env *env, const char *name);
struct cairn_fat *cairn_env_fat(struct cairn_env *env, const char *name);
struct cairn_kv *cairn_env_kv(struct cairn_env *env, const char *name);

/* Text to the console: printf's subset of <cairn/text.h>, at most 511 bytes a call. */
void cairn_env_print(const char *fmt, ...) CAIRN_PRINTF(1, 2);

CAIRN_END

#endif
