/* SPDX-License-Identifier: ISC */
/*
 * O_DIRECT: whether a file has it, how its transfers must be aligned, and copies for memory that is
 * not. The flag is set on the open descriptor: open with it would leave an empty file behind where
 * the file system then refuses it.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../impl.h"

#define ALIGN_UNKNOWN 4096u /* what every file system takes that does not say */

static bool align_by_statx(struct cairn_blk_file *file)
{
#ifdef STATX_DIOALIGN /* Linux 6.1 */
    struct statx stx;
    if (statx(file->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx)) return false;
    if (!(stx.stx_mask & STATX_DIOALIGN)) return false;
    file->mem_align = stx.stx_dio_mem_align;
    file->offset_align = stx.stx_dio_offset_align;
    return true;
#else
    (void)file;
    return false;
#endif
}

static void align_by_guess(struct cairn_blk_file *file)
{
    int logical = 0;
    bool known = file->is_device && !ioctl(file->fd, BLKSSZGET, &logical) && logical > 0;
    file->offset_align = known ? (uint32_t)logical : ALIGN_UNKNOWN;
    file->mem_align = file->offset_align;
}

/* A file system that has O_DIRECT may have none for a file: one that is encrypted, say. */
static bool align_is_usable(const struct cairn_blk_file *file)
{
    return cairn_is_pow2(file->mem_align) && file->mem_align <= BLK_DIRECT_MEM_ALIGN_MAX &&
           cairn_is_pow2(file->offset_align) && file->offset_align <= BLK_BYTES_MAX;
}

static int direct_set(struct cairn_blk_file *file)
{
    int flags = fcntl(file->fd, F_GETFL);
    if (flags < 0 || fcntl(file->fd, F_SETFL, flags | O_DIRECT)) return errno;
    if (!align_by_statx(file)) align_by_guess(file);
    return align_is_usable(file) ? 0 : EINVAL;
}

static void direct_unset(struct cairn_blk_file *file)
{
    int flags = fcntl(file->fd, F_GETFL);
    if (flags >= 0) (void)fcntl(file->fd, F_SETFL, flags & ~O_DIRECT);
    file->mem_align = file->offset_align = 1;
}

static enum cairn_err fail_refused(int os, struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "open: no O_DIRECT for this file");
    cairn_why_os(why, os);
    cairn_why_hint(why, "its file system cannot: open it without direct:");
    return err;
}

static enum cairn_err fail_blocks(const struct cairn_blk_file *file, uint32_t block_bytes,
                                  struct cairn_why *why)
{
    enum cairn_err err = cairn_why_fail(why, CAIRN_EINVAL, "open: O_DIRECT with blocks of %lu",
                                        (unsigned long)block_bytes);
    cairn_why_hint(why, "here it takes whole %lu bytes: choose larger blocks, or no O_DIRECT",
                   (unsigned long)file->offset_align);
    return err;
}

static enum cairn_err direct_take(struct cairn_blk_file *file, uint32_t *block_bytes,
                                  struct cairn_why *why)
{
    int os = direct_set(file);
    if (os) return fail_refused(os, why);
    if (!*block_bytes) *block_bytes = (uint32_t)cairn_max_u64(file->offset_align, BLK_BYTES_MIN);
    if (*block_bytes < file->offset_align) return fail_blocks(file, *block_bytes, why);
    return CAIRN_OK;
}

enum cairn_err blk_file_direct(struct cairn_blk_file *file, const char *path,
                               const struct cairn_blk_file_options *options, uint32_t *block_bytes,
                               struct cairn_why *why)
{
    struct cairn_why reason = { 0 };
    char text[CAIRN_LOG_TEXT_BYTES];
    if (options->direct == CAIRN_BLK_DIRECT_OFF) return CAIRN_OK;
    enum cairn_err err = direct_take(file, block_bytes, &reason);
    file->direct = !err;
    if (!err) return CAIRN_OK;
    direct_unset(file);
    cairn_why_path(&reason, path, strlen(path));
    if (options->direct == CAIRN_BLK_DIRECT_TRY) {
        cairn_why_text(&reason, text, sizeof text);
        cairn_log(&blk_file_log, CAIRN_LOG_WARNING, "%s; going through the page cache", text);
        return CAIRN_OK;
    }
    if (why) *why = reason;
    return err;
}

bool blk_file_takes(const struct cairn_blk_file *file, const struct iovec *iov, int count)
{
    if (file->mem_align == 1) return true;
    for (int i = 0; i < count; i++)
        if ((uintptr_t)iov[i].iov_base % file->mem_align) return false;
    return true;
}

size_t blk_bounce_bytes(const struct iovec *iov, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count && bytes < BLK_BOUNCE_BYTES; i++)
        bytes += iov[i].iov_len;
    return bytes < BLK_BOUNCE_BYTES ? bytes : BLK_BOUNCE_BYTES;
}

size_t blk_bounce_in(uint8_t *bounce, const struct iovec *iov, int count)
{
    size_t bytes = blk_bounce_bytes(iov, count);
    for (size_t at = 0, step; at < bytes; at += step, iov++) {
        step = (size_t)cairn_min_u64(iov->iov_len, bytes - at);
        memcpy(bounce + at, iov->iov_base, step);
    }
    return bytes;
}

void blk_bounce_out(const uint8_t *bounce, size_t bytes, const struct iovec *iov, int count)
{
    for (size_t at = 0, step; at < bytes && count > 0; at += step, iov++, count--) {
        step = (size_t)cairn_min_u64(iov->iov_len, bytes - at);
        memcpy(iov->iov_base, bounce + at, step);
    }
}
