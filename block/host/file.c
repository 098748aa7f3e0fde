/* SPDX-License-Identifier: ISC */
/* Opening a file or a host block device: what it is, who else has it, what it can do, and by which
 * engine it is read and written. */
#include "file.h"

#include <cairn/clock.h>
#include <cairn/err_posix.h>
#include <cairn/log.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../impl.h"

_Static_assert(offsetof(struct cairn_blk_file, base) == 0, "a device embeds its base first");

#define LOCK_POLL_NS (10 * CAIRN_NS_PER_MS)
#define PAGE_BYTES 4096u
#define SECTOR_BYTES 512u /* what a disk under a file writes whole */

static const struct cairn_blk_file_options options_default;

const struct cairn_log_source blk_file_log = { "block.file", CAIRN_LOG_WARNING };

enum cairn_err blk_file_fail(const struct cairn_blk_file *file, struct cairn_why *why, int os,
                             const char *what)
{
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    cairn_why_via(why, file->label);
    return err;
}

/* Failures of open name the path itself. */
static enum cairn_err open_fail(struct cairn_why *why, const char *path, int os, const char *what)
{
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    cairn_why_path(why, path, strlen(path));
    return err;
}

static const char *kind_name(mode_t mode)
{
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode)) return "a character device";
    return "neither a file nor a block device";
}

static enum cairn_err kind_check(const struct stat *st, const char *path, struct cairn_why *why)
{
    if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode)) return CAIRN_OK;
    enum cairn_err err = S_ISDIR(st->st_mode) ? CAIRN_EISDIR : CAIRN_ENOTSUP;
    err = cairn_why_fail(why, err, "open: it is %s", kind_name(st->st_mode));
    cairn_why_path(why, path, strlen(path));
    cairn_why_hint(why, "name a disk image or a block device");
    return err;
}

/* O_NONBLOCK: should the path turn into a FIFO behind our back, open still returns. It is cleared
 * when the file is known, as io_uring would fail rather than wait for a disk. */
static int open_flags(const struct stat *st, const struct cairn_blk_file_options *options)
{
    int flags = O_CLOEXEC | O_NONBLOCK | (options->write ? O_RDWR : O_RDONLY);
    if (options->write && options->create) flags |= O_CREAT | O_EXCL;
    if (options->write && st && S_ISBLK(st->st_mode)) flags |= O_EXCL;
    return flags;
}

static enum cairn_err file_open_fd(struct cairn_blk_file *file, const char *path,
                                   const struct cairn_blk_file_options *options,
                                   struct cairn_why *why)
{
    struct stat st;
    bool exists = !stat(path, &st);
    if (!exists && (errno != ENOENT || !options->create))
        return open_fail(why, path, errno, "open");
    if (exists && !options->create) {
        enum cairn_err err = kind_check(&st, path, why);
        if (err) return err;
    }
    file->fd = open(path, open_flags(exists ? &st : NULL, options), 0666);
    if (file->fd >= 0) return CAIRN_OK;
    enum cairn_err err = open_fail(why, path, errno, options->create ? "create" : "open");
    if (err == CAIRN_EBUSY)
        cairn_why_hint(why, "the device is mounted or in use: unmount it first (see lsblk)");
    return err;
}

/* An OFD lock belongs to this open file, not to the process: two opens of one program also keep
 * each other out, and closing another descriptor of the file does not drop it. */
static int lock_once(int fd, bool write)
{
    struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };
    return fcntl(fd, F_OFD_SETLK, &lock) ? errno : 0;
}

static enum cairn_err file_lock(struct cairn_blk_file *file, const char *path,
                                const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    struct cairn_clock_mono *clock = cairn_clock_mono_platform();
    uint64_t until =
        cairn_clock_mono_now(clock) + (uint64_t)options->lock_wait_ms * (uint64_t)CAIRN_NS_PER_MS;
    int os = lock_once(file->fd, options->write);
    while (os == EAGAIN && cairn_clock_mono_now(clock) < until) {
        cairn_clock_sleep(clock, (uint64_t)LOCK_POLL_NS);
        os = lock_once(file->fd, options->write);
    }
    if (!os) return CAIRN_OK;
    if (os != EAGAIN) return open_fail(why, path, os, "lock");
    enum cairn_err err =
        open_fail(why, path, EBUSY, options->write ? "lock for writing" : "lock for reading");
    cairn_why_hint(why, "another program has it open%s; wait for it, or find it with lslocks",
                   options->write ? "" : " for writing");
    return err;
}

/* Length and block size, which for a block device the kernel knows. */
static enum cairn_err file_size(struct cairn_blk_file *file, const struct stat *st,
                                const char *path, uint64_t *bytes, uint32_t *block_bytes,
                                struct cairn_why *why)
{
    *bytes = (uint64_t)st->st_size;
    if (!file->is_device) return CAIRN_OK;
    int logical = 0;
    if (ioctl(file->fd, BLKGETSIZE64, bytes) || ioctl(file->fd, BLKSSZGET, &logical))
        return open_fail(why, path, errno, "size of the device");
    if (!*block_bytes) *block_bytes = (uint32_t)logical;
    return CAIRN_OK;
}

