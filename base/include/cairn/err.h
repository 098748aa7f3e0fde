/* SPDX-License-Identifier: ISC */
/*
 * The one error type of every module: 0, or the negative of Linux's errno value of the same name,
 * so that a FUSE or POSIX caller passes it on unchanged (base/host/err_posix.c asserts the values).
 */
#ifndef CAIRN_ERR_H
#define CAIRN_ERR_H

#include <cairn/def.h>

CAIRN_BEGIN

/* clang lets the type itself be must-use; gcc takes the attribute from each function instead, and
 * cppcheck does not know it in this place. */
#if defined(__clang__) && !defined(__cppcheck__)
#define CAIRN_MUST_USE_TYPE CAIRN_MUST_USE
#else
#define CAIRN_MUST_USE_TYPE
#endif

enum CAIRN_MUST_USE_TYPE cairn_err {
    CAIRN_OK = 0,
    CAIRN_EPERM = -1,         /* not allowed */
    CAIRN_ENOENT = -2,        /* no such file, directory, partition, device */
    CAIRN_EIO = -5,           /* the device failed */
    CAIRN_EBADF = -9,         /* the handle is not open for this */
    CAIRN_EAGAIN = -11,       /* try again */
    CAIRN_ENOMEM = -12,       /* the memory given is too small */
    CAIRN_EACCES = -13,       /* permission denied */
    CAIRN_EBUSY = -16,        /* in use */
    CAIRN_EEXIST = -17,       /* the name is taken */
    CAIRN_EXDEV = -18,        /* on different volumes */
    CAIRN_ENODEV = -19,       /* the device is gone, or the kind is unknown */
    CAIRN_ENOTDIR = -20,      /* a directory is needed here */
    CAIRN_EISDIR = -21,       /* a directory is not allowed here */
    CAIRN_EINVAL = -22,       /* the argument is wrong */
    CAIRN_ENFILE = -23,       /* more open nodes than the memory given has room for */
    CAIRN_EFBIG = -27,        /* larger than the format allows */
    CAIRN_ENOSPC = -28,       /* no space left */
    CAIRN_EROFS = -30,        /* read-only */
    CAIRN_EPIPE = -32,        /* the reader is gone */
    CAIRN_ERANGE = -34,       /* outside the device or the buffer */
    CAIRN_ENAMETOOLONG = -36, /* the name or the path is too long */
    CAIRN_ENOTEMPTY = -39,    /* the directory is not empty */
    CAIRN_ELOOP = -40,        /* too many levels */
    CAIRN_EOVERFLOW = -75,    /* a number does not fit */
    CAIRN_EILSEQ = -84,       /* a name is not valid text */
    CAIRN_ENOTSUP = -95,      /* not supported here */
    CAIRN_ETIMEDOUT = -110,   /* timed out */
    CAIRN_ESTALE = -116,      /* the thing the handle stood for is gone */
    CAIRN_ECORRUPT = -117,    /* the data on the device contradict the format */
    CAIRN_ECANCELED = -125    /* stopped on request */
};

/* The constant's name without prefix: "ENOSPC". "E?" for a value that is none of the above. */
CAIRN_API const char *cairn_err_name(enum cairn_err err);

/* A sentence's worth for people: "No space left". Never NULL, never allocated. */
CAIRN_API const char *cairn_err_text(enum cairn_err err);

CAIRN_END

#endif
