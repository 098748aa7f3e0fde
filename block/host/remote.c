/* SPDX-License-Identifier: ISC */
#include "remote.h"

#include <cairn/bytes.h>
#include <dlfcn.h>
#include <string.h>

bool blk_library_load(const char *soname, const struct blk_symbol *symbols, size_t count,
                      void *functions)
{
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return false;
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(library, symbols[i].name);
        if (!found) return false;
        memcpy((uint8_t *)functions + symbols[i].offset, &found, sizeof found);
    }
    return true;
}

void blk_label_set(char *label, size_t cap, const char *name)
{
    size_t len = strlen(name);
    size_t cut = len >= cap ? len - (cap - 1) : 0;
    memcpy(label, name + cut, len - cut + 1);
}
