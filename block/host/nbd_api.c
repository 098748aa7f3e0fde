/* SPDX-License-Identifier: ISC */
#include "nbd_api.h"

#include "remote.h"
#include <cairn/bytes.h>
#include <pthread.h>

#define SONAME "libnbd.so.0"

#define SYMBOL(name) { "nbd_" #name, offsetof(struct blk_nbd_api, name) },
static const struct blk_symbol symbols[] = { BLK_NBD_FUNCTIONS(SYMBOL) };
#undef SYMBOL

static struct blk_nbd_api functions;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    loaded = blk_library_load(SONAME, symbols, CAIRN_COUNT(symbols), &functions);
}

enum cairn_err blk_nbd_api_load(const struct blk_nbd_api **api, struct cairn_why *why)
{
    pthread_once(&once, load);
    *api = &functions;
    if (loaded) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "NBD needs " SONAME);
    cairn_why_hint(why, "install libnbd (Debian: libnbd0)");
    return err;
}
