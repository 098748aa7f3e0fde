/* SPDX-License-Identifier: ISC */
/* The functions of librados and librbd, loaded when the first image is opened. Private to
 * block/host. */
#ifndef CAIRN_BLK_RBD_API_H
#define CAIRN_BLK_RBD_API_H

#include <cairn/why.h>
#include <rados/librados.h>
#include <rbd/librbd.h>

#define BLK_RADOS_FUNCTIONS(X)                                                                     \
    X(rados_create)                                                                                \
    X(rados_conf_read_file)                                                                        \
    X(rados_conf_parse_env)                                                                        \
    X(rados_conf_set)                                                                              \
    X(rados_connect)                                                                               \
    X(rados_shutdown)                                                                              \
    X(rados_ioctx_create)                                                                          \
    X(rados_ioctx_set_namespace)                                                                   \
    X(rados_ioctx_destroy)

#define BLK_RBD_FUNCTIONS(X)                                                                       \
    X(rbd_open)                                                                                    \
    X(rbd_open_read_only)                                                                          \
    X(rbd_close)                                                                                   \
    X(rbd_stat)                                                                                    \
    X(rbd_get_features)                                                                            \
    X(rbd_lock_acquire)                                                                            \
    X(rbd_aio_create_completion)                                                                   \
    X(rbd_aio_wait_for_complete)                                                                   \
    X(rbd_aio_get_return_value)                                                                    \
    X(rbd_aio_release)                                                                             \
    X(rbd_aio_readv)                                                                               \
    X(rbd_aio_writev)                                                                              \
    X(rbd_aio_discard)                                                                             \
    X(rbd_aio_write_zeroes)                                                                        \
    X(rbd_flush)                                                                                   \
    X(rbd_resize)                                                                                  \
    X(rbd_diff_iterate2)

#define BLK_RBD_MEMBER(name) __typeof__(name) *name;
struct blk_rbd_api {
    BLK_RADOS_FUNCTIONS(BLK_RBD_MEMBER)
    BLK_RBD_FUNCTIONS(BLK_RBD_MEMBER)
};
#undef BLK_RBD_MEMBER

/* The functions, loaded once and for the process's life. CAIRN_ENOTSUP: no librbd here. */
enum cairn_err blk_rbd_api_load(const struct blk_rbd_api **api,
                                struct cairn_why *why) CAIRN_MUST_USE;

#endif
