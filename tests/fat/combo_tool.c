/* SPDX-License-Identifier: ISC */
/* combo-tool SEED FILE - write a volume with one to three faults, repaired, and print which; exit
 * 3: this seed's faults cannot be planted together, or not all can be mended */
#include "combo.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mending.h"

#define PIECE 4096u
#define SEED_BYTES 16u

static struct combo combo;

static bool draw(struct tape *tape)
{
    combo_draw(tape, &combo);
    return true;
}

static void draw_from(uint64_t seed)
{
    uint8_t bytes[SEED_BYTES];
    for (uint32_t i = 0; i < SEED_BYTES; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(seed >> 40);
    }
    (void)tape_fuzz_one(draw, bytes, sizeof bytes);
}

/* With holes where it is zero. */
static bool write_out(const struct sample *s, const char *path)
{
    static const uint8_t zeros[PIECE];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    bool well = fd >= 0 && ftruncate(fd, (off_t)s->size) == 0;
    for (size_t at = 0; well && at < s->size; at += PIECE) {
        size_t bytes = s->size - at < PIECE ? s->size - at : PIECE;
        if (memcmp(s->bytes + at, zeros, bytes) == 0) continue;
        well = pwrite(fd, s->bytes + at, bytes, (off_t)at) == (ssize_t)bytes;
    }
    return fd >= 0 && close(fd) == 0 && well;
}

int main(int argc, char **argv)
{
    static struct mending mending;
    struct sample s;
    if (argc != 3) return 2;
    draw_from(strtoull(argv[1], NULL, 10));
    if (!combo_plant(&combo, &s)) return 3;
    mending = (struct mending){ .bytes = s.bytes, .size = s.size };
    mending_run(&mending);
    mending_end(&mending);
    const uint64_t *left = mending.result.after.findings;
    if (mending.err || left[CAIRN_FAT_MINOR] + left[CAIRN_FAT_MAJOR]) return 3;
    printf("%s\n%s", combo_text(&combo), mending.log);
    if (!write_out(&s, argv[2])) perror(argv[2]);
    sample_free(&s);
    return 0;
}
