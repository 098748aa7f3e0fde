/* SPDX-License-Identifier: ISC */
#include "rbd_api.h"

#include "remote.h"
#include <cairn/bytes.h>
#include <pthread.h>

#define RADOS_SONAME "librados.so.2"
#define RBD_SONAME "librbd.so.1"

#define SYMBOL(name) { #name, offsetof(struct blk_rbd_api, name) },
static const struct blk_symbol rados_symbols[] = { BLK_RADOS_FUNCTIONS(SYMBOL) };
static const struct blk_symbol rbd_symbols[] = { BLK_RBD_FUNCTIONS(SYMBOL) };
#undef SYMBOL

static struct blk_rbd_api functions;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    loaded =
        blk_library_load(RADOS_SONAME, rados_symbols, CAIRN_COUNT(rados_symbols), &functions) &&
        blk_library_load(RBD_SONAME, rbd_symbols, CAIRN_COUNT(rbd_symbols), &functions);
}

enum cairn_err blk_rbd_api_load(const struct blk_rbd_api **api, struct cairn_why *why)
{
    pthread_once(&once, load);
    *api = &functions;
    if (loaded) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "RBD needs " RBD_SONAME);
    cairn_why_hint(why, "install librbd (Debian: librbd1)");
    return err;
}
