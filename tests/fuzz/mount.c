/* SPDX-License-Identifier: ISC */
/* Any bytes as a volume: mounted, listed, read, changed and unmounted, always in bounded time and
 * memory; an error explains itself. */
#include "fuzz.h"

#include <cairn/blk_mem.h>
#include <cairn/fat.h>
#include <string.h>

#define UNIT 512u
#define DEVICE_BYTES (256u << 10)
#define MEM_BYTES (1u << 20)
#define VISITS_MAX 64u /* entries that are looked at in all */
#define DIRS_MAX 8u

struct visit {
    struct cairn_fat *fs;
    struct cairn_fat_node *dirs[DIRS_MAX]; /* held; to be listed */
    uint32_t dir_count, visits;
    char first[CAIRN_FAT_NAME_BYTES]; /* some name of the root */
    struct cairn_why why;
};

static enum cairn_err told(struct visit *v, enum cairn_err err)
{
    fuzz_require(!err || err == CAIRN_ENOENT || v->why.err == err, "an error explains itself");
    return err;
}

static void file_visit(struct visit *v, struct cairn_fat_node *file, uint64_t size)
{
    static uint8_t buf[3000];
    size_t done = 0;
    const uint64_t offsets[] = { 0, 511, size / 2, size ? size - 1 : 0, size };
    for (size_t i = 0; i < CAIRN_COUNT(offsets); i++) {
        enum cairn_err err = cairn_fat_read(file, offsets[i], buf, sizeof buf, &done, &v->why);
        if (told(v, err)) return;
        fuzz_require(done == 0 || offsets[i] + done <= size, "reads end with the file");
    }
}

static void entry_visit(struct visit *v, struct cairn_fat_node *dir,
                        const struct cairn_fat_entry *entry)
{
    struct cairn_fat_node *node;
    struct cairn_fat_stat stat;
    fuzz_require(strlen(entry->name) <= entry->name_len, "a name fits");
    if (told(v, cairn_fat_lookup(dir, entry->name, entry->name_len, &node, &v->why))) return;
    if (!told(v, cairn_fat_stat(node, &stat, &v->why)) && !stat.is_directory)
        file_visit(v, node, stat.size);
    if (entry->stat.is_directory && stat.is_directory && v->dir_count < DIRS_MAX)
        v->dirs[v->dir_count++] = cairn_fat_hold(node);
    cairn_fat_release(node);
}

static void dir_visit(struct visit *v, struct cairn_fat_node *dir)
{
    static struct cairn_fat_entry entry;
    for (uint64_t at = 0; v->visits < VISITS_MAX; v->visits++, at = entry.next) {
        if (told(v, cairn_fat_list(dir, at, &entry, &v->why))) return;
        fuzz_require(entry.next > at, "a cursor moves on");
        if (v->dir_count == 1) memcpy(v->first, entry.name, entry.name_len + 1);
        entry_visit(v, dir, &entry);
    }
}

static void tree_visit(struct visit *v)
{
    v->dirs[v->dir_count++] = cairn_fat_root(v->fs);
    for (uint32_t i = 0; i < v->dir_count; i++)
        dir_visit(v, v->dirs[i]);
}

/* A new file and a new directory in each directory that was found, and one name changed. */
static void tree_change(struct visit *v)
{
    static const uint8_t data[2500] = { 1, 2, 3 };
    struct cairn_fat_node *node, *root = v->dirs[0];
    size_t done;
    for (uint32_t i = 0; i < v->dir_count; i++) {
        if (!told(v, cairn_fat_create(v->dirs[i], "a new long name", 15, &node, &v->why))) {
            (void)!told(v, cairn_fat_write(node, i * 700, data, sizeof data, &done, &v->why));
            (void)!told(v, cairn_fat_truncate(node, 600, &v->why));
            cairn_fat_release(node);
        }
        if (!told(v, cairn_fat_mkdir(v->dirs[i], "D", 1, &node, &v->why))) cairn_fat_release(node);
        (void)!told(v, cairn_fat_remove(v->dirs[i], "a new long name", 15, &v->why));
    }
    (void)!told(v, cairn_fat_label_set(v->fs, "FUZZ", 4, &v->why));
    (void)!told(v, cairn_fat_rename(root, v->first, strlen(v->first), v->dirs[v->dir_count - 1],
                                    "renamed", 7, 0, &v->why));
    (void)!told(v, cairn_fat_remove(root, v->first, strlen(v->first), &v->why));
}

static void volume_try(struct cairn_blk *dev, void *mem)
{
    static struct visit v;
    struct cairn_clock_wall_fixed clock;
    struct cairn_fat_options options = { .clock = &clock.base, .on_dirty = CAIRN_FAT_DIRTY_WRITE };
    struct cairn_fat_usage usage;
    memset(&v, 0, sizeof v);
    cairn_clock_wall_fixed_init(&clock, 0);
    if (told(&v, cairn_fat_mount(&v.fs, dev, &options, mem, MEM_BYTES, &v.why))) return;
    tree_visit(&v);
    tree_change(&v);
    (void)!told(&v, cairn_fat_usage(v.fs, &usage, &v.why));
    while (v.dir_count)
        cairn_fat_release(v.dirs[--v.dir_count]);
    (void)!told(&v, cairn_fat_unmount(v.fs, &v.why));
}

/* The device goes on in zeros behind the input, so that short inputs are volumes, too. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct cairn_blk_mem dev;
    if (len < UNIT || len > DEVICE_BYTES) return 0;
    uint8_t *image = calloc(1, DEVICE_BYTES);
    void *mem = malloc(MEM_BYTES);
    if (!image || !mem) abort();
    memcpy(image, bytes, len);
    if (cairn_blk_mem_open(&dev, image, UNIT, DEVICE_BYTES / UNIT, NULL)) abort();
    volume_try(&dev.base, mem);
    if (cairn_blk_close(&dev.base, NULL)) abort();
    free(mem);
    free(image);
    return 0;
}
