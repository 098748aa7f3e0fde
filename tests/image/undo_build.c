/* SPDX-License-Identifier: ISC */
#include "undo_build.h"

#include <cairn/bytes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void undo_sign(uint8_t *bytes, size_t len)
{
    if (len < IMG_UNDO_HEADER_BYTES) return;
    uint64_t record = img_undo_record_bytes(cairn_le32(bytes + 12));
    uint64_t most = (len - IMG_UNDO_HEADER_BYTES) / record;
    uint64_t records = cairn_min_u64(cairn_le64(bytes + 24), most);
    struct cairn_hash128 hash =
        cairn_hash128(bytes + IMG_UNDO_HEADER_BYTES, (size_t)(records * record));
    cairn_le64_put(bytes + 56, hash.low);
    cairn_le64_put(bytes + 64, hash.high);
    cairn_le32_put(bytes + 508, cairn_crc32(0, bytes, 508));
}

int undo_file(const uint8_t *bytes, size_t len)
{
    int fd = memfd_create("undo", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) abort();
    return fd;
}
