/* SPDX-License-Identifier: ISC */
/* Any bytes as a volume before repair. */
#include "fuzz.h"

#include <string.h>

#include "mend.h"

#define UNIT 512u
#define DEVICE_BYTES (256u << 10)

/* The last byte chooses options: orphans go, little memory for changes, zeros go on behind the
 * input. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct mending mending;
    if (len < UNIT + 1 || len > DEVICE_BYTES) return 0;
    uint8_t choice = bytes[--len];
    size_t size = choice & 4 ? DEVICE_BYTES : len / UNIT * UNIT;
    uint8_t *image = calloc(1, DEVICE_BYTES);
    if (!image) abort();
    memcpy(image, bytes, len < size ? len : size);
    mending = (struct mending){ .bytes = image, .size = size };
    mending.options.orphans = choice & 1 ? CAIRN_FAT_ORPHANS_FREE : CAIRN_FAT_ORPHANS_KEEP;
    mending.changes = choice & 2 ? 1 : 0;
    fuzz_mend(&mending);
    free(image);
    return 0;
}
