/* SPDX-License-Identifier: ISC */
#include <cairn/err.h>

struct err_entry {
    enum cairn_err err;
    const char *name, *text;
};

static const struct err_entry *err_find(enum cairn_err err)
{
    static const struct err_entry unknown = { CAIRN_OK, "E?", "Unknown error" };
    static const struct err_entry known[] = {
        { CAIRN_OK, "OK", "No error" },
        { CAIRN_EPERM, "EPERM", "Operation not permitted" },
        { CAIRN_ENOENT, "ENOENT", "Not found" },
        { CAIRN_EIO, "EIO", "Input/output error" },
        { CAIRN_EBADF, "EBADF", "Not open for this" },
        { CAIRN_EAGAIN, "EAGAIN", "Try again" },
        { CAIRN_ENOMEM, "ENOMEM", "Not enough memory" },
        { CAIRN_EACCES, "EACCES", "Permission denied" },
        { CAIRN_EBUSY, "EBUSY", "In use" },
        { CAIRN_EEXIST, "EEXIST", "Already exists" },
        { CAIRN_EXDEV, "EXDEV", "On different volumes" },
        { CAIRN_ENODEV, "ENODEV", "No such device" },
        { CAIRN_ENOTDIR, "ENOTDIR", "Not a directory" },
        { CAIRN_EISDIR, "EISDIR", "Is a directory" },
        { CAIRN_EINVAL, "EINVAL", "Invalid argument" },
        { CAIRN_ENFILE, "ENFILE", "Too many open files" },
        { CAIRN_EFBIG, "EFBIG", "Too large for the format" },
        { CAIRN_ENOSPC, "ENOSPC", "No space left" },
        { CAIRN_EROFS, "EROFS", "Read-only" },
        { CAIRN_EPIPE, "EPIPE", "The reader is gone" },
        { CAIRN_ERANGE, "ERANGE", "Out of range" },
        { CAIRN_ENAMETOOLONG, "ENAMETOOLONG", "Name too long" },
        { CAIRN_ENOTEMPTY, "ENOTEMPTY", "Directory not empty" },
        { CAIRN_ELOOP, "ELOOP", "Too many levels" },
        { CAIRN_EOVERFLOW, "EOVERFLOW", "Number too large" },
        { CAIRN_EILSEQ, "EILSEQ", "Not valid text" },
        { CAIRN_ENOTSUP, "ENOTSUP", "Not supported" },
        { CAIRN_ETIMEDOUT, "ETIMEDOUT", "Timed out" },
        { CAIRN_ESTALE, "ESTALE", "No longer there" },
        { CAIRN_ECORRUPT, "ECORRUPT", "Corrupt data" },
        { CAIRN_ECANCELED, "ECANCELED", "Canceled" },
    };
    for (size_t i = 0; i < CAIRN_COUNT(known); i++)
        if (known[i].err == err) return &known[i];
    return &unknown;
}

const char *cairn_err_name(enum cairn_err err)
{
    return err_find(err)->name;
}

const char *cairn_err_text(enum cairn_err err)
{
    return err_find(err)->text;
}
