/* SPDX-License-Identifier: ISC */
/*
 * libarchive, loaded when the first archive is read or written: it brings a dozen libraries with
 * it, whose loading costs more than most of Cairn's commands take.
 */
#ifndef CAIRN_IMAGE_ARCHIVE_API_H
#define CAIRN_IMAGE_ARCHIVE_API_H

#include <archive.h>
#include <archive_entry.h>
#include <cairn/why.h>

#define IMG_ARCHIVE_FUNCTIONS(X)                                                                   \
    X(read_new)                                                                                    \
    X(read_free)                                                                                   \
    X(read_support_filter_all)                                                                     \
    X(read_support_format_7zip)                                                                    \
    X(read_support_format_ar)                                                                      \
    X(read_support_format_cab)                                                                     \
    X(read_support_format_cpio)                                                                    \
    X(read_support_format_iso9660)                                                                 \
    X(read_support_format_lha)                                                                     \
    X(read_support_format_rar)                                                                     \
    X(read_support_format_rar5)                                                                    \
    X(read_support_format_tar)                                                                     \
    X(read_support_format_xar)                                                                     \
    X(read_support_format_zip)                                                                     \
    X(read_open_fd)                                                                                \
    X(read_open_filename)                                                                          \
    X(read_next_header)                                                                            \
    X(read_data_block)                                                                             \
    X(error_string)                                                                                \
    X(errno)                                                                                       \
    X(entry_pathname)                                                                              \
    X(entry_pathname_utf8)                                                                         \
    X(entry_hardlink)                                                                              \
    X(entry_hardlink_utf8)                                                                         \
    X(entry_filetype)                                                                              \
    X(entry_perm)                                                                                  \
    X(entry_mtime)                                                                                 \
    X(entry_mtime_nsec)                                                                            \
    X(entry_size)                                                                                  \
    X(entry_size_is_set)                                                                           \
    X(write_new)                                                                                   \
    X(write_free)                                                                                  \
    X(write_close)                                                                                 \
    X(write_set_format_pax)                                                                        \
    X(write_open_fd)                                                                               \
    X(write_header)                                                                                \
    X(write_data)                                                                                  \
    X(entry_new)                                                                                   \
    X(entry_free)                                                                                  \
    X(entry_set_pathname)                                                                          \
    X(entry_set_filetype)                                                                          \
    X(entry_set_perm)                                                                              \
    X(entry_set_size)                                                                              \
    X(entry_set_mtime)

#define IMG_ARCHIVE_MEMBER(name) __typeof__(archive_##name) *name##_;
struct img_archive_api {
    IMG_ARCHIVE_FUNCTIONS(IMG_ARCHIVE_MEMBER)
};
#undef IMG_ARCHIVE_MEMBER

/* The functions, loaded once and for the process's life. CAIRN_ENOTSUP: no libarchive here. */
enum cairn_err img_archive_api_load(const struct img_archive_api **api,
                                    struct cairn_why *why) CAIRN_MUST_USE;

#endif
