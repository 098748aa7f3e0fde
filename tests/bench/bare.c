/* SPDX-License-Identifier: ISC */
/*
 * The bare limit of a case: the same reads and writes of data, and nothing else.
 *
 *   bare pack FOLDER FILE      read every file of the folder, write their bytes to one file
 *   bare unpack FOLDER NEW     make a folder with the same names and sizes, of one buffer's bytes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[1 << 20];
static int out = -1;
static size_t root_len;

static int pack(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    ssize_t got;
    int in;

    (void)st, (void)at;
    if (kind != FTW_F) return 0;
    in = open(path, O_RDONLY);
    if (in < 0) return 1;
    while ((got = read(in, buffer, sizeof buffer)) > 0) {
        if (write(out, buffer, (size_t)got) != got) return 1;
    }
    close(in);
    return got != 0;
}

static int fill(const char *path, off_t bytes)
{
    int to = openat(out, path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (to < 0) return 1;
    for (off_t left = bytes; left > 0;) {
        size_t want = left < (off_t)sizeof buffer ? (size_t)left : sizeof buffer;
        if (write(to, buffer, want) != (ssize_t)want) return 1;
        left -= (off_t)want;
    }
    return close(to);
}

static int unpack(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    const char *name = path + root_len + 1;

    if (at->level == 0) return 0;
    return kind == FTW_D ? mkdirat(out, name, 0777) : fill(name, st->st_size);
}

int main(int argc, char **argv)
{
    int packing = argc == 4 && strcmp(argv[1], "pack") == 0;

    if (argc != 4 || (!packing && strcmp(argv[1], "unpack") != 0)) {
        fprintf(stderr, "usage: bare pack FOLDER FILE | bare unpack FOLDER NEW\n");
        return 2;
    }
    memset(buffer, 'x', sizeof buffer);
    root_len = strlen(argv[2]);
    if (packing) {
        out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    } else if (mkdir(argv[3], 0777) == 0) {
        out = open(argv[3], O_RDONLY | O_DIRECTORY);
    }
    if (out < 0 || nftw(argv[2], packing ? pack : unpack, 32, FTW_PHYS) != 0) {
        perror("bare");
        return 1;
    }
    return 0;
}