/* Memory file systems lose everything with the host's power. */
static enum cairn_blk_durability file_durability(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs)) return CAIRN_BLK_DURABLE_HOST;
    uint32_t type = (uint32_t)fs.f_type; /* its sign differs between machines */
    bool in_memory = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
    return in_memory ? CAIRN_BLK_DURABLE_HOST : CAIRN_BLK_DURABLE_MEDIA;
}

/* Does the kernel know writes that are durable one by one? Reading behind the end tells, and does
 * nothing else. */
static bool has_dsync(const struct cairn_blk_file *file, uint64_t bytes)
{
    uint8_t byte;
    struct iovec iov = { &byte, sizeof byte };
    bool refused = preadv2(file->fd, &iov, 1, (off_t)bytes, RWF_DSYNC) < 0 &&
                   (errno == EOPNOTSUPP || errno == ENOSYS);
    return !refused;
}

static struct cairn_blk_info file_info(const struct cairn_blk_file *file, const struct stat *st,
                                       uint64_t bytes, uint32_t block_bytes, bool write)
{
    uint64_t unit = cairn_is_pow2((uint64_t)st->st_blksize) ? (uint64_t)st->st_blksize : 0;
    unit = cairn_min_u64(cairn_max_u64(unit, PAGE_BYTES), BLK_BYTES_MAX);
    uint32_t preferred = (uint32_t)cairn_max_u64(block_bytes, unit);
    enum cairn_blk_cap only_file = file->is_device ? CAIRN_BLK_ABSENT : CAIRN_BLK_NATIVE;
    return (struct cairn_blk_info){
        .block_bytes = block_bytes,
        .block_count = bytes / block_bytes,
        .read_only = !write,
        .preferred_bytes = preferred,
        .max_bytes = BLK_DEVICE_BYTES_MAX - 1,
        .mem_align = 1,
        .atomic_bytes = SECTOR_BYTES,
        .discard_bytes = preferred,
        .zero_bytes = preferred,
        .flush = CAIRN_BLK_NATIVE,
        .fua = has_dsync(file, bytes) ? CAIRN_BLK_NATIVE : CAIRN_BLK_EMULATED,
        .discard = CAIRN_BLK_NATIVE,
        .zero = CAIRN_BLK_NATIVE,
        .extents = only_file,
        .resize = only_file,
        .durability = file->is_device ? CAIRN_BLK_DURABLE_MEDIA : file_durability(file->fd),
    };
}

enum cairn_err blk_file_flush(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    if (dev->info.read_only) return CAIRN_OK;
    while (fdatasync(file->fd))
        if (errno != EINTR) return blk_file_fail(file, why, errno, "flush");
    return CAIRN_OK;
}

static int file_truncate(int fd, uint64_t bytes)
{
    while (ftruncate(fd, (off_t)bytes))
        if (errno != EINTR) return errno;
    return 0;
}

/* Growing cuts first: a tail that was too short for a block must not show up in the new one. The
 * front adds the device's name. */
enum cairn_err blk_file_resize(struct cairn_blk *dev, uint64_t block_count, struct cairn_why *why)
{
    const struct cairn_blk_file *file = (const struct cairn_blk_file *)dev;
    int os = 0;
    if (block_count > dev->info.block_count) os = file_truncate(file->fd, cairn_blk_bytes(dev));
    if (!os) os = file_truncate(file->fd, block_count * dev->info.block_bytes);
    if (!os) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "resize");
    cairn_why_os(why, os);
    return err;
}

enum cairn_err blk_file_close(struct cairn_blk *dev, struct cairn_why *why)
{
    struct cairn_blk_file *file = (struct cairn_blk_file *)dev;
    int fd = file->fd;
    blk_uring_close(file);
    file->fd = -1;
    /* Interrupted or not, Linux has let go of the descriptor: it is not closed twice. */
    if (close(fd) && errno != EINTR) return blk_file_fail(file, why, errno, "close");
    return CAIRN_OK;
}

static const struct cairn_blk_ops file_ops = {
    .submit = blk_file_submit,
    .flush = blk_file_flush,
    .extents = blk_file_extents,
    .resize = blk_file_resize,
    .close = blk_file_close,
};

/* Once a process: who opens many files need not hear it for each. */
static void warn_of_fallback(const char *path, enum cairn_err err, const char *reason)
{
    static bool told;
    if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) return;
    cairn_log(&blk_file_log, CAIRN_LOG_WARNING, "%s: no io_uring: %s: %s; using pread and pwrite",
              path, reason, cairn_err_text(err));
}

/* Past the page cache a batch by io_uring takes a quarter of the time of one call after the other,
 * one request the same time. Through it, io_uring gains as much where nothing is cached, but loses
 * where all is, and making a ring takes as long as reading some ten blocks: it is for those who
 * know what they read (tests/bench/case_uring.sh). */
