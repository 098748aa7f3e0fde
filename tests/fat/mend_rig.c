/* SPDX-License-Identifier: ISC */
#include "mend_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairn/bytes.h>

#define MEM_BYTES (1u << 20)

const enum cairn_fat_type mend_types[MEND_TYPES] = { CAIRN_FAT12, CAIRN_FAT16, CAIRN_FAT32 };

void mend_mount(struct mend_mounted *m, const struct sample *s)
{
    struct cairn_fat_options options = { .read_only = true };
    m->mem = malloc(MEM_BYTES);
    ck_assert_int_eq(cairn_blk_mem_open(&m->dev, s->bytes, 512, s->size / 512, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_fat_mount(&m->fs, &m->dev.base, &options, m->mem, MEM_BYTES, NULL),
                     CAIRN_OK);
}

void mend_unmount(struct mend_mounted *m)
{
    ck_assert_int_eq(cairn_fat_unmount(m->fs, NULL), CAIRN_OK);
    ck_assert_int_eq(cairn_blk_close(&m->dev.base, NULL), CAIRN_OK);
    free(m->mem);
}

static bool is_whole(struct cairn_fat_node *node, const struct sample *s, enum sample_file file)
{
    static uint8_t bytes[4 * 4096 + 1];
    size_t done, want = sample_bytes(s, file);
    if (cairn_fat_read(node, 0, bytes, sizeof bytes, &done, NULL) || done != want) return false;
    for (uint32_t n = 0; n < want; n++)
        if (bytes[n] != sample_byte(file, n)) return false;
    return true;
}

bool mend_is_at(const struct sample *s, const char *path, enum sample_file file)
{
    struct mend_mounted m;
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    bool want_dir = file == SAMPLE_DIR || file == SAMPLE_SUB, well = false;
    mend_mount(&m, s);
    if (cairn_fat_walk(m.fs, path, strlen(path), &node, NULL) == CAIRN_OK) {
        ck_assert_int_eq(cairn_fat_stat(node, &stat, NULL), CAIRN_OK);
        well = stat.is_directory == want_dir && (want_dir || is_whole(node, s, file));
        cairn_fat_release(node);
    }
    mend_unmount(&m);
    return well;
}

bool mend_exists(const struct sample *s, const char *path)
{
    struct mend_mounted m;
    struct cairn_fat_node *node;
    mend_mount(&m, s);
    bool there = cairn_fat_walk(m.fs, path, strlen(path), &node, NULL) == CAIRN_OK;
    if (there) cairn_fat_release(node);
    mend_unmount(&m);
    return there;
}

/* fsck.fat has no complaint; or is not there. */
static bool fsck_is_content(const struct sample *s)
{
    char path[] = "/tmp/cairn-repair-XXXXXX", command[200];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, s->bytes, s->size), (ssize_t)s->size);
    close(fd);
    snprintf(command, sizeof command,
             "command -v fsck.fat >/dev/null || exit 0; timeout 20 fsck.fat -n %s >%s.log 2>&1",
             path, path);
    bool content = system(command) == 0;
    if (!content) {
        snprintf(command, sizeof command, "cat %s.log", path);
        content = system(command) < 0;
    }
    unlink(path);
    strcat(strcpy(command, path), ".log");
    unlink(command);
    return content;
}

void mend_volume(struct sample *s, struct mending *mending)
{
    static struct mending again;
    *mending = (struct mending){ .bytes = s->bytes, .size = s->size };
    mending->options.now_ns = 1700000000000000000;
    mending_run(mending);
    ck_assert_msg(mending->err == CAIRN_OK && !mending->broken, "%s: %s\n%s",
                  cairn_err_name(mending->err), mending->broken ? mending->broken : "",
                  mending->log);
    again = (struct mending){ .bytes = s->bytes, .size = s->size };
    mending_run(&again);
    ck_assert_msg(again.save_count == 0 && again.result.before.findings[CAIRN_FAT_MAJOR] == 0 &&
                      again.result.before.findings[CAIRN_FAT_MINOR] == 0,
                  "after:\n%sa second run:\n%s", mending->log, again.log);
    mending_end(&again);
    ck_assert_msg(fsck_is_content(s), "fsck.fat complains after:\n%s", mending->log);
}

void mend_keeps(struct sample *s, const char *path, enum sample_file file)
{
    static struct mending mending;
    mend_volume(s, &mending);
    ck_assert_msg(mend_is_at(s, path, file), "not there: %s\n%s", path, mending.log);
    mending_end(&mending);
}
