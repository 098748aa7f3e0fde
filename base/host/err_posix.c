/* SPDX-License-Identifier: ISC */
#include <cairn/err_posix.h>
#include <errno.h>

/* clang-format off */
/* Every error but CAIRN_OK and CAIRN_ECORRUPT, whose name errno spells EUCLEAN. */
#define ERRNO_LIST(X)                                                                              \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EBUSY) X(EEXIST) X(EXDEV)   \
    X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EFBIG) X(ENOSPC) X(EROFS) X(EPIPE)        \
    X(ERANGE) X(ENAMETOOLONG) X(ENOTEMPTY) X(ELOOP) X(EOVERFLOW) X(EILSEQ) X(ENOTSUP)              \
    X(ETIMEDOUT) X(ESTALE) X(ECANCELED)
/* clang-format on */

#define ASSERT_SAME(name) _Static_assert((int)CAIRN_##name == -name, "CAIRN_" #name " is -" #name);
ERRNO_LIST(ASSERT_SAME)
_Static_assert((int)CAIRN_ECORRUPT == -EUCLEAN, "CAIRN_ECORRUPT is -EUCLEAN");

#define CASE_SAME(name)                                                                            \
    case name:                                                                                     \
        return CAIRN_##name;

enum cairn_err cairn_err_from_errno(int os_errno)
{
    switch (os_errno) {
    case 0:
        return CAIRN_OK;
        ERRNO_LIST(CASE_SAME)
    case EUCLEAN:
        return CAIRN_ECORRUPT;
    case EINTR:
        return CAIRN_EAGAIN;
    case EMFILE:
        return CAIRN_ENFILE;
    case EDQUOT:
        return CAIRN_ENOSPC;
    case ENXIO:
        return CAIRN_ENODEV;
    case ETXTBSY:
        return CAIRN_EBUSY;
    case ENOSYS:
        return CAIRN_ENOTSUP;
    default:
        return CAIRN_EIO;
    }
}
