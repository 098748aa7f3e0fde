/* SPDX-License-Identifier: ISC */
#include "open_remote.h"

#include <cairn/bytes.h>
#include <stdlib.h>

#define STALL_SECONDS_MAX 86400

/* 0, which means the device's own, unless the environment says a number. */
static uint32_t stall_ms(void)
{
    const char *text = secure_getenv("CAIRN_STALL_SECONDS");
    long seconds = text ? strtol(text, NULL, 10) : 0;
    return seconds > 0 && seconds <= STALL_SECONDS_MAX ? (uint32_t)seconds * 1000u : 0;
}

enum cairn_err blk_open_nbd(struct cairn_blk_any *any, const char *name,
                            const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    struct cairn_blk_nbd_options nbd = {
        .block_bytes = options->block_bytes,
        .write = options->write,
        .stall_ms = stall_ms(),
        .tls_certificates = secure_getenv("CAIRN_NBD_TLS_CERTIFICATES"),
        .tls_psk_file = secure_getenv("CAIRN_NBD_TLS_PSK_FILE"),
    };
    enum cairn_err err = cairn_blk_nbd_open(&any->is.nbd, name, &nbd, why);
    if (!err) any->dev = &any->is.nbd.base;
    return err;
}

enum cairn_err blk_open_rbd(struct cairn_blk_any *any, const char *name,
                            const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    struct cairn_blk_rbd_options rbd = { .block_bytes = options->block_bytes,
                                         .write = options->write,
                                         .stall_ms = stall_ms() };
    enum cairn_err err = cairn_blk_rbd_open(&any->is.rbd, name, &rbd, why);
    if (!err) any->dev = &any->is.rbd.base;
    return err;
}

enum cairn_err blk_open_vhost(struct cairn_blk_any *any, const char *name,
                              const struct cairn_blk_file_options *options, struct cairn_why *why)
{
    struct cairn_blk_vhost_options vhost = { .write = options->write, .stall_ms = stall_ms() };
    enum cairn_err err = cairn_blk_vhost_open(&any->is.vhost, name, &vhost, why);
    if (!err) any->dev = &any->is.vhost.disk.base;
    return err;
}
