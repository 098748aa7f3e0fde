/* SPDX-License-Identifier: ISC */
/*
 * What flush_shim.so counts, for the program it is preloaded into. It stands in front of the C
 * library's calls that write and that wait for the device, counts them, and makes each wait take at
 * least a given time, the same for every engine.
 *
 * A flush is a call of fsync, fdatasync, syncfs, msync with MS_SYNC, sync_file_range that waits
 * for what it wrote, or a write to a descriptor opened with O_DSYNC or O_SYNC, or with RWF_DSYNC or
 * RWF_SYNC. Flushes at the same time wait side by side, as if the device took them together.
 *
 * Not counted: what is written by stdio (the engines' own notes of what they do), through mapped
 * memory (an engine that does so tells its bytes itself), by io_uring (Cairn is told to do without)
 * and by the C library for itself.
 */
#ifndef BENCH_FLUSH_SHIM_H
#define BENCH_FLUSH_SHIM_H

#include <stdint.h>

struct flush_shim {
    uint64_t delay_ns;    /* set by the program: what a flush takes at least */
    uint64_t flushes;     /* so far */
    uint64_t write_bytes; /* to regular files and block devices, so far */
};

/* Looked up by this name with dlsym: absent, the shim is not preloaded. */
typedef struct flush_shim *flush_shim_fn(void);
#define FLUSH_SHIM_NAME "flush_shim"

#endif
