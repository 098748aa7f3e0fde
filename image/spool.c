/* SPDX-License-Identifier: ISC */
#include "spool.h"

#include "os.h"
#include <cairn/bytes.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t entry_hash(uint32_t parent, const char *name, size_t len)
{
    uint32_t hash = 2166136261u ^ parent * 0x9E3779B9u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static bool entries_grow(struct img_entries *entries)
{
    if (entries->room > UINT32_MAX / 4) return false;
    uint32_t room = entries->room ? entries->room * 2 : 1024;
    struct img_entry *at = realloc(entries->at, room * sizeof *at);
    if (!at) return false;
    entries->at = at;
    uint32_t *buckets = realloc(entries->buckets, room * sizeof *buckets);
    if (!buckets) return false;
    entries->buckets = buckets;
    entries->room = entries->bucket_count = room;
    memset(buckets, 0xFF, room * sizeof *buckets);
    for (uint32_t i = 0; i < entries->count; i++) {
        const char *name = at[i].find.node.source_name;
        uint32_t bucket = entry_hash(at[i].parent, name, strlen(name)) & (room - 1);
        at[i].same_hash = buckets[bucket];
        buckets[bucket] = i;
    }
    return true;
}

bool img_entries_init(struct img_entries *entries)
{
    *entries = (struct img_entries){ 0 };
    if (!entries_grow(entries)) return false;
    entries->at[0] = (struct img_entry){ .find.kind = IMG_DIRECTORY,
                                         .find.node.source_name = "",
                                         .parent = IMG_ENTRY_NONE,
                                         .next = IMG_ENTRY_NONE,
                                         .first = IMG_ENTRY_NONE,
                                         .same_hash = IMG_ENTRY_NONE,
                                         .exists = true };
    entries->count = 1;
    return true;
}

void img_entries_free(struct img_entries *entries)
{
    free(entries->at);
    free(entries->buckets);
}

static uint32_t entry_find(const struct img_entries *entries, uint32_t parent, const char *name,
                           size_t len)
{
    uint32_t at = entries->buckets[entry_hash(parent, name, len) & (entries->bucket_count - 1)];
    for (; at != IMG_ENTRY_NONE; at = entries->at[at].same_hash) {
        const struct img_entry *entry = &entries->at[at];
        const char *other = entry->find.node.source_name;
        if (entry->parent == parent && strncmp(other, name, len) == 0 && other[len] == '\0')
            return at;
    }
    return IMG_ENTRY_NONE;
}

uint32_t img_entries_at(struct img_entries *entries, struct cairn_image_tree *tree, uint32_t parent,
                        const char *name, size_t len)
{
    uint32_t at = entry_find(entries, parent, name, len);
    if (at != IMG_ENTRY_NONE) return at;
    if (entries->count == entries->room && !entries_grow(entries)) return IMG_ENTRY_NONE;
    char *kept = img_tree_keep(tree, name, len);
    if (!kept) return IMG_ENTRY_NONE;
    uint32_t *bucket =
        &entries->buckets[entry_hash(parent, name, len) & (entries->bucket_count - 1)];
    entries->at[entries->count] =
        (struct img_entry){ .find.node = { .name = kept, .source_name = kept },
                            .parent = parent,
                            .next = entries->at[parent].first,
                            .first = IMG_ENTRY_NONE,
                            .same_hash = *bucket };
    entries->at[parent].first = *bucket = entries->count;
    return entries->count++;
}

/* What stands on the way to something is a directory, whatever it was. */
static void make_directory(struct img_entry *entry)
{
    if (entry->exists && entry->find.kind == IMG_DIRECTORY) return;
    entry->exists = true;
    entry->find.kind = IMG_DIRECTORY;
    entry->find.node.size = 0;
    entry->find.node.attributes = 0;
}

/* The next name of a path that is not "."; moves path behind it. Length 0: that was all. */
static size_t path_next(const char **path, const char **name)
{
    size_t len;
    do {
        *name = *path + strspn(*path, "/");
        len = strcspn(*name, "/");
        *path = *name + len;
    } while (len == 1 && **name == '.');
    return len;
}

uint32_t img_entries_walk(struct img_entries *entries, struct cairn_image_tree *tree,
                          const char *path)
{
    uint32_t at = 0;
    const char *name;
    size_t len;
    while (at != IMG_ENTRY_NONE && (len = path_next(&path, &name)) != 0) {
        make_directory(&entries->at[at]);
        at = img_entries_at(entries, tree, at, name, len);
    }
    return at;
}

uint32_t img_entries_find(const struct img_entries *entries, const char *path)
{
    uint32_t at = 0;
    const char *name;
    size_t len;
    while (at != IMG_ENTRY_NONE && (len = path_next(&path, &name)) != 0)
        at = entry_find(entries, at, name, len);
    return at;
}

enum cairn_err img_entries_list(struct img_entries *entries, uint64_t at, struct img_finds *finds,
                                struct cairn_why *why)
{
    for (at = entries->at[at].first; at != IMG_ENTRY_NONE; at = entries->at[at].next) {
        struct img_entry *entry = &entries->at[at];
        if (!entry->exists) continue;
        if (entry->find.kind == IMG_DIRECTORY) entry->find.node.origin = at;
        if (!img_finds_add(finds, &entry->find)) return img_no_memory(why);
    }
    return CAIRN_OK;
}

bool img_path_is_safe(const char *path)
{
    const char *name;
    size_t len;
    while ((len = path_next(&path, &name)) != 0)
        if (len == 2 && name[0] == '.' && name[1] == '.') return false;
    return true;
}

/* ---- contents -------------------------------------------------------------------------------- */

/* $TMPDIR, or /var/tmp, which is on disk. */
static const char *spool_directory(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/var/tmp";
}

enum cairn_err img_spool_fail(struct cairn_why *why)
{
    enum cairn_err err = img_os_fail(why, NULL, "keep the archive's contents meanwhile");
    cairn_why_hint(why, "they go to %s; TMPDIR names another folder", spool_directory());
    return err;
}

int img_spool_open(void)
{
    const char *dir = spool_directory();
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    char *path = NULL;
    size_t len = strlen(dir);
    static const char tail[] = "/cairn-XXXXXX";
    path = malloc(len + sizeof tail);
    if (!path) return -1;
    memcpy(path, dir, len);
    memcpy(path + len, tail, sizeof tail);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    free(path);
    return fd;
}

enum cairn_err img_spool_write(int spool, const void *data, size_t bytes, uint64_t offset,
                               struct cairn_why *why)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t done = pwrite(spool, from, bytes, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return img_spool_fail(why);
        from += done;
        offset += (uint64_t)done;
        bytes -= (size_t)done;
    }
    return CAIRN_OK;
}
