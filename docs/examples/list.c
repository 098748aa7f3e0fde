/* SPDX-License-Identifier: ISC */
/* list IMAGE - print the names in the root directory of an image's FAT volume. */
#include <cairn/image.h>
#include <stdio.h>

static enum cairn_err list(struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_node *root = cairn_fat_root(fs);
    struct cairn_fat_entry entry = { 0 };
    enum cairn_err err;

    while (!(err = cairn_fat_list(root, entry.next, &entry, why))) {
        printf("%10llu  %s\n", (unsigned long long)entry.stat.size, entry.name);
    }
    cairn_fat_release(root);
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

static enum cairn_err run(const char *name, struct cairn_why *why)
{
    static struct cairn_image_place place;
    struct cairn_image_open_options options = { 0 };
    struct cairn_image *image;
    enum cairn_err close_err, err = cairn_image_place_parse(name, &place, why);
    if (err) return err;
    err = cairn_image_open(&image, &place, &options, why);
    if (err) return err;
    err = list(cairn_image_fat(image), why);
    close_err = cairn_image_close(image, err ? NULL : why);
    return err ? err : close_err;
}

int main(int argc, char **argv)
{
    struct cairn_why why = { 0 };
    char text[1000];

    if (argc == 2 && !run(argv[1], &why)) return 0;
    cairn_why_text(&why, text, sizeof text);
    fprintf(stderr, "%s\n", argc == 2 ? text : "usage: list IMAGE");
    return 1;
}