static void file_choose_engine(struct cairn_blk_file *file, const char *path,
                               const struct cairn_blk_file_options *options)
{
    uint32_t depth = options->queue_depth ? options->queue_depth : CAIRN_BLK_QUEUE_DEPTH;
    const char *reason = "";
    file->io = CAIRN_BLK_IO_PREAD;
    if (options->io == CAIRN_BLK_IO_PREAD) return;
    if (options->io == CAIRN_BLK_IO_AUTO && !file->direct) return;
    enum cairn_err err = blk_uring_open(file, depth, &reason);
    if (err)
        warn_of_fallback(path, err, reason);
    else
        file->io = CAIRN_BLK_IO_URING;
}

static void file_label(struct cairn_blk_file *file, const char *path)
{
    size_t len = strlen(path);
    size_t cut = len >= sizeof file->label ? len - (sizeof file->label - 1) : 0;
    memcpy(file->label, path + cut, len - cut + 1);
}

static void warn_of_tail(const char *path, uint64_t bytes, uint32_t block_bytes)
{
    if (bytes % block_bytes)
        cairn_log(&blk_file_log, CAIRN_LOG_WARNING,
                  "%s: its last %llu bytes do not fill a block of %lu and are not used", path,
                  (unsigned long long)(bytes % block_bytes), (unsigned long)block_bytes);
}

/* All that follows once the descriptor is there; who calls closes it on failure. */
static enum cairn_err file_take(struct cairn_blk_file *file, const char *path,
                                const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    struct stat st;
    if (fstat(file->fd, &st)) return open_fail(why, path, errno, "stat");
    enum cairn_err err = kind_check(&st, path, why);
    if (err) return err;
    if (fcntl(file->fd, F_SETFL, 0)) return open_fail(why, path, errno, "set the flags of");
    file->is_device = S_ISBLK(st.st_mode);
    if (!file->is_device) err = file_lock(file, path, options, why);
    if (err) return err;
    if (options->write && options->create) {
        int os = file_truncate(file->fd, options->create_bytes);
        if (os) return open_fail(why, path, os, "set the length of");
        st.st_size = (off_t)options->create_bytes;
    }
    uint64_t bytes = 0;
    uint32_t block_bytes = options->block_bytes;
    err = file_size(file, &st, path, &bytes, &block_bytes, why);
    if (!err) err = blk_file_direct(file, path, options, &block_bytes, why);
    if (err) return err;
    if (!block_bytes) block_bytes = SECTOR_BYTES;
    err = blk_shape_check(block_bytes, bytes / block_bytes, why);
    if (err) return err;
    warn_of_tail(path, bytes, block_bytes);
    struct cairn_blk_info info = file_info(file, &st, bytes, block_bytes, options->write);
    cairn_blk_init(&file->base, &file_ops, &info, file->label, NULL);
    file_choose_engine(file, path, options);
    return CAIRN_OK;
}

enum cairn_err cairn_blk_file_open(struct cairn_blk_file *dev, const char *path,
                                   const struct cairn_blk_file_options *options,
                                   struct cairn_why *why)
{
    if (!options) options = &options_default;
    if (options->create && !options->write)
        return cairn_why_fail(why, CAIRN_EINVAL, "creating a file only to read it");
    if (options->queue_depth > CAIRN_BLK_QUEUE_DEPTH_MAX)
        return cairn_why_fail(why, CAIRN_EINVAL, "a queue depth above %u",
                              CAIRN_BLK_QUEUE_DEPTH_MAX);
    if (options->block_bytes) {
        enum cairn_err shape = blk_shape_check(options->block_bytes, 0, why);
        if (shape) return shape;
    }
    *dev =
        (struct cairn_blk_file){ .fd = -1, .can_punch = true, .mem_align = 1, .offset_align = 1 };
    file_label(dev, path);
    enum cairn_err err = file_open_fd(dev, path, options, why);
    if (err) return err;
    err = file_take(dev, path, options, why);
    if (!err) return CAIRN_OK;
    (void)close(dev->fd);
    dev->fd = -1;
    if (options->create) (void)unlink(path);
    return err;
}

enum cairn_err cairn_blk_file_clone(struct cairn_blk_file *dev, uint64_t dst_offset, int src_fd,
                                    uint64_t src_offset, uint64_t bytes, uint64_t *cloned,
                                    struct cairn_why *why)
{
    *cloned = 0;
    enum cairn_err err = blk_poison(&dev->base);
    if (!err && dev->base.info.read_only) err = CAIRN_EROFS;
    if (!err && !cairn_range_fits(dst_offset, bytes, cairn_blk_bytes(&dev->base)))
        err = CAIRN_ERANGE;
    if (!err && dev->direct) err = CAIRN_ENOTSUP; /* its ends need not be aligned */
    if (err)
        err = cairn_why_fail(why, err, "copy %llu bytes to byte %llu", (unsigned long long)bytes,
                             (unsigned long long)dst_offset);
    else
        err = cairn_fd_copy(dev->fd, dst_offset, src_fd, src_offset, bytes, cloned, why);
    if (err) cairn_why_via(why, dev->label);
    return err;
}
