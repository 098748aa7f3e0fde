/* SPDX-License-Identifier: ISC */
/* A FAT volume in a block of memory: made, written, read. No operating system is needed for it. */
#include <cairn/blk_mem.h>
#include <cairn/bytes.h>
#include <cairn/fat.h>
#include <cairn/platform.h>

static uint8_t disk[1440 * 1024]; /* stands for a disk; see cairn/blk.h for writing a driver */
static uint8_t room[512 * 1024];  /* the volume lives in it: nothing is ever allocated */

static enum cairn_err put(struct cairn_fat *fs, const char *text, struct cairn_why *why)
{
    struct cairn_fat_file file;
    size_t done;
    enum cairn_err err = cairn_fat_open(fs, "/hello.txt", 10,
                                        CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE, &file, why);
    if (err) return err;
    err = cairn_fat_file_write(&file, text, cairn_str_len(text), &done, why);
    enum cairn_err closed = cairn_fat_close(&file, err ? NULL : why);
    return err ? err : closed;
}

static enum cairn_err print(struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_file file;
    char text[80];
    size_t done;
    enum cairn_err err = cairn_fat_open(fs, "/hello.txt", 10, 0, &file, why);
    if (err) return err;
    err = cairn_fat_file_read(&file, text, sizeof text, &done, why);
    if (!err) cairn_platform_console_write(text, done);
    enum cairn_err closed = cairn_fat_close(&file, err ? NULL : why);
    return err ? err : closed;
}

static enum cairn_err run(struct cairn_why *why)
{
    struct cairn_blk_mem dev;
    struct cairn_fat_format_options shape = { 0 }; /* zeros are the defaults */
    struct cairn_fat_options options = { 0 };
    struct cairn_fat_geometry geometry;
    struct cairn_fat *fs;
    enum cairn_err err = cairn_blk_mem_open(&dev, disk, 512, sizeof disk / 512, why);
    if (err) return err;
    err = cairn_fat_format(&dev.base, &shape, room, sizeof room, &geometry, why);
    if (err) return err;
    err = cairn_fat_mount(&fs, &dev.base, &options, room, sizeof room, why);
    if (err) return err;
    err = put(fs, "stone upon stone\n", why);
    if (!err) err = print(fs, why);
    if (err) return err;
    return cairn_fat_unmount(fs, why);
}

int main(void)
{
    struct cairn_why why = { 0 };
    char text[400];

    if (!run(&why)) return 0;
    cairn_platform_console_write(text, cairn_why_text(&why, text, sizeof text));
    return 1;
}
