/* SPDX-License-Identifier: ISC */
/* libnbd's functions, loaded when the first export is opened. Private to block/host. */
#ifndef CAIRN_BLK_NBD_API_H
#define CAIRN_BLK_NBD_API_H

#include <cairn/why.h>
#include <libnbd.h>

#define BLK_NBD_FUNCTIONS(X)                                                                       \
    X(create)                                                                                      \
    X(close)                                                                                       \
    X(get_error)                                                                                   \
    X(get_errno)                                                                                   \
    X(add_meta_context)                                                                            \
    X(set_pread_initialize)                                                                        \
    X(set_tls_certificates)                                                                        \
    X(set_tls_psk_file)                                                                            \
    X(set_uri_allow_local_file)                                                                    \
    X(set_uri_allow_transports)                                                                    \
    X(aio_connect_uri)                                                                             \
    X(aio_is_connecting)                                                                           \
    X(aio_is_ready)                                                                                \
    X(aio_is_closed)                                                                               \
    X(aio_is_dead)                                                                                 \
    X(poll)                                                                                        \
    X(get_size)                                                                                    \
    X(get_block_size)                                                                              \
    X(is_read_only)                                                                                \
    X(can_flush)                                                                                   \
    X(can_fua)                                                                                     \
    X(can_trim)                                                                                    \
    X(can_zero)                                                                                    \
    X(can_multi_conn)                                                                              \
    X(can_meta_context)                                                                            \
    X(aio_pread_structured)                                                                        \
    X(aio_pwrite)                                                                                  \
    X(aio_trim)                                                                                    \
    X(aio_zero)                                                                                    \
    X(aio_flush)                                                                                   \
    X(aio_block_status)                                                                            \
    X(aio_disconnect)

#define BLK_NBD_MEMBER(name) __typeof__(nbd_##name) *name;
struct blk_nbd_api {
    BLK_NBD_FUNCTIONS(BLK_NBD_MEMBER)
};
#undef BLK_NBD_MEMBER

/* The functions, loaded once and for the process's life. CAIRN_ENOTSUP: no libnbd here. */
enum cairn_err blk_nbd_api_load(const struct blk_nbd_api **api,
                                struct cairn_why *why) CAIRN_MUST_USE;

#endif
