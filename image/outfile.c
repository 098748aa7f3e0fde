/* SPDX-License-Identifier: ISC */
#include "outfile.h"

#include "os.h"
#include <cairn/clock.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUT_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

void img_times_from_ns(struct timespec times[2], int64_t modified_ns)
{
    int64_t seconds = modified_ns / CAIRN_NS_PER_SEC, rest = modified_ns % CAIRN_NS_PER_SEC;
    if (rest < 0) {
        seconds--;
        rest += CAIRN_NS_PER_SEC;
    }
    times[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
    times[1] = (struct timespec){ .tv_sec = seconds, .tv_nsec = (long)rest };
}

/* The name is taken: by something to replace, whose place is kept until commit? */
static enum cairn_err replace_open(struct img_outfile *out, unsigned int mode, bool no_replace,
                                   struct cairn_why *why)
{
    static atomic_uint counter;
    struct stat st;
    if (no_replace) return img_os_fail(why, out->name, "create"); /* errno is EEXIST still */
    if (fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return img_os_fail(why, out->name, "replace by a file");
    }
    snprintf(out->temp, sizeof out->temp, ".cairn-%ld-%u.tmp", (long)getpid(),
             atomic_fetch_add(&counter, 1));
    out->fd = openat(out->dir, out->temp, OUT_FLAGS, mode);
    return out->fd < 0 ? img_os_fail(why, out->temp, "create") : CAIRN_OK;
}

enum cairn_err img_outfile_open(struct img_outfile *out, int dir, const char *name,
                                unsigned int mode, bool no_replace, struct cairn_why *why)
{
    *out = (struct img_outfile){ .dir = dir, .name = name };
    out->fd = openat(dir, name, OUT_FLAGS, mode);
    if (out->fd >= 0) return CAIRN_OK;
    if (errno != EEXIST) return img_os_fail(why, name, "create");
    return replace_open(out, mode, no_replace, why);
}

enum cairn_err img_outfile_commit(struct img_outfile *out, int64_t modified_ns,
                                  struct cairn_why *why)
{
    struct timespec times[2];
    img_times_from_ns(times, modified_ns);
    enum cairn_err err = CAIRN_OK;
    if (modified_ns != INT64_MIN && futimens(out->fd, times) != 0)
        err = img_os_fail(why, out->name, "set the time of");
    if (!err && out->temp[0] && renameat(out->dir, out->temp, out->dir, out->name) != 0)
        err = img_os_fail(why, out->name, "replace");
    if (err) {
        img_outfile_abort(out);
        return err;
    }
    /* NFS and FUSE say at close that the space ran out. */
    return close(out->fd) == 0 ? CAIRN_OK : img_os_fail(why, out->name, "close");
}

void img_outfile_abort(struct img_outfile *out)
{
    (void)unlinkat(out->dir, out->temp[0] ? out->temp : out->name, 0);
    (void)close(out->fd);
}
