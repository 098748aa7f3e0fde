/* SPDX-License-Identifier: ISC */
#include "archive_api.h"

#include <cairn/bytes.h>
#include <dlfcn.h>
#include <pthread.h>

#define SONAME "libarchive.so.13"

static struct img_archive_api functions;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* dlsym's result as a pointer to a function, which C alone cannot say. */
static bool symbol(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found;
}

static void load(void)
{
    void *library = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return;
    loaded = true;
#define LOAD(name) loaded = loaded && symbol(library, "archive_" #name, &functions.name##_);
    IMG_ARCHIVE_FUNCTIONS(LOAD)
#undef LOAD
}

enum cairn_err img_archive_api_load(const struct img_archive_api **api, struct cairn_why *why)
{
    pthread_once(&once, load);
    *api = &functions;
    if (loaded) return CAIRN_OK;
    enum cairn_err err = cairn_why_fail(why, CAIRN_ENOTSUP, "archives need " SONAME);
    cairn_why_hint(why, "install libarchive (Debian: libarchive13), or name a folder");
    return err;
}
