/* SPDX-License-Identifier: ISC */
/* app.yaml: what an application is called and needs. docs/unikernel.md describes the keys. Hosted;
 * uses malloc. */
#ifndef CAIRN_UNIKERNEL_FRONT_APP_H
#define CAIRN_UNIKERNEL_FRONT_APP_H

#include <cairn/env.h>

#define FRONT_DEVICES_MAX 64u
#define FRONT_NAME_MAX 20u
#define FRONT_FILE_MAX (UINT32_C(1) << 20)            /* bytes of an app.yaml */
#define FRONT_MEMORY_USUAL (UINT64_C(32) << 20)       /* of the machine */
#define FRONT_FAT_FREE_USUAL (UINT64_C(4) << 20)      /* of a volume whose size is not told */
#define FRONT_DEVICE_BYTES_USUAL (UINT64_C(16) << 20) /* of a store or a disk */

struct front_device {
    const char *name; /* letters and digits, at most FRONT_NAME_MAX */
    int kind;         /* enum cairn_env_kind */
    bool read_only;
    const char
        *folder; /* of a volume or store: what it begins with; relative to the application's */
    const char *image; /* an image that is there, used as it is; relative to the same */
    const char *label;
    const char *size_text, *memory_text, *least_text; /* as written; NULL: not told */
    uint64_t size, memory, least;                     /* what they say; 0: not told */
};

/* Of the target `virtio`. */
struct front_virtio {
    int machine;        /* index of front_machines */
    const char *cpu;    /* NULL: QEMU's own choice */
    const char **extra; /* options for QEMU, word by word */
    uint32_t extra_count;
};

struct front_targets {
    struct front_virtio virtio;
};

struct front_app {
    const char *name;
    const char *memory_text;
    uint64_t memory;      /* bytes of the machine */
    int log;              /* enum cairn_log_level */
    const char **sources; /* C files, relative to the application's folder; none told: main.c */
    uint32_t sources_count;
    struct front_device *devices;
    uint32_t devices_count;
    struct front_targets targets;
};

/* Names of QEMU's machines, in the order of front_virtio.machine. */
extern const char *const front_machines[];

/* Text of an app.yaml, checked: every error's why begins with "line N" where there is one. No I/O.
 * CAIRN_EINVAL: it is not one; CAIRN_ENOMEM. */
enum cairn_err front_app_parse(struct front_app **app, const char *text, size_t bytes,
                               struct cairn_why *why) CAIRN_MUST_USE;

/* The same of FOLDER/app.yaml. CAIRN_ENOENT: there is none. */
enum cairn_err front_app_read(struct front_app **app, const char *folder,
                              struct cairn_why *why) CAIRN_MUST_USE;

void front_app_free(struct front_app *app);

#endif
