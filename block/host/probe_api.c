/* SPDX-License-Identifier: ISC */
#include "probe_api.h"

#include "remote.h"
#include <cairn/bytes.h>
#include <pthread.h>

#define BLKID_SONAME "libblkid.so.1"

#define SYMBOL(name) { #name, offsetof(struct blk_blkid_api, name) },
static const struct blk_symbol symbols[] = { BLK_BLKID_FUNCTIONS(SYMBOL) };
#undef SYMBOL

static struct blk_blkid_api functions;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    loaded = blk_library_load(BLKID_SONAME, symbols, CAIRN_COUNT(symbols), &functions);
}

enum cairn_err blk_blkid_api_load(const struct blk_blkid_api **api, struct cairn_why *why)
{
    pthread_once(&once, load);
    *api = &functions;
    if (loaded) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "probing needs " BLKID_SONAME);
    cairn_why_hint(why, "install libblkid (Debian: libblkid1)");
    return err;
}
