/* SPDX-License-Identifier: ISC */
/*
 * A file of the host that appears under its name only when complete, where one was before; in a
 * directory that is open. Never written through a symlink: what bears the name is replaced.
 */
#ifndef CAIRN_IMAGE_OUTFILE_PRIVATE_H
#define CAIRN_IMAGE_OUTFILE_PRIVATE_H

#include <cairn/why.h>
#include <time.h>

struct img_outfile {
    int dir; /* the caller's */
    int fd;
    const char *name; /* the caller's */
    char temp[48];    /* the name it bears until commit; empty: its own */
};

/* CAIRN_EEXIST with no_replace; CAIRN_EISDIR: a directory bears the name. */
enum cairn_err img_outfile_open(struct img_outfile *out, int dir, const char *name,
                                unsigned int mode, bool no_replace,
                                struct cairn_why *why) CAIRN_MUST_USE;
/* One of the two ends it. modified_ns INT64_MIN: leave the time. */
enum cairn_err img_outfile_commit(struct img_outfile *out, int64_t modified_ns,
                                  struct cairn_why *why) CAIRN_MUST_USE;
void img_outfile_abort(struct img_outfile *out);

/* A time as the host takes it, for access and modification. */
void img_times_from_ns(struct timespec times[2], int64_t modified_ns);

#endif
