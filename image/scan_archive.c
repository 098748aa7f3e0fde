/* SPDX-License-Identifier: ISC */
/*
 * An archive that libarchive reads as a source. It is read to its end before the tree begins:
 * sizes may be unknown up front, and a later entry may replace an earlier one.
 */
#include "scan.h"
#include "spool.h"

#include "archive_api.h"
#include "os.h"
#include <cairn/bytes.h>
#include <cairn/err_posix.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536u

struct archive_source {
    struct img_source base;
    struct img_scan *scan;
    const struct img_archive_api *api;
    struct archive *archive;
    struct img_entries entries;
    int spool;
    uint64_t spool_end;
};

static enum cairn_err archive_fail(struct archive_source *s, struct cairn_why *why)
{
    const char *text = s->api->error_string_(s->archive);
    int os = s->api->errno_(s->archive);
    bool format = os <= 0 || os == EILSEQ; /* libarchive's own codes for "not an archive" */
    enum cairn_err err = cairn_why_fail(why, format ? CAIRN_ECORRUPT : cairn_err_from_errno(os),
                                        "read the archive: %s", text ? text : "it cannot be read");
    cairn_why_hint(why, "a source is a folder, or an archive that libarchive knows");
    return err;
}

/* The contents of the entry at hand to the spool; stops behind what can be stored. Begins at a
 * whole block, so that the image can share blocks with the spool. */
static enum cairn_err spool_entry(struct archive_source *s, struct img_node *node,
                                  struct cairn_why *why)
{
    const void *data;
    size_t bytes;
    la_int64_t at;
    node->origin = cairn_round_up(s->spool_end, 4096);
    uint64_t size = 0;
    int status;
    while ((status = s->api->read_data_block_(s->archive, &data, &bytes, &at)) == ARCHIVE_OK) {
        uint64_t end = (uint64_t)at + bytes;
        if (end > size) size = end;
        if (end > s->scan->size_max) break;
        enum cairn_err err =
            img_spool_write(s->spool, data, bytes, node->origin + (uint64_t)at, why);
        if (err) return err;
    }
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF) return archive_fail(s, why);
    if (size > node->size) node->size = size; /* a hole at the end has no data */
    if (node->size > s->scan->size_max) return CAIRN_OK;
    s->spool_end = node->origin + node->size;
    if (ftruncate(s->spool, (off_t)s->spool_end) != 0) return img_spool_fail(why);
    return CAIRN_OK;
}

