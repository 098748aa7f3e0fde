/* SPDX-License-Identifier: ISC */
/* Files: what is in the volume, what one says, and a line more in another. */
#include <cairn/env.h>

#include <cairn/bytes.h>

static enum cairn_err list(struct cairn_fat *fs, struct cairn_why *why)
{
    struct cairn_fat_node *root = cairn_fat_root(fs);
    struct cairn_fat_entry entry = { .next = 0 };
    enum cairn_err err;
    while (!(err = cairn_fat_list(root, entry.next, &entry, why)))
        cairn_env_print("%8llu  %s%s\n", (unsigned long long)entry.stat.size, entry.name,
                        entry.stat.is_directory ? "/" : "");
    cairn_fat_release(root);
    return err == CAIRN_ENOENT ? CAIRN_OK : err;
}

static enum cairn_err show(struct cairn_fat *fs, const char *path, struct cairn_why *why)
{
    struct cairn_fat_file file;
    char text[256];
    size_t done = 0;
    enum cairn_err err = cairn_fat_open(fs, path, cairn_str_len(path), 0, &file, why);
    if (err) return err;
    do {
        err = cairn_fat_file_read(&file, text, sizeof text, &done, why);
        if (!err) cairn_env_print("%.*s", (int)done, text);
    } while (!err && done == sizeof text);
    enum cairn_err closed = cairn_fat_close(&file, err ? NULL : why);
    return err ? err : closed;
}

/* Durable when this returns. */
static enum cairn_err append(struct cairn_fat *fs, const char *path, const char *line,
                             struct cairn_why *why)
{
    struct cairn_fat_file file;
    size_t done;
    uint32_t flags = CAIRN_FAT_OPEN_WRITE | CAIRN_FAT_OPEN_CREATE | CAIRN_FAT_OPEN_APPEND;
    enum cairn_err err = cairn_fat_open(fs, path, cairn_str_len(path), flags, &file, why);
    if (err) return err;
    err = cairn_fat_file_write(&file, line, cairn_str_len(line), &done, why);
    enum cairn_err closed = cairn_fat_close(&file, err ? NULL : why);
    if (!err) err = closed;
    return err ? err : cairn_fat_sync(fs, why);
}

int cairn_main(struct cairn_env *env)
{
    struct cairn_fat *fs = cairn_env_fat(env, "data");
    struct cairn_why why = { 0 };
    char text[512];
    enum cairn_err err = list(fs, &why);
    if (!err) err = show(fs, "/readme.txt", &why);
    if (!err) err = append(fs, "/visits.txt", "the unikernel was here\n", &why);
    if (!err) err = show(fs, "/visits.txt", &why);
    if (!err) return 0;
    cairn_why_text(&why, text, sizeof text);
    cairn_env_print("%s\n", text);
    return 1;
}
