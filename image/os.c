/* SPDX-License-Identifier: ISC */
#include "os.h"

#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>

enum cairn_err img_os_fail(struct cairn_why *why, const char *path, const char *what)
{
    int os = errno;
    enum cairn_err err = cairn_why_fail(why, cairn_err_from_errno(os), "%s", what);
    cairn_why_os(why, os);
    if (path) cairn_why_path(why, path, cairn_str_len(path));
    return err;
}

enum cairn_err img_no_memory(struct cairn_why *why)
{
    return cairn_why_fail(why, CAIRN_ENOMEM, "no memory for the list of files");
}