static int64_t entry_time(const struct archive_source *s, struct archive_entry *entry)
{
    int64_t ns;
    if (__builtin_mul_overflow(s->api->entry_mtime_(entry), CAIRN_NS_PER_SEC, &ns) ||
        __builtin_add_overflow(ns, s->api->entry_mtime_nsec_(entry), &ns))
        return s->api->entry_mtime_(entry) < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void kind_set(const struct img_scan *scan, struct img_find *find, unsigned type)
{
    find->kind = IMG_SPECIAL;
    if (type == AE_IFREG) {
        find->kind = IMG_FILE;
    } else if (type == AE_IFDIR) {
        find->kind = IMG_DIRECTORY;
    } else if (type == AE_IFLNK) {
        find->kind = scan->tree->follows ? IMG_BROKEN : IMG_SYMLINK;
        find->what = "a symbolic link; links are followed in folders, not in archives";
    } else {
        find->what = type == AE_IFIFO ? "a FIFO" : type == AE_IFSOCK ? "a socket" : "a device";
    }
}

static enum cairn_err no_entry(struct archive_source *s, const char *path, const char *text)
{
    bool skip = s->scan->options->on_name == CAIRN_IMAGE_SKIP;
    img_scan_notice(s->scan, skip ? CAIRN_IMAGE_SKIP : CAIRN_IMAGE_ERROR, 0, path, text);
    return CAIRN_OK;
}

/* A hard link is a copy of what it links to. One that carries data (cpio does) gives them to the
 * first name, too. */
static enum cairn_err link_entry(struct archive_source *s, uint32_t at, const char *target,
                                 struct archive_entry *entry, struct cairn_why *why)
{
    if (!img_path_is_safe(target)) return no_entry(s, target, "the path leaves the archive");
    uint32_t other = img_entries_find(&s->entries, target);
    if (other == IMG_ENTRY_NONE || !s->entries.at[other].exists ||
        s->entries.at[other].find.kind != IMG_FILE)
        return no_entry(s, target, "a hard link to what the archive does not have before it");
    struct img_entry *to = &s->entries.at[at], *from = &s->entries.at[other];
    if (s->api->entry_size_is_set_(entry) && s->api->entry_size_(entry) > 0) {
        from->find.node.size = (uint64_t)s->api->entry_size_(entry);
        enum cairn_err err = spool_entry(s, &from->find.node, why);
        if (err) return err;
    }
    const char *name = to->find.node.name, *source_name = to->find.node.source_name;
    to->find = from->find;
    to->find.node.name = name;
    to->find.node.source_name = source_name;
    to->exists = true;
    return CAIRN_OK;
}

static enum cairn_err plain_entry(struct archive_source *s, uint32_t at,
                                  struct archive_entry *entry, struct cairn_why *why)
{
    struct img_entry *to = &s->entries.at[at];
    struct img_find *find = &to->find;
    kind_set(s->scan, find, s->api->entry_filetype_(entry));
    bool was_directory = to->first != IMG_ENTRY_NONE;
    if (was_directory && find->kind != IMG_DIRECTORY) to->first = IMG_ENTRY_NONE;
    to->exists = true;
    find->node.modified_ns = entry_time(s, entry);
    find->node.attributes = s->api->entry_perm_(entry) & 0222 ? 0 : (uint8_t)CAIRN_FAT_READ_ONLY;
    find->node.size = 0;
    if (find->kind != IMG_FILE) return CAIRN_OK;
    if (s->api->entry_size_is_set_(entry)) find->node.size = (uint64_t)s->api->entry_size_(entry);
    return spool_entry(s, &find->node, why);
}

/* The entry's path as bytes: as they stand, or as UTF-8 where the format has only that. */
static const char *entry_path(const struct archive_source *s, struct archive_entry *entry)
{
    const char *path = s->api->entry_pathname_(entry);
    return path ? path : s->api->entry_pathname_utf8_(entry);
}

static const char *entry_hardlink(const struct archive_source *s, struct archive_entry *entry)
{
    const char *path = s->api->entry_hardlink_(entry);
    return path ? path : s->api->entry_hardlink_utf8_(entry);
}

static enum cairn_err take_entry(struct archive_source *s, struct archive_entry *entry,
                                 struct cairn_why *why)
{
    const char *path = entry_path(s, entry), *link = entry_hardlink(s, entry);
    if (!path) return no_entry(s, "", "an entry without a name that can be read");
    if (!img_path_is_safe(path)) return no_entry(s, path, "the path leaves the archive");
    uint32_t at = img_entries_walk(&s->entries, s->scan->tree, path);
    if (at == IMG_ENTRY_NONE) return img_no_memory(why);
    if (at == 0) return CAIRN_OK; /* the root has no entry of its own in an image */
    return link ? link_entry(s, at, link, entry, why) : plain_entry(s, at, entry, why);
}

static enum cairn_err read_entries(struct archive_source *s, struct cairn_why *why)
{
    struct archive_entry *entry;
    int status;
    while ((status = s->api->read_next_header_(s->archive, &entry)) != ARCHIVE_EOF) {
        if (status == ARCHIVE_RETRY) continue;
        if (status < ARCHIVE_WARN) return archive_fail(s, why);
        enum cairn_err err = take_entry(s, entry, why);
        if (err) return err;
    }
    return CAIRN_OK;
}

static enum cairn_err archive_list(struct img_source *source, struct img_scan *scan, uint32_t node,
                                   struct img_finds *finds, struct cairn_why *why)
{
    struct archive_source *s = (struct archive_source *)source;
    return img_entries_list(&s->entries, scan->tree->nodes[node].origin, finds, why);
}

static void archive_close(struct img_source *source)
{
    struct archive_source *s = (struct archive_source *)source;
    if (s->archive) s->api->read_free_(s->archive);
    img_entries_free(&s->entries);
    free(s);
}

/* The formats that hold files. Not "all": mtree takes any text for a list of names and reads what
 * it names from the host, empty takes nothing at all for an archive. */
static void formats_support(const struct img_archive_api *api, struct archive *archive)
{
    api->read_support_filter_all_(archive);
    api->read_support_format_7zip_(archive);
    api->read_support_format_ar_(archive);
    api->read_support_format_cab_(archive);
    api->read_support_format_cpio_(archive);
    api->read_support_format_iso9660_(archive);
    api->read_support_format_lha_(archive);
    api->read_support_format_rar_(archive);
    api->read_support_format_rar5_(archive);
    api->read_support_format_tar_(archive);
    api->read_support_format_xar_(archive);
    api->read_support_format_zip_(archive);
}

static enum cairn_err archive_begin(struct archive_source *s, const char *path,
                                    struct cairn_why *why)
{
    enum cairn_err err = img_archive_api_load(&s->api, why);
    if (err) return err;
    s->archive = s->api->read_new_();
    if (!s->archive || !img_entries_init(&s->entries)) return img_no_memory(why);
    formats_support(s->api, s->archive);
    int status = strcmp(path, "-") == 0
                     ? s->api->read_open_fd_(s->archive, STDIN_FILENO, READ_BYTES)
                     : s->api->read_open_filename_(s->archive, path, READ_BYTES);
    return status == ARCHIVE_OK ? CAIRN_OK : archive_fail(s, why);
}

/* libarchive converts names to the thread's locale: UTF-8, whatever the user's is. */
static enum cairn_err archive_read_all(struct archive_source *s, const char *path,
                                       struct cairn_why *why)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    enum cairn_err err = archive_begin(s, path, why);
    if (!err) err = read_entries(s, why);
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return err;
}

enum cairn_err img_archive_open(struct img_source **source, struct img_scan *scan, const char *path,
                                struct cairn_why *why)
{
    struct archive_source *s = calloc(1, sizeof *s);
    if (!s) return img_no_memory(why);
    s->base = (struct img_source){ .list = archive_list, .close = archive_close };
    s->scan = scan;
    *source = &s->base;
    scan->tree->spool_fd = s->spool = img_spool_open();
    if (s->spool < 0) return img_spool_fail(why);
    enum cairn_err err = archive_read_all(s, path, why);
    if (err && why) cairn_why_path(why, path, strlen(path));
    return err;
}
