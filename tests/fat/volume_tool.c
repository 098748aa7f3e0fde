/* SPDX-License-Identifier: ISC */
/*
 * Puts a tree onto a volume, with what other people's tools must be able to read.
 *   volume_tool IMAGE BYTES TYPE FOLDER
 * Makes the image, formats it, writes the files, removes and renames some; and writes the same
 * files into FOLDER, where they can be compared. Exit status: 0 done, 1 something failed.
 */
#include <cairn/blk_file.h>
#include <cairn/fat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct cairn_fat *fs;
static struct cairn_why why;
static const char *folder;

static void must(enum cairn_err err)
{
    char text[1024];
    if (!err) return;
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "volume_tool: %s\n", text);
    exit(1);
}

static void host_path(const char *path, char *out, size_t cap)
{
    snprintf(out, cap, "%s/%s", folder, path);
}

static void dir_put(const char *path)
{
    char host[1024];
    struct cairn_fat_node *dir, *node;
    const char *name;
    size_t len;
    must(cairn_fat_walk_parent(fs, path, strlen(path), &dir, &name, &len, &why));
    must(cairn_fat_mkdir(dir, name, len, &node, &why));
    cairn_fat_release(node);
    cairn_fat_release(dir);
    host_path(path, host, sizeof host);
    if (mkdir(host, 0777)) perror(host);
}

static void file_put(const char *path, size_t bytes, uint32_t seed)
{
    char host[1024];
    struct cairn_fat_file file;
    size_t done;
    uint8_t *data = malloc(bytes + 1);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    must(cairn_fat_open(fs, path, strlen(path), CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE, &file,
                        &why));
    must(cairn_fat_file_write(&file, data, bytes, &done, &why));
    must(cairn_fat_close(&file, &why));
    host_path(path, host, sizeof host);
    FILE *copy = fopen(host, "wb");
    if (!copy || fwrite(data, 1, bytes, copy) != bytes || fclose(copy)) perror(host);
    free(data);
}

static void file_move(const char *from, const char *to)
{
    char host_from[1024], host_to[1024];
    struct cairn_fat_node *from_dir, *to_dir;
    const char *from_name, *to_name;
    size_t from_len, to_len;
    must(cairn_fat_walk_parent(fs, from, strlen(from), &from_dir, &from_name, &from_len, &why));
    must(cairn_fat_walk_parent(fs, to, strlen(to), &to_dir, &to_name, &to_len, &why));
    must(cairn_fat_rename(from_dir, from_name, from_len, to_dir, to_name, to_len, 0, &why));
    cairn_fat_release(from_dir);
    cairn_fat_release(to_dir);
    host_path(from, host_from, sizeof host_from);
    host_path(to, host_to, sizeof host_to);
    if (rename(host_from, host_to)) perror(host_to);
}

static void tree_put(void)
{
    char path[64];
    file_put("PLAIN.TXT", 1000, 1);
    file_put("lower.txt", 3, 2);
    file_put("a name that is long, with (signs) and dots.tar.gz", 70000, 3);
    file_put("empty", 0, 4);
    dir_put("folder");
    dir_put("folder/inner folder");
    file_put("folder/inner folder/deep.bin", 200000, 5);
    for (unsigned i = 0; i < 150; i++) {
        snprintf(path, sizeof path, "folder/one of a family %u.text", i);
        file_put(path, i * 37, i);
    }
    file_move("folder/one of a family 3.text", "moved out");
    file_move("folder/one of a family 5.text", "folder/one of a family 6.text");
    file_move("folder/inner folder", "a folder that moved");
    file_put("PLAIN.TXT", 9000, 6);
}

int main(int argc, char **argv)
{
    static uint8_t scratch[1u << 16];
    struct cairn_blk_file file;
    struct cairn_fat_geometry geometry;
    struct cairn_clock_wall_fixed clock;
    if (argc != 5) return 2;
    struct cairn_blk_file_options create = { .write = true,
                                             .create = true,
                                             .create_bytes = strtoull(argv[2], NULL, 10) };
    struct cairn_fat_format_options format = { .type = (enum cairn_fat_type)atoi(argv[3]) };
    struct cairn_fat_options options = { .clock = &clock.base };
    folder = argv[4];
    cairn_clock_wall_fixed_init(&clock, INT64_C(1700000000) * CAIRN_NS_PER_SEC);
    must(cairn_blk_file_open(&file, argv[1], &create, &why));
    must(cairn_fat_format(&file.base, &format, scratch, sizeof scratch, &geometry, &why));
    size_t bytes = cairn_fat_mem_good(&file.base, 0);
    void *mem = malloc(bytes);
    must(cairn_fat_mount(&fs, &file.base, &options, mem, bytes, &why));
    tree_put();
    must(cairn_fat_unmount(fs, &why));
    must(cairn_blk_close(&file.base, &why));
    free(mem);
    return 0;
}
